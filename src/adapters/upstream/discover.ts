import { isObject, type JsonObject } from '../../model/json.ts';
import type { RpcRequest, RpcResponse } from '../../model/jsonrpc.ts';

export const MODERN_VERSION = '2026-07-28';

export interface Eras {
  readonly legacy: boolean;
  readonly modern: boolean;
  readonly discover: JsonObject | null;
}

export interface ClientInfo {
  readonly name: string;
  readonly version: string;
}

/** The probe of MCP 2026-07-28 "Backward Compatibility": one modern request tells the eras apart. */
export function discoverRequest(client: ClientInfo): RpcRequest {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': MODERN_VERSION,
    'io.modelcontextprotocol/clientInfo': { name: client.name, version: client.version },
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  return { jsonrpc: '2.0', id: 'interlock-discover', method: 'server/discover', params: { _meta: meta } };
}

export function initializeRequest(client: ClientInfo): RpcRequest {
  const clientInfo = { name: client.name, version: client.version };
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo };
  return { jsonrpc: '2.0', id: 'interlock-initialize', method: 'initialize', params };
}

/** HeaderMismatch, MissingRequiredClientCapability, UnsupportedProtocolVersion: only a modern server says these. */
const MODERN_ERRORS: ReadonlySet<number> = new Set([-32020, -32021, -32022]);

/**
 * What an answer to the probe says. Legacy stays possible until an `initialize` is refused: a dual-era server need not list
 * the legacy revisions among those it supports.
 */
export function erasFrom(response: RpcResponse): Eras {
  if ('result' in response) {
    const versions = response.result.supportedVersions;
    if (!Array.isArray(versions)) return { legacy: true, modern: false, discover: null };
    return { legacy: true, modern: versions.includes(MODERN_VERSION), discover: response.result };
  }
  const { code, data } = response.error;
  if (!MODERN_ERRORS.has(code)) return { legacy: true, modern: false, discover: null };
  const supported = isObject(data) ? data.supported : undefined;
  return { legacy: true, modern: Array.isArray(supported) && supported.includes(MODERN_VERSION), discover: null };
}

/** -32601 and -32022 to `initialize`: a server of modern revisions only (MCP 2026-07-28 "Compatibility Matrix"). */
export function refusesInitialize(response: RpcResponse): boolean {
  return 'error' in response && (response.error.code === -32601 || response.error.code === -32022);
}

/** What is known of a server's eras: asked once, shared by all who wait, forgotten when the server fails. */
export class KnownEras {
  readonly #probe: () => Promise<Eras>;
  #known: Eras | null = null;
  #probing: Promise<Eras> | null = null;
  #legacyRefused = false;

  constructor(probe: () => Promise<Eras>) {
    this.#probe = probe;
  }

  async get(): Promise<Eras> {
    const eras = this.#known ?? (await this.#ask());
    return this.#legacyRefused ? { ...eras, legacy: false } : eras;
  }

  forget(): void {
    this.#known = null;
    this.#legacyRefused = false;
  }

  initializeRefused(): void {
    this.#legacyRefused = true;
  }

  #ask(): Promise<Eras> {
    this.#probing ??= this.#probe().then(
      (eras) => {
        this.#known = eras;
        this.#probing = null;
        return eras;
      },
      (error: unknown) => {
        this.#probing = null;
        throw error;
      },
    );
    return this.#probing;
  }
}
