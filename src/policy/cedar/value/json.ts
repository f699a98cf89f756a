import { readEntity, UnsupportedPolicy } from '../expr.ts';
import { BINARY_CALLS, UNARY_CALLS } from '../extensions/calls.ts';
import type { Binary, Unary } from '../operators.ts';
import { toLong } from './long.ts';
import { EMPTY_STORE, type EntityInput, type Env } from './store.ts';
import { CedarRecord, CedarSet, EMPTY_RECORD, EntityRef, type Value } from './values.ts';

/** JSON with its integers exact: those beyond 2^53 are bigints. */
export type ExactJson =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly ExactJson[]
  | { readonly [key: string]: ExactJson };

/** Parses JSON without rounding integers. Throws SyntaxError. */
export function parseExactJson(text: string): ExactJson {
  return JSON.parse(text, (_key, value: ExactJson, context?: { source?: string }) => {
    if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
    const source = context?.source;
    return source !== undefined && /^-?[0-9]+$/.test(source) ? BigInt(source) : value;
  }) as ExactJson;
}

/** Reads a value of Cedar's JSON entity format: `{__entity}` and `{__extn}` escapes, sets as arrays. Throws `UnsupportedPolicy`. */
export function valueFromJson(json: ExactJson): Value {
  if (typeof json === 'boolean' || typeof json === 'string') return json;
  if (typeof json === 'bigint' || (typeof json === 'number' && Number.isSafeInteger(json))) {
    const long = toLong(BigInt(json));
    if (long !== null) return long;
  }
  if (Array.isArray(json)) return CedarSet.of((json as readonly ExactJson[]).map(valueFromJson));
  if (!isRecord(json)) throw new UnsupportedPolicy(`not a Cedar value: ${String(json)}`);
  if (isRecord(json.__entity)) return readEntity(json as never);
  if (isRecord(json.__extn)) return extensionFromJson(json.__extn);
  return recordFromJson(json);
}

export function recordFromJson(json: ExactJson): CedarRecord {
  if (!isRecord(json)) throw new UnsupportedPolicy('not a record');
  return CedarRecord.of(new Map(Object.keys(json).map((name) => [name, valueFromJson(json[name] as ExactJson)])));
}

function extensionFromJson(call: { readonly [key: string]: ExactJson }): Value {
  const name = String(call.fn);
  const args = (Array.isArray(call.args) ? (call.args as readonly ExactJson[]) : [call.arg as ExactJson]).map(
    valueFromJson,
  );
  if (args.length === 1 && Object.hasOwn(UNARY_CALLS, name))
    return (UNARY_CALLS[name] as Unary)(args[0] as Value, NOWHERE);
  if (args.length === 2 && Object.hasOwn(BINARY_CALLS, name)) {
    return (BINARY_CALLS[name] as Binary)(args[0] as Value, args[1] as Value, NOWHERE);
  }
  throw new UnsupportedPolicy(`unknown extension function "${name}"`);
}

/** Reads Cedar's JSON entity list. */
export function entitiesFromJson(json: ExactJson): EntityInput[] {
  if (!Array.isArray(json)) throw new UnsupportedPolicy('entities must be a list');
  return (json as readonly ExactJson[]).map((entity) => {
    if (!isRecord(entity)) throw new UnsupportedPolicy('malformed entity');
    const tags = recordFromJson(entity.tags ?? {}).entries();
    return {
      ref: readEntity(entity.uid as never),
      attributes: recordFromJson(entity.attrs ?? {}),
      parents: ((entity.parents ?? []) as readonly ExactJson[]).map((parent) => readEntity(parent as never)),
      tags: { get: (tag) => tags.get(tag) },
    };
  });
}

function isRecord(json: ExactJson | undefined): json is { readonly [key: string]: ExactJson } {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

const NOBODY = new EntityRef('', '', null);
const NOWHERE: Env = {
  principal: NOBODY,
  action: NOBODY,
  resource: NOBODY,
  context: EMPTY_RECORD,
  entities: EMPTY_STORE,
};
