import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import * as oauth from 'oauth4webapi';
import { ConnectionNeeded, noCredential, type OAuthSettings } from '../../model/credential.ts';
import type { Clock } from '../../ports/clock.ts';
import { type FetchCredential, type Fetched, place } from '../held.ts';
import { GrantRefused, type TokenAnswer, type UpstreamClient } from '../oauth/client.ts';
import { asSecret, type Owner, placeOf, readTokens, tokensAfter, type UpstreamTokens } from '../oauth/tokens.ts';
import type { OpenedRow, Vault } from '../vault/vault.ts';

export interface OAuthSourceParts {
  readonly server: string;
  readonly client: UpstreamClient;
  readonly vault: Vault;
  readonly clock: Clock;
  /** The page where the person, or the agent's owner, connects an account. */
  readonly connectUrl: (owner: Owner) => string;
}

/** A refresh that did not come back by then is taken over by somebody else. */
const LEASE_MS = 20_000;
const POLL_MS = 50;
/** Lost races with others before giving up; each means that somebody else got on. */
const MAX_TURNS = 1_000;
const UNKNOWN_LIFE_MS = 60_000;

/** Tokens a person connected; refreshed by one of all gateways, used by the others. */
export function oauthSource(settings: OAuthSettings, owner: Owner, parts: OAuthSourceParts): FetchCredential {
  const tokens = new ConnectedTokens(settings, owner, parts);
  return (refused) => tokens.obtain(refused);
}

class ConnectedTokens {
  readonly #settings: OAuthSettings;
  readonly #owner: Owner;
  readonly #parts: OAuthSourceParts;

  constructor(settings: OAuthSettings, owner: Owner, parts: OAuthSourceParts) {
    this.#settings = settings;
    this.#owner = owner;
    this.#parts = parts;
  }

  async obtain(refused: string | null): Promise<Fetched> {
    const { clock } = this.#parts;
    for (let turn = 0; turn < MAX_TURNS; turn++) {
      const found = await this.#read();
      if (found === null) throw this.#needed();
      const { row, tokens } = found;
      if (tokens.access !== refused && goodUntil(tokens, clock.nowMs()) > clock.nowMs()) return this.#fetched(tokens);
      if (tokens.refresh === null) throw this.#needed();
      if (tokens.lease !== null && tokens.lease.untilMs > clock.nowMs()) {
        await sleep(POLL_MS);
        continue;
      }
      const id = randomUUID();
      const leased = { ...tokens, lease: { id, untilMs: clock.nowMs() + LEASE_MS } };
      if (!(await this.#write(row, leased))) continue;
      const refreshed = await this.#refresh(leased, id);
      if (refreshed !== null) return this.#fetched(refreshed);
    }
    throw noCredential('The credential for this server is being renewed; try again in a moment');
  }

  async #read(): Promise<{ row: OpenedRow; tokens: UpstreamTokens } | null> {
    const { vault, server, client } = this.#parts;
    const { kind, id } = placeOf(server, this.#owner);
    const row = await vault.get(kind, id);
    const tokens = readTokens(row?.secret);
    if (row === null || tokens === null) return null;
    // The configuration names another authorization server or client than the one these are of: they are worth nothing there.
    const { issuer } = await client.metadata();
    return tokens.issuer === issuer && tokens.clientId === client.settings.clientId ? { row, tokens } : null;
  }

  #write(row: OpenedRow, tokens: UpstreamTokens): Promise<boolean> {
    const { kind, id, owner, expiresAtMs, version } = row;
    return this.#parts.vault.put({ kind, id, owner, expiresAtMs, secret: asSecret(tokens) }, version);
  }

  /** Under the lease. `null`: somebody replaced the tokens meanwhile, look again. */
  async #refresh(leased: UpstreamTokens, lease: string): Promise<UpstreamTokens | null> {
    const { clock } = this.#parts;
    let answer: TokenAnswer;
    try {
      answer = await this.#ask(leased.refresh as string);
    } catch (error) {
      if (error instanceof GrantRefused && error.error === 'invalid_grant') {
        // Withdrawn at the other side, or used by a thief: nothing of it is good for anything any more.
        await this.#settle(lease, (tokens) => ({ ...tokens, refresh: null, expiresAtMs: 0, lease: null }));
        throw this.#needed();
      }
      const released = await this.#settle(lease, (tokens) => ({ ...tokens, lease: null }));
      if (released === null) return null;
      throw error;
    }
    return this.#settle(lease, (tokens) => tokensAfter(tokens, answer, clock.nowMs()));
  }

  async #ask(refresh: string): Promise<TokenAnswer> {
    const { client } = this.#parts;
    const { resource } = this.#settings;
    return client.ask(
      async (as, auth) => {
        const additionalParameters = resource === null ? {} : { resource };
        const options = { ...client.requestOptions, additionalParameters };
        const answer = await oauth.refreshTokenGrantRequest(as, client.client, auth, refresh, options);
        return oauth.processRefreshTokenResponse(as, client.client, answer);
      },
      [refresh],
    );
  }

  /** Writes while the lease is still ours: a row that was only sealed anew is written again, one that was replaced is left alone. */
  async #settle(lease: string, change: (tokens: UpstreamTokens) => UpstreamTokens): Promise<UpstreamTokens | null> {
    for (let turn = 0; turn < MAX_TURNS; turn++) {
      const found = await this.#read();
      if (found === null || found.tokens.lease?.id !== lease) return null;
      const changed = change(found.tokens);
      if (await this.#write(found.row, changed)) return changed;
    }
    return null;
  }

  #fetched(tokens: UpstreamTokens): Fetched {
    const credential = place(this.#settings.placement, tokens.access);
    return { credential, freshUntilMs: goodUntil(tokens, this.#parts.clock.nowMs()) };
  }

  #needed(): ConnectionNeeded {
    const { server, connectUrl } = this.#parts;
    const url = connectUrl(this.#owner);
    const who = this.#owner.startsWith('person:') ? 'The person this agent acts for' : 'The owner of this agent';
    const text = `${who} must first connect an account: ask them to open ${url} in a browser, then repeat the call`;
    return new ConnectionNeeded(server, url, text);
  }
}

/** What can be refreshed is, in good time; what cannot is used to its end. */
function goodUntil(tokens: UpstreamTokens, nowMs: number): number {
  if (tokens.expiresAtMs === null) return nowMs + UNKNOWN_LIFE_MS;
  return tokens.refresh === null ? tokens.expiresAtMs - 1_000 : tokens.refreshAtMs;
}
