import {
  type Answer,
  assuranceAtLeast,
  type Proposal,
  type Requirement,
  type ShownRequest,
} from '../model/approval.ts';
import type { ApprovalChange, ApprovalRow, NoticeRow } from '../ports/stores.ts';
import { keysOf } from './approvers/keys.ts';
import { candidates, mayAnswer, mayDeny, progress } from './approvers/progress.ts';
import { at, currentDigest, givenOf } from './counting.ts';
import type { State } from './options.ts';
import { recordOutcome } from './outcome/record.ts';
import { validTerms } from './standing/terms.ts';
import type { Ballot, Preview, Refused, Voted } from './types.ts';

/** Tries against others who answer at the same moment. */
const MAX_TRIES = 20;
const MAX_REASON_CHARS = 2_000;

type No = { readonly ok: false; readonly why: Refused; readonly message: string };

/** Takes one person's answer. What it comes to is one compare-and-set; only what is recorded counts. */
export async function vote(state: State, id: string, ballot: Ballot): Promise<Voted> {
  if (ballot.reason.length > MAX_REASON_CHARS)
    return no('changed', `a reason has at most ${MAX_REASON_CHARS} characters`);
  for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
    const row = await state.store.get(id);
    if (row === null) return no('unknown', 'there is no such request');
    const plan = await planAnswer(state, row, ballot);
    if ('ok' in plan) return plan;
    const nowMs = state.clock.nowMs();
    const after: ApprovalRow = { ...row, ...plan, version: row.version + 1 };
    const isDecided = after.state !== 'pending';
    const more = { unexpiredAtMs: nowMs, ...whoHears(state, after, plan) };
    if (!(await state.store.change(id, row.version, plan, more))) continue;
    if (!isDecided) return { ok: true, row: after, complete: false };
    return { ok: true, row: await recordOutcome(state, after), complete: true };
  }
  return no('changed', 'others are answering at the same moment; look again');
}

/** Who is told, and who finds it from now on: changed arguments may ask for others than the call did. */
function whoHears(
  state: State,
  after: ApprovalRow,
  { requirement }: ApprovalChange,
): { readonly notices: readonly NoticeRow[]; readonly keys?: readonly string[] } {
  if (after.state !== 'pending') return { notices: state.notices(after, 'answered', []) };
  if (requirement === undefined) return { notices: [] };
  const asked = candidates(requirement, at(state, after.requestedAtMs), givenOf(after));
  return { notices: state.notices(after, 'asked', asked), keys: keysOf(requirement) };
}

/** Whether this person may answer now. */
export function whetherMayAnswer(state: State, row: ApprovalRow, person: string): { readonly ok: true } | No {
  const over = whyOver(state, row);
  if (over !== null) return over;
  if (row.answers.some((answer) => answer.person === person && answer.digest === currentDigest(row)))
    return no('answered', 'you have answered this request');
  const may = mayAnswer(row.requirement, person, givenOf(row), at(state, row.requestedAtMs));
  return may.ok ? { ok: true } : no(may.why, may.message);
}

/** What the answer makes of the row, or why it is none. */
async function planAnswer(state: State, row: ApprovalRow, ballot: Ballot): Promise<ApprovalChange | No> {
  const over = whyOver(state, row);
  if (over !== null) return over;
  const weak = whyTooWeak(ballot, row.requirement);
  if (weak !== null) return weak;
  return ballot.verdict === 'denied' ? planDenial(state, row, ballot) : planApproval(state, row, ballot);
}

function whyTooWeak({ assurance }: Ballot, requirement: Requirement): No | null {
  if (assuranceAtLeast(assurance, requirement.assurance)) return null;
  return no('assurance', PROOFS[requirement.assurance as keyof typeof PROOFS] ?? 'this needs a stronger proof');
}

const PROOFS = {
  'signed-in': 'this request is answered by people who signed in, on the approval page',
  passkey: 'this request is answered with a passkey, on the approval page',
} as const;

function planDenial(state: State, row: ApprovalRow, ballot: Ballot): ApprovalChange | No {
  const may = mayDeny(row.requirement, ballot.person, at(state, row.requestedAtMs));
  if (!may.ok) return no(may.why, may.message);
  if (ballot.digest !== row.digest && ballot.digest !== currentDigest(row))
    return no('changed', 'the request is not what you saw any more: look again');
  const answer = answerOf(state, ballot, null);
  return { ...decided(answer), state: 'denied', answers: [...row.answers, answer] };
}

async function planApproval(state: State, row: ApprovalRow, ballot: Ballot): Promise<ApprovalChange | No> {
  const stopped = state.whyStopped(row);
  if (stopped !== null)
    return no('stopped', `the agent may not act now (${stopped}), so nothing can be approved for it`);
  const mine = whetherMayAnswer(state, row, ballot.person);
  const proposed = ballot.arguments === null ? null : await state.again(row, ballot.arguments);
  if (proposed?.ok === false) return no('proposal', proposed.message);
  // Whoever answered before saw something else: a changed request is theirs to answer again.
  if (!mine.ok && !(mine.why === 'answered' && proposed !== null)) return mine;
  const terms = termsOf(row, proposed);
  if (ballot.digest !== terms.digest) return no('changed', 'the request is not what you saw any more: look again');
  // What it is changed to may need more than what was asked.
  const refused = whyTooWeak(ballot, terms.requirement) ?? checkStanding(state, row, ballot);
  if (refused !== null) return refused;
  const proposal: Proposal | null =
    proposed === null || ballot.arguments === null
      ? row.proposal
      : {
          ...{ arguments: ballot.arguments, digest: proposed.digest, unrecorded: proposed.shown.unrecorded },
          ...{ by: ballot.person, atMs: state.clock.nowMs() },
        };
  const answer = answerOf(state, ballot, ballot.standing);
  const answers = [
    ...row.answers.filter((each) => each.person !== ballot.person || each.digest !== terms.digest),
    answer,
  ];
  const { requirement } = terms;
  const change: ApprovalChange = { answers, ...(proposed === null ? {} : { proposal, requirement }) };
  const given = givenOf({ answers, proposal, digest: row.digest });
  if (!progress(requirement, given, at(state, row.requestedAtMs)).met) return change;
  return { ...change, ...decided(answer), state: 'approved' };
}

interface Terms {
  readonly digest: string;
  readonly requirement: Requirement;
}

/** What is answered: as asked, as somebody changed it, or as this person changes it. */
function termsOf(row: ApprovalRow, proposed: (Preview & { ok: true }) | null): Terms {
  return proposed ?? { digest: currentDigest(row), requirement: row.requirement };
}

/** Only what may be offered can stand, and nothing of data no record may hold. */
function checkStanding(state: State, row: ApprovalRow, { standing, arguments: changed }: Ballot): No | null {
  if (standing === null) return null;
  const { enabled, maxMs } = state.rules().standing;
  if (!enabled || row.kind !== 'call') return no('standing', 'nothing can be approved beyond this one call here');
  if (changed !== null || row.proposal !== null)
    return no('standing', 'a call whose arguments were changed is approved by itself');
  const shown = JSON.parse(row.request) as ShownRequest;
  const nowMs = state.clock.nowMs();
  if (!validTerms(standing, shown, { nowMs, maxMs }))
    return no('standing', 'these terms are wider than what can be approved beyond this one call');
  return null;
}

function whyOver(state: State, row: ApprovalRow): No | null {
  if (row.state === 'pending' && row.expiresAtMs > state.clock.nowMs()) return null;
  const ended = row.state === 'pending' ? 'expired' : row.state === 'consumed' ? 'approved and used' : row.state;
  return no('over', `this request is not waiting for an answer any more: it is ${ended}`);
}

function answerOf(state: State, ballot: Ballot, standing: Answer['standing']): Answer {
  const { person, verdict, reason, digest, assurance, proof } = ballot;
  return { person, verdict, reason, digest, assurance, proof, standing, atMs: state.clock.nowMs() };
}

function decided(answer: Answer): ApprovalChange {
  const { person, reason, atMs } = answer;
  return { recorded: false, answeredBy: person, answerReason: reason, answeredAtMs: atMs };
}

function no(why: Refused, message: string): No {
  return { ok: false, why, message };
}
