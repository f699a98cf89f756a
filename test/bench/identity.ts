/**
 * What identity costs: authenticating a call, making and exchanging tokens beside `oidc-provider` alone, a large directory and many
 * relationships in memory, and how soon the agents of somebody who left are refused.
 * Alone: `node --expose-gc test/bench/identity.ts [--json] [--quick]`.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { systemClock } from '../../src/adapters/clock.ts';
import { createAuthenticator } from '../../src/identity/authenticator.ts';
import { orphan } from '../../src/identity/deprovision/orphan.ts';
import { type OpenDirectory, openDirectory } from '../../src/identity/directory.ts';
import { onlyKey, openSigningKey } from '../../src/identity/proof/keys.ts';
import { resourcesOf } from '../../src/identity/resources.ts';
import { accessTokens } from '../../src/identity/tokens.ts';
import { AGENT_DEFAULTS, type Agent } from '../../src/model/agent.ts';
import type { Caller } from '../../src/model/caller.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { PERSON_DEFAULTS, type Person } from '../../src/model/person.ts';
import type { EntityChange, RelationTuple } from '../../src/ports/identity-stores.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { readModel } from '../../src/rights/language/read.ts';
import { MemoryRelations } from '../../src/rights/relations/memory.ts';
import { entitled } from '../../src/start/entitled.ts';
import { memoryReplay } from '../attack/token-world.ts';
import { open } from '../contract/stores-fixture.ts';
import { type EndpointBench, endpointBench, median } from './identity/endpoints.ts';

export interface IdentityPlan {
  readonly agents: number;
  readonly tuples: number;
  /** Agents of the person who leaves. */
  readonly owned: number;
  readonly tokens: number;
  readonly rounds: number;
  readonly requests: number;
}

export const FULL: IdentityPlan = {
  ...{ agents: 100_000, tuples: 1_000_000, owned: 10_000, tokens: 3_000 },
  ...{ rounds: 3, requests: 800 },
};
export const QUICK: IdentityPlan = {
  ...{ agents: 5_000, tuples: 20_000, owned: 1_000, tokens: 500 },
  ...{ rounds: 1, requests: 200 },
};

export interface IdentityBench {
  readonly endpoints: EndpointBench;
  readonly authenticate: {
    /** From cache, 1,000 tokens in turn, one directory of all agents. */
    readonly cached_us: number;
    /** Whether everybody in the chain may still act, asked on every call. */
    readonly entitled_us: number;
    /** Tokens never seen before, 16 at once. */
    readonly first_per_s: number;
    readonly mint_per_s: number;
  };
  readonly directory: {
    readonly agents: number;
    readonly load_ms: number;
    readonly mib: number;
  };
  readonly relations: {
    readonly tuples: number;
    readonly load_ms: number;
    readonly mib: number;
    readonly check_us: number;
  };
  readonly deprovision: {
    readonly agents: number;
    /** From the order until this process refuses every agent's next call. */
    readonly refused_here_ms: number;
    /** The same in another gateway on the same store, which hears it by the store's doorbell. */
    readonly refused_elsewhere_ms: number;
    /** Until every agent is flagged orphaned in the store, each with its history. */
    readonly orphaned_ms: number;
  };
}

const ISSUER = 'https://gate.example';
const LEAVER = 'person-leaver';
const act = { by: 'bench', act: 'import', reason: 'bench', atMs: 1 } as const;

export async function identityBench(plan: IdentityPlan): Promise<IdentityBench> {
  const endpoints = await endpointBench(plan);
  process.stderr.write('token endpoints measured ...\n');
  const base = resolve(import.meta.dirname, '../../tmp');
  mkdirSync(base, { recursive: true });
  const dir = mkdtempSync(join(base, 'interlock-bench-directory-'));
  const location = { kind: 'sqlite', at: join(dir, 'store.db') } as const;
  const stores = await open(location);
  const other = await open(location);
  const close: (() => unknown)[] = [() => stores.close(), () => other.close()];
  try {
    await fill(stores, plan);
    const before = usedBytes();
    const beganUs = systemClock.monotonicUs();
    const directory = await follow(stores);
    const load_ms = sinceMs(beganUs);
    const mib = (usedBytes() - before) / 2 ** 20;
    const elsewhere = await follow(other);
    close.unshift(
      () => directory.close(),
      () => elsewhere.close(),
    );
    const authenticate = await authenticating({ directory, dir, plan });
    const deprovision = await deprovisioning({ stores, directory, elsewhere, callers: authenticate.callers });
    process.stderr.write('directory and authentication measured ...\n');
    const relations = await relating(stores, plan.tuples);
    const { callers: _callers, ...figures } = authenticate;
    return {
      endpoints,
      authenticate: figures,
      directory: { agents: plan.agents, load_ms, mib },
      relations,
      deprovision,
    };
  } finally {
    for (const each of close) await each();
    rmSync(dir, { recursive: true, force: true });
  }
}

function follow(stores: Stores): Promise<OpenDirectory> {
  const configured = { agents: [], people: [], connections: [] };
  const onFailed = (error: unknown): void => void process.stderr.write(`the directory: ${error}\n`);
  return openDirectory({ store: stores.directory, clock: systemClock, configured, onFailed });
}

/** Agents as people register them: texts, a key, a template; one owner for ten, and one for all of those who leave. */
async function fill(stores: Stores, { agents, owned }: IdentityPlan): Promise<void> {
  const key = { kty: 'EC', crv: 'P-256', x: 'x'.repeat(43), y: 'y'.repeat(43), alg: 'ES256' };
  const changes: EntityChange[] = [];
  const entity = (kind: 'agent' | 'person', body: { id: string }, unique: readonly string[] = []): void =>
    void changes.push({ kind, id: body.id, body: body as unknown as JsonObject, expected: null, unique });
  for (let i = 0; i < agents; i++) {
    const owner = i < owned ? LEAVER : `person-${i % (agents / 10)}`;
    const agent: Agent = {
      ...AGENT_DEFAULTS,
      ...{
        id: agentId(i),
        name: `Agent number ${i}`,
        owner,
        creator: 'person-1',
        purpose: `Answers questions about order ${i}`,
      },
      ...{ archetype: 'homegrown', riskTier: 'medium', department: 'Sales', template: 'support', origin: 'registry' },
      ...{
        groups: ['support', `team-${i % 50}`],
        keys: [{ ...key, kid: `key-${i}` }],
        scopes: ['crm:read', 'orders:write'],
      },
    };
    entity('agent', agent);
  }
  for (let i = 0; i < agents / 10; i++) entity('person', person(`person-${i}`), [`person-${i}`]);
  entity('person', person(LEAVER), [LEAVER]);
  for (let from = 0; from < changes.length; from += 1_000) {
    const applied = await stores.directory.apply(changes.slice(from, from + 1_000), act);
    if (!applied.ok) throw new Error(`${applied.id}: ${applied.why}`);
  }
}

const agentId = (i: number): string => `agent-${i}`;

function person(id: string): Person {
  return {
    ...PERSON_DEFAULTS,
    ...{ id, userName: id, name: `Name of ${id}`, email: `${id}@example.com`, department: 'Sales', origin: 'registry' },
    groups: ['staff'],
  };
}

interface Authenticating {
  readonly directory: OpenDirectory;
  readonly dir: string;
  readonly plan: IdentityPlan;
}

const CACHED = 1_000;
const BATCHES = 100;

async function authenticating({ directory, dir, plan }: Authenticating) {
  const tokens = accessTokens({ keys: onlyKey(await openSigningKey(dir)), issuer: () => ISSUER });
  const resources = resourcesOf(ISSUER);
  const authenticator = createAuthenticator({
    ...{ tokens, resources: () => resources, directory, isRevoked: () => false, replay: memoryReplay() },
    development: () => ({ allowStaticTokens: false, anonymousAgent: null, staticTokens: new Map() }),
    maxCachedTokens: 100_000,
  });
  const ask = (authorization: string) =>
    authenticator.authenticate({ authorization, audience: resources.aggregate, nowMs: systemClock.nowMs() });
  const mint = async (i: number): Promise<string> => {
    const chain = [{ id: agentId(i), kind: 'agent' }] as const;
    const request = { agentId: agentId(i), subject: 'person-1', chain, audiences: [resources.aggregate] };
    const minted = await tokens.mint({ ...request, nowMs: systemClock.nowMs(), ttlMs: 600_000 });
    return `Bearer ${minted.token}`;
  };
  for (let i = 0; i < 300; i++) await ask(await mint(i));
  const mintedUs = systemClock.monotonicUs();
  const headers = await inLanes(plan.tokens, mint);
  const mint_per_s = plan.tokens / (sinceMs(mintedUs) / 1000);
  const firstUs = systemClock.monotonicUs();
  await inLanes(headers.length, async (i) => ask(headers[i] as string));
  const first_per_s = headers.length / (sinceMs(firstUs) / 1000);
  // One caller for each agent whose owner leaves, as sessions hold them.
  const callers = await inLanes(plan.owned, async (i) => ask(await mint(i)));
  const some = headers.slice(0, CACHED);
  const cached_us = await perCall(some, (header) => void ask(header));
  const mayStill = entitled({ directory, isRevoked: () => false, clock: systemClock });
  const entitled_us = await perCall(callers.slice(0, CACHED), (caller) => void mayStill(caller));
  return { cached_us, entitled_us, first_per_s, mint_per_s, callers };
}

/** The median of many batches, in µs for one. The process does its other work in between: nothing here may go stale. */
async function perCall<T>(items: readonly T[], call: (item: T) => void): Promise<number> {
  const batches: number[] = [];
  for (let batch = 0; batch < BATCHES; batch++) {
    await nextTurn();
    const beganUs = systemClock.monotonicUs();
    for (const item of items) call(item);
    batches.push((systemClock.monotonicUs() - beganUs) / items.length);
  }
  return median(batches.slice(BATCHES / 4));
}

async function inLanes<T>(count: number, each: (i: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let i = next++; i < count; i = next++) results[i] = await each(i);
  };
  await Promise.all(Array.from({ length: 16 }, lane));
  return results;
}

interface Leaving {
  readonly stores: Stores;
  readonly directory: OpenDirectory;
  readonly elsewhere: OpenDirectory;
  readonly callers: readonly Caller[];
}

async function deprovisioning({
  stores,
  directory,
  elsewhere,
  callers,
}: Leaving): Promise<IdentityBench['deprovision']> {
  const parts = { isRevoked: () => false, clock: systemClock };
  const mayStill = entitled({ directory, ...parts });
  const there = entitled({ directory: elsewhere, ...parts });
  const allowed = callers.filter((caller) => mayStill(caller) === null && there(caller) === null);
  if (allowed.length !== callers.length) throw new Error('an agent was refused before its owner left');
  const heard = new Promise<void>((done) => {
    elsewhere.onChange((changed) => {
      if (changed.some(({ id }) => id === LEAVER)) done();
    });
  });
  const beganUs = systemClock.monotonicUs();
  const body = { ...person(LEAVER), active: false } as unknown as JsonObject;
  const change = { kind: 'person', id: LEAVER, body, expected: 1 } as const;
  const applied = await stores.directory.apply([change], { ...act, act: 'person.deactivate' });
  await directory.refresh();
  const here = callers.filter((caller) => mayStill(caller) === null).length;
  const refused_here_ms = sinceMs(beganUs);
  await heard;
  const elsewhereStill = callers.filter((caller) => there(caller) === null).length;
  const refused_elsewhere_ms = sinceMs(beganUs);
  if (!applied.ok || here + elsewhereStill > 0) throw new Error('an agent was let through after its owner had left');
  const orphaningUs = systemClock.monotonicUs();
  const leaving = { by: 'bench', reason: 'left', how: 'deactivated', atMs: systemClock.nowMs() } as const;
  const orphans = await orphan(
    { store: stores.directory, directory, clock: systemClock },
    { personId: LEAVER, leaving },
  );
  if (orphans.length !== callers.length) throw new Error(`${orphans.length} of ${callers.length} agents are orphaned`);
  return { agents: callers.length, refused_here_ms, refused_elsewhere_ms, orphaned_ms: sinceMs(orphaningUs) };
}

const MODEL = `model
  schema 1.1

type user
type group
  relations
    define member: [user]
type document
  relations
    define viewer: [user, group#member]
`;

async function relating(stores: Stores, count: number): Promise<IdentityBench['relations']> {
  const read = await readModel(MODEL);
  if (!read.ok) throw new Error(read.problems[0]?.message);
  const groups = Math.ceil(count / 1_000);
  const tuple = (i: number) =>
    i % 2 === 0
      ? { object: `document:${i >> 1}`, relation: 'viewer', subject: `group:${(i >> 1) % groups}#member` }
      : { object: `group:${(i >> 1) % groups}`, relation: 'member', subject: `user:${i >> 1}` };
  for (let from = 0; from < count; from += 10_000) {
    const writes = Array.from({ length: Math.min(10_000, count - from) }, (_, i) => tuple(from + i));
    await stores.relations.apply({ writes, deletes: [] });
  }
  const before = usedBytes();
  const beganUs = systemClock.monotonicUs();
  const relations = new MemoryRelations({ store: stores.relations, clock: systemClock });
  relations.use(read.model, []);
  await relations.load();
  const load_ms = sinceMs(beganUs);
  const mib = (usedBytes() - before) / 2 ** 20;
  const { tuples } = relations.status();
  if (tuples !== count) throw new Error(`${tuples} of ${count} tuples were loaded`);
  const given: readonly RelationTuple[] = [];
  const questions = Array.from({ length: CACHED }, (_, i) => {
    return { subject: `user:${i}`, relation: 'viewer', object: `document:${i + groups * (i % 2)}`, given };
  });
  if (!questions.every((question) => relations.check(question))) throw new Error('a viewer was not found');
  const check_us = await perCall(questions, (question) => void relations.check(question));
  relations.close();
  return { tuples, load_ms, mib, check_us };
}

function sinceMs(beganUs: number): number {
  return (systemClock.monotonicUs() - beganUs) / 1000;
}

/** What is alive: without `--expose-gc` it is what V8 has not yet collected, too. */
function usedBytes(): number {
  for (let i = 0; i < 4; i++) globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { json: { type: 'boolean' }, quick: { type: 'boolean' } } });
  if (globalThis.gc === undefined) process.stderr.write('without --expose-gc the memory figures are upper bounds\n');
  const result = await identityBench(values.quick === true ? QUICK : FULL);
  process.stdout.write(`${JSON.stringify(result, null, values.json === true ? undefined : 2)}\n`);
}
