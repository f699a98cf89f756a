import { isObject, type JsonObject } from '../../model/json.ts';
import type { RpcRequest, RpcResponse } from '../../model/jsonrpc.ts';
import type { CredentialHolder } from '../../ports/upstream.ts';

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
  readonly #probe: (holder: CredentialHolder | null) => Promise<Eras>;
  #known: Eras | null = null;
  #probing: { readonly key: string | null; readonly eras: Promise<Eras> } | null = null;
  #legacyRefused = false;

  constructor(probe: (holder: CredentialHolder | null) => Promise<Eras>) {
    this.#probe = probe;
  }

  /** `holder` carries the question; what the answer says holds for everybody. */
  async get(holder: CredentialHolder | null = null): Promise<Eras> {
    const eras = this.#known ?? (await this.#ask(holder));
    return this.#legacyRefused ? { ...eras, legacy: false } : eras;
  }

  forget(): void {
    this.#known = null;
    this.#legacyRefused = false;
  }

  initializeRefused(): void {
    this.#legacyRefused = true;
  }

  async #ask(holder: CredentialHolder | null): Promise<Eras> {
    const key = holder?.key ?? null;
    const asked = this.#probing;
    if (asked !== null && asked.key === key) return asked.eras;
    if (asked !== null) {
      // What somebody else's credential could not find out says nothing about one's own.
      const eras = await asked.eras.catch(() => null);
      return eras ?? this.get(holder);
    }
    const probing = { key, eras: this.#probe(holder) };
    this.#probing = probing;
    try {
      const eras = await probing.eras;
      this.#known = eras;
      return eras;
    } finally {
      this.#probing = null;
    }
  }
}
