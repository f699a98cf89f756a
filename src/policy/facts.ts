import { exactAmount } from '../model/amount.ts';
import type { Json, JsonObject } from '../model/json.ts';
import { resolvePointer } from '../model/pointer.ts';
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

function textOf(value: Json | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

function integerOf(value: Json | undefined): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value + 0 : null;
}
