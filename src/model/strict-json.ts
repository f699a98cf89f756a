import { Fault } from './fault.ts';
import { isObject, type Json } from './json.ts';

/** Bounds on one JSON text. All inclusive. */
export interface JsonLimits {
  readonly maxDepth: number;
  /** Members plus elements over the whole document. */
  readonly maxNodes: number;
}

export const DEFAULT_JSON_LIMITS: JsonLimits = { maxDepth: 64, maxNodes: 10_000 };

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;

/**
 * Parses JSON so that what is decided on is what anybody else would read: duplicate names (RFC 8259 section 4),
 * integers beyond 2^53-1 and infinities (section 6), lone surrogates (section 8.2), `__proto__` and too much depth are
 * refused instead of being silently changed.
 *
 * Faults: `parse-error` (not JSON), `unsafe-json` (JSON that does not survive parsing unchanged).
 */
export function parseStrict(text: string, limits: JsonLimits = DEFAULT_JSON_LIMITS): Json {
  // Counted before parsing: depth and size must be bounded before JSON.parse recurses or allocates.
  const names = scan(text, limits);
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch (cause) {
    throw new Fault('parse-error', 'the body is not valid JSON', { cause });
  }
  const seen = { names: 0 };
  inspect(value, seen);
  // JSON.parse keeps the last of two equal names: fewer members than names in the text means a duplicate.
  if (seen.names !== names) throw new Fault('unsafe-json', 'an object has the same member name twice');
  return value;
}

/** One pass outside strings: bounds depth and size, returns how many member names the text has. */
function scan(text: string, limits: JsonLimits): number {
  let depth = 0;
  let names = 0;
  let commas = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) i = endOfString(text, i);
    else if (code === COLON) names++;
    else if (code === COMMA) commas++;
    else if (code === 0x7b || code === 0x5b) {
      if (++depth > limits.maxDepth) throw new Fault('unsafe-json', `nested deeper than ${limits.maxDepth}`);
    } else if (code === 0x7d || code === 0x5d) depth--;
  }
  if (names + commas > limits.maxNodes) throw new Fault('unsafe-json', `more than ${limits.maxNodes} members`);
  return names;
}

function endOfString(text: string, start: number): number {
  let i = start + 1;
  for (;;) {
    // indexOf runs at memory speed; strings carry most of the bytes of a call.
    const quote = text.indexOf('"', i);
    if (quote < 0) throw new Fault('parse-error', 'the body is not valid JSON');
    let slashes = 0;
    while (text.charCodeAt(quote - 1 - slashes) === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return quote;
    i = quote + 1;
  }
}

function inspect(value: Json, seen: { names: number }): void {
  if (typeof value === 'number') return inspectNumber(value);
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw new Fault('unsafe-json', 'a string has a lone surrogate');
    return;
  }
  if (Array.isArray(value)) {
    for (const item of value) inspect(item as Json, seen);
    return;
  }
  if (!isObject(value)) return;
  for (const key of Object.keys(value)) {
    seen.names++;
    if (key === '__proto__') throw new Fault('unsafe-json', 'the member name "__proto__" is refused');
    if (!key.isWellFormed()) throw new Fault('unsafe-json', 'a member name has a lone surrogate');
    inspect(value[key] as Json, seen);
  }
}

function inspectNumber(value: number): void {
  if (!Number.isFinite(value)) throw new Fault('unsafe-json', 'a number is out of range');
  // Every integer token above 2^53-1 parses to a double that is integral and not safe.
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    throw new Fault('unsafe-json', 'an integer is beyond 2^53-1 and would be changed; send it as a string');
  }
}
