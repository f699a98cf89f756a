import { isObject, type Json, type JsonObject } from '../../model/json.ts';
import type { RpcRequest } from '../../model/jsonrpc.ts';
import {
  encodeHeaderValue,
  META_VERSION,
  type MirroredParam,
  MODERN_VERSIONS,
  metaOf,
  mirroredName,
  mirroredParams,
  mirroredValue,
} from '../../model/mcp.ts';

/** The revision a request claims in its `_meta`, when it is one without sessions; null: an earlier revision. */
export function modernVersion(params: JsonObject | undefined): string | null {
  const claimed = metaOf(params)[META_VERSION];
  // Revisions are dates: a later one than those known here is passed on for the gateway to judge.
  return typeof claimed === 'string' && claimed >= (MODERN_VERSIONS[0] ?? '') ? claimed : null;
}

/** Remembers which arguments the tools it has seen want mirrored (MCP 2026-07-28, "Custom Headers from Tool Parameters"). */
export interface Mirror {
  /** Headers of one request; `version` is what `modernVersion` said. */
  headers(request: RpcRequest, version: string): Record<string, string>;
  /** Learns from the result of a `tools/list`. */
  learn(result: Json | undefined): void;
}

const MAX_TOOLS = 100_000;

export function makeMirror(): Mirror {
  const params = new Map<string, readonly MirroredParam[]>();
  return {
    headers(request, version) {
      const headers: Record<string, string> = {
        'mcp-protocol-version': encodeHeaderValue(version),
        'mcp-method': encodeHeaderValue(request.method),
      };
      const name = mirroredName(request.method, request.params);
      if (name !== null) headers['mcp-name'] = encodeHeaderValue(name);
      if (request.method !== 'tools/call' || name === null) return headers;
      const args = isObject(request.params?.arguments) ? request.params.arguments : {};
      for (const param of params.get(name) ?? []) {
        const value = mirroredValue(args, param.path);
        if (value !== null) headers[`mcp-param-${param.header.toLowerCase()}`] = encodeHeaderValue(value);
      }
      return headers;
    },
    learn(result) {
      const tools = isObject(result) && Array.isArray(result.tools) ? result.tools : [];
      for (const tool of tools) {
        if (!isObject(tool) || typeof tool.name !== 'string' || !isObject(tool.inputSchema)) continue;
        if (params.size < MAX_TOOLS || params.has(tool.name)) params.set(tool.name, mirroredParams(tool.inputSchema));
      }
    },
  };
}
