import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqlite } from '../../adapters/sql/sqlite.ts';
import { PERSON_DEFAULTS } from '../../model/person.ts';
import type { Template } from '../../model/template.ts';
import type { Stores } from '../../ports/stores.ts';
import { type OpenDirectory, openDirectory } from '../directory.ts';
import { Decommission } from './end/decommission.ts';
import { recordExpired } from './end/expiry.ts';
import { Registry } from './registry.ts';
import { Reviews } from './reviews/reviews.ts';
import { type Reminder, sweepReviews } from './reviews/sweep.ts';

const DAY_MS = 86_400_000;
const CLERK: Template = {
  ...{ id: 'clerk', description: '', archetype: 'saas', riskTier: 'low', groups: [], servers: null },
  ...{ scopes: ['crm:read'], lifetimeMs: DAY_MS, reviewers: [], required: [], admits: 'requested' },
  origin: 'configuration',
};

let dir: string;
let stores: Stores;
let directory: OpenDirectory;
let nowMs = 1_000_000_000_000;
let recorded: { act: string; detail: unknown }[] = [];
let registry: Registry;

const clock = { nowMs: () => nowMs, monotonicUs: () => 0 };
const parts = () => ({
  store: stores.directory,
  directory,
  clock,
  record: async (act: { act: string; detail: unknown }) => ({ seq: recorded.push(act) }),
});

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'interlock-registry-'));
  stores = await openSqlite({ path: join(dir, 'db'), clock });
  recorded = [];
  const people = ['alice', 'bob'].map((id) => ({ ...PERSON_DEFAULTS, id, userName: id, name: id }));
  const configured = { agents: [], people, connections: [] };
  directory = await openDirectory({ store: stores.directory, clock, configured, onFailed: () => {} });
  registry = new Registry({
    ...parts(),
    configured: () => ({ agents: [], templates: [CLERK], servers: ['crm'] }),
    template: (id) => (id === 'clerk' ? CLERK : undefined),
  });
});
afterEach(async () => {
  directory.close();
  await stores.close();
  await rm(dir, { recursive: true, force: true });
});

const who = { by: 'bob', reason: 'test' };
const register = (id: string, more: object = {}) =>
  registry.register(
    id,
    { owner: 'alice', purpose: 'x', archetype: 'saas', riskTier: 'low', clients: [`c-${id}`], ...more },
    who,
  );
const count = (act: string) => recorded.filter((each) => each.act === act).length;

describe('the end of an agent (ID5)', () => {
  it('is not proved while something is left; the same order goes on, and proves it once', async () => {
    await register('a');
    const held = new Set(['t1', 't2']);
    let stuck = true;
    const tokens = {
      name: 'tokens',
      list: async () => [...held],
      end: async () => {
        held.delete('t1');
        if (!stuck) held.clear();
      },
    };
    const decommission = new Decommission({ ...parts(), holdings: [tokens] });
    await expect(decommission.decommission('a', who)).rejects.toThrow('tokens: t2');
    expect(directory.agent('a')?.state).toBe('decommissioned');
    expect(count('agent.decommission.proof')).toBe(0);
    stuck = false;
    const proof = await decommission.decommission('a', who);
    expect(proof).toMatchObject({ held: { tokens: ['t2'] }, left: {} });
    expect(await decommission.decommission('a', who)).toEqual(proof);
    expect(await decommission.sweep()).toBe(0);
    expect([count('agent.decommission'), count('agent.decommission.proof')]).toEqual([1, 1]);
    await expect(register('a')).rejects.toThrow('already');
  });

  it('is finished by the sweep when a crash came in between', async () => {
    await register('a');
    const broken = { name: 'tokens', list: async () => [], end: () => Promise.reject(new Error('crash')) };
    await expect(new Decommission({ ...parts(), holdings: [broken] }).decommission('a', who)).rejects.toThrow('crash');
    const whole = { name: 'tokens', list: async () => [], end: async () => {} };
    const decommission = new Decommission({ ...parts(), holdings: [whole] });
    expect([await decommission.sweep(), await decommission.sweep()]).toEqual([1, 0]);
    expect(count('agent.decommission.proof')).toBe(1);
  });

  it('that was set is refused at once and recorded once, and again for another end', async () => {
    await register('a', { expiresAtMs: nowMs + 1000 });
    expect(await recordExpired(parts())).toBe(0);
    nowMs += 2000;
    expect(directory.whyNotAlive('a', nowMs)).toBe('expired');
    expect([await recordExpired(parts()), await recordExpired(parts())]).toEqual([1, 0]);
    await registry.update('a', { expiresAtMs: nowMs + 1000 }, who);
    expect(directory.whyNotAlive('a', nowMs)).toBeNull();
    nowMs += 2000;
    expect(await recordExpired(parts())).toBe(1);
    expect(count('agent.expired')).toBe(2);
  });
});

describe('a person’s own client', () => {
  it('gets one agent per person and client, of the template that admits it, however often it asks', async () => {
    const ask = (person: string) =>
      registry.admit({ clientId: 'https://c.example/m', clientName: 'My Client!', person });
    const all = await Promise.all(Array.from({ length: 20 }, () => ask('alice')));
    expect(new Set(all.map((agent) => agent?.id)).size).toBe(1);
    expect(all[0]).toMatchObject({ owner: 'alice', state: 'requested', scopes: ['crm:read'], template: 'clerk' });
    expect((await ask('bob'))?.id).not.toBe(all[0]?.id);
    expect([...directory.agents()]).toHaveLength(2);
    await expect(registry.approve(all[0]!.id, { by: 'alice', reason: 'x' })).rejects.toThrow('somebody else');
  });
});

describe('a review (ID5)', () => {
  it('reminds each reviewer once per day that was set, and ends by itself', async () => {
    await register('a');
    await register('b', { owner: 'bob' });
    const reviews = new Reviews(registry);
    const { id } = await reviews.create({
      ...{ name: 'q', filter: {}, dueAtMs: nowMs + 10 * DAY_MS, overdue: 'suspend', remindDays: [7, 1] },
      ...who,
    });
    const sent: Reminder[] = [];
    const sweep = () => sweepReviews(reviews, { registry, notify: (reminder) => sent.push(reminder) });
    await sweep();
    expect(sent).toEqual([]);
    nowMs += 4 * DAY_MS;
    await sweep();
    await sweep();
    expect(sent.map(({ to, pending }) => [to, pending])).toEqual([
      ['alice', 1],
      ['bob', 1],
    ]);
    await reviews.decide(id, 'a', { outcome: 'certify', by: 'alice', reason: 'fine' });
    nowMs += 5.5 * DAY_MS;
    await sweep();
    expect(sent.slice(2).map(({ to }) => to)).toEqual(['bob']);
    nowMs += DAY_MS;
    await sweep();
    await sweep();
    expect(reviews.get(id)).toMatchObject({ state: 'closed', summary: { certify: 1, 'overdue-suspended': 1 } });
    expect([directory.agent('a')?.state, directory.agent('b')?.state]).toEqual(['active', 'suspended']);
    expect([count('review.remind'), count('review.close')]).toEqual([2, 1]);
  });
});
