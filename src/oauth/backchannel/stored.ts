import { randomBytes } from 'node:crypto';
import { sha256Base64url } from '../../model/canonical.ts';
import type { JsonObject } from '../../model/json.ts';
import type { OAuthRow, OAuthStore } from '../../ports/identity-stores.ts';
import type { AskedAction } from './options.ts';

export const KIND = 'BackchannelRequest';
/** CIBA Core section 7.3 asks for 128 bits at least. */
const ID_BYTES = 32;
const ID = /^[\w-]{43}$/;
/** Who comes late still hears that it is too late, not that there was nothing. */
const REMEMBERED_MS = 600_000;

/** One authentication request, as it is kept. Its `auth_req_id` is not: whoever reads the store can fetch no token. */
export interface StoredRequest {
  readonly approval: string;
  readonly scopes: readonly string[];
  readonly resources: readonly string[];
  readonly action: AskedAction | null;
  readonly requestedAtMs: number;
  readonly expiresAtMs: number;
  /** Grows each time the agent looks too early. */
  readonly intervalMs: number;
  readonly polledAtMs: number | null;
}

export interface FoundRequest {
  /** SHA-256 of its `auth_req_id`. */
  readonly id: string;
  readonly agent: string;
  readonly person: string;
  readonly used: boolean;
  readonly request: StoredRequest;
  /** As read, for compare-and-set. */
  readonly payload: JsonObject;
}

export function newAuthReqId(): string {
  return randomBytes(ID_BYTES).toString('base64url');
}

export function keptAs(authReqId: string): string {
  return sha256Base64url(`${KIND}\n${authReqId}`);
}

export async function keep(
  store: OAuthStore,
  authReqId: string,
  { agent, person, request }: Pick<FoundRequest, 'agent' | 'person' | 'request'>,
): Promise<string> {
  const id = keptAs(authReqId);
  const payload = JSON.parse(JSON.stringify(request)) as JsonObject;
  const row: OAuthRow = {
    ...{ kind: KIND, id, payload, expiresAtMs: request.expiresAtMs + REMEMBERED_MS, consumedAtMs: null },
    ...{ grantId: null, uid: request.approval, userCode: null, account: person, client: agent },
  };
  if (!(await store.insert(row))) throw new Error('a random id came up twice');
  return id;
}

export async function find(store: OAuthStore, authReqId: string): Promise<FoundRequest | null> {
  const row = ID.test(authReqId) ? await store.find(KIND, keptAs(authReqId)) : null;
  if (row === null) return null;
  const { id, payload, consumedAtMs, account, client } = row;
  const request = payload as unknown as StoredRequest;
  return { id, agent: client ?? '', person: account ?? '', used: consumedAtMs !== null, request, payload };
}

/**
 * Notes one look at a request that is not decided. `false`: it came before the interval was over, or together with another; the interval
 * has grown (CIBA Core section 11, `slow_down`).
 */
export async function look(store: OAuthStore, { id, request, payload }: FoundRequest, nowMs: number): Promise<boolean> {
  const early = request.polledAtMs !== null && nowMs < request.polledAtMs + request.intervalMs;
  const intervalMs = early ? request.intervalMs + SLOWER_MS : request.intervalMs;
  const to = { ...payload, intervalMs, polledAtMs: nowMs };
  return (await store.change(KIND, id, { from: payload, to })) && !early;
}

const SLOWER_MS = 5_000;

/** For the one who is given a token: `false` for everybody after. */
export function take(store: OAuthStore, id: string, nowMs: number): Promise<boolean> {
  return store.consume(KIND, id, nowMs);
}
