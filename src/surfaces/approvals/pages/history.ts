import type { ShownRequest } from '../../../model/approval.ts';
import type { ApprovalRow } from '../../../ports/stores.ts';
import { when } from '../../account/pages/parts.ts';
import type { Page } from '../../account/web/answer.ts';
import { type Html, html } from '../../account/web/html.ts';
import type { ApprovalPageParts } from '../options.ts';
import { FILES } from '../web/files.ts';
import { nameOf } from '../words.ts';
import { places, searchBox } from './inbox.ts';
import { nameHtml, stateOf, tag } from './parts.ts';
import { sentenceHtml } from './values.ts';

export interface HistoryPage {
  readonly person: string;
  readonly rows: readonly ApprovalRow[];
  readonly text: string;
  /** Not only those this person answered. */
  readonly all: boolean;
  /** The last one looked at, where there is more behind it. */
  readonly last: ApprovalRow | null;
}

export function historyPage(parts: ApprovalPageParts, page: HistoryPage): Page {
  const { rows, all, last } = page;
  const of = all ? html`<input type="hidden" name="of" value="all">` : html``;
  const query = (more: Record<string, string>) =>
    `/approvals/history?${new URLSearchParams({ ...(page.text === '' ? {} : { q: page.text }), ...more }).toString()}`;
  return {
    title: 'History of approvals',
    wide: true,
    files: FILES,
    body: html`<h1>Approvals</h1><p class="lead">What was asked, who answered, and the proof of it.</p>
${places('history')}
${searchBox('/approvals/history', page.text, of)}
<p class="switch"><a href="${query({})}"${!all && html` aria-current="true"`}>Answered by me</a><a href="${query({ of: 'all' })}"${all && html` aria-current="true"`}>All I could answer</a></p>
<section class="card" aria-label="Requests">${rows.length === 0 ? html`<p class="empty">${all ? 'Nothing that was asked of you has ended yet.' : 'You have answered nothing here yet.'}</p>` : html`<ul class="inbox">${rows.map((row) => item(parts, row, page.person))}</ul>`}</section>
${last !== null && html`<p><a class="button quiet" href="${query({ ...(all ? { of: 'all' } : {}), before: `${last.requestedAtMs}.${last.id}` })}">Older</a></p>`}`,
  };
}

function item(parts: ApprovalPageParts, row: ApprovalRow, person: string): Html {
  const shown = JSON.parse(row.request) as ShownRequest;
  const own = row.answers.find((answer) => answer.person === person);
  return html`<li><a data-row href="/approvals/${row.id}"><span class="say">${sentenceHtml(shown.sentence)}</span>
<span class="meta"><span>${nameHtml(shown.agent.name)}</span><span>${when(row.requestedAtMs)}</span>${row.answeredBy !== null && html`<span>decided by ${nameHtml(nameOf(parts, row.answeredBy))}</span>`}${own !== undefined && tag(own.verdict === 'approved' ? 'good' : 'bad', own.verdict === 'approved' ? 'You approved' : 'You denied')}${row.proposal !== null && tag('warn', 'Arguments changed')}</span></a>
<span class="side">${stateOf(row)}${row.receipt !== null && html`<a class="small" href="/approvals/${row.id}/receipt">Receipt<span class="hide"> of this request</span></a>`}</span></li>`;
}
