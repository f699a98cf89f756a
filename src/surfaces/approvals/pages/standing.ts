import type { Standing } from '../../../model/approval.ts';
import { csrfField, note, when } from '../../account/pages/parts.ts';
import type { Page } from '../../account/web/answer.ts';
import { type Html, html } from '../../account/web/html.ts';
import { shown as text } from '../../account/web/shown.ts';
import type { Visit } from '../../account/web/visit.ts';
import type { ApprovalPageParts } from '../options.ts';
import { FILES } from '../web/files.ts';
import { nameOf } from '../words.ts';
import { places } from './inbox.ts';
import { countdown, nameHtml, tag } from './parts.ts';

export interface StandingPage {
  readonly list: readonly Standing[];
  /** One was just revoked. */
  readonly said: boolean;
}

export function standingPage(parts: ApprovalPageParts, visit: Visit, { list, said }: StandingPage): Page {
  return {
    title: 'Standing approvals',
    wide: true,
    files: FILES,
    body: html`<h1>Approvals</h1><p class="lead">What goes on without asking again, because somebody signed for it.</p>
${places('standing')}
${said && note('good', 'Revoked. The next such call asks again.')}
${list.length === 0 ? empty() : html`<section class="card" aria-labelledby="in-force"><h2 id="in-force">What is allowed</h2><ul class="list">${list.map((each) => item(parts, visit, each))}</ul></section>`}`,
  };
}

function empty(): Html {
  return html`<div class="card empty-card"><h2>Nothing goes on without being asked</h2><p>When you approve a request you may also allow the very same for a while: in one session, for one task, up to one amount. Each is one exact rule with an end, listed here, and gone with one press.</p></div>`;
}

function item(parts: ApprovalPageParts, visit: Visit, standing: Standing): Html {
  const { agent, signers, createdAtMs, notAfterMs, state, approval } = standing;
  const signed = signers.map((id) => nameOf(parts, id)).join(', ');
  const name = parts.directory.agent(agent)?.name ?? agent;
  const active = state === 'active' && notAfterMs > parts.clock.nowMs();
  return html`<li><div class="what"><h3>${nameHtml(name)}</h3><p>${parts.standing?.words(standing, null)}</p>
<p class="small soft">Signed by ${text(signed, 200)}, ${when(createdAtMs)}, with <a href="/approvals/${approval}">this request</a>. ${active && html`Ends in ${countdown(notAfterMs, parts.clock.nowMs())}.`}</p></div>
${active ? html`<form method="post" action="/approvals/standing/revoke">${csrfField(visit)}<input type="hidden" name="id" value="${standing.id}"><button class="danger quiet" aria-label="Revoke what ${text(name)} may do without asking">Revoke</button></form>` : tag('', state === 'active' ? 'Ended' : 'Revoked')}</li>`;
}
