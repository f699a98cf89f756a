import type { SentencePart } from '../../../model/approval.ts';
import type { Json } from '../../../model/json.ts';
import { readsAsJson } from '../../../model/sentence.ts';
import { visible, visibleText } from '../../../model/visible.ts';
import { type Html, html } from '../../account/web/html.ts';

/** What is shown at once; the rest is one step away, never gone. */
const SHORT = 400;
const IN_SENTENCE = 60;

/** Text somebody else chose, as text: what cannot be seen is spelled out and marked, and it never reorders what stands beside it. */
export function dataText(text: string, maxChars = SHORT, lines = false): Html {
  const parts = visible(text, { maxChars, lines }).map((segment) =>
    segment.kind === 'plain' ? segment.text : html`<b class="mark">${segment.text}</b>`,
  );
  return html`<bdi>${parts}</bdi>`;
}

/** To a tool `"false"` is not `false`; to the eye it is. */
const AS_TEXT = html` <span class="tag">as text</span>`;

/** A whole value: texts as they are, everything else as JSON. Long ones open on demand. */
export function valueHtml(value: Json): Html {
  if (value === '') return html`<span class="soft">empty text</span>`;
  if (typeof value === 'string') return html`${long(value)}${readsAsJson(value) && AS_TEXT}`;
  if (value === null || typeof value !== 'object') return html`<span class="lit">${JSON.stringify(value)}</span>`;
  return html`<span class="json">${dataText(JSON.stringify(value, null, 2), Number.POSITIVE_INFINITY, true)}</span>`;
}

/** The name of an argument: two that begin alike are not one. */
export function argumentName(name: string): Html {
  return long(name, 120);
}

function long(text: string, short = SHORT): Html {
  if (isShort(text, short)) return dataText(text, Number.POSITIVE_INFINITY);
  return html`${dataText(text, short)}<details><summary>Show all of it</summary><div class="whole">${dataText(text, Number.POSITIVE_INFINITY)}</div></details>`;
}

/** Marks count, but not as much: a few do not hide the rest of a text behind a press. */
function isShort(text: string, short: number): boolean {
  return [...text].length <= short && visibleText(text, { maxChars: Number.POSITIVE_INFINITY }).length <= 2 * short;
}

/** The sentence, its values set apart. */
export function sentenceHtml(parts: readonly SentencePart[]): readonly Html[] {
  return parts.map((part) => {
    if ('text' in part) return html`${part.text}`;
    if (part.missing) return html`<span class="val none">nothing</span>`;
    return html`<span class="val">${dataText(plain(part.value), IN_SENTENCE)}</span>`;
  });
}

export function plain(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}
