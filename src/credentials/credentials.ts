import type { Caller } from '../model/caller.ts';
import type { CredentialSettings } from '../model/credential.ts';
import type { Clock } from '../ports/clock.ts';
import type { SecretReader } from '../ports/secrets.ts';
import type { CredentialHolder, ServerCredentials } from '../ports/upstream.ts';
import type { WebFetch } from '../ports/web.ts';
import { type FetchCredential, Held, type HolderOf } from './held.ts';
import { type SignJwt, UpstreamClient } from './oauth/client.ts';
import { type Answered, type Begun, beginConnect, type ConnectTarget, finishConnect } from './oauth/connect.ts';
import { type Owner, ownerOf, placeOf } from './oauth/tokens.ts';
import { actingOf, exchangeSource } from './sources/exchange.ts';
import { idJagSource } from './sources/id-jag.ts';
import { injectSource } from './sources/inject.ts';
import { oauthSource } from './sources/oauth.ts';
import { type Connection, type Ended, Stored, type Who } from './stored.ts';
import type { Vault } from './vault/vault.ts';

export type { Connection, Who } from './stored.ts';

/** One server that is given credentials. */
export interface CredentialServer {
  readonly id: string;
  /** `null`: a child process. */
  readonly url: string | null;
  readonly settings: CredentialSettings;
}

export interface CredentialsOptions {
  readonly vault: Vault;
  readonly web: WebFetch;
  readonly secrets: SecretReader;
  readonly sign: SignJwt;
  readonly clock: Clock;
  /** The gateway's own URL: issuer of what it signs, and where people connect. */
  readonly url: () => string;
  readonly log: { warn(fields: object, message: string): void };
  /** What was opened for it alone. */
  readonly closed?: () => Promise<void>;
}

/** What is held, as listings show it. Never a secret. */
export interface HeldCredential extends HolderOf {
  readonly kind: CredentialSettings['kind'];
  readonly fresh: boolean;
}

interface Served extends CredentialServer {
  readonly settingsText: string;
  readonly client: UpstreamClient | null;
  readonly idp: UpstreamClient | null;
  readonly credentials: ServerCredentials;
  /** By caller: one token's calls bring the same object. */
  readonly known: WeakMap<Caller, Held>;
}

/** Holders in memory before those nobody uses are dropped. */
const MAX_IDLE_HOLDERS = 10_000;

/**
 * Credentials for upstream servers (requirements CN8): per server, who holds which, fetched when a call needs it and withdrawn
 * when somebody is no longer entitled.
 */
export class Credentials {
  readonly #options: CredentialsOptions;
  readonly #servers = new Map<string, Served>();
  readonly #held = new Map<string, Held>();
  readonly #stored: Stored;
  readonly #stop: () => void;
  #noticing: NodeJS.Timeout | null = null;

  constructor(options: CredentialsOptions) {
    this.#options = options;
    this.#stored = new Stored(options, (server) => this.#servers.get(server)?.client ?? null);
    this.#stop = options.vault.onChange(() => this.#notice());
  }

  get vault(): Vault {
    return this.#options.vault;
  }

  /** The servers as configured now. What was held for one whose settings changed is withdrawn. */
  configure(servers: readonly CredentialServer[]): void {
    const next = new Map(servers.map((server) => [server.id, server]));
    for (const [id, old] of this.#servers) {
      const server = next.get(id);
      if (server !== undefined && textOf(server) === old.settingsText) continue;
      this.#servers.delete(id);
      this.#withdraw((held) => held.of.server === id);
    }
    for (const server of servers) if (!this.#servers.has(server.id)) this.#servers.set(server.id, this.#serve(server));
  }

  /** `null`: this server is given none. */
  of(server: string): ServerCredentials | null {
    return this.#servers.get(server)?.credentials ?? null;
  }

  /** Servers whose account a person connects. */
  connectable(server: string): { readonly issuer: string | null; readonly scope: string | null } | null {
    const target = this.#target(server);
    return target === null ? null : { issuer: target.settings.client.issuer, scope: target.settings.scope };
  }

  /** Origins the configuration names: they may be private. */
  origins(): readonly string[] {
    return [...this.#servers.values()].flatMap((served) => namedOrigins(served));
  }

  /** Whether some server is reached by assertions of this identity provider: else nothing of a sign-in there is kept. */
  keepsSignIns(issuer: string): boolean {
    const bare = (text: string): string => text.replace(/\/$/, '');
    return [...this.#servers.values()].some(
      ({ settings }) => settings.kind === 'id-jag' && bare(settings.idp.issuer ?? issuer) === bare(issuer),
    );
  }

  /** Where the browser would go, for a page that says so. */
  async authorizationServer(server: string): Promise<string | null> {
    const target = this.#target(server);
    return target === null ? null : (await target.client.metadata()).issuer;
  }

  async begin(server: string, who: { readonly person: string; readonly owner: Owner }): Promise<Begun> {
    return beginConnect(this.#connectParts(), this.#mustTarget(server), who);
  }

  async finish(server: string, answered: Answered): Promise<Owner> {
    const owner = await finishConnect(this.#connectParts(), this.#mustTarget(server), answered);
    this.#held.get(keyOf(server, owner))?.forget();
    return owner;
  }

  /** Connected accounts, newest state; at most `limit`. */
  connections(filter: {
    readonly owner?: Owner;
    readonly server?: string;
    readonly limit: number;
  }): Promise<readonly Connection[]> {
    return this.#stored.connections(filter);
  }

  /** Connected accounts, in the order of their ids, after one of them. Of everybody, where nobody is named. */
  connectionsAfter(
    who: Who,
    page: { readonly limit: number; readonly after?: string },
  ): Promise<readonly Connection[]> {
    return this.#stored.connectionsOf(who, page);
  }

  /** In memory for them now. */
  inMemory(who: Who): readonly HeldCredential[] {
    const held = [...this.#held.values()].filter((one) => matches(one.of, who) && one.fresh);
    return held.map((one) => ({
      ...one.of,
      kind: this.#servers.get(one.of.server)?.settings.kind ?? 'inject',
      fresh: true,
    }));
  }

  /** What a person or an agent holds: connected accounts, and what is in memory for them now. */
  async heldBy(
    who: Who,
  ): Promise<{ readonly connections: readonly Connection[]; readonly held: readonly HeldCredential[] }> {
    const named = Object.keys(who).length > 0;
    return { connections: named ? await this.#stored.connectionsOf(who) : [], held: this.inMemory(who) };
  }

  /**
   * Ends what matches all of `who`: tokens in the vault are removed (and revoked at the other side, as far as that answers), what is in
   * memory is dropped, links and children that carry it end. The next call is refused or fetches anew.
   */
  async endFor(who: Who): Promise<Ended> {
    const withdrawn = this.#withdraw((held) => matches(held.of, who));
    const removed = await this.#stored.remove(who);
    // What was fetched while the rows were being removed.
    const late = this.#withdraw((held) => matches(held.of, who));
    return { ...removed, withdrawn: withdrawn + late };
  }

  /** Accounts this person connected for agents: they are the person's own, whomever the agent answers to by now. */
  async endConnectedBy(person: string): Promise<void> {
    for (const { by, owner, server } of await this.#stored.connections({ limit: Number.POSITIVE_INFINITY })) {
      if (by === person && owner.startsWith('agent:'))
        await this.endFor({ agent: owner.slice('agent:'.length), server });
    }
  }

  /** The same for many agents at once, as when the owner of thousands leaves. */
  async endForAgents(agents: Iterable<string>): Promise<Ended> {
    const all = new Set(agents);
    if (all.size === 0) return { removed: 0, withdrawn: 0 };
    const ofThem = (held: Held): boolean => held.of.agent !== null && all.has(held.of.agent);
    const withdrawn = this.#withdraw(ofThem);
    const removed = await this.#stored.removeOfAgents(all);
    return { ...removed, withdrawn: withdrawn + this.#withdraw(ofThem) };
  }

  async close(): Promise<void> {
    this.#stop();
    if (this.#noticing !== null) clearTimeout(this.#noticing);
    await this.#stored.settled();
    await this.#options.closed?.();
  }

  #serve(server: CredentialServer): Served {
    const { settings } = server;
    const client = settings.kind === 'inject' ? null : new UpstreamClient(settings.client, server.url, this.#options);
    const idp = settings.kind === 'id-jag' ? new UpstreamClient(settings.idp, null, this.#options) : null;
    const own = settings.kind === 'inject' ? () => this.#holder(server.id, EVERYBODY) : () => null;
    const holderFor = (caller: Caller): CredentialHolder => this.#holder(server.id, caller);
    const known = new WeakMap<Caller, Held>();
    return { ...server, settingsText: textOf(server), client, idp, credentials: { holderFor, own }, known };
  }

  #holder(server: string, caller: Caller | typeof EVERYBODY): Held {
    const served = this.#servers.get(server);
    if (served === undefined) throw new Error(`bug: no credentials for ${server}`);
    const known = caller === EVERYBODY ? undefined : served.known.get(caller);
    // Withdrawn and swept ones are not in the map any more.
    if (known !== undefined && this.#held.get(known.key) === known) return known;
    const key = caller === EVERYBODY ? keyOf(server, '') : keyOf(server, identityOf(served.settings, caller));
    let held = this.#held.get(key);
    if (held === undefined) {
      held = this.#make(served, key, caller);
      if (this.#held.size >= MAX_IDLE_HOLDERS) this.#sweep();
      this.#held.set(key, held);
    }
    if (caller !== EVERYBODY) served.known.set(caller, held);
    return held;
  }

  #make(served: Served, key: string, caller: Caller | typeof EVERYBODY): Held {
    const { clock, log } = this.#options;
    return new Held({
      key,
      clock,
      of: holderOf(served, caller),
      obtain: this.#source(served, caller),
      onFailure: (of, error) => log.warn({ ...of, why: wordsOf(error) }, 'a credential could not be obtained'),
    });
  }

  #source(served: Served, caller: Caller | typeof EVERYBODY): FetchCredential {
    const { settings, client, idp, id: server } = served;
    const { vault, clock, sign, url, secrets } = this.#options;
    if (settings.kind === 'inject' || caller === EVERYBODY || client === null)
      return injectSource(settings as never, { secrets, clock });
    if (settings.kind === 'exchange')
      return exchangeSource(settings, actingOf(caller), { client, sign, clock, issuer: url });
    if (settings.kind === 'id-jag' && idp !== null) {
      const parts = { server, idp, client, vault, clock, signInUrl: () => `${url()}/account` };
      return idJagSource(settings, caller.subject, parts);
    }
    const connectUrl = (owner: Owner) => connectUrlOf(url(), server, owner);
    return oauthSource(settings as never, ownerOf(caller.subject, caller.agent.id), {
      server,
      client,
      vault,
      clock,
      connectUrl,
    });
  }

  #target(server: string): ConnectTarget | null {
    const served = this.#servers.get(server);
    if (served === undefined || served.settings.kind !== 'oauth' || served.client === null) return null;
    return { server, client: served.client, settings: served.settings };
  }

  #mustTarget(server: string): ConnectTarget {
    const target = this.#target(server);
    if (target === null) throw new Error(`bug: ${server} is connected to by nobody`);
    return target;
  }

  #connectParts() {
    const { vault, clock, url } = this.#options;
    return { vault, clock, redirectUri: (server: string) => `${url()}/connect/${server}/callback` };
  }

  #withdraw(test: (held: Held) => boolean): number {
    let count = 0;
    for (const [key, held] of this.#held) {
      if (!test(held)) continue;
      this.#held.delete(key);
      if (held.fresh || held.carried) count++;
      held.withdraw();
    }
    return count;
  }

  #sweep(): void {
    for (const [key, held] of this.#held) {
      if (held.fresh || held.carried || held.fetching) continue;
      this.#held.delete(key);
      // Whoever still has it is refused: what nobody finds any more, nobody could withdraw.
      held.withdraw();
    }
  }

  /** Some gateway changed a row: whoever holds one that is gone loses it, whoever holds an old one looks again. */
  #notice(): void {
    if (this.#noticing !== null) return;
    this.#noticing = setTimeout(() => {
      this.#noticing = null;
      this.#compare().catch((error: unknown) => {
        this.#options.log.warn(
          { why: wordsOf(error) },
          'the vault could not be read again; connected accounts are looked up anew',
        );
        for (const held of this.#held.values()) held.forget();
      });
    }, 50).unref();
  }

  async #compare(): Promise<void> {
    const mine = [...this.#held.values()].filter(
      (held) => this.#servers.get(held.of.server)?.settings.kind === 'oauth',
    );
    if (mine.length === 0) return;
    const rows = await this.#stored.versions();
    for (const held of mine) {
      const owner =
        held.of.person === null ? (`agent:${held.of.agent}` as const) : (`person:${held.of.person}` as const);
      if (rows.has(placeOf(held.of.server, owner).id)) held.forget();
      else this.#withdraw((one) => one === held);
    }
  }
}

const EVERYBODY = Symbol('everybody');

/** What two callers must have in common to share a credential. */
function identityOf(settings: CredentialSettings, caller: Caller): string {
  switch (settings.kind) {
    case 'inject':
      return '';
    case 'oauth':
      return ownerOf(caller.subject, caller.agent.id);
    case 'id-jag':
      return ownerOf(caller.subject, caller.agent.id);
    case 'exchange': {
      const { subject, agent, chain, task } = actingOf(caller);
      return JSON.stringify([subject, agent, task, ...chain.map(({ id, kind }) => [kind, id])]);
    }
  }
}

function holderOf({ id: server, settings }: Served, caller: Caller | typeof EVERYBODY): HolderOf {
  if (caller === EVERYBODY || settings.kind === 'inject') return { server, person: null, agent: null, task: null };
  const person = caller.subject;
  if (settings.kind === 'exchange') return { server, person, agent: caller.agent.id, task: caller.taskId };
  return { server, person, agent: person === null ? caller.agent.id : null, task: null };
}

function matches(of: HolderOf, who: Who): boolean {
  return (
    (who.person === undefined || who.person === of.person) &&
    (who.agent === undefined || who.agent === of.agent) &&
    (who.task === undefined || who.task === of.task) &&
    (who.server === undefined || who.server === of.server)
  );
}

function keyOf(server: string, identity: string): string {
  return `${server} ${identity}`;
}

function textOf({ url, settings }: CredentialServer): string {
  return JSON.stringify([url, settings]);
}

export function connectUrlOf(url: string, server: string, owner: Owner): string {
  const agent = owner.startsWith('agent:') ? `?agent=${encodeURIComponent(owner.slice('agent:'.length))}` : '';
  return `${url}/connect/${server}${agent}`;
}

/** What an operator's configuration names for this server, as origins. */
export function namedOrigins({ url, settings }: CredentialServer): readonly string[] {
  if (settings.kind === 'inject') return [];
  const clients = settings.kind === 'id-jag' ? [settings.client, settings.idp] : [settings.client];
  const named = [url, ...clients.flatMap(({ issuer, tokenEndpoint }) => [issuer, tokenEndpoint])];
  return named.filter((one): one is string => one !== null && URL.canParse(one)).map((one) => new URL(one).origin);
}

/** For the log: an UpstreamFault's detail is written for it, other errors here hold no secret in their words. */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const detail = (error as { detail?: unknown }).detail;
  return typeof detail === 'string' ? `${error.message} (${detail})` : error.message;
}
