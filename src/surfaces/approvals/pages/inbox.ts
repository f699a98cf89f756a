import type { ShownRequest } from '../../../model/approval.ts';
import type { ApprovalRow } from '../../../ports/stores.ts';
import { alertPlace } from '../../account/pages/parts.ts';
import type { Page } from '../../account/web/answer.ts';
import { type Html, html } from '../../account/web/html.ts';
import { shown as text } from '../../account/web/shown.ts';
import type { ApprovalPageParts } from '../options.ts';
import { FILES } from '../web/files.ts';
import { amountWords, EFFECTS } from '../words.ts';
import { agoWords, countdown, nameHtml, news, tag } from './parts.ts';
import { sentenceHtml } from './values.ts';

/** From here on the list is grouped by agent. */
const MANY = 8;

export interface InboxPage {
  readonly mine: readonly ApprovalRow[];
  /** They concern the person, who cannot answer them, or has. */
  readonly others: readonly ApprovalRow[];
  readonly text: string;
  readonly tag: string;
  /** There are more than are listed. */
  readonly more: boolean;
  readonly csrf: string;
}

export function inboxPage(parts: ApprovalPageParts, page: InboxPage): Page {
  const { mine, others, text: searched, more } = page;
  const key = parts.pushKey();
  const count = mine.length;
  const poll = `/approvals/state${searched === '' ? '' : `?${new URLSearchParams({ q: searched }).toString()}`}`;
  return {
    title: count === 0 ? 'Approvals' : `(${count}) Approvals`,
    wide: true,
    files: FILES,
    body: html`${news(poll, page.tag)}
<h1>Approvals</h1><p class="lead">${count === 0 ? 'Nothing waits for you.' : count === 1 ? 'One agent waits for you.' : `${count} requests wait for you.`}</p>
${places('inbox')}
${(count + others.length > 0 || searched !== '') && searchBox('/approvals', searched)}
${count === 0 ? empty(searched) : listed(parts, mine)}
${more && html`<p class="soft small">There are more than these. Search for what you look for.</p>`}
${others.length > 0 && html`<section class="card" aria-labelledby="others"><h2 id="others">Waiting for others</h2><p class="soft small">You answered, started it, or somebody else is needed.</p><ul class="inbox">${others.map((row) => item(parts, row))}</ul></section>`}
${count > 1 && html`<p class="soft small keys" aria-hidden="true"><kbd>j</kbd> <kbd>k</kbd> move, <kbd>Enter</kbd> opens, <kbd>/</kbd> searches</p>`}
${key !== null && html`${alertPlace('push-alert')}<p><button type="button" class="quiet" data-push="${key}" data-csrf="${page.csrf}" data-alert="push-alert" hidden>Notify me in this browser</button></p>`}`,
  };
}

/** Between the three lists. */
export function places(here: 'inbox' | 'history' | 'standing'): Html {
  const all = [
    ['inbox', '/approvals', 'Waiting'],
    ['history', '/approvals/history', 'History'],
    ['standing', '/approvals/standing', 'Standing'],
  ] as const;
  return html`<nav class="places" aria-label="Approvals">${all.map(([id, href, words]) => html`<a href="${href}"${id === here && html` aria-current="page"`}>${words}</a>`)}</nav>`;
}

export function searchBox(action: string, searched: string, more?: Html): Html {
  return html`<form class="search" role="search" method="get" action="${action}"><label class="hide" for="search">Search</label><input type="text" id="search" name="q" value="${searched}" maxlength="200" placeholder="Agent, tool, person or words of the request" autocomplete="off">${more}<button>Search</button></form>`;
}

function empty(searched: string): Html {
  if (searched !== '')
    return html`<div class="card empty-card"><h2>Nothing waiting fits “${text(searched)}”</h2><p><a href="/approvals">Show everything that waits</a></p></div>`;
  return html`<div class="card empty-card"><h2>All answered</h2>
<p>When a policy wants a person to look, the agent’s call stops and comes here. You see exactly what would run, and sign it or say no. Only then does it go on, once.</p>
<p class="soft">You are asked about agents you own, things done in your name, and what your role or duty covers. This page tells you by itself when something arrives.</p></div>`;
}

function listed(parts: ApprovalPageParts, rows: readonly ApprovalRow[]): Html {
  if (rows.length < MANY)
    return html`<section class="card" aria-labelledby="mine"><h2 id="mine" class="hide">Waiting for you</h2><ul class="inbox">${rows.map((row) => item(parts, row))}</ul></section>`;
  const groups = new Map<string, ApprovalRow[]>();
  for (const row of rows) groups.set(row.agent, [...(groups.get(row.agent) ?? []), row]);
  return html`${[...groups].map(
    ([agent, each], i) =>
      html`<section class="card" aria-labelledby="group-${i}"><h2 id="group-${i}">${nameHtml(parts.directory.agent(agent)?.name ?? agent)} <span class="soft small">${each.length}</span></h2><ul class="inbox">${each.map((row) => item(parts, row))}</ul></section>`,
  )}`;
}

function item(parts: ApprovalPageParts, row: ApprovalRow): Html {
  const shown = JSON.parse(row.request) as ShownRequest;
  const nowMs = parts.clock.nowMs();
  return html`<li><a data-row href="/approvals/${row.id}"><span class="say">${sentenceHtml(shown.sentence)}</span>
<span class="meta"><span>${nameHtml(shown.agent.name)}${shown.subject !== null && html` for ${nameHtml(shown.subject.name)}`}</span><span>asked ${agoWords(nowMs - row.requestedAtMs)}</span>${row.proposal !== null && tag('warn', 'Changed since it was asked')}${marks(shown)}</span></a><span class="left">expires in ${countdown(row.expiresAtMs, nowMs)}</span></li>`;
}

/** What should catch the eye in a list. */
function marks(shown: ShownRequest): Html {
  const grave = shown.effect !== null && shown.effect !== 'read' && shown.effect !== 'write';
  return html`${shown.amount !== null && tag('', amountWords(shown.amount, shown.currency))}${grave && tag('bad', EFFECTS[shown.effect as string] ?? '')}${shown.origins.some(({ from }) => from === 'untrusted-result') && tag('bad', 'Untrusted values')}${shown.reversible === false && tag('warn', 'Cannot be undone')}`;
}
