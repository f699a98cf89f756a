import type { Decision } from '../../model/decision.ts';
import { isObject, type Json, type JsonObject } from '../../model/json.ts';
import type { RpcResponse } from '../../model/jsonrpc.ts';
import type { Trace } from '../trace.ts';
import type { Known } from './resolve.ts';

const MASK = '[masked]';

/** What was promised for the way back: masks members, and notes what the session has now seen. */
export function fulfil(trace: Trace, step: { known: Known; decision: Decision; response: RpcResponse }): RpcResponse {
  const { known, decision, response } = step;
  const { action, session } = trace.attempt;
  if (!('result' in response)) return response;
  if (action.target.kind !== 'server') session.saw(action.target.kind === 'tool' ? known.labels : null);
  let names: Set<string> | null = null;
  for (const obligation of decision.obligations) {
    if (obligation.name !== 'mask') continue;
    names ??= new Set();
    for (const name of obligation.detail.split(',')) names.add(name.trim());
  }
  return names === null ? response : { ...response, result: maskResult(response.result, names) };
}

/** Masks by member name, at any depth: in structured content, and in text content that is JSON. Other text cannot be masked by name. */
function maskResult(result: JsonObject, names: ReadonlySet<string>): JsonObject {
  const masked = mask(result, names) as JsonObject;
  const content = masked.content;
  if (!Array.isArray(content)) return masked;
  return { ...masked, content: content.map((item) => maskText(item as Json, names)) };
}

function maskText(item: Json, names: ReadonlySet<string>): Json {
  if (!isObject(item) || item.type !== 'text' || typeof item.text !== 'string') return item;
  let value: Json;
  try {
    value = JSON.parse(item.text) as Json;
  } catch {
    // Fails closed: prose that mentions a masked member could carry its value.
    for (const name of names) if (item.text.includes(name)) return { ...item, text: MASK };
    return item;
  }
  return { ...item, text: JSON.stringify(mask(value, names)) };
}

function mask(value: Json, names: ReadonlySet<string>): Json {
  if (Array.isArray(value)) return value.map((item) => mask(item as Json, names));
  if (!isObject(value)) return value;
  const out: Record<string, Json | undefined> = {};
  for (const key of Object.keys(value)) out[key] = names.has(key) ? MASK : mask(value[key] as Json, names);
  return out;
}
