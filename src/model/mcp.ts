/** Names and numbers of the MCP revisions Interlock speaks. */
import { isObject, type JsonObject } from './json.ts';

export const MODERN_VERSIONS: readonly string[] = ['2026-07-28'];
/** Sessions with an `initialize` handshake. Frames of the two oldest are the same where a gateway looks. */
export const LEGACY_VERSIONS: readonly string[] = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'];
export const LATEST_LEGACY = '2025-11-25';
export const SUPPORTED_VERSIONS: readonly string[] = [...MODERN_VERSIONS, '2025-11-25', '2025-06-18'];

export const META_VERSION = 'io.modelcontextprotocol/protocolVersion';
export const META_CLIENT_INFO = 'io.modelcontextprotocol/clientInfo';
export const META_CLIENT_CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities';
export const META_SERVER_INFO = 'io.modelcontextprotocol/serverInfo';
export const META_LOG_LEVEL = 'io.modelcontextprotocol/logLevel';
export const META_SUBSCRIPTION = 'io.modelcontextprotocol/subscriptionId';

export function metaOf(params: JsonObject | undefined): JsonObject {
  const meta = params?._meta;
  return isObject(meta) ? meta : {};
}

/** Methods whose `params` member is mirrored in `Mcp-Name` (2026-07-28 streamable HTTP, "Standard Request Headers"). */
const NAMED_BY: ReadonlyMap<string, string> = new Map([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
  ['tasks/get', 'taskId'],
  ['tasks/update', 'taskId'],
  ['tasks/cancel', 'taskId'],
]);

export function mirroredName(method: string, params: JsonObject | undefined): string | null {
  const member = NAMED_BY.get(method);
  const value = member === undefined ? undefined : params?.[member];
  return typeof value === 'string' ? value : null;
}

const PLAIN = /^[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?$/;
const SENTINEL = /^=\?base64\?(.*)\?=$/s;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** "Value Encoding" of 2026-07-28: plain ASCII as is, everything else as `=?base64?…?=`. */
export function encodeHeaderValue(value: string): string {
  if (PLAIN.test(value) && !SENTINEL.test(value)) return value;
  return `=?base64?${Buffer.from(value, 'utf8').toString('base64')}?=`;
}

/** Null when the value claims to be base64 and is not. */
export function decodeHeaderValue(value: string): string | null {
  const encoded = SENTINEL.exec(value)?.[1];
  if (encoded === undefined) return value;
  if (!BASE64.test(encoded)) return null;
  const bytes = Buffer.from(encoded, 'base64');
  const text = bytes.toString('utf8');
  return Buffer.from(text, 'utf8').equals(bytes) ? text : null;
}

/** A tool parameter that is mirrored in a header: `Mcp-Param-<header>`. */
export interface MirroredParam {
  readonly header: string;
  readonly path: readonly string[];
}

/** Reads `x-mcp-header` annotations from a tool's input schema, through nested `properties` only. */
export function mirroredParams(inputSchema: JsonObject): readonly MirroredParam[] {
  const found: MirroredParam[] = [];
  collect(inputSchema, [], found);
  return found;
}

function collect(schema: JsonObject, path: readonly string[], found: MirroredParam[]): void {
  if (path.length > 16 || !isObject(schema.properties)) return;
  for (const [name, property] of Object.entries(schema.properties)) {
    if (!isObject(property)) continue;
    const header = property['x-mcp-header'];
    if (typeof header === 'string' && header !== '') found.push({ header, path: [...path, name] });
    collect(property, [...path, name], found);
  }
}

/** The value at a path as the header shows it; null when the header must be absent. */
export function mirroredValue(args: JsonObject, path: readonly string[]): string | null {
  let value: unknown = args;
  for (const step of path) {
    if (!isObject(value) || !Object.hasOwn(value, step)) return null;
    value = value[step];
  }
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return null;
}
