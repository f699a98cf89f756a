import type { Gateway } from '../../../gateway/gateway.ts';
import { couldPermit } from '../../../gateway/tiers/everyone.ts';
import type { Caller } from '../../../model/caller.ts';
import { isObject, type Json, type JsonObject } from '../../../model/json.ts';
import type { RpcRequest, RpcResponse } from '../../../model/jsonrpc.ts';

export interface Listed {
  readonly message: RpcRequest;
  readonly response: RpcResponse;
  readonly caller: Caller;
  readonly server: string;
}

/**
 * What an agent is shown of a server's tools: only definitions an operator stands behind, and only what policy could permit it
 * (or ask for). The inventory sees the server's own list first.
 */
export async function observeAndFilter(gateway: Gateway, listed: Listed): Promise<RpcResponse> {
  const { message, response } = listed;
  if (message.method !== 'tools/list' || !('result' in response)) return response;
  const tools = response.result.tools;
  const definitions = Array.isArray(tools) ? tools : [];
  const more = typeof response.result.nextCursor === 'string';
  await gateway.inventory.observe(listed.server, definitions as readonly Json[], { more });
  const result: Record<string, Json | undefined> = {
    ...response.result,
    tools: visible(gateway, listed, definitions as readonly Json[]),
  };
  // The list is this agent's own: nobody may cache it for another (2026-07-28 caching).
  if (result.cacheScope !== undefined) result.cacheScope = 'private';
  return { ...response, result: result as JsonObject };
}

function visible(gateway: Gateway, listed: Listed, definitions: readonly Json[]): JsonObject[] {
  const shown: JsonObject[] = [];
  for (const definition of definitions) {
    if (!isObject(definition) || typeof definition.name !== 'string') continue;
    const tool = gateway.inventory.resolve(listed.server, definition.name);
    if (tool.state !== 'pinned') continue;
    const target = { kind: 'tool', name: definition.name } as const;
    const action = { name: 'tools/call', server: listed.server, target, args: {}, digest: '', sizeChars: 0 };
    // The accepted definition is shown, not the one just received: they are the same bytes or the tool is not pinned.
    if (couldPermit(gateway, { caller: listed.caller, action, labels: tool.labels })) shown.push(tool.definition);
  }
  return shown;
}
