import type { Decision } from '../../model/decision.ts';
import { UpstreamFault } from '../../model/fault.ts';
import { isObject, type Json, type JsonObject } from '../../model/json.ts';
import type { RpcResponse } from '../../model/jsonrpc.ts';
import type { Trace } from '../trace.ts';
import type { Known } from './resolve.ts';

const MASK = '[masked]';

/** What was promised for the way back: masks members, and notes what the session has now seen. */
export function fulfil(trace: Trace, step: { known: Known; decision: Decision; response: RpcResponse }): RpcResponse {
  const { known, decision, response } = step;
  const { action, session } = trace.attempt;
  // An error's text reaches the agent like any other.
  if (action.target.kind !== 'server') session.saw(action.target.kind === 'tool' ? known.labels : null);
  let names: Set<string> | null = null;
  for (const obligation of decision.obligations) {
    if (obligation.name !== 'mask') continue;
    names ??= new Set();
    for (const name of obligation.detail.split(',')) names.add(name.trim());
  }
  return names === null ? response : masked(response, names);
}

/**
 * Masks by member name, at any depth: in structured content, and in text that is JSON, wherever a result or an error carries it. Other
 * text cannot be masked by name.
 */
function masked(response: RpcResponse, names: ReadonlySet<string>): RpcResponse {
  if ('error' in response) {
    const { data, ...error } = response.error;
    const message = maskText(error.message, names);
    return { ...response, error: { ...error, message, ...(data === undefined ? {} : { data: mask(data, names) }) } };
  }
  const { result } = response;
  if (isObject(result.task) || result.resultType === 'task') {
    throw new UpstreamFault(
      'upstream-protocol',
      'The result would come later as a task, where it could not be masked',
      { sent: true },
    );
  }
  return { ...response, result: mask(result, names) as JsonObject };
}

function maskText(text: string, names: ReadonlySet<string>): string {
  let value: Json = null;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    // Prose.
  }
  if (isObject(value) || Array.isArray(value)) return JSON.stringify(mask(value, names));
  // Fails closed: prose that mentions a masked member could carry its value.
  for (const name of names) if (text.includes(name)) return MASK;
  return text;
}

/** `text` and `blob` are where content, resources and prompts carry what they say; bytes cannot be looked into, so they go. */
function mask(value: Json, names: ReadonlySet<string>): Json {
  if (Array.isArray(value)) return value.map((item) => mask(item as Json, names));
  if (!isObject(value)) return value;
  const out: Record<string, Json | undefined> = {};
  for (const [key, member] of Object.entries(value)) {
    if (names.has(key) || (key === 'blob' && typeof member === 'string')) out[key] = MASK;
    else if (key === 'text' && typeof member === 'string') out[key] = maskText(member, names);
    else out[key] = mask(member as Json, names);
  }
  return out;
}
