import { makeVisible } from '../../../inventory/scan/hidden.ts';
import type { SentencePart } from '../../../model/approval.ts';
import type { Json } from '../../../model/json.ts';
import { type Html, html } from '../../account/web/html.ts';

/** What is shown at once; the rest is one step away, never gone. */
const SHORT = 400;
const IN_SENTENCE = 60;

/** Text somebody else chose, as text: what cannot be seen is spelled out and marked, and it never runs into what stands beside it. */
export function dataText(text: string, max = SHORT): Html {
  const points = [...text];
  const cut = points.length > max;
  const marked = (cut ? points.slice(0, max) : points).map((point) => {
    const visible = SPELLED[point] ?? makeVisible(point);
    return visible === point ? point : html`<b class="mark">${visible}</b>`;
  });
  return html`<bdi>${joined(marked)}</bdi>${cut && html`<span class="soft"> … ${points.length.toLocaleString('en')} characters in all</span>`}`;
}

const SPELLED: Readonly<Record<string, string>> = { '\n': '⟨line break⟩', '\r': '⟨return⟩', '\t': '⟨tab⟩' };

/** Neighbouring text in one piece. */
function joined(parts: readonly (string | Html)[]): readonly (string | Html)[] {
  const out: (string | Html)[] = [];
  for (const part of parts) {
    const last = out.at(-1);
    if (typeof part === 'string' && typeof last === 'string') out[out.length - 1] = last + part;
    else out.push(part);
  }
  return out;
}

/** A whole value: texts as they are, everything else as JSON. Long ones open on demand. */
export function valueHtml(value: Json): Html {
  if (typeof value === 'string') return value === '' ? html`<span class="soft">empty text</span>` : long(value);
  if (value === null || typeof value !== 'object') return html`<span class="lit">${JSON.stringify(value)}</span>`;
  return html`<span class="json">${lines(JSON.stringify(value, null, 2))}</span>`;
}

function long(text: string): Html {
  if ([...text].length <= SHORT) return dataText(text, Number.POSITIVE_INFINITY);
  return html`${dataText(text)}<details><summary>Show all of it</summary><div class="whole">${dataText(text, Number.POSITIVE_INFINITY)}</div></details>`;
}

/** Line breaks here are those of the JSON form: inside of values they are spelled. */
function lines(text: string): readonly Html[] {
  return text.split('\n').map((line, i) => html`${i > 0 && '\n'}${dataText(line, 2_000)}`);
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
