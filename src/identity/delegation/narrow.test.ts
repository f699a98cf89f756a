import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AGENT_DEFAULTS, type Agent } from '../../model/agent.ts';
import type { Connection } from '../../model/connection.ts';
import { coversScope } from '../../model/scope.ts';
import type { Task } from '../../model/task.ts';
import type { Directory } from '../directory.ts';
import { resourcesOf } from '../resources.ts';
import { type Authority, type DelegationRules, type Hop, handOn, isOpenAt } from './narrow.ts';

const resources = resourcesOf('https://gate.example');
const AT = { all: resources.aggregate, crm: `${resources.aggregate}/crm`, git: `${resources.aggregate}/git` } as const;
const NOW = Date.UTC(2026, 9, 1, 12);

const agent = (id: string, more: Partial<Agent> = {}): Agent => ({
  ...AGENT_DEFAULTS,
  ...{ id, name: id, owner: 'ada', purpose: 'p', archetype: 'homegrown', riskTier: 'low' },
  ...more,
});

const connection = (from: string, to: string, more: Partial<Connection> = {}): Connection => ({
  ...{ id: `${from}>${to}`, from, to, scopes: null, initiators: ['user', 'machine'], maxDepth: null },
  ...{ requiresTask: false, hours: null, notAfterMs: null, createdBy: 'ada', createdAtMs: 0 },
  ...more,
});

const TASK: Task = {
  ...{ id: 't', agent: 'a', subject: null, purpose: 'p', tools: ['crm/*'], dataClasses: null, maxCalls: null },
  ...{ maxAmount: null, notAfterMs: NOW + 100, parent: null, state: 'open', createdBy: 'ada', createdAtMs: 0 },
};

interface World {
  readonly agents: readonly Agent[];
  readonly connections?: readonly Connection[];
  readonly dead?: readonly string[];
  readonly locked?: readonly string[];
  readonly tasks?: readonly Task[];
  readonly maxDepth?: number;
}

function rulesOf({
  agents,
  connections = [],
  dead = [],
  locked = [],
  tasks = [],
  maxDepth = 4,
}: World): DelegationRules {
  const byId = new Map(agents.map((each) => [each.id, each]));
  const directory = {
    agent: (id: string) => byId.get(id),
    whyNotAlive: (id: string) => (!byId.has(id) ? 'unknown-agent' : dead.includes(id) ? 'not-active' : null),
    whyNoSubject: (id: string) => (dead.includes(id) ? 'person-inactive' : null),
    connectionsBetween: (from: string, to: string) =>
      connections.filter((each) => each.from === from && each.to === to),
    task: (id: string) => tasks.find((task) => task.id === id),
  } as Partial<Directory> as Directory;
  const isLocked: DelegationRules['isLocked'] = ({ agent: who, person }) => locked.includes(who?.id ?? person ?? '');
  return { directory, resources, isLocked, maxDepth };
}

const held = (more: Partial<Authority> = {}): Authority => ({
  ...{ agentId: 'a', subject: 'bob', chain: [{ id: 'a', kind: 'agent' }], scopes: ['crm:read', 'crm:write'] },
  ...{ audiences: [AT.crm], expiresAtMs: NOW + 600_000, tasks: [] },
  ...more,
});

const hop = (to: Agent, more: Partial<Hop> = {}): Hop => ({
  ...{ to, scopes: null, resources: [], ttlMs: 300_000, nowMs: NOW },
  ...more,
});

const [a, b] = [agent('a'), agent('b')];

describe('handing authority on', () => {
  it('CR2: takes the chain along, the newest first, and the human stays at its root', () => {
    const answer = handOn(rulesOf({ agents: [a, b], connections: [connection('a', 'b')] }), held(), hop(b));
    expect(answer).toMatchObject({
      ok: true,
      connection: 'a>b',
      authority: {
        ...{ agentId: 'b', subject: 'bob', scopes: ['crm:read', 'crm:write'], expiresAtMs: NOW + 300_000 },
        chain: [{ id: 'b' }, { id: 'a' }],
      },
    });
  });

  it('CN3: an agent that acts for itself becomes the root', () => {
    const rules = rulesOf({ agents: [a, b], connections: [connection('a', 'b')] });
    const answer = handOn(rules, held({ subject: null, chain: [] }), hop(b));
    expect(answer).toMatchObject({ authority: { subject: null, chain: [{ id: 'b' }, { id: 'a' }] } });
  });

  it('CR2: an agent narrows its own without a connection, and without a place in the chain', () => {
    const answer = handOn(rulesOf({ agents: [a] }), held(), hop(a, { scopes: ['crm:read'] }));
    expect(answer).toMatchObject({
      ok: true,
      connection: null,
      authority: { scopes: ['crm:read'], chain: [{ id: 'a' }] },
    });
  });

  const open = { agents: [a, b], connections: [connection('a', 'b')] };
  const chainOf = (...ids: string[]) => ids.map((id) => ({ id, kind: 'agent' as const }));
  it.each<[string, World, Authority, Partial<Hop>, string]>([
    ['without a connection', { agents: [a, b] }, held(), {}, 'invalid_request'],
    [
      'over a connection the other way',
      { ...open, connections: [connection('b', 'a')] },
      held(),
      {},
      'invalid_request',
    ],
    [
      'over one that has ended',
      { ...open, connections: [connection('a', 'b', { notAfterMs: NOW })] },
      held(),
      {},
      'invalid_request',
    ],
    [
      'over one for chains without a human',
      { ...open, connections: [connection('a', 'b', { initiators: ['machine'] })] },
      held(),
      {},
      'invalid_request',
    ],
    [
      'over one for chains with a human, without one',
      { ...open, connections: [connection('a', 'b', { initiators: ['user'] })] },
      held({ subject: null, chain: [] }),
      {},
      'invalid_request',
    ],
    [
      'over one that wants a task, without one',
      { ...open, connections: [connection('a', 'b', { requiresTask: true })] },
      held(),
      {},
      'invalid_request',
    ],
    [
      'outside its hours',
      { ...open, connections: [connection('a', 'b', { hours: [13, 12] })] },
      held(),
      {},
      'invalid_request',
    ],
    [
      'over one that wants shorter chains',
      { ...open, connections: [connection('a', 'b', { maxDepth: 1 })] },
      held(),
      {},
      'invalid_request',
    ],
    [
      'in a circle',
      { agents: [a, b], connections: [connection('b', 'a')] },
      held({ agentId: 'b', chain: chainOf('b', 'a') }),
      { to: a },
      'invalid_request',
    ],
    ['beyond the depth', { ...open, maxDepth: 1 }, held(), {}, 'invalid_request'],
    ['from an agent that is dead', { ...open, dead: ['a'] }, held(), {}, 'invalid_request'],
    ['to an agent that is dead', { ...open, dead: ['b'] }, held(), {}, 'invalid_request'],
    ['to an agent that is locked', { ...open, locked: ['b'] }, held(), {}, 'invalid_request'],
    ['for a person who is gone', { ...open, dead: ['bob'] }, held(), {}, 'invalid_request'],
    ['for a person who is locked', { ...open, locked: ['bob'] }, held(), {}, 'invalid_request'],
    [
      'through one in the middle who is dead',
      { agents: [a, b, agent('c')], connections: [connection('a', 'b')], dead: ['c'] },
      held({ chain: chainOf('a', 'c') }),
      {},
      'invalid_request',
    ],
    ['within a task that was closed', open, held({ tasks: [TASK] }), {}, 'invalid_request'],
    ['with a scope nobody gave', open, held(), { scopes: ['git:read'] }, 'invalid_scope'],
    ['with a wider scope', open, held(), { scopes: ['crm:all'] }, 'invalid_scope'],
    [
      'with a scope the connection keeps back',
      { ...open, connections: [connection('a', 'b', { scopes: ['crm:read'] })] },
      held(),
      { scopes: ['crm:write'] },
      'invalid_scope',
    ],
    [
      'with a scope the next agent may never hold',
      { agents: [a, agent('b', { scopes: ['git:all'] })], connections: open.connections },
      held(),
      { scopes: ['crm:read'] },
      'invalid_scope',
    ],
    [
      'with a scope the giver may never hold',
      { agents: [agent('a', { scopes: ['git:all'] }), b], connections: open.connections },
      held({ scopes: null }),
      { scopes: ['crm:read'] },
      'invalid_scope',
    ],
    ['for another server', open, held(), { resources: [AT.git] }, 'invalid_target'],
    ['for all servers', open, held(), { resources: [AT.all] }, 'invalid_target'],
    [
      'for a server the next agent has no connection to',
      { agents: [a, agent('b', { servers: ['git'] })], connections: open.connections },
      held(),
      {},
      'invalid_target',
    ],
  ])('CR2 CN3: is refused %s', (_name, world, authority, more, error) => {
    expect(handOn(rulesOf(world), authority, hop(b, more))).toMatchObject({ ok: false, error });
  });

  it.each<[string, World, Partial<Hop>, number]>([
    ['what came in', open, { ttlMs: 3_600_000 }, NOW + 600_000],
    ['what was asked for', open, { ttlMs: 1_000 }, NOW + 1_000],
    ['the connection', { ...open, connections: [connection('a', 'b', { notAfterMs: NOW + 50 })] }, {}, NOW + 50],
    ['the agents', { agents: [a, agent('b', { expiresAtMs: NOW + 7 })], connections: open.connections }, {}, NOW + 7],
  ])('CR2: lasts no longer than %s', (_name, world, more, expiresAtMs) => {
    const to = world.agents.find(({ id }) => id === 'b') as Agent;
    expect(handOn(rulesOf(world), held(), hop(to, more))).toMatchObject({ authority: { expiresAtMs } });
  });

  it('AZ5: a task goes along, and ends what rests on it', () => {
    const answer = handOn(rulesOf({ ...open, tasks: [TASK] }), held({ tasks: [TASK] }), hop(b));
    expect(answer).toMatchObject({ authority: { tasks: [{ id: 't' }], expiresAtMs: NOW + 100 } });
  });

  it('knows hours that go over midnight', () => {
    const at = (hour: number) => Date.UTC(2026, 9, 1, hour);
    expect([at(21), at(22), at(3), at(6)].map((ms) => isOpenAt([22, 6], ms))).toEqual([false, true, true, false]);
    expect(isOpenAt([9, 17], at(16)) && !isOpenAt([9, 17], at(17)) && isOpenAt([0, 0], at(5))).toBe(true);
  });
});

/** What a root, an agent or a connection allows, told apart by the smallest things a scope can mean. */
const SERVERS = ['crm', 'git'] as const;
const SIMPLE = ['read', 'write', 'destructive'] as const;
const THINGS = SERVERS.flatMap((server) => SIMPLE.map((right) => `${server}:${right}`));

interface Held {
  readonly authority: Authority;
  /** Everything that limited it on its way, newest last: each says what it allows and until when. */
  readonly limits: readonly {
    readonly allows: (thing: string) => boolean;
    readonly at: readonly string[];
    readonly untilMs: number;
  }[];
}

const allowsOf = (scopes: readonly string[] | null) => (thing: string) => coversScope(scopes, thing);
const EVERYWHERE = [AT.crm, AT.git];
const reached = (audiences: readonly string[]) =>
  EVERYWHERE.filter((each) => audiences.includes(each) || audiences.includes(AT.all));

describe('any sequence of exchanges', () => {
  const scopes = fc.option(
    fc.array(fc.constantFrom('crm:read', 'crm:write', 'git:read', 'git:all', '*:read', 'crm:all', '*:all'), {
      maxLength: 3,
    }),
    { freq: 3 },
  );
  const until = fc.option(
    fc.integer({ min: 1, max: 5_000 }).map((ms) => NOW + ms),
    { freq: 2 },
  );
  const ids = ['a', 'b', 'c', 'd', 'e'] as const;
  const id = fc.constantFrom(...ids);
  const agents = fc.tuple(
    ...ids.map((each) =>
      fc
        .record({ scopes, servers: fc.option(fc.subarray([...SERVERS]), { freq: 2 }), expiresAtMs: until })
        .map((more) => agent(each, more)),
    ),
  );
  const connections = fc.array(
    fc
      .record({
        from: id,
        to: id,
        scopes,
        notAfterMs: until,
        initiators: fc.constantFrom(['user', 'machine'] as const, ['user'] as const),
      })
      .map(({ from, to, ...more }) => connection(from, to, { ...more, id: JSON.stringify([from, to, more]) })),
    { minLength: 4, maxLength: 14 },
  );
  const audiences = fc.constantFrom<string[]>([AT.all], [AT.crm], [AT.git], [AT.crm, AT.git]);
  const root = fc.record({
    agent: id,
    subject: fc.constantFrom('bob', null),
    scopes,
    audiences,
    untilMs: fc.integer({ min: 1, max: 5_000 }),
  });
  const step = fc.record({
    of: fc.nat(),
    to: id,
    scopes: fc.option(fc.subarray(['crm:read', 'crm:write', 'git:read', '*:read', 'git:all']), { freq: 2 }),
    resources: fc.constantFrom<string[]>([], [], [AT.crm], [AT.git], [AT.all]),
    ttlMs: fc.integer({ min: 1, max: 10_000 }),
  });

  it('CR2 CN3: never yields a right, a place or a moment that the root or any actor or connection on the way lacked', () => {
    let handed = 0;
    let tried = 0;
    fc.assert(
      fc.property(
        agents,
        connections,
        fc.array(root, { minLength: 1, maxLength: 3 }),
        fc.array(step, { minLength: 40, maxLength: 60 }),
        (all, between, roots, steps) => {
          const rules = rulesOf({ agents: all, connections: between });
          const limitOf = (each: Agent) => ({
            allows: allowsOf(each.scopes),
            at: EVERYWHERE.filter((place) => each.servers?.includes(place.slice(place.lastIndexOf('/') + 1)) !== false),
            untilMs: each.expiresAtMs ?? Number.POSITIVE_INFINITY,
          });
          const byId = new Map(all.map((each) => [each.id, each]));
          const pool: Held[] = roots.map((each) => ({
            authority: held({
              ...{ agentId: each.agent, subject: each.subject, scopes: each.scopes, audiences: each.audiences },
              chain: each.subject === null ? [] : [{ id: each.agent, kind: 'agent' }],
              expiresAtMs: NOW + each.untilMs,
            }),
            limits: [{ allows: allowsOf(each.scopes), at: reached(each.audiences), untilMs: NOW + each.untilMs }],
          }));
          for (const { of, to, ...asked } of steps) {
            const from = pool[of % pool.length] as Held;
            tried++;
            const answer = handOn(rules, from.authority, hop(byId.get(to) as Agent, asked));
            if (!answer.ok) continue;
            handed++;
            const over = between.find((each) => each.id === answer.connection);
            const limits = [
              ...from.limits,
              limitOf(byId.get(from.authority.agentId) as Agent),
              limitOf(byId.get(to) as Agent),
            ];
            if (over !== undefined)
              limits.push({
                allows: allowsOf(over.scopes),
                at: EVERYWHERE,
                untilMs: over.notAfterMs ?? Number.POSITIVE_INFINITY,
              });
            const { authority } = answer;
            for (const thing of THINGS) {
              if (coversScope(authority.scopes, thing)) expect(limits.every(({ allows }) => allows(thing))).toBe(true);
            }
            for (const limit of limits) expect(authority.expiresAtMs).toBeLessThanOrEqual(limit.untilMs);
            // All servers at once is narrowed call by call; a server that is named is within everybody's reach.
            for (const place of authority.audiences.filter((each) => each !== AT.all)) {
              expect(limits.every(({ at }) => at.includes(place))).toBe(true);
            }
            expect(authority.subject).toBe(from.authority.subject);
            expect(new Set(authority.chain.map((actor) => actor.id)).size).toBe(authority.chain.length);
            expect(authority.chain.length).toBeLessThanOrEqual(4);
            pool.push({ authority, limits });
          }
        },
      ),
      { numRuns: 2_200 },
    );
    expect(tried).toBeGreaterThan(100_000);
    expect(handed).toBeGreaterThan(10_000);
  });
});
