import { shownDigest } from '../../approvals/signing/statement.ts';
import type { Refused } from '../../approvals/types.ts';
import type { Requirement, ShownRequest } from '../../model/approval.ts';
import { canonicalize } from '../../model/canonical.ts';
import type { Json, JsonObject } from '../../model/json.ts';
import type { Person } from '../../model/person.ts';
import { resolvePointer } from '../../model/pointer.ts';
import { visibleText } from '../../model/visible.ts';
import type { ApprovalRow } from '../../ports/stores.ts';
import { Shown } from '../account/web/visit.ts';
import type { ApprovalPageParts } from './options.ts';

/** Exactly what a person has before them, and what a signature of theirs would be about. */
export interface Displayed {
  readonly shown: ShownRequest;
  /** Of the action that runs if it is approved. */
  readonly digest: string;
  /** Recognises what was displayed: sent back with every answer. */
  readonly saw: string;
  /** Who must agree to it, and how it must be proven. */
  readonly requirement: Requirement;
}

/** One request as one person sees it. */
export interface Seen extends Displayed {
  readonly row: ApprovalRow;
  /** As the agent asked. `shown` differs from it where somebody changed the arguments. */
  readonly asked: ShownRequest;
  readonly may: { readonly ok: true } | { readonly ok: false; readonly why: Refused; readonly message: string };
  /** Whoever could fill any place may say no, whether or not their yes is needed. */
  readonly mayDeny: boolean;
}

/** Throws Shown: there is none, or none this person has to do with; which of the two is nobody's business. */
export async function see(parts: ApprovalPageParts, person: Person, id: string): Promise<Seen> {
  const row = await parts.approvals.get(id);
  if (row === null || !(await concerns(parts, row, person.id)))
    throw new Shown(404, 'There is no such request', 'It is not for you, or it was removed some time after it ended.');
  const asked = JSON.parse(row.request) as ShownRequest;
  const { displayed, problem } = await withProposal(parts, row, asked);
  const stands = parts.approvals.mayAnswer(row, person.id);
  const may =
    stands.ok && problem !== null
      ? {
          ok: false as const,
          why: 'proposal' as const,
          message: `what somebody changed cannot be approved any more: ${problem}`,
        }
      : stands;
  const open = row.state === 'pending' && row.expiresAtMs > parts.clock.nowMs();
  return { row, asked, may, ...displayed, mayDeny: open && parts.mayDeny(row, person.id) };
}

/** What is there to answer; `problem`: why nobody can, as far as it lies in the change. */
async function withProposal(
  parts: ApprovalPageParts,
  row: ApprovalRow,
  asked: ShownRequest,
): Promise<{ readonly displayed: Displayed; readonly problem: string | null }> {
  const { proposal, requirement } = row;
  if (proposal === null)
    return { displayed: displayed({ shown: asked, digest: row.digest, requirement }), problem: null };
  const changed = await changedTo(parts, { row, asked }, proposal.arguments);
  const shown = changed.ok ? changed.shown : withoutWords(asked, proposal.arguments);
  return {
    displayed: displayed({ shown, digest: proposal.digest, requirement }),
    problem: changed.ok ? null : changed.message,
  };
}

/** Changed arguments nothing more can be said of: no sentence or amount of what was asked first stands beside them. */
function withoutWords(asked: ShownRequest, args: JsonObject): ShownRequest {
  const sentence = [
    {
      text: `Run ${visibleText(asked.target ?? asked.action, { maxChars: 120 })} on ${asked.server} with the arguments below`,
    },
  ];
  return { ...asked, arguments: args, sentence, reviewed: false, touches: null, amount: null, origins: [] };
}

/** What the request would be with these arguments, decided again by the gateway. */
export async function changedTo(
  parts: ApprovalPageParts,
  { row, asked }: Pick<Seen, 'row' | 'asked'>,
  args: JsonObject,
): Promise<
  | ({ readonly ok: true; readonly requirement: Requirement } & Displayed)
  | { readonly ok: false; readonly message: string }
> {
  const preview = await parts.approvals.preview(row, args);
  if (!preview.ok) return preview;
  // Call and session are those of when the agent asked, so that the same change is the same thing to sign whenever it is looked at.
  const shown: ShownRequest = {
    ...preview.shown,
    call: asked.call,
    session: asked.session,
    origins: asked.origins.filter(({ at }) => same(resolvePointer(asked.arguments, at), resolvePointer(args, at))),
  };
  const { digest, requirement } = preview;
  return { ok: true, ...displayed({ shown, digest, requirement }) };
}

function displayed(what: Omit<Displayed, 'saw'>): Displayed {
  return { ...what, saw: shownDigest(what.shown) };
}

/** Asked, answered, or it is theirs: everybody else does not learn that it exists. */
async function concerns(parts: ApprovalPageParts, row: ApprovalRow, person: string): Promise<boolean> {
  if (isStarter(parts, row, person) || row.answers.some((answer) => answer.person === person)) return true;
  if (parts.approvals.mayAnswer(row, person).ok) return true;
  // From it on: no number of later requests that say its id pushes it out of sight.
  const before = { requestedAtMs: row.requestedAtMs, id: '' };
  const found = await parts.approvals.listFor(person, { text: row.id, state: row.state, before, limit: 50 });
  return found.some(({ id }) => id === row.id);
}

function isStarter(parts: ApprovalPageParts, row: ApprovalRow, person: string): boolean {
  return row.subject === person || parts.directory.agentsOwnedBy(person).some(({ id }) => id === row.agent);
}

export function same(a: Json | undefined, b: Json | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return canonicalize(a) === canonicalize(b);
}
