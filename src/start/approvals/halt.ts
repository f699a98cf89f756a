import type { Approvals } from '../../approvals/approvals.ts';
import { formatTarget, type Lock } from '../../model/lock.ts';
import type { ApprovalRow } from '../../ports/stores.ts';

const PAGE = 500;

/**
 * A halt takes back what waits for people on behalf of whom it stopped, and what they let through and was not used: nobody is asked on, and
 * no answer lets anything through once the lock is released. What is only paused stays open; it cannot be approved before that. One that
 * cannot be taken back keeps no other: they are told together at the end, in an AggregateError.
 */
export async function withdrawHalted(approvals: Approvals, lock: Lock): Promise<number> {
  const errors: unknown[] = [];
  let withdrawn = 0;
  for (const state of ['pending', 'approved'] as const)
    withdrawn += await withdrawAll(approvals, lock, { state, onError: (error) => errors.push(error) });
  if (errors.length > 0) throw new AggregateError(errors, `${errors.length} requests could not be taken back`);
  return withdrawn;
}

interface All {
  readonly state: 'pending' | 'approved';
  readonly onError: (error: unknown) => void;
}

async function withdrawAll(approvals: Approvals, lock: Lock, { state, onError }: All): Promise<number> {
  const { kind, id } = lock.target;
  const hit = HITS[kind as keyof typeof HITS];
  if (hit === undefined) return 0;
  const why = `${formatTarget(lock.target)} was stopped: ${lock.reason}`;
  let withdrawn = 0;
  let before: { requestedAtMs: number; id: string } | undefined;
  for (;;) {
    const page = await approvals.list({
      ...{ state, limit: PAGE },
      ...(kind === 'agent' ? { agent: id } : {}),
      ...(before === undefined ? {} : { before }),
    });
    for (const row of page.filter((each) => hit(each, id)))
      if (await approvals.withdraw(row.id, lock.by, why).catch(onError)) withdrawn++;
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
