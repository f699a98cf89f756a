import { join } from 'node:path';
import { SignJWT } from 'jose';
import { systemClock } from '../adapters/clock.ts';
import { secretReader } from '../adapters/secret-reader.ts';
import { openWeb } from '../adapters/web.ts';
import type { Journal } from '../audit/journal.ts';
import type { Config } from '../config/config.ts';
import type { Environment } from '../config/load.ts';
import {
  type Connection,
  type CredentialServer,
  Credentials,
  type HeldCredential,
  type Who,
} from '../credentials/credentials.ts';
import { saveIdpToken } from '../credentials/idp-tokens.ts';
import { type KeySource, ownKeyFile } from '../credentials/vault/keys.ts';
import { openVault } from '../credentials/vault/vault.ts';
import type { Gateway, Log } from '../gateway/gateway.ts';
import type { SigningKeys } from '../identity/proof/keys.ts';
import type { SecretFrom } from '../model/credential.ts';
import type { BrokeredCredential } from '../model/insight/estate.ts';
import type { Page } from '../model/insight/page.ts';
import type { Json } from '../model/json.ts';
import type { SecretStore } from '../ports/identity-stores.ts';
import type { SecretReader } from '../ports/secrets.ts';
import type { Account, AccountParts } from '../surfaces/account/account.ts';
import type { VaultOperations } from '../surfaces/admin/routes/vault.ts';
import { type Connect, openConnect } from '../surfaces/connect/connect.ts';
import type { DoorRules } from '../surfaces/http/door.ts';
import type { Live } from './live.ts';

export interface CredentialParts {
  readonly config: Config;
  readonly env: Environment;
  readonly store: SecretStore;
  /** The gateway's own keys, as /oauth/jwks publishes them. */
  readonly keys: Pick<SigningKeys, 'current'>;
  readonly url: () => string;
  readonly log: Log;
}

/** The vault, and the credentials of every configured server. */
export async function openCredentials(parts: CredentialParts): Promise<Credentials> {
  const { config, env, store, url, log } = parts;
  // What the operator's configuration names may be private; a document that names something else may not.
  const held: { credentials?: Credentials } = {};
  const web = openWeb({ trusted: () => held.credentials?.origins() ?? [] });
  const secrets = secretReader(env);
  const vault = await openVault({ store, keys: vaultKeys(config, secrets), clock: systemClock });
  const sign = async (typ: string, claims: object): Promise<string> => {
    const key = parts.keys.current();
    const jwt = new SignJWT(claims as never).setProtectedHeader({
      alg: key.publicJwk.alg ?? 'ES256',
      kid: key.kid,
      typ,
    });
    return jwt.sign(key.privateKey);
  };
  const credentials = new Credentials({
    ...{ vault, web: web.fetch, secrets, sign, clock: systemClock, url, log },
    closed: () => web.close(),
  });
  held.credentials = credentials;
  return credentials;
}

function vaultKeys({ dataDir, vault }: Config, secrets: SecretReader): KeySource {
  const { key } = vault;
  if (key === null) return ownKeyFile(join(dataDir, 'keys'));
  return { read: async () => (await secrets.read(key satisfies SecretFrom)).value, add: null };
}

export function credentialServers(config: Config): readonly CredentialServer[] {
  return config.servers.flatMap((server) =>
    server.credentials === null
      ? []
      : [{ id: server.id, url: server.kind === 'http' ? server.url : null, settings: server.credentials }],
  );
}

/** What an operator does to credentials. Stopping does not wait for its record; everything else is recorded first. */
export function vaultOperations(credentials: Credentials, journal: Pick<Journal, 'append'>): VaultOperations {
  const record = (act: string, order: { by: string; reason: string }, detail: Json) =>
    journal.append({ type: 'admin', act, ...order, detail });
  return {
    list: (who, page) => brokeredPage(credentials, who, page),
    async revoke(who, order) {
      const ended = await credentials.endFor(who);
      await record('credential.revoke', order, { ...who, ...ended });
      return ended;
    },
    status: () => credentials.vault.status(),
    async rotate(order) {
      await record('vault.rotate', order, null);
      const { ownKeys } = await credentials.vault.status();
      const rotated = await credentials.vault.rotate({ addKey: ownKeys });
      const { newestKey, resealed, unreadable } = rotated;
      await record('vault.rotated', order, { newestKey, resealed, unreadable: unreadable.length });
      return rotated;
    },
  };
}

/** What the vault keeps, in the order of its rows; then what is in memory, of those who are named: of everybody it would be each caller. */
async function brokeredPage(
  credentials: Credentials,
  who: Who,
  { after, limit }: { readonly after: string | null; readonly limit: number },
): Promise<Page<BrokeredCredential>> {
  const lines: (readonly [string, BrokeredCredential])[] = [];
  if (after === null || after.startsWith(KEPT)) {
    const from = after === null ? {} : { after: after.slice(KEPT.length) };
    for (const { id, ...kept } of await credentials.connectionsAfter(who, { limit: limit + 1, ...from }))
      lines.push([KEPT + id, keptLine(kept)]);
  }
  if (lines.length <= limit && Object.keys(who).length > 0) {
    const held = credentials.inMemory(who).map((one) => [HELD + keyOfHeld(one), heldLine(one)] as const);
    const rest = held.filter(([key]) => after === null || after.startsWith(KEPT) || key > after);
    lines.push(...rest.sort(([a], [b]) => (a < b ? -1 : 1)));
  }
  const page = lines.slice(0, limit);
  return { items: page.map(([, line]) => line), next: lines.length > limit ? page.at(-1)![0] : null };
}

const KEPT = 'kept ';
const HELD = 'held ';

function keyOfHeld({ server, person, agent, task }: HeldCredential): string {
  return JSON.stringify([server, person, agent, task]);
}

function keptLine({ owner, ...kept }: Omit<Connection, 'id'>): BrokeredCredential {
  const [kind, id] = [owner.slice(0, owner.indexOf(':')), owner.slice(owner.indexOf(':') + 1)];
  const of = { person: kind === 'person' ? id : null, agent: kind === 'agent' ? id : null, task: null };
  return { where: 'vault', kind: 'oauth', ...of, ...kept };
}

function heldLine({ server, person, agent, task, kind }: HeldCredential): BrokeredCredential {
  const unknown = { by: null, issuer: null, scope: null, connectedAtMs: null, changedAtMs: null };
  return { where: 'memory', kind, server, person, agent, task, ...unknown, readable: true };
}

/** A person's connected accounts on the account page. */
export function brokered(credentials: Credentials): NonNullable<AccountParts['brokered']> {
  return {
    page: '/connect',
    async list(person) {
      const connections = await credentials.connections({ owner: `person:${person}`, limit: 1_000 });
      return connections.map(({ server, issuer, connectedAtMs, changedAtMs }) => ({
        ...{ id: server, server, account: issuer, sinceMs: connectedAtMs ?? changedAtMs },
      }));
    },
    async remove(person, server) {
      return (await credentials.endFor({ person, server })).removed > 0;
    },
  };
}

/** Keeps what a sign-in at the organisation's provider gave, sealed, for assertions about the person (`id-jag`). */
export function keepIdpTokens(credentials: Credentials): NonNullable<AccountParts['keepProviderTokens']> {
  return async (person, _provider, { issuer, idToken, refreshToken, claims }) => {
    if (!credentials.keepsSignIns(issuer)) return;
    const idTokenExpiresAtMs = typeof claims.exp === 'number' ? claims.exp * 1000 : null;
    await saveIdpToken(credentials.vault, person, { issuer, idToken, idTokenExpiresAtMs, refreshToken });
  };
}

export interface ConnectDoorParts {
  readonly credentials: Credentials;
  readonly live: Live;
  readonly gateway: Gateway;
  readonly account: Pick<Account, 'personOf'>;
  readonly rules: DoorRules;
  readonly origin: () => string;
}

/** The pages on which people connect accounts at upstream servers. */
export function connectDoor({ credentials, live, gateway, account, rules, origin }: ConnectDoorParts): Connect {
  return openConnect({
    ...{ credentials, rules, origin, log: gateway.log, personOf: account.personOf },
    answersFor: (person, id) => {
      const agent = live.directory.agent(id);
      return agent !== undefined && (agent.owner === person || agent.deputies.includes(person));
    },
    servers: () => live.snapshot().servers.keys(),
    record: (act) => gateway.journal.append({ type: 'admin', ...act }),
  });
}
