import { digestJson } from '../../../model/canonical.ts';
import type { ApprovalRow } from '../../../ports/stores.ts';
import { sendPage } from '../../account/web/answer.ts';
import type { Visit, Who } from '../../account/web/visit.ts';
import type { ApprovalPageParts } from '../options.ts';
import { historyPage } from '../pages/history.ts';
import { inboxPage } from '../pages/inbox.ts';
import { sendState } from './request.ts';

/** On one page; more is found by searching, or further back. */
const INBOX_LIMIT = 200;
const HISTORY_LIMIT = 50;

/** GET /approvals */
export async function showInbox(parts: ApprovalPageParts, visit: Visit, { who }: { who: Who }): Promise<void> {
  const text = searched(visit);
  const rows = await pendingFor(parts, who, text);
  const mine = rows.filter((row) => parts.approvals.mayAnswer(row, who.person.id).ok);
  const others = rows.filter((row) => !mine.includes(row));
  const more = rows.length === INBOX_LIMIT;
  sendPage(visit, 200, inboxPage(parts, { mine, others, text, tag: tagOf(rows), more, csrf: visit.csrf }));
}

/** GET /approvals/state: whether there is anything new. */
export async function inboxState(parts: ApprovalPageParts, visit: Visit, { who }: { who: Who }): Promise<void> {
  const rows = await pendingFor(parts, who, searched(visit));
  sendState(visit, tagOf(rows), { words: 'The list is out of date.', over: false });
}

/** GET /approvals/history */
export async function showHistory(parts: ApprovalPageParts, visit: Visit, { who }: { who: Who }): Promise<void> {
  const text = searched(visit);
  const before = beforeOf(visit);
  const all = visit.query.get('of') === 'all';
  const rows = await parts.approvals.listFor(who.person.id, {
    ...(text === '' ? {} : { text }),
    ...(before === null ? {} : { before }),
    limit: HISTORY_LIMIT,
  });
  const over = rows.filter((row) => row.state !== 'pending');
  const listed = all ? over : over.filter((row) => row.answers.some((answer) => answer.person === who.person.id));
  const last = rows.length === HISTORY_LIMIT ? (rows.at(-1) ?? null) : null;
  sendPage(visit, 200, historyPage(parts, { person: who.person.id, rows: listed, text, all, last }));
}

function pendingFor(parts: ApprovalPageParts, who: Who, text: string): Promise<readonly ApprovalRow[]> {
  const filter = { state: 'pending' as const, limit: INBOX_LIMIT, ...(text === '' ? {} : { text }) };
  return parts.approvals.listFor(who.person.id, filter);
}

function searched(visit: Visit): string {
  return (visit.query.get('q') ?? '').trim().slice(0, 200);
}

function beforeOf(visit: Visit): { readonly requestedAtMs: number; readonly id: string } | null {
  const match = /^(\d{1,16})\.([\w-]{1,80})$/.exec(visit.query.get('before') ?? '');
  return match === null ? null : { requestedAtMs: Number(match[1]), id: match[2] as string };
}

function tagOf(rows: readonly ApprovalRow[]): string {
  return `"${digestJson(rows.map(({ id, version }) => [id, version])).slice(0, 22)}"`;
}
