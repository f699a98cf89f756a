import { exactAmount } from '../model/amount.ts';
import type { Json, JsonObject } from '../model/json.ts';
import type { FactMapping, MappedFacts } from '../model/policy-input.ts';

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

function textOf(value: Json | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

function integerOf(value: Json | undefined): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value + 0 : null;
}
