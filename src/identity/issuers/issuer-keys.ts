import { readFile } from 'node:fs/promises';
import type { PublicJwk } from '../../model/agent.ts';
import type { TrustedIssuer } from '../../model/issuer.ts';
import { isObject, type Json, type JsonObject } from '../../model/json.ts';
import { parseStrict } from '../../model/strict-json.ts';
import type { Clock } from '../../ports/clock.ts';
import type { WebFetch } from '../../ports/web.ts';
import { algorithmsOf } from '../proof/jws.ts';

export const ISSUER_KEY_LIMITS = {
  bytes: 262_144,
  keys: 100,
  /** A set is read again after this, whether or not anybody misses a key. */
  freshMs: 600_000,
  /** An unknown key makes it be read again, but not more often than this: tokens with made-up kids cost their issuer nothing. */
  cooldownMs: 30_000,
  /** A set that cannot be read again is believed for so long. A key that was withdrawn is good no longer than that. */
  staleMs: 3_600_000,
} as const;

/** The keys of an issuer could not be had. Nobody is proven; the caller may come back. */
export class IssuerUnavailable extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'IssuerUnavailable';
  }
}

export interface IssuerKeys {
  /**
   * Keys that may have signed with that kid and algorithm; without a kid, all that fit the algorithm. Throws IssuerUnavailable when the
   * issuer's keys are not known and cannot be read.
   */
  find(
    issuer: TrustedIssuer,
    jws: { readonly kid: string | null; readonly alg: string },
  ): Promise<readonly PublicJwk[]>;
}

export interface IssuerKeysOptions {
  readonly web: WebFetch;
  readonly clock: Clock;
}

interface KeySet {
  /** What it was read for: a changed configuration is another set. */
  readonly source: string;
  readonly keys: readonly PublicJwk[];
  /** Monotonic, in microseconds; `-Infinity`: never. */
  readonly readUs: number;
  readonly triedUs: number;
  /** Why the last attempt failed, for the operator's log. */
  readonly failure?: unknown;
}

export function issuerKeys(options: IssuerKeysOptions): IssuerKeys {
  return new CachedIssuerKeys(options);
}

class CachedIssuerKeys implements IssuerKeys {
  readonly #options: IssuerKeysOptions;
  /** By issuer: only those of the configuration are ever asked for. */
  readonly #sets = new Map<string, KeySet>();
  readonly #reading = new Map<string, Promise<KeySet>>();

  constructor(options: IssuerKeysOptions) {
    this.#options = options;
  }

  async find(issuer: TrustedIssuer, jws: { kid: string | null; alg: string }): Promise<readonly PublicJwk[]> {
    if (issuer.keys.kind === 'inline') return fitting(issuer.keys.keys, jws);
    let set = this.#known(issuer);
    if (set === null || this.#olderThan(set.readUs, ISSUER_KEY_LIMITS.freshMs)) set = await this.#again(issuer, set);
    const found = fitting(set.keys, jws);
    if (found.length > 0) return found;
    return fitting((await this.#again(issuer, set)).keys, jws);
  }

  #known(issuer: TrustedIssuer): KeySet | null {
    const set = this.#sets.get(issuer.issuer);
    return set?.source === sourceOf(issuer) ? set : null;
  }

  #olderThan(atUs: number, ms: number): boolean {
    return this.#options.clock.monotonicUs() - atUs > ms * 1000;
  }

  /** One reading at a time for everybody, and none within the cooldown of the last. */
  async #again(issuer: TrustedIssuer, known: KeySet | null): Promise<KeySet> {
    if (known !== null && !this.#olderThan(known.triedUs, ISSUER_KEY_LIMITS.cooldownMs)) return this.#usable(known);
    const source = sourceOf(issuer);
    let reading = this.#reading.get(source);
    if (reading === undefined) {
      reading = this.#read(issuer, source).finally(() => this.#reading.delete(source));
      this.#reading.set(source, reading);
    }
    return this.#usable(await reading);
  }

  #usable(set: KeySet): KeySet {
    if (this.#olderThan(set.readUs, ISSUER_KEY_LIMITS.staleMs)) {
      throw new IssuerUnavailable('the keys of the issuer could not be read; try again shortly', {
        cause: set.failure,
      });
    }
    return set;
  }

  async #read(issuer: TrustedIssuer, source: string): Promise<KeySet> {
    const triedUs = this.#options.clock.monotonicUs();
    const before = this.#known(issuer);
    let set: KeySet;
    try {
      set = { source, keys: keysIn(await this.#text(issuer)), readUs: triedUs, triedUs };
    } catch (failure) {
      // What was read before still counts, for a while; the attempt counts for the cooldown.
      set = { source, keys: before?.keys ?? [], readUs: before?.readUs ?? Number.NEGATIVE_INFINITY, triedUs, failure };
    }
    this.#sets.set(issuer.issuer, set);
    return set;
  }

  async #text({ issuer, keys }: TrustedIssuer): Promise<string> {
    switch (keys.kind) {
      case 'file':
        return await readFile(keys.path, 'utf8');
      case 'url':
        return await this.#get(keys.url);
      default:
        return await this.#get(await this.#discover(issuer));
    }
  }

  async #get(url: string): Promise<string> {
    const { status, body } = await this.#options.web(url, { maxBytes: ISSUER_KEY_LIMITS.bytes });
    if (status !== 200) throw new IssuerUnavailable(`${url} answered ${status}`);
    return body;
  }

  /** RFC 8414 section 3.3, OpenID Connect Discovery section 4.3: the document must be that issuer's own. */
  async #discover(issuer: string): Promise<string> {
    const { origin, pathname } = new URL(issuer);
    const path = pathname.replace(/\/$/, '');
    const places = [
      `${origin}${path}/.well-known/openid-configuration`,
      `${origin}/.well-known/oauth-authorization-server${path}`,
    ];
    for (const place of places) {
      const { status, body } = await this.#options.web(place, { maxBytes: ISSUER_KEY_LIMITS.bytes });
      if (status === 404) continue;
      const metadata = status === 200 ? parseStrict(body, LIMITS) : null;
      if (!isObject(metadata) || metadata.issuer !== issuer || typeof metadata.jwks_uri !== 'string') break;
      return metadata.jwks_uri;
    }
    throw new IssuerUnavailable(`${issuer} publishes no metadata that names its keys`);
  }
}

const LIMITS = { maxDepth: 10, maxNodes: 5_000 };

function sourceOf({ issuer, keys }: TrustedIssuer): string {
  return JSON.stringify([issuer, keys]);
}

/** Usable public signing keys of a JWK set (RFC 7517 section 5) or SPIFFE bundle. A set with a private key is no key set. Throws. */
export function keysIn(text: string): readonly PublicJwk[] {
  const set = parseStrict(text, LIMITS);
  if (!isObject(set) || !Array.isArray(set.keys)) throw new IssuerUnavailable('this is no JWK set');
  if (set.keys.length > ISSUER_KEY_LIMITS.keys) throw new IssuerUnavailable('the JWK set holds too many keys');
  return set.keys.filter(isObject).flatMap((jwk) => publicKey(jwk) ?? []);
}

const MEMBERS = ['kty', 'kid', 'alg', 'crv', 'x', 'y', 'n', 'e'] as const;
/** `jwt-svid`: SPIFFE trust domain and bundle, section 4.2. */
const USES: ReadonlySet<Json | undefined> = new Set([undefined, 'sig', 'jwt-svid']);

/** A copy of the members that say what key it is. `null`: not for signatures, or of no accepted type. */
function publicKey(jwk: JsonObject): PublicJwk | null {
  if (jwk.d !== undefined || jwk.k !== undefined) throw new IssuerUnavailable('the JWK set holds a secret key');
  if (!USES.has(jwk.use)) return null;
  const members: Record<string, string> = { kid: '' };
  for (const name of MEMBERS) {
    const value = jwk[name];
    if (typeof value === 'string') members[name] = value;
  }
  const key = members as unknown as PublicJwk;
  return algorithmsOf(key).length === 0 ? null : key;
}

function fitting(keys: readonly PublicJwk[], { kid, alg }: { kid: string | null; alg: string }): readonly PublicJwk[] {
  return keys.filter((key) => (kid === null || key.kid === kid) && algorithmsOf(key).includes(alg));
}
