import { describe, expect, it } from 'vitest';
import { agentNamed } from '../../test/attack/token-world.ts';
import { openDirectory } from '../identity/directory.ts';
import { AGENT_STATES, type Agent } from '../model/agent.ts';
import { ALONE, type Caller } from '../model/caller.ts';
import { PERSON_DEFAULTS, type Person } from '../model/person.ts';
import type { EntityRow } from '../ports/identity-stores.ts';
import { entitled, unchanged } from './entitled.ts';

const person = (id: string, more: Partial<Person> = {}): Person => ({
  ...PERSON_DEFAULTS,
  id,
  userName: id,
  name: id,
  ...more,
});

async function house(agents: readonly Agent[], people: readonly Person[]) {
  const time = { us: 0, ms: 1_000 };
  const feed: EntityRow[] = [];
  const directory = await openDirectory({
    store: {
      apply: () => Promise.reject(new Error('nothing is written here')),
      get: async () => null,
      changesSince: async (seq) => feed.filter((row) => row.seq > seq),
      history: async () => [],
      onChange: () => () => {},
    },
    clock: { nowMs: () => time.ms, monotonicUs: () => time.us },
    configured: { agents, people, connections: [] },
    onFailed: () => {},
    heartbeatMs: 3_600_000,
  });
  const revoked = new Set<string>();
  const ask = entitled({
    directory,
    isRevoked: ({ jti }) => revoked.has(jti),
    clock: { nowMs: () => time.ms, monotonicUs: () => time.us },
  });
  return { directory, feed, time, revoked, ask };
}

function callerOf(agent: Agent, more: Partial<Caller> = {}): Caller {
  return { ...ALONE, agent, method: 'token', credentialId: 'c', expiresAtMs: 1e15, ...more };
}

describe('whether a caller may still act', () => {
  const buyer = agentNamed('buyer', [], { owner: 'ada' });
  const planner = agentNamed('planner', [], { owner: 'otto' });

  it('an active agent of an active owner may', async () => {
    const { ask } = await house([buyer], [person('ada')]);
    expect(ask(callerOf(buyer))).toBeNull();
  });

  it.each(AGENT_STATES.filter((state) => state !== 'active'))('ID1: an agent that is %s may not', async (state) => {
    const { ask } = await house([{ ...buyer, state }], [person('ada')]);
    expect(ask(callerOf(buyer))).toBe('not-active');
  });

  it('ID5: an agent whose time is over may not', async () => {
    const { ask, time } = await house([{ ...buyer, expiresAtMs: 2_000 }], [person('ada')]);
    expect(ask(callerOf(buyer))).toBeNull();
    time.ms = 2_000;
    expect(ask(callerOf(buyer))).toBe('expired');
  });

  it('ID4: an agent whose owner was deactivated may not, from the moment the store says so', async () => {
    const { ask, feed, directory } = await house([buyer], [person('ada')]);
    feed.push({ kind: 'person', id: 'ada', version: 1, seq: 1, body: { active: false }, atMs: 0 });
    await directory.refresh();
    expect(ask(callerOf(buyer))).toBe('owner-inactive');
  });

  it('ID4: nobody acts for a person who was deactivated, nor through an agent of one', async () => {
    const { ask } = await house(
      [buyer, planner],
      [person('ada'), person('otto', { active: false }), person('bob', { active: false })],
    );
    expect(ask(callerOf(buyer, { subject: 'bob', person: person('bob') }))).toBe('person-inactive');
    expect(ask(callerOf(buyer, { subject: 'nobody' }))).toBe('unknown-person');
    expect(ask(callerOf(buyer, { through: [{ agent: planner, owner: null }] }))).toBe('owner-inactive:planner');
  });

  it('AZ5: a caller bound to a task may not act once it is closed', async () => {
    const { ask, feed, directory } = await house([buyer], [person('ada')]);
    const task = { id: 't', state: 'open' } as never;
    expect(ask(callerOf(buyer, { tasks: [task] }))).toBe('task-closed:t');
    feed.push({ kind: 'task', id: 't', version: 1, seq: 1, body: { id: 't', state: 'open' }, atMs: 0 });
    await directory.refresh();
    expect(ask(callerOf(buyer, { tasks: [task] }))).toBeNull();
  });

  it('CR4: a revoked credential may not', async () => {
    const { ask, revoked } = await house([buyer], [person('ada')]);
    const caller = callerOf(buyer, { credential: { jti: 'j' } as never });
    expect(ask(caller)).toBeNull();
    revoked.add('j');
    expect(ask(caller)).toBe('credential-revoked');
  });

  it('CN3: removing a connection cuts what already went over it', async () => {
    const { ask, feed, directory, time } = await house([buyer, planner], [person('ada'), person('otto')]);
    const chain = ['buyer', 'planner'].map((id) => ({ id, kind: 'agent' as const }));
    const caller = callerOf(buyer, { chain, through: [{ agent: planner, owner: null }] });
    expect(ask(caller)).toBe('not-connected:planner>buyer');
    const connection = {
      id: 'c',
      from: 'planner',
      to: 'buyer',
      notAfterMs: 5_000,
      initiators: ['machine'],
      scopes: null,
    };
    feed.push({ kind: 'connection', id: 'c', version: 1, seq: 1, body: connection, atMs: 0 });
    await directory.refresh();
    expect(ask(caller)).toBeNull();
    time.ms = 5_000;
    expect(ask(caller)).toBe('not-connected:planner>buyer');
  });

  it('CN3: a narrower connection that stays does not stand for a wider one that went', async () => {
    const { ask, feed, directory } = await house([buyer, planner], [person('ada'), person('otto')]);
    const chain = ['buyer', 'planner'].map((id) => ({ id, kind: 'agent' as const }));
    const narrow = {
      id: 'n',
      from: 'planner',
      to: 'buyer',
      notAfterMs: null,
      initiators: ['machine'],
      scopes: ['crm:read'],
    };
    feed.push({ kind: 'connection', id: 'n', version: 1, seq: 1, body: narrow, atMs: 0 });
    await directory.refresh();
    const asked = (scopes: readonly string[] | null) =>
      ask(callerOf(buyer, { chain, through: [{ agent: planner, owner: null }], scopes }));
    expect(asked(['crm:read'])).toBeNull();
    expect(asked(['crm:read', 'crm:destructive'])).toBe('not-connected:planner>buyer');
    expect(asked(null)).toBe('not-connected:planner>buyer');
  });

  it('nobody may with a credential whose time is over, however long ago it was shown', async () => {
    const { ask, time } = await house([buyer], [person('ada')]);
    const caller = callerOf(buyer, { expiresAtMs: 5_000 });
    expect(ask(caller)).toBeNull();
    time.ms = 5_000;
    expect(ask(caller)).toBe('credential-expired');
  });

  it('whoever was changed meanwhile is not who was asked about; who was only read again is', async () => {
    const { directory } = await house([buyer], [person('ada')]);
    const known = directory.agent('buyer') as Agent;
    directory.configure({ agents: [{ ...buyer }], people: [person('ada')], connections: [] });
    expect(unchanged(directory, callerOf(known))).toBe(true);
    directory.configure({ agents: [{ ...buyer, scopes: ['crm:read'] }], people: [person('ada')], connections: [] });
    expect(unchanged(directory, callerOf(known))).toBe(false);
  });

  it('nobody may while the view of the store is stale', async () => {
    const { ask, time } = await house([buyer], [person('ada')]);
    time.us = 6_000_000;
    expect(ask(callerOf(buyer))).toBe('stale-view');
  });
});
