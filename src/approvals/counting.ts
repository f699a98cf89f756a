import type { ApprovalRow } from '../ports/stores.ts';
import type { progress } from './approvers/progress.ts';
import type { State } from './options.ts';

/** Whose approval counts: those of exactly what would be sent. */
export function approversOf(row: Pick<ApprovalRow, 'answers' | 'proposal' | 'digest'>): readonly string[] {
  const digest = currentDigest(row);
  const given = row.answers.filter((answer) => answer.verdict === 'approved' && answer.digest === digest);
  return given.map(({ person }) => person);
}

/** Digest of what is answered now: as it was asked, or as somebody changed it. */
export function currentDigest(row: Pick<ApprovalRow, 'proposal' | 'digest'>): string {
  return row.proposal?.digest ?? row.digest;
}

/** Now, for whoever asks who may answer. */
export function at(state: State, requestedAtMs: number): Parameters<typeof progress>[2] {
  return { people: state.people, rules: state.rules(), nowMs: state.clock.nowMs(), requestedAtMs };
}
