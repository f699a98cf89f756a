import { isFresh } from '../../account/routes/passkeys.ts';
import { redirect, sendJson, sendPage } from '../../account/web/answer.ts';
import { Shown, type Visit, type Who } from '../../account/web/visit.ts';
import { cameFromConsole, requestPath } from '../from.ts';
import type { ApprovalPageParts } from '../options.ts';
import type { Means } from '../pages/request/decide.ts';
import { requestPage } from '../pages/request/page.ts';
import { see } from '../see.ts';
import { STATES } from '../words.ts';

interface At {
  readonly who: Who;
  readonly id: string;
}

/** Words of ours only: nothing of the address gets into the page. */
const DONE: Readonly<Record<string, string>> = {
  approved: 'Your approval is recorded.',
  denied: 'Your denial is recorded. The agent is told.',
};

/** GET /approvals/:id */
export async function showRequest(parts: ApprovalPageParts, visit: Visit, { who, id }: At): Promise<void> {
  const seen = await see(parts, who.person, id);
  const done = visit.query.get('done');
  // An address somebody else made up says nothing that is not so.
  const own = seen.row.answers.findLast((answer) => answer.person === who.person.id)?.verdict;
  const said = own !== undefined && done === own ? (DONE[own] as string) : null;
  const page = { seen, means: await meansOf(parts, who), said, tag: tagOf(seen.row) };
  sendPage(visit, 200, requestPage(parts, visit, page));
}

export async function meansOf(parts: ApprovalPageParts, who: Who): Promise<Means> {
  const passkeys = (await parts.credentials.passkeys(who.person.id)).length;
  return { passkeys, passkeysPossible: parts.passkeys.possible, fresh: isFresh(parts, who) };
}

/** GET /approvals/:id/state: whether anything is new since the page was made. */
export async function requestState(parts: ApprovalPageParts, visit: Visit, { who, id }: At): Promise<void> {
  const { row } = await see(parts, who.person, id);
  const over = row.state !== 'pending';
  const words = over ? `${STATES[row.state][1]}.` : 'Something about this request is new.';
  sendState(visit, tagOf(row), { words, over });
}

/** Says nothing where nothing is new. */
export function sendState(visit: Visit, tag: string, state: { readonly words: string; readonly over: boolean }): void {
  visit.response.setHeader('etag', tag);
  if (visit.request.headers['if-none-match'] !== tag) return sendJson(visit, 200, state);
  visit.response.writeHead(304, { 'cache-control': 'no-store' });
  visit.response.end();
}

function tagOf({ version, state }: { readonly version: number; readonly state: string }): string {
  return `"${version}-${state}"`;
}

/** GET /approvals/:id/receipt: for whoever wants to check it without this gateway. */
export async function receipt(parts: ApprovalPageParts, visit: Visit, { who, id }: At): Promise<void> {
  const { row } = await see(parts, who.person, id);
  const proof = await parts.receiptOf(row);
  if (proof === null)
    throw new Shown(
      404,
      'There is no proof here yet',
      'The record must be covered by a signed checkpoint first, and lie in the journal of this gateway. Try again in a minute.',
      { href: `/approvals/${id}`, words: 'Back to the request' },
    );
  visit.response.setHeader('content-disposition', `attachment; filename="approval-${id}.receipt"`);
  sendJson(visit, 200, { ...proof });
}

/** GET /approvals/:id/… of a form that was sent: back to the request. */
export function backToRequest(_parts: ApprovalPageParts, visit: Visit, { id }: At): void {
  redirect(visit, requestPath(id, { fromConsole: cameFromConsole(visit) }));
}
