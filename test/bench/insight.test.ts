import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/clock.ts';
import { type OpenDirectory, openDirectory } from '../../src/identity/directory.ts';
import { AGENT_DEFAULTS, type Agent } from '../../src/model/agent.ts';
import { PERSON_DEFAULTS } from '../../src/model/person.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { type SummaryQuestion, summaries } from '../../src/start/console/insight/agents/summaries.ts';
import type { InsightParts } from '../../src/start/console/insight/parts.ts';
import { open } from '../contract/stores-fixture.ts';

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
  const lock = {
    target: { kind: 'agent', id: 'agent-77' },
    tier: 'pause',
    reason: 'r',
    by: 'b',
    atMs: 0,
    untilMs: null,
  };
  const gateway = { clock: systemClock, revocation: { locks: () => [lock] } };
  const activity = { activityOf: async () => new Map(), active24h: async () => 0 };
  parts = { live: { directory }, gateway, stores, activity } as unknown as InsightParts;
});
afterAll(async () => {
  directory?.close();
  await stores?.close();
  rmSync(dir, { recursive: true, force: true });
});

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
  ])('%s, answers in less than 50 ms', async (name, question, total) => {
    const answer = await timed(question);
    console.log(`${name}: ${answer.ms.toFixed(1)} ms`);
    expect(answer.total).toBe(total);
    expect(answer.ms).toBeLessThan(50);
  });
});
