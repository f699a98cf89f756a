import type { Json } from '../../../model/json.ts';
import type { ApprovalRow } from '../../../ports/stores.ts';
import { type Html, html } from '../../account/web/html.ts';
import { shown as text } from '../../account/web/shown.ts';
import { STATES } from '../words.ts';

export function card(
  title: string,
  body: Html | readonly Html[],
  more: { readonly lead?: Html | string; readonly id?: string } = {},
): Html {
  const id = more.id ?? title.toLowerCase().replace(/[^a-z]+/g, '-');
  return html`<section class="card" aria-labelledby="${id}"><h2 id="${id}">${title}</h2>${more.lead !== undefined && html`<p class="soft small">${more.lead}</p>`}${body}</section>`;
}

export function facts(rows: readonly (readonly [string, Html | string] | false)[]): Html {
  return html`<dl>${rows.filter((row) => row !== false).map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;
}

export function tag(tone: string, words: string | Html): Html {
  return html`<span class="tag ${tone}">${words}</span>`;
}

/** A name somebody chose: it does not reorder what stands beside it. */
export function nameHtml(name: string, maxChars = 60): Html {
  return html`<bdi>${text(name, maxChars)}</bdi>`;
}

export function stateOf(row: Pick<ApprovalRow, 'state'>): Html {
  const [tone, words] = STATES[row.state];
  return tag(tone, words);
}

/** Counted down by the script; without it, the time itself. `nowMs`: what the gateway's clock says, which is the one that counts. */
export function countdown(untilMs: number, nowMs: number): Html {
  return html`<time class="count" datetime="${new Date(untilMs).toISOString()}" data-left="${untilMs - nowMs}">${leftWords(untilMs - nowMs)}</time>`;
}

export function leftWords(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s >= 172_800) return `${Math.floor(s / 86_400)} days`;
  const two = (n: number) => String(n).padStart(2, '0');
  const clock = `${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
  return s >= 3600 ? `${Math.floor(s / 3600)}:${clock}` : clock;
}

export function agoWords(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} min ago`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ago` : `${Math.floor(hours / 24)} days ago`;
}

/** JSON for a hidden field, read back by the gateway alone. */
export function hidden(name: string, value: Json | string): Html {
  return html`<input type="hidden" name="${name}" value="${typeof value === 'string' ? value : JSON.stringify(value)}">`;
}

/** Where the script says, without moving anything, that something is new. */
export function news(poll: string, tagOf: string): Html {
  return html`<div class="news" role="status" data-poll="${poll}" data-tag="${tagOf}"><p hidden><span></span> <a class="button quiet" href="">Show</a></p></div>`;
}
