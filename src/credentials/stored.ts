import * as oauth from 'oauth4webapi';
import type { Clock } from '../ports/clock.ts';
import type { UpstreamClient } from './oauth/client.ts';
import { type Owner, readTokens, serverOf, type UpstreamTokens } from './oauth/tokens.ts';
import { VaultFault } from './vault/seal.ts';
import type { Vault, VaultRow } from './vault/vault.ts';

/** Everything that is given must match. */
export interface Who {
  readonly person?: string;
  readonly agent?: string;
  readonly task?: string;
  readonly server?: string;
}

export interface Ended {
  /** Rows of the vault. */
  readonly removed: number;
  /** Credentials in memory, with whatever carried them. */
  readonly withdrawn: number;
}

/** A connected account, without its tokens. */
export interface Connection {
  /** Of its row: connections are in the order of these. */
  readonly id: string;
  readonly server: string;
  readonly owner: Owner;
  readonly by: string | null;
  readonly issuer: string | null;
  readonly scope: string | null;
  readonly connectedAtMs: number | null;
  readonly changedAtMs: number;
  /** `false`: the row was tampered with, or its key is missing. */
  readonly readable: boolean;
}

const PAGE = 500;
const MAX_LISTED = 10_000;
/** Revocations at other servers under way at once; more are left out, the tokens are gone here anyway. */
const MAX_REVOKING = 64;

/** The connected accounts in the vault: listing and ending them. */
export class Stored {
  readonly #parts: {
    readonly vault: Vault;
    readonly clock: Clock;
    readonly log: { warn(fields: object, message: string): void };
  };
  readonly #clientOf: (server: string) => UpstreamClient | null;
  readonly #revoking = new Set<Promise<void>>();

  constructor(
    parts: { vault: Vault; clock: Clock; log: { warn(fields: object, message: string): void } },
    clientOf: (server: string) => UpstreamClient | null,
  ) {
    this.#parts = parts;
    this.#clientOf = clientOf;
  }

  async connections(filter: {
    owner?: Owner;
    server?: string;
    limit: number;
    after?: string;
  }): Promise<readonly Connection[]> {
    const found: Connection[] = [];
    for await (const row of this.#rows(filter.owner, filter.after)) {
      if (found.length >= filter.limit) break;
      if (filter.server === undefined || serverOf(row.id) === filter.server) found.push(await this.#describe(row));
    }
    return found;
  }

  /** Of everybody, where nobody is named. */
  async connectionsOf(
    who: Who,
    page: { readonly limit: number; readonly after?: string } = { limit: MAX_LISTED },
  ): Promise<readonly Connection[]> {
    const owner = Object.keys(who).length === 0 ? 'anybody' : ownedBy(who);
    if (owner === null) return [];
    return this.connections({
      ...(owner === 'anybody' ? {} : { owner }),
      ...(who.server === undefined ? {} : { server: who.server }),
      ...page,
    });
  }

  async versions(): Promise<ReadonlyMap<string, number>> {
    const versions = new Map<string, number>();
    for await (const row of this.#rows()) versions.set(row.id, row.version);
    return versions;
  }

  async remove(who: Who): Promise<{ readonly removed: number }> {
    const owner = ownedBy(who);
    if (owner === null) return { removed: 0 };
    const { vault } = this.#parts;
    let removed = 0;
    for await (const row of this.#rows(owner === 'anybody' ? undefined : owner)) {
      if (who.server !== undefined && serverOf(row.id) !== who.server) continue;
      if (await this.#removeRow(row)) removed++;
    }
    // What a person's sign-in left, and connections that were only begun.
    if (owner.startsWith('person:') && who.server === undefined)
      for (const kind of ['idp-token', 'connect-state'] as const) removed += await vault.removeOwned(kind, owner);
    return { removed };
  }

  /** The accounts of many agents, in one pass over what there is. */
  async removeOfAgents(agents: ReadonlySet<string>): Promise<{ readonly removed: number }> {
    let removed = 0;
    for await (const row of this.#rows()) {
      const agent = row.owner.startsWith('agent:') ? row.owner.slice('agent:'.length) : null;
      if (agent !== null && agents.has(agent) && (await this.#removeRow(row))) removed++;
    }
    return { removed };
  }

  async #removeRow(row: VaultRow): Promise<boolean> {
    const tokens = await this.#tokens(row).catch(() => null);
    if (!(await this.#parts.vault.remove('upstream-token', row.id))) return false;
    if (tokens !== null) this.#revoke(tokens);
    return true;
  }

  /** Revocations that were begun have ended. */
  async settled(): Promise<void> {
    await Promise.all(this.#revoking);
  }

  async *#rows(owner?: Owner, from?: string): AsyncGenerator<VaultRow> {
    let after = from;
    for (;;) {
      const filter = { kind: 'upstream-token', limit: PAGE } as const;
      const page: readonly VaultRow[] = await this.#parts.vault.list({
        ...filter,
        ...(owner === undefined ? {} : { owner }),
        ...(after === undefined ? {} : { after }),
      });
      yield* page;
      if (page.length < PAGE) return;
      after = page.at(-1)?.id;
    }
  }

  async #tokens(row: VaultRow): Promise<UpstreamTokens | null> {
    return readTokens((await this.#parts.vault.get('upstream-token', row.id))?.secret);
  }

  async #describe(row: VaultRow): Promise<Connection> {
    const none = { by: null, issuer: null, scope: null, connectedAtMs: null };
    const shown = { id: row.id, server: serverOf(row.id), owner: row.owner as Owner, changedAtMs: row.atMs };
    try {
      const tokens = await this.#tokens(row);
      if (tokens === null) return { ...shown, ...none, readable: false };
      const { by, issuer, scope, connectedAtMs } = tokens;
      return { ...shown, by, issuer, scope, connectedAtMs, readable: true };
    } catch (error) {
      if (!(error instanceof VaultFault)) throw error;
      return { ...shown, ...none, readable: false };
    }
  }

  /** RFC 7009, for the refresh token, which takes its access tokens along. Nobody waits for another's server. */
  #revoke(tokens: UpstreamTokens): void {
    const client = this.#clientOf(tokens.server);
    if (client === null || this.#revoking.size >= MAX_REVOKING) return;
    const revoking = revokeAt(client, tokens)
      .catch((error: unknown) => {
        const why = error instanceof Error ? error.message : 'unknown';
        this.#parts.log.warn(
          { server: tokens.server, why },
          'the upstream did not confirm that the tokens are revoked',
        );
      })
      .finally(() => this.#revoking.delete(revoking));
    this.#revoking.add(revoking);
  }
}

async function revokeAt(client: UpstreamClient, tokens: UpstreamTokens): Promise<void> {
  const as = await client.metadata();
  if (as.issuer !== tokens.issuer || as.revocation_endpoint === undefined) return;
  const token = tokens.refresh ?? tokens.access;
  await client.ask(
    async (server, auth) => {
      const answer = await oauth.revocationRequest(server, client.client, auth, token, client.requestOptions);
      await oauth.processRevocationResponse(answer);
    },
    [token],
  );
}

/** Whose rows. `null`: nobody's, because a task holds none; `anybody`: a whole server's. */
function ownedBy(who: Who): Owner | 'anybody' | null {
  if (who.task !== undefined) return null;
  if (who.person !== undefined) return who.agent === undefined ? `person:${who.person}` : null;
  if (who.agent !== undefined) return `agent:${who.agent}`;
  return who.server === undefined ? null : 'anybody';
}
