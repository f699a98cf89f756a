import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JWK } from 'jose';
import { systemClock } from '../../adapters/clock.ts';
import { openWeb } from '../../adapters/web.ts';
import type { Config } from '../../config/config.ts';
import type { Log } from '../../gateway/gateway.ts';
import { openSigningKey } from '../../identity/proof/keys.ts';
import { openRevoked, type Revoked } from '../../identity/revoked.ts';
import { type KeyRing, openKeyRing } from '../../identity/ring/key-ring.ts';
import { openFileSeal, type Seal } from '../../identity/ring/seal.ts';
import type { Credential } from '../../model/caller.ts';
import type { Stores } from '../../ports/stores.ts';
import type { WebFetch } from '../../ports/web.ts';

/** Everybody who was told to remember the key set does so for less than this (documents.ts). */
const PUBLISH_MS = 900_000;
const SKEW_MS = 60_000;

/** What tokens rest on: the keys that sign them, and what has been revoked. */
export interface Authority {
  readonly ring: KeyRing;
  /** Of the key ring: for what else lies in the store and is nobody else's business. */
  readonly seal: Seal;
  readonly revoked: Revoked;
  readonly web: WebFetch;
  /** Whether a credential is good no more: revoked, or signed with a key that was taken out. */
  isRevoked(credential: Credential, nowMs: number): boolean;
  close(): Promise<void>;
}

export interface AuthorityParts {
  readonly config: Config;
  readonly stores: Pick<Stores, 'secrets' | 'revoked'>;
  readonly log: Log;
  /** Origins of the operator's configuration that may be private. */
  readonly trusted: () => Iterable<string>;
}

export async function openAuthority({ config, stores, log, trusted }: AuthorityParts): Promise<Authority> {
  const keys = join(config.dataDir, 'keys');
  const { ttlMs, maxTtlMs } = config.tokens;
  const seal = await openFileSeal(keys);
  const ring = await openKeyRing({
    store: stores.secrets,
    seal,
    clock: systemClock,
    times: {
      publishMs: PUBLISH_MS,
      retainMs: Math.max(ttlMs, maxTtlMs) + SKEW_MS,
      rotateMs: config.oauth.keyRotationMs,
    },
    first: () => firstKey(keys),
    onError: (error) => log.error({ err: error }, 'the key ring'),
  });
  const revoked = await openRevoked({
    store: stores.revoked,
    clock: systemClock,
    onError: (error) => log.warn({ err: error }, 'what is revoked could not be read; it goes stale'),
  }).catch((error: unknown) => {
    ring.close();
    throw error;
  });
  const web = openWeb({ trusted });
  return {
    ring,
    seal,
    revoked,
    web: web.fetch,
    isRevoked: (credential, nowMs) =>
      ring.find(credential.signedBy) === undefined || revoked.isRevoked(credential, nowMs),
    async close() {
      ring.close();
      revoked.close();
      await web.close();
    },
  };
}

/** A gateway that had one key in a file goes on with it: what it signed stays good. */
async function firstKey(dir: string): Promise<JWK> {
  await openSigningKey(dir);
  return JSON.parse(await readFile(join(dir, 'token-signing.jwk.json'), 'utf8')) as JWK;
}
