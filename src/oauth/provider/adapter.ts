import { type Adapter, type AdapterPayload, errors } from 'oidc-provider';
import { sha256Base64url } from '../../model/canonical.ts';
import type { JsonObject } from '../../model/json.ts';
import type { OAuthRow } from '../../ports/identity-stores.ts';
import { endGrant } from '../consent/consents.ts';
import type { ProviderOptions } from './options.ts';

/** What a client or a browser presents to be believed: the store keeps its hash, so that reading the store is no way in. */
const BEARER: ReadonlySet<string> = new Set([
  'AuthorizationCode',
  'RefreshToken',
  'Session',
  'Interaction',
  'PushedAuthorizationRequest',
  'RegistrationAccessToken',
  'InitialAccessToken',
]);
/** Using one of these twice means that somebody else has it, too: everything from the same consent ends (RFC 9700 section 4.14.2). */
const STOLEN_WHEN_REUSED: ReadonlySet<string> = new Set(['AuthorizationCode', 'RefreshToken']);

/**
 * The provider's storage on our store. The provider looks first and writes afterwards; here the write decides: single use is
 * insert-if-absent or compare-and-set, and whoever loses is refused.
 */
export function storeAdapter(options: ProviderOptions, kind: string): Adapter {
  const { store, clock } = options;
  const idOf = (id: string) => storedId(kind, id);
  return {
    async upsert(id, payload, expiresIn) {
      const row = rowOf({ kind, id: idOf(id), payload, expiresAtMs: expiry(clock.nowMs(), expiresIn) });
      if (kind !== 'ReplayDetection') return store.put(row);
      if (!(await store.insert(row))) throw new errors.InvalidGrant('used before');
    },
    async find(id) {
      const row = await store.find(kind, idOf(id));
      return row === null ? undefined : payloadOf(row, BEARER.has(kind) ? id : null);
    },
    async findByUid(uid) {
      const row = await store.findBy(kind, 'uid', uid);
      return row === null ? undefined : payloadOf(row, null);
    },
    async findByUserCode(userCode) {
      const row = await store.findBy(kind, 'userCode', userCode);
      return row === null ? undefined : payloadOf(row, null);
    },
    async consume(id) {
      if (await store.consume(kind, idOf(id), clock.nowMs())) return;
      const row = STOLEN_WHEN_REUSED.has(kind) ? await store.find(kind, idOf(id)) : null;
      if (row !== null && row.grantId !== null) await endGrant(options, row.grantId);
      throw new errors.InvalidGrant(`${kind} used before`);
    },
    async destroy(id) {
      // The provider takes a consent away when it sees reuse: then what came from it must not live on, either.
      if (kind === 'Grant') await endGrant(options, id);
      else await store.remove(kind, idOf(id));
    },
    async revokeByGrantId(grantId) {
      await endGrant(options, grantId);
    },
  };
}

export function storedId(kind: string, id: string): string {
  return BEARER.has(kind) ? sha256Base64url(`${kind}\n${id}`) : id;
}

function expiry(nowMs: number, expiresIn: number | undefined): number | null {
  return expiresIn === undefined ? null : nowMs + expiresIn * 1000;
}

interface Stored {
  readonly kind: string;
  readonly id: string;
  readonly payload: AdapterPayload;
  readonly expiresAtMs: number | null;
}

function rowOf({ kind, id, payload, expiresAtMs }: Stored): OAuthRow {
  const plain = JSON.parse(JSON.stringify(payload)) as Record<string, JsonObject | string | undefined>;
  const text = (name: string) => (typeof plain[name] === 'string' ? plain[name] : null);
  const client = kind === 'Client' ? text('client_id') : text('clientId');
  if (BEARER.has(kind)) {
    delete plain.jti;
    // An interaction remembers which session it began in by its cookie: nobody asks for it again.
    const { session } = plain;
    if (typeof session === 'object') delete (session as { cookie?: unknown }).cookie;
  }
  const row = { kind, id, payload: plain, expiresAtMs, consumedAtMs: null, client };
  return {
    ...row,
    grantId: kind === 'Grant' ? id : kind === 'Interaction' ? null : text('grantId'),
    uid: text('uid'),
    userCode: text('userCode'),
    account: text('accountId'),
  };
}

function payloadOf(row: OAuthRow, jti: string | null): AdapterPayload {
  const consumed = row.consumedAtMs === null ? {} : { consumed: Math.floor(row.consumedAtMs / 1000) };
  return { ...(row.payload as AdapterPayload), ...(jti === null ? {} : { jti }), ...consumed };
}
