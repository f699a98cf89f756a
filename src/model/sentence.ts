import type { SentencePart } from './approval.ts';
import { canonicalize } from './canonical.ts';
import type { Json, JsonObject } from './json.ts';
import { escapePointer, isPointer, resolvePointer } from './pointer.ts';
import type { ToolEffect } from './tool.ts';
import { isolated, type Segment, unseenIn, visible, visibleText } from './visible.ts';

/**
 * What an operator wrote for the people who approve a tool's calls: `Order {quantity} of {item} from {/supplier/name}`. Literal text and
 * places that name arguments; whatever an agent puts into an argument is data in its place and never part of the text.
 */
export interface Template {
  readonly parts: readonly TemplatePart[];
}

export type TemplatePart =
  | { readonly text: string }
  /** As written between the braces, and as an RFC 6901 pointer into the arguments. */
  | { readonly argument: string; readonly pointer: string };

/** The words of one tool: what it does, what it would touch, how it can be undone. */
export interface ApprovalWords {
  readonly sentence: Template;
  readonly touches: Template | null;
  readonly undo: string | null;
}

export type Parsed = { readonly ok: true; readonly template: Template } | { readonly ok: false; readonly why: string };

export const TEMPLATE_CHARS = 500;
/** Of one value inside a sentence: none can push the others out of sight. */
export const VALUE_CHARS = 80;

/** Reads a template. `{{` and `}}` stand for braces. Total. */
export function parseTemplate(source: string): Parsed {
  const bad = badText(source);
  if (bad !== null) return { ok: false, why: bad };
  const parts: TemplatePart[] = [];
  let text = '';
  for (let at = 0; at < source.length; ) {
    const point = source[at] as string;
    if ((point === '{' || point === '}') && source[at + 1] === point) {
      text += point;
      at += 2;
    } else if (point === '{') {
      const end = source.indexOf('}', at);
      const place = readPlace(end < 0 ? null : source.slice(at + 1, end));
      if (typeof place === 'string') return { ok: false, why: place };
      if (text !== '') parts.push({ text });
      parts.push(place);
      text = '';
      at = end + 1;
    } else if (point === '}') {
      return { ok: false, why: 'a "}" stands alone: write }} for a brace' };
    } else {
      text += point;
      at++;
    }
  }
  if (text !== '') parts.push({ text });
  return { ok: true, template: { parts } };
}

/** Why a text is not one that can be shown as the operator's own; `null` when it is. */
export function badText(text: string): string | null {
  if (text.trim() === '') return 'it is empty';
  if (text.length > TEMPLATE_CHARS) return `it is longer than ${TEMPLATE_CHARS} characters`;
  const unseen = unseenIn(text);
  return unseen === null ? null : `it has a character that is not seen, or changes how the rest reads: ${unseen}`;
}

function readPlace(inner: string | null): TemplatePart | string {
  if (inner === null) return 'a "{" is not closed: write {{ for a brace';
  const shown = `{${visibleText(inner, { maxChars: 60 })}}`;
  if (inner.trim() === '') return `the place ${shown} names no argument`;
  if (inner !== inner.trim() || inner.includes('{')) return `the place ${shown} is not the name of an argument`;
  if (!inner.startsWith('/')) return { argument: inner, pointer: `/${escapePointer(inner)}` };
  if (!isPointer(inner)) return `the place ${shown} is no RFC 6901 pointer: ~ is written ~0, and / inside a name ~1`;
  return { argument: inner, pointer: inner };
}

/** The template with the values of one call. Pure; values are not looked into. */
export function renderTemplate(template: Template, args: JsonObject): readonly SentencePart[] {
  return template.parts.map((part) => {
    if ('text' in part) return part;
    const value = resolvePointer(args, part.pointer);
    return { argument: part.argument, value: value ?? null, missing: value === undefined };
  });
}

export interface PlainAction {
  /** Cedar action id, for whatever is not a call of a tool. */
  readonly action: string;
  readonly server: string;
  readonly tool: string | null;
  /** URI or name of what is no tool: chosen by the agent, so a value. */
  readonly other: string | null;
  readonly effect: ToolEffect | null;
  readonly reversible: boolean | null;
}

/** Where nobody wrote a sentence: which tool on which server, and what kind of thing it does. */
export function plainSentence(plain: PlainAction): readonly SentencePart[] {
  const tail = ` on ${visibleText(plain.server, { maxChars: 64 })} (${effectWords(plain)})`;
  if (plain.tool !== null) return [{ text: `Run ${visibleText(plain.tool, { maxChars: 256 })}${tail}` }];
  if (plain.other === null) return [{ text: `Do ${plain.action}${tail}` }];
  return [{ text: `Do ${plain.action} for ` }, { argument: '', value: plain.other, missing: false }, { text: tail }];
}

const EFFECTS: Readonly<Record<ToolEffect, string>> = {
  read: 'reads data',
  write: 'changes data',
  destructive: 'destroys data',
  external: 'sends something outside',
  credential: 'hands out credentials',
};

/** `changes data, cannot be undone`. */
export function effectWords({ effect, reversible }: Pick<PlainAction, 'effect' | 'reversible'>): string {
  if (effect === null) return 'nobody has said what it does';
  if (effect === 'read') return EFFECTS.read;
  return `${EFFECTS[effect]}, ${reversible === true ? 'can be undone' : 'cannot be undone'}`;
}

/** A value as text: a string as it is, everything else as RFC 8785 JSON. */
export function valueText(value: Json): string {
  return typeof value === 'string' ? value : canonicalize(value);
}

/** A text that reads like a number, a truth value or JSON: to a tool it is something else, and a reader must be told. */
export function readsAsJson(text: string): boolean {
  return /^\s*(?:true|false|null|-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|[{[].*[}\]]|".*")\s*$/s.test(text);
}

export interface SentencePiece extends Segment {
  /** The argument this is the value of; `null`: the operator's own text. */
  readonly argument: string | null;
}

/** A sentence for a page: every piece knows whether it is a value, and what in it was marked. A value stands in “quotes” unless it is plainly a number or a currency. */
export function sentencePieces(parts: readonly SentencePart[], valueChars = VALUE_CHARS): readonly SentencePiece[] {
  return parts.flatMap((part): readonly SentencePiece[] => {
    if ('text' in part) return [{ text: part.text, kind: 'plain', argument: null }];
    const { argument } = part;
    if (part.missing) return [{ text: '(not given)', kind: 'marked', argument }];
    const text = valueText(part.value);
    const inner = visible(text, { maxChars: valueChars }).map((segment) => ({ ...segment, argument }));
    if (typeof part.value !== 'string' || SPEAKS_FOR_ITSELF.test(text)) return inner;
    const quote = (mark: string): SentencePiece => ({ text: mark, kind: 'marked', argument });
    return [quote('“'), ...inner, quote('”')];
  });
}

/** A decimal number or a currency code: cannot pass for words of the operator. */
const SPEAKS_FOR_ITSELF = /^(?:-?[0-9]{1,16}(?:\.[0-9]{1,10})?|[A-Z]{3})$/;

/**
 * A sentence as one line of text, for messages and terminals. Values cannot leave their quotes; `isolate` keeps those of right-to-left
 * scripts from reordering the rest where a display would do that.
 */
export function sentenceText(
  parts: readonly SentencePart[],
  { valueChars = VALUE_CHARS, isolate = false }: { readonly valueChars?: number; readonly isolate?: boolean } = {},
): string {
  return parts
    .map((part) => {
      const text = sentencePieces([part], valueChars)
        .map((piece) => piece.text)
        .join('');
      return isolate && 'argument' in part ? isolated(text) : text;
    })
    .join('');
}
