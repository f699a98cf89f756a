import { ACTION_HEADER } from '../../../../model/action-credential.ts';
import { Fault } from '../../../../model/fault.ts';
import { isObject } from '../../../../model/json.ts';
import type { RpcRequest } from '../../../../model/jsonrpc.ts';
import { MODERN_VERSION } from '../../discover.ts';

/** Flat name, value list: the form undici takes without copying. */
export type FlatHeaders = readonly string[];

export const VERSION_META = 'io.modelcontextprotocol/protocolVersion';

/** Set by this adapter itself; what a caller gives for them is ignored, because the body is the truth. */
const OWN: ReadonlySet<string> = new Set(['mcp-method', 'mcp-name', 'mcp-protocol-version', 'mcp-session-id']);
const VALUE = /^[\x20-\x7e]*$/;
const PLAIN = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;
const SENTINEL = /^=\?base64\?.*\?=$/;

const TOKEN = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
/** Framing and protocol belong to this adapter: an operator who sets them breaks the conversation. */
const RESERVED: ReadonlySet<string> = new Set([
  'accept',
  'connection',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'last-event-id',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Fault `internal` naming the header, never its value. */
export function configuredHeaders(server: string, headers: Readonly<Record<string, string>>): FlatHeaders {
  const flat: string[] = [];
  for (const [key, value] of Object.entries(headers)) {
    const name = key.toLowerCase();
    if (!TOKEN.test(name))
      throw new Fault('internal', `server ${server}: a header name has characters that are not allowed`);
    if (RESERVED.has(name) || name.startsWith('mcp-') || name.startsWith(ACTION_HEADER))
      throw new Fault('internal', `server ${server}: header ${name} cannot be configured`);
    if (!VALUE.test(value))
      throw new Fault('internal', `server ${server}: the value of header ${name} has characters that are not allowed`);
    flat.push(name, value);
  }
  return flat;
}

/** Headers of every POST: what the operator configured first, so that it cannot replace the protocol's own. */
export function postHeaders(configured: FlatHeaders): FlatHeaders {
  return [...configured, 'content-type', 'application/json', 'accept', 'application/json, text/event-stream'];
}

/** The headers that mirror the body (MCP 2026-07-28 "Request Metadata"), and the caller's `Mcp-Param-*`. */
export function modernHeaders(message: RpcRequest, extra: Readonly<Record<string, string>> | undefined): string[] {
  const headers = ['mcp-protocol-version', versionOf(message), 'mcp-method', headerValue(message.method)];
  const name = nameOf(message);
  if (name !== null) headers.push('mcp-name', encode(name));
  for (const key in extra) {
    const lower = key.toLowerCase();
    if (OWN.has(lower)) continue;
    // Anything else could be a credential or a routing header of somebody in between.
    if (!lower.startsWith('mcp-')) throw new Fault('invalid-request', 'only Mcp-* headers are passed to a server');
    headers.push(lower, headerValue(extra[key] as string));
  }
  return headers;
}

function versionOf(message: RpcRequest): string {
  const meta = message.params?._meta;
  const version = isObject(meta) ? meta[VERSION_META] : undefined;
  return typeof version === 'string' ? headerValue(version) : MODERN_VERSION;
}

function nameOf(message: RpcRequest): string | null {
  const params = message.params;
  if (params === undefined) return null;
  const value =
    message.method === 'resources/read'
      ? params.uri
      : message.method.startsWith('tasks/')
        ? params.taskId
        : params.name;
  return typeof value === 'string' && NAMED.has(message.method) ? value : null;
}

const NAMED: ReadonlySet<string> = new Set([
  'tools/call',
  'prompts/get',
  'resources/read',
  'tasks/get',
  'tasks/update',
  'tasks/cancel',
  'tasks/result',
]);

/** MCP 2026-07-28 "Value Encoding": plain where a header can carry it unchanged, else the Base64 sentinel. */
export function encode(value: string): string {
  if (PLAIN.test(value) && !SENTINEL.test(value)) return value;
  return `=?base64?${Buffer.from(value, 'utf8').toString('base64')}?=`;
}

function headerValue(value: string): string {
  if (!VALUE.test(value)) throw new Fault('invalid-request', 'a header value has characters a header cannot carry');
  return value;
}
