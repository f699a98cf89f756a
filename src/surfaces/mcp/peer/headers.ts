import type { Inventory } from '../../../inventory/catalog.ts';
import type { Action } from '../../../model/action.ts';
import { Fault } from '../../../model/fault.ts';
import type { RpcRequest } from '../../../model/jsonrpc.ts';
import {
  decodeHeaderValue,
  encodeHeaderValue,
  type MirroredParam,
  MODERN_VERSIONS,
  mirroredName,
  mirroredParams,
  mirroredValue,
} from '../../../model/mcp.ts';
import type { ToolDefinition } from '../../../model/tool.ts';

const cache = new WeakMap<ToolDefinition, readonly MirroredParam[]>();

function paramsOf(inventory: Inventory, action: Action): readonly MirroredParam[] {
  if (action.target.kind !== 'tool') return [];
  const tool = inventory.resolve(action.server, action.target.name);
  if (tool.state !== 'pinned') return [];
  let params = cache.get(tool.definition);
  if (params === undefined) {
    params = mirroredParams(tool.definition.inputSchema);
    cache.set(tool.definition, params);
  }
  return params;
}

/** `Mcp-Param-*` must say what the body says (2026-07-28 streamable HTTP, "Server Behavior for Custom Headers"). */
export function checkParamHeaders(
  inventory: Inventory,
  action: Action,
  headers: Readonly<Record<string, string>>,
): void {
  for (const param of paramsOf(inventory, action)) {
    const name = `mcp-param-${param.header.toLowerCase()}`;
    const expected = mirroredValue(action.args, param.path);
    const given = headers[name];
    if (expected === null && given === undefined) continue;
    const decoded = given === undefined ? null : decodeHeaderValue(given);
    if (expected === null || decoded === null || !sameValue(decoded, expected)) {
      throw new Fault('header-mismatch', `Header mismatch: Mcp-Param-${param.header} does not match the request body`);
    }
  }
}

/** Numbers compare as numbers: `42.0` and `42` are the same value. */
function sameValue(header: string, body: string): boolean {
  if (header === body) return true;
  return /^-?\d+(\.0+)?$/.test(header) && /^-?\d+$/.test(body) && Number(header) === Number(body);
}

/** The headers a modern server wants, made from the frame that is sent: they cannot disagree with it. */
export function mirrorHeaders(inventory: Inventory, message: RpcRequest, action: Action): Record<string, string> {
  const headers: Record<string, string> = { 'mcp-protocol-version': MODERN_VERSIONS[0]!, 'mcp-method': message.method };
  const name = mirroredName(message.method, message.params);
  if (name !== null) headers['mcp-name'] = encodeHeaderValue(name);
  for (const param of paramsOf(inventory, action)) {
    const value = mirroredValue(action.args, param.path);
    if (value !== null) headers[`mcp-param-${param.header.toLowerCase()}`] = encodeHeaderValue(value);
  }
  return headers;
}
