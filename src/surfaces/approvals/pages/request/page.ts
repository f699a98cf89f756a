import type { Json } from '../../../../model/json.ts';
import { note } from '../../../account/pages/parts.ts';
import type { Page } from '../../../account/web/answer.ts';
import { type Html, html } from '../../../account/web/html.ts';
import { shown as text } from '../../../account/web/shown.ts';
import type { Visit } from '../../../account/web/visit.ts';
import { cameFromConsole } from '../../from.ts';
import type { ApprovalPageParts } from '../../options.ts';
import type { Seen } from '../../see.ts';
import { FILES } from '../../web/files.ts';
import { nameOf } from '../../words.ts';
import { agoWords, countdown, facts, nameHtml, news, stateOf, tag } from '../parts.ts';
import { dataText, sentenceHtml } from '../values.ts';
import { decideCards, type Means } from './decide.ts';
import { factCards, untrustedNames } from './facts.ts';

export interface RequestPage {
  readonly seen: Seen;
  readonly means: Means;
  /** What was just done, in words of ours. */
  readonly said: string | null;
  /** Recognises this state, for what is new after it. */
  readonly tag: string;
}

export function requestPage(parts: ApprovalPageParts, visit: Visit, page: RequestPage): Page {
  const { seen, means, said } = page;
  const { row, shown } = seen;
  return {
    title: `${text(shown.agent.name, 60)} asks`,
    wide: 'widest',
    files: FILES,
    body: html`${row.state === 'pending' && news(`/approvals/${row.id}/state`, page.tag)}
${said !== null && note('good', said)}${cameFromConsole(visit) && backToConsole(said !== null)}
${head(parts, seen)}
${row.state === 'pending' && (seen.may.ok || seen.mayDeny) && html`<p class="jump"><a class="button quiet" href="#decision">To your decision</a></p>`}
<div class="cols"><div>${factCards(parts, seen)}${signedCard(seen)}</div><aside aria-label="Decision">${decideCards(parts, visit, { seen, means })}</aside></div>`,
  };
}

/** Once it is answered, the next thing to do: Enter leads there. */
function backToConsole(isDone: boolean): Html {
  return html`<p class="jump-back"><a class="button ${isDone ? 'main' : 'quiet'}" href="/console/approvals"${isDone && html` autofocus`}>${isDone ? 'Back to the console' : '‹ Approvals in the console'}</a></p>`;
}

/** The one sentence first, then what should make anybody stop. */
export function head(parts: ApprovalPageParts, { row, shown }: Seen): Html {
  const nowMs = parts.clock.nowMs();
  const left =
    row.state === 'pending' ? html`<span class="left">expires in ${countdown(row.expiresAtMs, nowMs)}</span>` : null;
  return html`<header class="ask"><p class="eyebrow">${stateOf(row)}<span>${nameHtml(shown.agent.name, 80)} asked ${agoWords(nowMs - row.requestedAtMs)}</span>${left}</p>
<h1 class="sentence">${sentenceHtml(shown.sentence)}</h1>
${warnings(parts, { row, shown })}</header>`;
}

/** What should make anybody stop. */
export function warnings(parts: ApprovalPageParts, { row, shown }: Pick<Seen, 'row' | 'shown'>): Html {
  const untrusted = untrustedNames(shown);
  return html`${
    untrusted.length > 0 &&
    note(
      'bad',
      html`<strong>Somebody else may have chosen ${untrusted.length === 1 ? 'a value' : `${untrusted.length} values`} of this.</strong> ${untrusted.slice(0, 5).map(({ name, source }, i) => html`${i > 0 && ', '}<code>${dataText(name, 60)}</code>${source !== null && html` (read with <code>${dataText(source, 80)}</code>)`}`)} came from content anybody could have written. Check it against a source you trust.`,
    )
  }${
    row.proposal !== null &&
    note(
      'warn',
      html`<strong>${nameHtml(nameOf(parts, row.proposal.by))} changed the arguments.</strong> What you see, and what runs, is the change.`,
    )
  }${shown.watched && note('warn', 'Something this call touches is being watched: an operator wants to know of it.')}${
    !shown.reviewed &&
    html`<p class="soft small">Nobody wrote a reviewed sentence for this tool, so this only names it. Read the arguments.</p>`
  }`;
}

/** For who wants to check it themselves. */
export function signedCard({ row, shown, digest, saw }: Pick<Seen, 'row' | 'shown' | 'digest' | 'saw'>): Html {
  const fields: readonly (readonly [string, Json])[] = [
    ['Request', row.id],
    ['Action', digest],
    ['What this page shows', saw],
    ['Policies', shown.policy.version],
    ['Asked', new Date(row.requestedAtMs).toISOString()],
    ['Expires', new Date(row.expiresAtMs).toISOString()],
  ];
  const signed = row.requirement.assurance === 'passkey';
  const how = signed
    ? 'The gateway puts it together from its own record; the signature covers it whole.'
    : 'The gateway puts it together from its own record. Nothing is signed: no passkey is asked for.';
  return html`<section class="card"><details><summary>What exactly is ${signed ? 'signed' : 'answered'}</summary>
<p class="soft small">Your verdict and reason, your name, the agent and everybody it acts for and through, and these. ${how} Digests are SHA-256 of the RFC 8785 form.</p>
${facts(fields.map(([name, value]) => [name, html`<code>${value as string}</code>`] as const))}
<p>${tag('', 'interlock-approval-v1')}</p></details></section>`;
}
