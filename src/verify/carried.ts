import { ACTION_HEADER, ACTION_META, ACTION_PROOF_HEADER, ACTION_PROOF_META } from '../model/action-credential.ts';

/** What came with a call, not looked at yet. */
export interface Carried {
  readonly token: string | null;
  readonly proof: string | null;
}

/** From the `params` of a `tools/call` request, or from their `_meta` where a library hands that out alone. */
export function fromMcpMeta(params: unknown): Carried {
  const given = members(params);
  const meta = '_meta' in given ? members(given._meta) : given;
  return { token: text(meta[ACTION_META]), proof: text(meta[ACTION_PROOF_META]) };
}

/** From the headers of the HTTP request, as `Headers` or as Node has them. */
export function fromHeaders(
  headers: Headers | Readonly<Record<string, string | readonly string[] | undefined>>,
): Carried {
  const get = (name: string): string | null => text(headers instanceof Headers ? headers.get(name) : headers[name]);
  return { token: get(ACTION_HEADER), proof: get(ACTION_PROOF_HEADER) };
}

function members(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

/** One that came twice is none. */
function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
