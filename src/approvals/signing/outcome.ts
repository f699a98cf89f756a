import type { Answer } from '../../model/approval.ts';
import { digestJson } from '../../model/canonical.ts';
import { isObject, type JsonObject } from '../../model/json.ts';
import { statementProblem, verifyProof } from './verify.ts';

/** What stands behind one answer of a recorded outcome. */
export interface CheckedAnswer {
  readonly person: string;
  readonly verdict: Answer['verdict'];
  readonly assurance: Answer['assurance'];
  readonly reason: string;
  readonly atMs: number;
  /** Of the action that runs in the end, not of one that was changed afterwards. */
  readonly counts: boolean;
  /** The passkey that signed; `null`: none did. */
  readonly passkey: { readonly credentialId: string; readonly thumbprint: string; readonly origin: string } | null;
  /** `null`: it stands. */
  readonly problem: string | null;
}

export interface OutcomeReport {
  readonly ok: boolean;
  readonly approval: string;
  readonly outcome: string;
  readonly answers: readonly CheckedAnswer[];
  /** About the record as a whole. */
  readonly problems: readonly string[];
}

/**
 * Checks the record of what a request came to (`approval.outcome`) with nothing but itself: every signature, and that each says what the
 * record says. Total: whatever is wrong is the answer. `null`: the record is no such outcome.
 */
export async function verifyOutcome(record: JsonObject): Promise<OutcomeReport | null> {
  const { detail } = record;
  if (record.act !== 'approval.outcome' || !isObject(detail)) return null;
  const { approval, outcome } = detail;
  if (typeof approval !== 'string' || typeof outcome !== 'string' || !Array.isArray(detail.answers)) return null;
  const answers = await Promise.all((detail.answers as readonly unknown[]).map((each) => checkAnswer(detail, each)));
  const problems = wholeProblems(detail, answers);
  const ok = problems.length === 0 && answers.every(({ problem }) => problem === null);
  return { ok, approval, outcome, answers, problems };
}

async function checkAnswer(detail: JsonObject, given: unknown): Promise<CheckedAnswer> {
  const answer = (isObject(given) ? given : {}) as unknown as Answer;
  const { person, verdict, assurance, reason, atMs, digest } = answer;
  const said = { person, verdict, assurance, reason, atMs, counts: digest === finalDigest(detail) };
  const shape = [person, verdict, assurance, reason, digest].every((each) => typeof each === 'string');
  if (!shape) return { ...said, passkey: null, problem: 'the answer is not whole' };
  if (answer.proof === null) {
    const claimed = assurance === 'passkey' ? 'it says that a passkey signed, and there is no signature' : null;
    return { ...said, passkey: null, problem: claimed };
  }
  const proven = await verifyProof(answer.proof);
  if (!proven.ok) return { ...said, passkey: null, problem: proven.problem };
  const { credentialId, thumbprint, origin } = proven;
  const problem =
    statementProblem({ approval: detail.approval as string, answer }) ?? contentProblem(detail, answer.proof.statement);
  return { ...said, passkey: { credentialId, thumbprint, origin }, problem: problem ?? lateProblem(answer, atMs) };
}

/** Who signed said until when it would be good. */
function lateProblem({ proof }: Answer, atMs: number): string | null {
  const untilMs = Date.parse(String(proof?.statement.expiresAt));
  return atMs <= untilMs ? null : 'the record says that it was answered after what was signed had expired';
}

/** Where the statement speaks of the call, and the record says something else. */
function contentProblem(detail: JsonObject, statement: JsonObject): string | null {
  for (const name of ['agent', 'subject', 'server', 'target']) {
    if (statement[name] !== detail[name]) return `what was signed has another ${name} than the record`;
  }
  const { changed, digest } = detail;
  // A change may need a stronger proof than what was asked first.
  if (statement.digest === finalDigest(detail) && statement.assurance !== detail.assurance)
    return 'what was signed needs another proof than the record';
  const about = isObject(changed) && statement.digest === changed.digest ? changed : detail;
  if (statement.digest !== about.digest) return 'what was signed is neither what was asked nor what it was changed to';
  if ((statement.proposal === true) !== (about === changed && digest !== about.digest))
    return 'what was signed says otherwise whether the arguments were changed';
  const args = about.arguments;
  if (!isObject(args)) return 'the record has no arguments';
  const same = digestJson(args) === statement.argumentsDigest;
  return same || isRedacted(args) ? null : 'what was signed has other arguments than the record';
}

/** The record may not hold them: `{"redacted": "<class of data>"}`. */
export function isRedacted(args: JsonObject): boolean {
  return Object.keys(args).length === 1 && typeof args.redacted === 'string';
}

function wholeProblems(detail: JsonObject, answers: readonly CheckedAnswer[]): readonly string[] {
  const problems: string[] = [];
  const counted = answers.filter(({ counts }) => counts);
  if (!OUTCOMES.includes(detail.outcome)) problems.push('a request does not come to that');
  const twice = answers.find((each, i) => answers.some((other, j) => j < i && sharesPasskey(each, other)));
  if (twice !== undefined) problems.push(`the passkey of ${twice.person} signed for somebody else as well`);
  if (detail.outcome === 'approved') {
    if (new Set(counted.map(({ person }) => person)).size < counted.length)
      problems.push('the answer of one person is counted twice');
    const weak = counted.find(({ assurance }) => assurance !== 'passkey');
    if (!counted.some(({ verdict }) => verdict === 'approved')) problems.push('nobody approved what would run');
    if (counted.some(({ verdict }) => verdict === 'denied')) problems.push('somebody denied what would run');
    if (detail.assurance === 'passkey' && weak !== undefined)
      problems.push(`it needs passkeys, and ${weak.person} used none`);
  }
  if (detail.outcome === 'denied' && !answers.some(({ verdict }) => verdict === 'denied'))
    problems.push('nobody denied it');
  return problems;
}

const OUTCOMES: readonly unknown[] = ['approved', 'denied', 'expired', 'withdrawn'];

function sharesPasskey(a: CheckedAnswer, b: CheckedAnswer): boolean {
  return a.passkey !== null && a.passkey.thumbprint === b.passkey?.thumbprint && a.person !== b.person;
}

function finalDigest({ changed, digest }: JsonObject): unknown {
  return isObject(changed) ? changed.digest : digest;
}
