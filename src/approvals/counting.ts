import type { ApprovalRow } from '../ports/stores.ts';
import type { At } from './approvers/eligible.ts';
import type { State } from './options.ts';
import type { Signed } from './types.ts';

/** Whose approval counts: those of exactly what would be sent. */
export function approversOf(row: Pick<ApprovalRow, 'answers' | 'proposal' | 'digest'>): readonly string[] {
  return givenOf(row).map(({ person }) => person);
}

/** The same with when and how each answered: who was on duty then, or stood in for somebody then, answered well. */
export function givenOf(row: Pick<ApprovalRow, 'answers' | 'proposal' | 'digest'>): readonly Signed[] {
  const digest = currentDigest(row);
  const given = row.answers.filter((answer) => answer.verdict === 'approved' && answer.digest === digest);
  return given.map(({ person, atMs, assurance }) => ({ person, atMs, assurance }));
}

/** Digest of what is answered now: as it was asked, or as somebody changed it. */
export function currentDigest(row: Pick<ApprovalRow, 'proposal' | 'digest'>): string {
  return row.proposal?.digest ?? row.digest;
}

/** Now, for whoever asks who may answer. */
export function at(state: State, requestedAtMs: number): At {
  return { people: state.people, rules: state.rules(), nowMs: state.clock.nowMs(), requestedAtMs };
}
