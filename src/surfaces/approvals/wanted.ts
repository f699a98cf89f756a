import { type Statement, statementOf } from '../../approvals/signing/statement.ts';
import type { Ballot } from '../../approvals/types.ts';
import type { Answer, StandingTerms } from '../../model/approval.ts';
import { isObject, type JsonObject } from '../../model/json.ts';
import type { Person } from '../../model/person.ts';
import { parseStrict } from '../../model/strict-json.ts';
import { Shown } from '../account/web/visit.ts';
import type { ApprovalPageParts } from './options.ts';
import { changedTo, type Displayed, type Seen, see } from './see.ts';

/** A whole call fits into a form. */
export const FORM_BYTES = 2 * 1024 * 1024;
const MAX_REASON = 2_000;
const JSON_LIMITS = { maxDepth: 64, maxNodes: 100_000 };

/** What somebody wants to say about a request, as their page sent it. */
export interface Wanted {
  readonly verdict: Answer['verdict'];
  readonly reason: string;
  /** `null`: as displayed. */
  readonly arguments: JsonObject | null;
  readonly standing: StandingTerms | null;
  readonly saw: string;
  /** They came from the console, and go back there. */
  readonly fromConsole: boolean;
}

/** From the fields of the form, however they came. Throws Shown. */
export function readWanted(field: (name: string) => string): Wanted {
  const verdict = field('verdict');
  if (verdict !== 'approved' && verdict !== 'denied')
    throw new Shown(400, 'Nothing was answered', 'Say whether you approve or deny.');
  const reason = field('reason').replaceAll('\r\n', '\n').trim();
  if (verdict === 'denied' && reason === '')
    throw new Shown(400, 'A denial needs a reason', 'Go back and say why: the agent is told, and it is recorded.');
  if (reason.length > MAX_REASON)
    throw new Shown(400, 'The reason is too long', `Keep it under ${MAX_REASON} characters.`);
  const approved = verdict === 'approved';
  return {
    verdict,
    reason,
    arguments: approved ? objectIn(field('arguments'), 'The changed arguments') : null,
    standing: approved ? (objectIn(field('standing'), 'What to allow from now on') as StandingTerms | null) : null,
    saw: field('saw'),
    fromConsole: field('from') === 'console',
  };
}

/** JSON text of an object, or nothing. Throws Shown. */
export function objectIn(text: string, what: string): JsonObject | null {
  if (text.trim() === '') return null;
  try {
    const value = parseStrict(text, JSON_LIMITS);
    if (isObject(value)) return value;
  } catch (error) {
    throw new Shown(400, 'That is not JSON', `${what} cannot be read: ${(error as Error).message}.`);
  }
  throw new Shown(400, 'That is not what was asked for', `${what} must be a JSON object.`);
}

/** What is about to be said, with the request as it is now. */
export interface Saying {
  readonly seen: Seen;
  readonly displayed: Displayed;
  readonly wanted: Wanted;
  readonly statement: Statement;
}

/**
 * Looks again at everything: who may answer, that the person saw what is there now, that the change and the standing terms are possible.
 * Throws Shown with the reason.
 */
export async function saying(
  parts: ApprovalPageParts,
  { person, id }: { readonly person: Person; readonly id: string },
  wanted: Wanted,
): Promise<Saying> {
  const seen = await see(parts, person, id);
  const { row } = seen;
  if (!seen.may.ok && !(wanted.verdict === 'denied' && seen.mayDeny))
    throw new Shown(409, 'This cannot be answered', seen.may.message, backTo(id));
  const displayed = wanted.arguments === null ? seen : await change(parts, seen, wanted.arguments);
  if (displayed.saw !== wanted.saw)
    throw new Shown(
      409,
      'It is not what you saw any more',
      'The request changed after you opened it. Nothing was answered. Look at it again.',
      backTo(id),
    );
  const { standing, verdict, reason } = wanted;
  if (standing !== null && parts.standing?.valid(standing, displayed.shown) !== true)
    throw new Shown(409, 'That cannot be allowed from now on', 'Load the page again and choose anew.', backTo(id));
  const { shown, digest, requirement } = displayed;
  const { assurance } = requirement;
  const statement = statementOf({ row, shown, digest, assurance, person: person.id, verdict, reason, standing });
  return { seen, displayed, wanted, statement };
}

async function change(parts: ApprovalPageParts, seen: Seen, args: JsonObject): Promise<Displayed> {
  const changed = await changedTo(parts, seen, args);
  if (!changed.ok) throw new Shown(409, 'It cannot be changed to this', changed.message, backTo(seen.row.id));
  return changed;
}

/** Hands the answer in. Throws Shown when it does not count. */
export async function vote(
  parts: ApprovalPageParts,
  { seen, displayed, wanted }: Saying,
  said: Pick<Ballot, 'person' | 'assurance' | 'proof'>,
): Promise<{ readonly complete: boolean }> {
  const { verdict, reason, standing } = wanted;
  const args = wanted.arguments;
  const ballot: Ballot = { ...said, verdict, reason, standing, digest: displayed.digest, arguments: args };
  const voted = await parts.approvals.vote(seen.row.id, ballot);
  if (!voted.ok) throw new Shown(409, 'Your answer does not count', voted.message, backTo(seen.row.id));
  return voted;
}

export function backTo(id: string): NonNullable<Shown['on']> {
  return { href: `/approvals/${id}`, words: 'Back to the request' };
}
