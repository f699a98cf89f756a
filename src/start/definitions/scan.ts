import { randomUUID } from 'node:crypto';
import type { Journal, Permit } from '../../audit/journal.ts';
import type { ServerEntry } from '../../gateway/gateway.ts';
import type { Inventory } from '../../inventory/catalog.ts';
import { digestJson } from '../../model/canonical.ts';
import { isObject, type Json, type JsonObject } from '../../model/json.ts';
import type { RpcRequest, RpcResponse } from '../../model/jsonrpc.ts';
import {
  LATEST_LEGACY,
  META_CLIENT_CAPABILITIES,
  META_CLIENT_INFO,
  META_VERSION,
  MODERN_VERSIONS,
} from '../../model/mcp.ts';
import type { IntentRecord } from '../../model/record.ts';
import type { UpstreamLink } from '../../ports/upstream.ts';

const MAX_PAGES = 100;
const TIMEOUT_MS = 15_000;
const INFO = { name: 'interlock', version: '0.1.0' };

export interface ScanParts {
  readonly journal: Journal;
  readonly inventory: Inventory;
  readonly policyVersion: () => string;
}

/**
 * Lists a server's tools in the gateway's own name, so that its definitions are pinned, and changes caught, before an agent comes.
 * It sends, so it has an intent and an outcome like every other call. Resolves with the number of tools.
 */
export async function scan(server: ServerEntry, parts: ScanParts): Promise<number> {
  // Only people and agents have a credential there: its definitions are seen when the first of them lists.
  if (server.credentials !== null && server.credentials.own() === null) return 0;
  const permit = await parts.journal.intent(intentOf(server.id, parts.policyVersion()));
  try {
    let tools = 0;
    await listTools(server, permit, async (page, more) => {
      tools += page.length;
      await parts.inventory.observe(server.id, page, { more });
    });
    close(parts.journal, permit, { outcome: 'ok', code: null });
    return tools;
  } catch (error) {
    close(parts.journal, permit, {
      outcome: 'unknown',
      code: error instanceof Error && 'code' in error ? String(error.code) : 'internal',
    });
    throw error;
  }
}

function close(journal: Journal, permit: Permit, end: { outcome: 'ok' | 'unknown'; code: string | null }): void {
  const timingsUs = { decide: 0, durable: 0, upstream: 0, total: 0 };
  void journal.outcome(permit, { ...end, resultDigest: null, timingsUs }).catch(() => {});
}

/** Page by page: a server that lists without end is not held in memory as a whole. */
async function listTools(
  server: ServerEntry,
  permit: Permit,
  onPage: (tools: readonly Json[], more: boolean) => Promise<void>,
): Promise<void> {
  const holder = server.credentials?.own() ?? null;
  const eras = await server.upstream.eras(holder);
  const era = eras.modern ? 'modern' : 'legacy';
  const link = await server.upstream.open(era, holder);
  try {
    permit.spend();
    if (era === 'legacy') await greet(link);
    let cursor: Json | undefined;
    for (let page = 0; page < MAX_PAGES; page++) {
      const response = await ask(link, `interlock-scan-${page}`, cursor === undefined ? {} : { cursor });
      // A server without tools has none to pin.
      if (!('result' in response)) return;
      const { tools } = response.result;
      cursor = response.result.nextCursor;
      const more = typeof cursor === 'string' && page + 1 < MAX_PAGES;
      await onPage(Array.isArray(tools) ? (tools as readonly Json[]) : [], more);
      if (!more) return;
    }
  } finally {
    await link.close('scan done');
  }
}

async function greet(link: UpstreamLink): Promise<void> {
  const params = { protocolVersion: LATEST_LEGACY, capabilities: {}, clientInfo: INFO };
  await send(link, { jsonrpc: '2.0', id: 'interlock-scan', method: 'initialize', params });
  await link.post({ jsonrpc: '2.0', method: 'notifications/initialized' });
}

function ask(link: UpstreamLink, id: string, params: JsonObject): Promise<RpcResponse> {
  if (link.era === 'legacy') return send(link, { jsonrpc: '2.0', id, method: 'tools/list', params });
  const version = MODERN_VERSIONS[0]!;
  const _meta = { [META_VERSION]: version, [META_CLIENT_INFO]: INFO, [META_CLIENT_CAPABILITIES]: {} };
  const headers = { 'mcp-protocol-version': version, 'mcp-method': 'tools/list' };
  return send(link, { jsonrpc: '2.0', id, method: 'tools/list', params: { ...params, _meta } }, headers);
}

async function send(
  link: UpstreamLink,
  message: RpcRequest,
  headers: Record<string, string> = {},
): Promise<RpcResponse> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const { response } = await link.request(message, { signal, onMessage: () => {}, timeoutMs: TIMEOUT_MS, headers });
  if ('error' in response && !isObject(response.error)) throw new Error('the server answered with no error');
  return response;
}

function intentOf(server: string, policyVersion: string): IntentRecord {
  return {
    type: 'intent',
    call: randomUUID(),
    agent: 'interlock',
    owner: 'operator',
    subject: null,
    chain: [],
    purpose: 'inventory of tool definitions',
    auth: 'gateway',
    credential: '',
    session: null,
    task: null,
    tasks: [],
    txn: null,
    surface: 'scan',
    action: 'tools/list',
    server,
    target: null,
    pin: null,
    digest: digestJson({ action: 'tools/list', server, params: {} }),
    args: {},
    amount: null,
    decision: {
      effect: 'permit',
      code: 'scan',
      reasons: [],
      errors: [],
      obligations: [],
      policyVersion,
      tiers: null,
      lock: null,
    },
    approval: null,
  };
}
