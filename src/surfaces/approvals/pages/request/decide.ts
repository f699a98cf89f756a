import { assuranceAtLeast } from '../../../../model/approval.ts';
import type { Json } from '../../../../model/json.ts';
import { csrfField, note, when } from '../../../account/pages/parts.ts';
import { type Html, html } from '../../../account/web/html.ts';
import { shown as text } from '../../../account/web/shown.ts';
import type { Visit } from '../../../account/web/visit.ts';
import { cameFromConsole, fromField, requestPath, signInAgain } from '../../from.ts';
import type { ApprovalPageParts } from '../../options.ts';
import type { Displayed, Seen } from '../../see.ts';
import { nameOf, slotWords } from '../../words.ts';
import { card, hidden, nameHtml, tag } from '../parts.ts';

/** What this person can prove themselves with, as far as the request asks for it. */
export interface Means {
  readonly passkeys: number;
  readonly passkeysPossible: boolean;
  readonly fresh: boolean;
}

/** The side of the page where something is done. */
export function decideCards(
  parts: ApprovalPageParts,
  visit: Visit,
  page: { seen: Seen; means: Means },
): readonly Html[] {
  const { seen, means } = page;
  return [decisionCard(parts, visit, { seen, means }), answersCard(parts, seen)];
}

function decisionCard(parts: ApprovalPageParts, visit: Visit, { seen, means }: { seen: Seen; means: Means }): Html {
  const { row, may } = seen;
  if (row.state !== 'pending') return endedCard(parts, seen);
  if (!may.ok && !seen.mayDeny)
    return card('You cannot answer this', [html`<p>${sentence(may.message)}</p>`], { id: 'decision' });
  const fromConsole = cameFromConsole(visit);
  const obstacle = obstacleOf(seen, means, { id: row.id, fromConsole });
  if (obstacle !== null) return card('Before you answer', [obstacle], { id: 'decision' });
  if (!may.ok) {
    const why = html`<p>${sentence(may.message)} You can still deny it.</p>`;
    return card('You may only deny this', [why, answerForm(visit, seen, { displayed: seen, approve: null })], {
      id: 'decision',
    });
  }
  const change = html`<p class="small also"><a href="${requestPath(row.id, { fromConsole, rest: '/change' })}">Change the arguments</a> and approve that instead.</p>`;
  return card(
    'Your decision',
    [answerForm(visit, seen, { displayed: seen, standing: standingField(parts, seen) }), change],
    { id: 'decision' },
  );
}

export function obstacleOf(
  { requirement }: Displayed,
  { passkeys, passkeysPossible, fresh }: Means,
  { id, fromConsole }: { readonly id: string; readonly fromConsole: boolean },
): Html | null {
  if (needsPasskey(requirement)) {
    if (!passkeysPossible)
      return html`<p>This is answered with a passkey, and passkeys need a host name. The operator can set <code>listen.publicUrl</code>.</p>`;
    if (passkeys > 0) return null;
    return html`<p>This is answered with a passkey: your fingerprint, face or device PIN signs exactly what you see. You have none yet.</p><p><a class="button main full" href="/account#sign-in">Add a passkey</a></p><p class="soft small">Then come back here: the request waits.</p>`;
  }
  if (fresh) return null;
  return html`<p>You signed in a while ago. Sign in again, so that the answer is yours.</p><p><a class="button main full" href="${signInAgain(id, fromConsole)}">Sign in again</a></p>`;
}

function needsPasskey({ assurance }: Displayed['requirement']): boolean {
  return !assuranceAtLeast('signed-in', assurance);
}

/** One form for both answers. Where a passkey is needed the script sends it, signed; the same fields either way. */
export function answerForm(
  visit: Visit,
  { row }: Seen,
  what: {
    readonly displayed: Displayed;
    readonly standing?: Html | false;
    readonly changed?: Json;
    /** Words of the button; `null`: there is none. */
    readonly approve?: string | null;
    /** `false`: this form only approves. */
    readonly deny?: boolean;
  },
): Html {
  const passkey = needsPasskey(what.displayed.requirement);
  const { changed } = what;
  return html`<form class="answer" method="post" action="/approvals/${row.id}/answer"${passkey && html` data-sign="/approvals/${row.id}/sign"`}>
${csrfField(visit)}${fromField(visit)}${hidden('saw', what.displayed.saw)}${changed !== undefined && hidden('arguments', changed)}
<p class="note bad" role="alert" hidden></p>
<label for="reason">Reason</label>
<textarea id="reason" name="reason" rows="3" maxlength="2000" aria-describedby="reason-hint"></textarea>
<p class="hint" id="reason-hint">Recorded with your answer.${what.deny !== false && ' Needed to deny; the agent is told.'}</p>
${what.standing}
<div class="answers">${what.approve !== null && html`<button class="main" name="verdict" value="approved"><span>${what.approve ?? 'Approve'}<span class="beyond">, and from now on</span></span></button>`}${what.deny !== false && html`<button class="danger" name="verdict" value="denied">Deny</button>`}</div>
<p class="soft small"><span class="once">${passkey ? 'Your passkey signs exactly what this page shows, for this one action.' : 'Your answer counts for this one action.'}</span><span class="beyond">${passkey ? 'Your passkey signs exactly what this page shows, and the rule you chose: what it lets through is not asked about again.' : 'Your answer counts for this action and the rule you chose: what it lets through is not asked about again.'}</span></p>
</form>`;
}

function standingField(parts: ApprovalPageParts, { row, shown }: Seen): Html | false {
  // What was changed by a person is approved by itself.
  if (row.proposal !== null || row.kind !== 'call') return false;
  const offers = parts.standing?.offers(shown) ?? [];
  if (offers.length === 0) return false;
  const choices = offers.map(
    ({ label, terms }) =>
      html`<label class="choice"><input type="radio" name="standing" value="${JSON.stringify(terms)}"><span><b>${label}</b><small>${parts.standing?.words(terms, shown.currency)}</small></span></label>`,
  );
  return html`<details class="more"><summary>Also allow from now on…</summary><fieldset><legend class="hide">What else to allow</legend>
<label class="choice"><input type="radio" name="standing" value="" checked><span><b>Only this once</b></span></label>${choices}</fieldset></details>`;
}

function endedCard(parts: ApprovalPageParts, { row }: Seen): Html {
  const words = {
    approved: 'Approved. The agent can go on with exactly this, once.',
    consumed: 'Approved, and the agent has gone on with exactly this. It cannot be used again.',
    denied: 'Denied. The agent was told.',
    expired: 'Nobody answered in time, or the answer was not used in time. Nothing runs.',
    withdrawn: 'Nobody needs an answer any more. Nothing runs.',
    pending: '',
  }[row.state];
  const receipt =
    row.receipt === null
      ? html``
      : html`<p class="small soft">Record ${row.receipt.seq} of the journal <code>${text(row.receipt.journal, 80)}</code>. <a href="/approvals/${row.id}/receipt">Its proof</a></p>`;
  const by =
    row.answeredBy === null
      ? html``
      : html`<p class="small">Decided by ${nameHtml(nameOf(parts, row.answeredBy))}${row.answeredAtMs !== null && html`, ${when(row.answeredAtMs)}`}.</p>`;
  return card(
    'It is over',
    [
      note(
        row.state === 'denied' ? 'bad' : row.state === 'approved' || row.state === 'consumed' ? 'good' : 'warn',
        words,
      ),
      by,
      receipt,
    ],
    { id: 'decision' },
  );
}

function answersCard(parts: ApprovalPageParts, { row }: Seen): Html {
  const given = row.answers.map(
    ({
      person,
      verdict,
      reason,
      atMs,
      assurance,
      digest,
    }) => html`<li><div><strong>${nameHtml(nameOf(parts, person))}</strong> ${tag(verdict === 'approved' ? 'good' : 'bad', verdict === 'approved' ? 'Approved' : 'Denied')}</div>
<p class="soft small">${when(atMs)}, ${PROVEN[assurance]}${digest !== (row.proposal?.digest ?? row.digest) && ', of what it was before it was changed'}</p>${reason !== '' && html`<p class="quote">${text(reason, 500)}</p>`}</li>`,
  );
  const missing = row.state === 'pending' ? parts.missing(row) : [];
  const needed = missing.map(
    (slot) =>
      html`<li><span class="open" aria-hidden="true"></span><span>${text(slotWords(parts, slot), 300)}</span></li>`,
  );
  const asks = html`<p class="soft small">The policies ask for ${row.requirement.parts.map(({ ask }, i) => html`${i > 0 && ' and '}<code>${text(ask, 120)}</code>`)}.</p>`;
  return card('Who answers', [
    given.length === 0 ? html`<p class="empty">Nobody has answered yet.</p>` : html`<ul class="given">${given}</ul>`,
    needed.length === 0 ? html`` : html`<h3>Still needed</h3><ul class="needed">${needed}</ul>`,
    asks,
  ]);
}

/** Messages of the approvals begin in lower case. */
function sentence(message: string): string {
  const said = text(message, 500);
  return `${said.charAt(0).toUpperCase()}${said.slice(1)}${/[.!?]$/.test(said) ? '' : '.'}`;
}

const PROVEN = {
  passkey: 'signed with a passkey',
  'signed-in': 'signed in',
  operator: 'named by an operator',
} as const;
