import type { Approvals } from '../../approvals/approvals.ts';
import { formatTarget, type Lock } from '../../model/lock.ts';
import type { ApprovalRow } from '../../ports/stores.ts';

const PAGE = 500;

/**
 * A halt takes back what waits for people on behalf of whom it stopped, and what they let through and was not used: nobody is asked on, and
 * no answer lets anything through once the lock is released. What is only paused stays open; it cannot be approved before that.
 */
export async function withdrawHalted(approvals: Approvals, lock: Lock): Promise<number> {
  return (await withdrawAll(approvals, lock, 'pending')) + (await withdrawAll(approvals, lock, 'approved'));
}

async function withdrawAll(approvals: Approvals, lock: Lock, state: 'pending' | 'approved'): Promise<number> {
  const { kind, id } = lock.target;
  const hit = HITS[kind as keyof typeof HITS];
  if (hit === undefined) return 0;
  let withdrawn = 0;
  let before: { requestedAtMs: number; id: string } | undefined;
  for (;;) {
    const page = await approvals.list({
      ...{ state, limit: PAGE },
      ...(kind === 'agent' ? { agent: id } : {}),
      ...(before === undefined ? {} : { before }),
    });
    for (const row of page.filter((each) => hit(each, id)))
      if (await approvals.withdraw(row.id, lock.by, `${formatTarget(lock.target)} was stopped: ${lock.reason}`))
        withdrawn++;
    const last = page.at(-1);
    if (page.length < PAGE || last === undefined) return withdrawn;
    before = { requestedAtMs: last.requestedAtMs, id: last.id };
  }
}

const HITS = {
  agent: (row: ApprovalRow, id: string) => row.agent === id,
  user: (row: ApprovalRow, id: string) => row.subject === id,
  session: (row: ApprovalRow, id: string) => row.session === id,
  task: (row: ApprovalRow, id: string) => row.task === id,
} as const;
