import type { Who } from './approval.ts';

/**
 * The texts of `@ask("…")` and of `approvals.routes`: who must answer.
 *
 *     ask   = "route:" name | slot { "+" slot }                  different people answer the slots
 *     slot  = [ count ] who { "|" who } [ "except starter" ]     count: so many different people, 1 to 5
 *     who   = "owner" | "subject" | "person:" id | "group:" name | "role:" name | "on-call:" schedule
 *
 * A name with spaces or one of | + stands in single quotes: `group:'Finance managers'`.
 */
export type AskText =
  | { readonly kind: 'route'; readonly name: string }
  | { readonly kind: 'slots'; readonly slots: readonly AskSlot[] };

export interface AskSlot {
  readonly count: number;
  readonly who: readonly AskWho[];
  readonly exceptStarter: boolean;
}

export type AskWho =
  | { readonly kind: 'owner' }
  | { readonly kind: 'subject' }
  | { readonly kind: 'person' | 'group' | 'role' | 'schedule'; readonly id: string };

export interface AskProblem {
  readonly problem: string;
  readonly help: string;
}

const MAX_TEXT = 500;
const MAX_COUNT = 5;
const MAX_ALTERNATIVES = 20;
/** Answers one ask may need in all. */
export const MAX_SLOTS = 20;

const TOKEN = /\s*([a-z-]+:'[^'\p{Cc}]{1,256}'|[|+]|[^\s|+'\p{Cc}]{1,256})/uy;
const FORMS =
  'write "owner", "subject", "person:<id>", "group:<name>", "role:<name>", "on-call:<schedule>" or "route:<name>"; join them with "|" (either) or "+" (both)';
const KINDS = { person: 'person', group: 'group', role: 'role', 'on-call': 'schedule' } as const;

/** What a text asks for, or what is wrong with it. Pure; bounded. */
export function parseAsk(text: string): AskText | AskProblem {
  if (text.length > MAX_TEXT) return wrong(`is longer than ${MAX_TEXT} characters`, 'define a role, or a route');
  const tokens = tokensOf(text);
  if (tokens === null || tokens.length === 0) return wrong('names nobody', FORMS);
  const [first = ''] = tokens;
  if (first.startsWith('route:')) {
    const name = nameOf(first, 'route');
    if (tokens.length > 1) return wrong('adds something to a route', 'a route stands alone: write it in its tiers');
    return name === null ? wrong('names nobody', FORMS) : { kind: 'route', name };
  }
  const slots: AskSlot[] = [];
  for (const part of split(tokens, '+')) {
    const slot = readSlot(part);
    if ('problem' in slot) return slot;
    slots.push(slot);
  }
  if (slots.reduce((sum, { count }) => sum + count, 0) > MAX_SLOTS) {
    return wrong(`asks for more than ${MAX_SLOTS} answers`, 'ask fewer people');
  }
  return unanswerable(slots) ?? { kind: 'slots', slots };
}

/** As in an ask, for people to read. */
export function formatWho(who: AskWho | Who): string {
  if (who.kind === 'owner' || who.kind === 'subject') return who.kind;
  const name = /^[^\s|+']+$/.test(who.id) ? who.id : `'${who.id}'`;
  return `${who.kind === 'schedule' ? 'on-call' : who.kind}:${name}`;
}

function wrong(problem: string, help: string): AskProblem {
  return { problem, help };
}

function tokensOf(text: string): string[] | null {
  const tokens: string[] = [];
  const whole = text.trimEnd();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < whole.length) {
    const token = TOKEN.exec(whole)?.[1];
    if (token === undefined) return null;
    tokens.push(token);
  }
  return tokens;
}

function split(tokens: readonly string[], separator: string): string[][] {
  const parts: string[][] = [[]];
  for (const token of tokens) {
    if (token === separator) parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts;
}

function readSlot(tokens: readonly string[]): AskSlot | AskProblem {
  let rest = tokens;
  let count = 1;
  if (/^\d+$/.test(rest[0] ?? '')) {
    count = Number(rest[0]);
    rest = rest.slice(1);
    if (count < 1 || count > MAX_COUNT)
      return wrong(`asks ${rest.join(' ')} for ${count} answers`, '1 to 5 are possible');
  }
  const exceptStarter = rest.at(-2) === 'except' && rest.at(-1) === 'starter';
  if (exceptStarter) rest = rest.slice(0, -2);
  else if (rest.includes('except'))
    return wrong('excepts somebody unknown', 'write "except starter" after who is asked');
  const alternatives = split(rest, '|');
  if (alternatives.length > MAX_ALTERNATIVES) return wrong('names too many in one place', 'define a role');
  const who: AskWho[] = [];
  for (const alternative of alternatives) {
    const one = readWho(alternative);
    if ('problem' in one) return one;
    if (!who.some((other) => formatWho(other) === formatWho(one))) who.push(one);
  }
  return { count, who, exceptStarter };
}

function readWho(tokens: readonly string[]): AskWho | AskProblem {
  const [token = ''] = tokens;
  if (tokens.length !== 1) return wrong('names nobody', FORMS);
  if (token === 'owner' || token === 'subject') return { kind: token };
  if (token.startsWith('route:'))
    return wrong('adds something to a route', 'a route stands alone: write it in its tiers');
  for (const [word, kind] of Object.entries(KINDS)) {
    const id = nameOf(token, word);
    if (id !== null) return { kind, id };
  }
  return wrong('names nobody', FORMS);
}

function nameOf(token: string, word: string): string | null {
  if (!token.startsWith(`${word}:`)) return null;
  const name = token.slice(word.length + 1).replace(/^'(.*)'$/u, '$1');
  return name.trim() === '' ? null : name;
}

/** More answers than there are people who could give them, as far as the text alone tells. */
function unanswerable(slots: readonly AskSlot[]): AskProblem | null {
  const fixed = slots
    .filter(({ who }) => who.every(({ kind }) => kind === 'person' || kind === 'subject'))
    .map((slot) => ({ count: slot.count, names: slot.who.map(formatWho) }));
  for (const { names } of fixed) {
    const inside = fixed.filter((other) => other.names.every((name) => names.includes(name)));
    if (inside.reduce((sum, { count }) => sum + count, 0) <= names.length) continue;
    return wrong(`needs more answers of ${names.join(', ')} than there are people`, 'one person answers once');
  }
  return null;
}
