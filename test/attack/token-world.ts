import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, type CryptoKey as JoseKey, SignJWT } from 'jose';
import { type Authenticator, createAuthenticator } from '../../src/identity/authenticator.ts';
import { type OpenDirectory, openDirectory } from '../../src/identity/directory.ts';
import { issuerKeys } from '../../src/identity/issuers/issuer-keys.ts';
import { onlyKey, openSigningKey, type SigningKey, thumbprint } from '../../src/identity/proof/keys.ts';
import { type Resources, resourcesOf } from '../../src/identity/resources.ts';
import { type AccessTokens, accessTokens, type MintRequest } from '../../src/identity/tokens.ts';
import type { PublicJwk } from '../../src/model/agent.ts';
import { AGENT_DEFAULTS, type Agent } from '../../src/model/agent.ts';
import type { Connection } from '../../src/model/connection.ts';
import type { TrustedIssuer } from '../../src/model/issuer.ts';
import type { Person } from '../../src/model/person.ts';
import { PERSON_DEFAULTS } from '../../src/model/person.ts';
import type { Task } from '../../src/model/task.ts';
import { ID_JAG_TOKEN, issueIdJag, type ResourceAuthority } from '../../src/oauth/assertions/issue-id-jag.ts';
import { JWT_BEARER, jwtBearer } from '../../src/oauth/assertions/jwt-bearer.ts';
import { type AuthorizationServer, authorizationServer } from '../../src/oauth/authorization-server.ts';
import type { GrantAct } from '../../src/oauth/grants/context.ts';
import type { DirectoryStore } from '../../src/ports/identity-stores.ts';
import type { ReplayStore } from '../../src/ports/stores.ts';

export const PUBLIC_URL = 'https://gate.example';
export const START_MS = Date.UTC(2026, 8, 1, 12);

export interface KeyPair {
  readonly publicJwk: PublicJwk;
  readonly privateKey: JoseKey;
  readonly alg: string;
}

/** A key pair made by an independent implementation (jose), as an agent's developer would make it. */
export async function keyPair(alg = 'ES256', kid = `key-${randomUUID()}`): Promise<KeyPair> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true, modulusLength: 2048 });
  return { publicJwk: { ...(await exportJWK(publicKey)), kid, alg } as PublicJwk, privateKey, alg };
}

export function agentNamed(
  id: string,
  keys: readonly PublicJwk[],
  more: Partial<RegisteredAgent> = {},
): RegisteredAgent {
  return {
    ...AGENT_DEFAULTS,
    id,
    name: id,
    owner: 'ada',
    purpose: 'tests',
    archetype: 'homegrown',
    riskTier: 'low',
    keys,
    ...more,
  };
}

export function memoryReplay(): ReplayStore {
  const seen = new Set<string>();
  return {
    claim: async (id) => {
      if (seen.has(id)) return false;
      seen.add(id);
      return true;
    },
    prune: async () => 0,
  };
}

export interface RegisteredAgent extends Agent {
  /** base64url SHA-256 of its development token. */
  readonly staticTokenSha256?: string | null;
}

function staticTokensOf(agents: ReadonlyMap<string, RegisteredAgent>): ReadonlyMap<string, string> {
  return new Map([...agents.values()].flatMap(({ id, staticTokenSha256: sha }) => (sha ? [[id, sha] as const] : [])));
}

/** A store that has tasks and nothing else. */
const storeOf = (tasks: readonly Task[]): DirectoryStore => ({
  apply: () => Promise.reject(new Error('nothing is written here')),
  get: async () => null,
  changesSince: async (seq) =>
    tasks
      .map((task, i) => ({ kind: 'task' as const, id: task.id, version: 1, seq: i + 1, atMs: 0, body: task as never }))
      .slice(seq),
  history: async () => [],
  onChange: () => () => {},
});

export interface World {
  nowMs: number;
  agents: ReadonlyMap<string, RegisteredAgent>;
  readonly locked: Set<string>;
  readonly recorded: GrantAct[];
  connections: readonly Connection[];
  /** Ids of tokens and agents that were revoked. */
  readonly revoked: Set<string>;
  readonly directory: OpenDirectory;
  development: { allowStaticTokens: boolean; anonymousAgent: string | null };
  readonly errors: unknown[];
  readonly key: SigningKey;
  readonly resources: Resources;
  readonly tokens: AccessTokens;
  readonly authenticator: Authenticator;
  readonly server: AuthorizationServer;
  readonly buyer: KeyPair;
  people: readonly Person[];
  issuers: readonly TrustedIssuer[];
  authorities: readonly ResourceAuthority[];
  /** What the issuers of the world serve, by URL; asked for anything else, nobody answers. */
  readonly served: Map<string, string>;
  readonly fetched: string[];
  close(): Promise<void>;
}

/** An authorization server and an authenticator over a registry with the agent `buyer`; time stands still until moved. */
export async function openWorld(options: { replay?: ReplayStore; publicUrl?: string } = {}): Promise<World> {
  const dir = await mkdtemp(join(tmpdir(), 'interlock-token-'));
  const key = await openSigningKey(dir);
  const buyer = await keyPair();
  const resources = resourcesOf(options.publicUrl ?? PUBLIC_URL);
  const tokens = accessTokens({ keys: onlyKey(key), issuer: () => resources.issuer });
  let people: readonly Person[] = [{ ...PERSON_DEFAULTS, id: 'ada', userName: 'ada', name: 'Ada' }];
  let agents: ReadonlyMap<string, RegisteredAgent> = new Map([['buyer', agentNamed('buyer', [buyer.publicJwk])]]);
  let connections: readonly Connection[] = [];
  const tasks: Task[] = [];
  const configured = () => ({ agents: [...agents.values()], people, connections });
  const clock = { nowMs: () => world.nowMs, monotonicUs: () => 0 };
  const moving = { ...clock, monotonicUs: () => world.nowMs * 1000 };
  const onFailed = (error: unknown) => world.errors.push(error);
  const directory = await openDirectory({ store: storeOf(tasks), clock, configured: configured(), onFailed });
  const replay = options.replay ?? memoryReplay();
  const world: World = {
    nowMs: START_MS,
    get agents() {
      return agents;
    },
    set agents(next) {
      agents = next;
      directory.configure(configured());
    },
    directory,
    revoked: new Set(),
    locked: new Set(),
    recorded: [],
    get connections() {
      return connections;
    },
    set connections(next) {
      connections = next;
      directory.configure(configured());
    },
    get people() {
      return people;
    },
    set people(next) {
      people = next;
      directory.configure(configured());
    },
    issuers: [],
    authorities: [],
    served: new Map(),
    fetched: [],
    development: { allowStaticTokens: false, anonymousAgent: null },
    errors: [],
    key,
    resources,
    tokens,
    buyer,
    authenticator: createAuthenticator({
      tokens,
      resources: () => resources,
      directory,
      isRevoked: ({ jti, agentId }) => world.revoked.has(jti) || world.revoked.has(agentId),
      replay,
      development: () => ({ ...world.development, staticTokens: staticTokensOf(agents) }),
    }),
    server: authorizationServer({
      keys: onlyKey(key),
      tokens,
      resources: () => resources,
      directory,
      isRevoked: ({ jti, agentId }) => world.revoked.has(jti) || world.revoked.has(agentId),
      isLocked: ({ agent, person }) => world.locked.has(agent?.id ?? person ?? ''),
      maxDepth: () => 4,
      record: async (act) => void world.recorded.push(act),
      addTask: async (task) => {
        tasks.push(task);
        await directory.refresh();
        return true;
      },
      grants: new Map([
        [
          JWT_BEARER,
          jwtBearer({
            issuers: () => new Map(world.issuers.map((one) => [one.issuer, one])),
            keys: issuerKeys({
              clock: moving,
              web: async (url) => {
                world.fetched.push(url);
                const body = world.served.get(url);
                return { status: body === undefined ? 404 : 200, headers: {}, body: body ?? '' };
              },
            }),
          }),
        ],
      ]),
      exchanges: new Map([
        [
          ID_JAG_TOKEN,
          issueIdJag({
            keys: onlyKey(key),
            authorities: () => world.authorities,
            agrees: async () => true,
            personOfRefreshToken: async () => null,
          }),
        ],
      ]),
      servers: () => new Set(['orders', 'files']),
      replay,
      clock,
      lifetimes: () => ({ tokenMs: 600_000, maxAssertionMs: 300_000 }),
      onError: (error) => world.errors.push(error),
    }),
    close: () => {
      directory.close();
      return rm(dir, { recursive: true });
    },
  };
  return world;
}

export function claimsFor(world: World, more: Record<string, unknown> = {}): Record<string, unknown> {
  const nowS = Math.floor(world.nowMs / 1000);
  return {
    iss: 'buyer',
    sub: 'buyer',
    aud: world.resources.tokenEndpoint,
    iat: nowS,
    exp: nowS + 60,
    jti: randomUUID(),
    ...more,
  };
}

export interface Signing {
  readonly claims?: Record<string, unknown>;
  readonly header?: Record<string, unknown>;
  readonly pair?: KeyPair;
}

/** A client assertion of `buyer`, right unless told otherwise. A claim of `undefined` is left out. */
export async function assertionFor(
  world: World,
  { claims = {}, header = {}, pair = world.buyer }: Signing = {},
): Promise<string> {
  const protectedHeader = { alg: pair.alg, kid: pair.publicJwk.kid, typ: 'JWT', ...header };
  return new SignJWT(claimsFor(world, claims)).setProtectedHeader(protectedHeader).sign(pair.privateKey);
}

export interface TokenAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly json: Record<string, unknown>;
}

export async function askToken(
  world: World,
  assertion: string,
  fields: Record<string, string> = {},
): Promise<TokenAnswer> {
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
    ...fields,
  });
  const answer = await world.server.tokenEndpoint({
    method: 'POST',
    contentType: 'application/x-www-form-urlencoded',
    authorization: undefined,
    body: form.toString(),
  });
  return { ...answer, json: JSON.parse(answer.body) as Record<string, unknown> };
}

export async function mintFor(world: World, more: Partial<MintRequest> = {}): Promise<string> {
  const minted = await world.tokens.mint({
    agentId: 'buyer',
    subject: null,
    chain: [],
    audiences: [world.resources.aggregate],
    taskId: null,
    keyThumbprint: thumbprint(world.buyer.publicJwk),
    nowMs: world.nowMs,
    ttlMs: 600_000,
    ...more,
  });
  return minted.token;
}

/** Signs any claims with the gateway's own key: what only a thief of the key, or a bug, could make. */
export function signAsGateway(
  world: World,
  claims: Record<string, unknown>,
  header: Record<string, unknown> = {},
): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: world.key.kid, ...header })
    .sign(world.key.privateKey);
}

export function present(
  world: World,
  authorization: string | readonly string[] | undefined,
  audience = world.resources.aggregate,
) {
  return world.authenticator.authenticate({ authorization, audience, nowMs: world.nowMs });
}

export function bearer(token: string): string {
  return `Bearer ${token}`;
}
