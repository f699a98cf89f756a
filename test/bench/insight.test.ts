import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/clock.ts';
import { type OpenDirectory, openDirectory } from '../../src/identity/directory.ts';
import { AGENT_DEFAULTS, type Agent } from '../../src/model/agent.ts';
import { PERSON_DEFAULTS } from '../../src/model/person.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { openCensus } from '../../src/start/console/insight/agents/census.ts';
import { permissions } from '../../src/start/console/insight/agents/permissions.ts';
import { type SummaryQuestion, summaries } from '../../src/start/console/insight/agents/summaries.ts';
import { openEstateGraph } from '../../src/start/console/insight/connections/estate-graph.ts';
import { reach } from '../../src/start/console/insight/connections/reach.ts';
import type { InsightParts } from '../../src/start/console/insight/parts.ts';
import { openPosture } from '../../src/start/console/insight/posture/posture.ts';
import { preview } from '../../src/start/console/insight/stop/preview.ts';
import { open } from '../contract/stores-fixture.ts';
import { labels, published } from '../policy/company.ts';

/** The list of agents with a hundred thousand of them behind it. */
const AGENTS = 100_000;

let stores: Stores;
let directory: OpenDirectory;
let parts: InsightParts;
const dir = mkdtempSync(join(tmpdir(), 'interlock-insight-'));

beforeAll(async () => {
  stores = await open({ kind: 'sqlite', at: join(dir, 'store.db') });
  const people = Array.from({ length: 500 }, (_, i) => ({
    ...PERSON_DEFAULTS,
    ...{ id: `person-${i}`, userName: `person-${i}`, name: `Person ${i}` },
  }));
  const agents = Array.from(
    { length: AGENTS },
    (_, i): Agent => ({
      ...AGENT_DEFAULTS,
      ...{
        id: `agent-${i}`,
        name: `Agent № ${i}`,
        owner: `person-${i % 500}`,
        purpose: `does task ${i} of department ${i % 40}`,
      },
      ...{ archetype: 'homegrown', riskTier: i % 50 === 0 ? 'critical' : 'low', department: `dep-${i % 40}` },
    }),
  );
  const configured = { agents, people, connections: [] };
  const onFailed = (error: unknown) => console.error(error);
  directory = await openDirectory({ store: stores.directory, clock: systemClock, configured, onFailed });
  const at = { atMs: 0, untilMs: null, reason: 'r', by: 'b' } as const;
  const lock = { target: { kind: 'agent', id: 'agent-77' }, tier: 'pause', ...at };
  const servers = Array.from({ length: 6 }, (_, i) => ({ id: `s${i}`, risk: 'low' as const, environment: null }));
  const effects = ['read', 'write', 'destructive', 'external'] as const;
  const tools = servers.flatMap(({ id }) =>
    Array.from({ length: 20 }, (_, i) => ({ server: id, name: `tool${i}`, labels: labels(effects[i % 4]!) })),
  );
  const policies = published(POLICIES, { agents, people, servers, tools });
  const known = new Map(tools.map((tool) => [`${tool.server}/${tool.name}`, tool]));
  const gateway = {
    clock: systemClock,
    revocation: { locks: () => [lock], status: () => ({ inFlight: 0 }), inFlight: () => [] },
    journal: { health: () => ({ state: 'ok', message: null, size: 1 }) },
    approvals: { count: async () => 0, list: async () => [] },
    snapshot: () => ({
      policies,
      servers: new Map(servers.map(({ id }) => [id, { id, upstream: { health: () => ({ state: 'up' }) } }])),
    }),
    inventory: {
      known: () => tools,
      pins: () => [],
      resolve: (server: string, tool: string) => ({ state: 'pinned', labels: known.get(`${server}/${tool}`)?.labels }),
    },
  };
  const config = { ...QUIET_CONFIG, journal: { dir: join(dir, 'journal'), retentionDays: null } };
  const activity = { activityOf: async () => new Map(), active24h: async () => 0 };
  parts = {
    ...{ live: { directory, config, staticTokens: new Map() }, gateway, stores, activity },
    ...{
      mcp: { open: () => [] },
      credentials: { heldBy: async () => ({ connections: [], held: [] }) },
      questions: { standing: { list: () => [] } },
    },
  } as unknown as InsightParts;
  mkdirSync(join(dir, 'journal'));
});
afterAll(async () => {
  directory?.close();
  await stores?.close();
  rmSync(dir, { recursive: true, force: true });
});

const POLICIES = `
@id("reads") permit(principal, action in Action::"use", resource is Tool) when { resource.effect == "read" };
@id("few") permit(principal == Agent::"agent-500", action in Action::"use", resource is Tool in Server::"s1");
@id("writes") @ask("owner") permit(principal, action in Action::"use", resource is Tool) when { resource.effect == "write" };
@id("night") forbid(principal, action in Action::"use", resource is Tool) when { context.hour < 6 && resource.effect == "write" };`;
const QUIET_CONFIG = {
  listen: { host: '127.0.0.1', tls: null, publicUrl: null },
  development: { allowStaticTokens: false, anonymousAgent: null },
  servers: [],
  approvals: { assurance: 'passkey', routes: new Map(), roles: new Map(), schedules: new Map() },
  console: { enabled: true, roles: new Map() },
};

const PAGE: SummaryQuestion = { filter: {}, after: null, limit: 100 };

async function timed(question: SummaryQuestion) {
  const times: number[] = [];
  let total = 0;
  for (let i = 0; i < 7; i++) {
    const beganUs = systemClock.monotonicUs();
    total = (await summaries(parts, question)).total;
    times.push((systemClock.monotonicUs() - beganUs) / 1000);
  }
  return { ms: times.toSorted((a, b) => a - b)[3]!, total };
}

describe(`the list of ${AGENTS} agents`, () => {
  it('is made for the first time without holding anybody up', async () => {
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const beganUs = systemClock.monotonicUs();
    const first = await summaries(parts, PAGE);
    const ms = (systemClock.monotonicUs() - beganUs) / 1000;
    delay.disable();
    console.log(`first list: ${ms.toFixed(0)} ms, longest turn ${(delay.max / 1e6).toFixed(1)} ms`);
    expect(first).toMatchObject({ total: AGENTS, next: 'agent-10086' });
    expect(first.items[0]).toMatchObject({ id: 'agent-0', ownerName: 'Person 0', lock: null, calls24h: 0 });
  });

  it.each<[string, SummaryQuestion, number]>([
    ['whole', PAGE, AGENTS],
    ['in its middle', { ...PAGE, after: 'agent-5' }, AGENTS],
    ['searched for what is nowhere', { ...PAGE, filter: { search: 'no such thing anywhere' } }, 0],
    ['searched for what is everywhere', { ...PAGE, filter: { search: 'AGENT №' } }, AGENTS],
    ['filtered and searched', { ...PAGE, filter: { riskTier: 'critical', search: 'department 10' } }, 500],
    ['of what is locked', { ...PAGE, filter: { lock: 'any' } }, 1],
  ])('%s, finds all there is', async (name, question, total) => {
    const answer = await timed(question);
    console.log(`${name}: ${answer.ms.toFixed(1)} ms`);
    expect(answer.total).toBe(total);
  });
});

/** How long it takes, and the longest turn nobody else had meanwhile. */
async function watched<T>(work: () => Promise<T>): Promise<{ value: T; ms: number; turnMs: number }> {
  let longest = 0;
  let last = systemClock.monotonicUs();
  let over = false;
  const beat = (): void => {
    const now = systemClock.monotonicUs();
    longest = Math.max(longest, now - last);
    last = now;
    if (!over) setImmediate(beat);
  };
  setImmediate(beat);
  const beganUs = systemClock.monotonicUs();
  const value = await work();
  const ms = (systemClock.monotonicUs() - beganUs) / 1000;
  over = true;
  return { value, ms, turnMs: longest / 1000 };
}

describe(`what is computed over ${AGENTS} agents`, () => {
  it.each<[string, () => Promise<unknown>, RegExp]>([
    [
      'counts of the overview',
      () => openCensus(directory, () => systemClock.nowMs())(),
      /"total":100000.*"critical":2000/,
    ],
    ['posture', () => openPosture({ ...parts, drills: async () => [] }).ask(), /500 of 500 people/],
    ['graph of everything', () => openEstateGraph(parts)(500), /"leftOut":[1-9]/],
    [
      'a page of the reach of a server',
      () => reach(parts, { server: 's1', after: null, limit: 50 }),
      /"agent":"agent-1",.*"tools":10/,
    ],
    [
      'preview of a halt of everything',
      () => preview(parts, { target: { kind: 'all', id: '*' }, tier: 'halt' }),
      /"count":100000/,
    ],
    [
      'permissions of one agent',
      () => permissions(parts, { agent: 'agent-500', subject: null }),
      /"outcome":"always".*"outcome":"ask"/,
    ],
  ])('%s', async (name, work, says) => {
    await work();
    const { value, ms, turnMs } = await watched(work);
    console.log(`${name}: ${ms.toFixed(1)} ms, longest turn ${turnMs.toFixed(1)} ms`);
    expect(JSON.stringify(value)).toMatch(says);
  });
});
