import type { Approvals } from '../../approvals/approvals.ts';
import type { SessionState } from '../../gateway/session-facts.ts';
import type { Caller } from '../../model/caller.ts';
import { formatTarget, type Lock, type LockTarget } from '../../model/lock.ts';
import type { ApprovalRow } from '../../ports/stores.ts';

const PAGE = 500;

/**
 * A halt takes back what waits for people on behalf of whom it stopped, and what they approved that nothing has used yet: nobody is asked
 * on, and an answer lets nothing through, not after the halt either. What is only paused stays open; it cannot be approved before the
 * lock is released. One that cannot be taken back keeps no other: it is told at the end, by an AggregateError.
 */
export async function withdrawHalted(approvals: Approvals, lock: Lock): Promise<number> {
  const hit = questionHit(lock.target);
  if (hit === null) return 0;
  const errors: unknown[] = [];
  let withdrawn = 0;
  for (const state of ['pending', 'approved'] as const)
    withdrawn += await withdrawEach(approvals, lock, {
      ...{ state, hit },
      onError: (error) => errors.push(error),
    });
  if (errors.length > 0) throw new AggregateError(errors, `${errors.length} requests could not be taken back`);
  return withdrawn;
}

/** Which questions a halt takes back. `null`: none; they stay open, and nothing they let through goes on before the release. */
export function questionHit({ kind, id }: LockTarget): ((row: ApprovalRow) => boolean) | null {
  const hit = HITS[kind as keyof typeof HITS];
  return hit === undefined ? null : (row) => hit(row, id);
}

/** Which sessions a halt ends. `null`: none; what is stopped is a part of what they reach. */
export function sessionHit({ kind, id }: LockTarget): ((state: SessionState, caller: Caller) => boolean) | null {
  if (kind === 'tool' || kind === 'server') return null;
  return (state, caller) => {
    const acting = [caller.agent, ...caller.through.map((each) => each.agent)];
    if (kind === 'all') return true;
    if (kind === 'session') return state.id === id;
    if (kind === 'agent') return acting.some((agent) => agent.id === id);
    if (kind === 'owner') return acting.some((agent) => agent.owner === id);
    if (kind === 'user') return caller.subject === id;
    return caller.taskId === id || caller.tasks.some((task) => task.id === id);
  };
}

interface Each {
  readonly state: 'pending' | 'approved';
  readonly hit: (row: ApprovalRow) => boolean;
  readonly onError: (error: unknown) => void;
}

async function withdrawEach(approvals: Approvals, lock: Lock, { state, hit, onError }: Each): Promise<number> {
  let withdrawn = 0;
  let before: { requestedAtMs: number; id: string } | undefined;
  for (;;) {
    const page = await approvals.list({
      ...{ state, limit: PAGE },
      ...(before === undefined ? {} : { before }),
    });
    const why = `${formatTarget(lock.target)} was stopped: ${lock.reason}`;
    for (const row of page.filter(hit)) if (await approvals.withdraw(row.id, lock.by, why).catch(onError)) withdrawn++;
    const last = page.at(-1);
    if (page.length < PAGE || last === undefined) return withdrawn;
    before = { requestedAtMs: last.requestedAtMs, id: last.id };
  }
}

/** Also what others ask through whoever is stopped: their calls are refused, and their sessions end. */
const HITS = {
  agent: (row: ApprovalRow, id: string) => row.agent === id || isThrough(row, id),
  user: (row: ApprovalRow, id: string) => row.subject === id,
  session: (row: ApprovalRow, id: string) => row.session === id,
  task: (row: ApprovalRow, id: string) => row.task === id,
} as const;

/** The chain is kept as the JSON of pairs of kind and id, without a space (gateway/asking/question.ts). */
function isThrough({ chain }: ApprovalRow, agent: string): boolean {
  return chain.includes(JSON.stringify(['agent', agent]));
}
