import type { IncomingMessage } from 'node:http';
import type { RpcRequest } from '../../../model/jsonrpc.ts';
import { metaOf } from '../../../model/mcp.ts';

/** MCP has no way to say how long a client waits; the official SDKs give up after 60 s, and only progress makes some wait longer. */
const UNSTATED_MS = 50_000;
const MAX_STATED_S = 86_400;

/** What a client says of its own patience: `Prefer: wait=<seconds>` (RFC 7240 section 4.3). `null`: nothing. */
export function statedPatienceMs(request: IncomingMessage): number | null {
  const given = request.headers.prefer;
  const text = Array.isArray(given) ? given.join(',') : (given ?? '');
  for (const preference of text.split(',')) {
    const wait = /^\s*wait\s*=\s*"?(\d{1,9})"?\s*(?:;.*)?$/i.exec(preference)?.[1];
    if (wait !== undefined) return Math.min(Number(wait), MAX_STATED_S) * 1000;
  }
  return null;
}

/** How long a call may be held for people; `null`: as configured. */
export function patienceOf(message: RpcRequest, statedMs: number | null): number | null {
  if (statedMs !== null) return statedMs;
  return metaOf(message.params).progressToken === undefined ? UNSTATED_MS : null;
}
