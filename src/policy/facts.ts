import type { Json, JsonObject } from '../model/json.ts';
import type { Decimal4, FactMapping, MappedFacts } from '../model/policy-input.ts';

const UNITS = 10_000;
/** Beyond this a JavaScript number no longer holds four decimals exactly. */
const MAX_AMOUNT = Math.floor(Number.MAX_SAFE_INTEGER / UNITS);

/**
 * Reads the facts an operator mapped from a call's arguments. Pure. A fact that is not mapped, not there, of the wrong type or
 * not exactly representable is null, never rounded or guessed: policies test for it with `context has amount`.
 */
export function extractFacts(args: JsonObject, mapping: FactMapping): MappedFacts {
  const at = (pointer: string | undefined): Json | undefined =>
    pointer === undefined ? undefined : resolvePointer(args, pointer);
  return {
    amount: exactAmount(at(mapping.amount)),
    currency: textOf(at(mapping.currency)),
    quantity: integerOf(at(mapping.quantity)),
    environment: textOf(at(mapping.environment)),
    recipient: textOf(at(mapping.recipient)),
  };
}

/** RFC 6901: `/items/0/price`, `~1` for `/` and `~0` for `~` inside a step. Undefined when nothing is there. */
export function resolvePointer(root: Json, pointer: string): Json | undefined {
  if (pointer === '') return root;
  if (!pointer.startsWith('/')) return undefined;
  let value: Json | undefined = root;
  for (const raw of pointer.slice(1).split('/')) {
    if (/~(?![01])/.test(raw)) return undefined;
    const step = raw.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof value !== 'object' || value === null) return undefined;
    if (Array.isArray(value)) {
      // Section 4: no leading zeros; `-` names an element that does not exist.
      if (!/^(0|[1-9][0-9]*)$/.test(step)) return undefined;
      value = (value as readonly Json[])[Number(step)];
    } else {
      value = Object.hasOwn(value, step) ? (value as JsonObject)[step] : undefined;
    }
  }
  return value;
}

/**
 * Four-decimal fixed point from a JSON number or a plain decimal text. Null for anything else, for more than four decimals and for
 * amounts a JavaScript number cannot hold exactly.
 */
export function exactAmount(value: Json | undefined): Decimal4 | null {
  if (typeof value === 'string') return amountFromText(value);
  if (typeof value !== 'number' || !Number.isFinite(value)) return null;
  // The shortest text that reads back as the same number is what the sender wrote, up to trailing zeros.
  return amountFromText(String(value));
}

function amountFromText(text: string): Decimal4 | null {
  const match = /^(-?)([0-9]{1,16})(?:\.([0-9]{1,40}))?$/.exec(text);
  if (match === null) return null;
  const fraction = (match[3] ?? '').replace(/0+$/, '');
  const whole = Number(match[2]);
  if (fraction.length > 4 || whole > MAX_AMOUNT - 1) return null;
  const units = whole * UNITS + Number(fraction.padEnd(4, '0'));
  return match[1] === '-' && units !== 0 ? -units : units;
}

function textOf(value: Json | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

function integerOf(value: Json | undefined): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value + 0 : null;
}
