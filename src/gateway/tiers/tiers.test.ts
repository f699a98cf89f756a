import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { input, labels, OPS, PROCUREMENT, published, WORLD } from '../../../test/policy/company.ts';
import type { Acting, Caller } from '../../model/caller.ts';
import { PERSON_DEFAULTS, type Person } from '../../model/person.ts';
import type { PolicyInput } from '../../model/policy-input.ts';
import { coversScope, intersectScopes, RIGHTS } from '../../model/scope.ts';
import type { Task } from '../../model/task.ts';
import type { Gateway, RightsAnswer } from '../gateway.ts';
import type { Known } from '../steps/resolve.ts';
import { Usage } from '../usage.ts';
import { coarse, neededScope } from './coarse.ts';
import { decideForAll } from './everyone.ts';

const BOB: Person = { ...PERSON_DEFAULTS, id: 'bob', userName: 'bob', name: 'Bob' };
const YES: RightsAnswer = { permit: true, rule: 'r', why: 'r grants it' };
const NO: RightsAnswer = { permit: false, rule: null, why: 'no rule grants it' };
const KNOWN: Known = { state: 'known', labels: labels('write'), pin: 'p', definition: null, findings: [] };

const TASK: Task = {
  ...{ id: 't', agent: 'procurement', subject: null, purpose: 'restock', tools: ['crm/orders.create'] },
  ...{ dataClasses: null, maxCalls: null, maxAmount: null, notAfterMs: Number.MAX_SAFE_INTEGER, parent: null },
  ...{ state: 'open', createdBy: 'ada', createdAtMs: 0 },
};

function asked(caller: Partial<Caller>, more: Partial<PolicyInput> = {}): PolicyInput {
  const base = input();
  return { ...base, ...more, caller: { ...base.caller, ...caller } };
}

function answerOf(question: PolicyInput, { rights = YES, usage = new Usage() } = {}) {
  return coarse({ usage } as Gateway, question, { known: KNOWN, rights });
}

const ops: Acting = { agent: OPS, owner: null };

describe('the tiers before the policies', () => {
  it.each<[string, Partial<Caller>, string | null]>([
    ['an agent alone and unlimited passes', {}, null],
    ['a scope that covers the call passes', { scopes: ['crm:write'] }, null],
    ['a scope for another right does not', { scopes: ['crm:read'] }, 'insufficient-scope'],
    ['a scope for another server does not', { scopes: ['cloud:write'] }, 'insufficient-scope'],
    ['no scopes at all is no scope', { scopes: [] }, 'insufficient-scope'],
    [
      'a limit on the agent itself counts as well',
      { agent: { ...PROCUREMENT, scopes: ['crm:read'] } },
      'insufficient-scope',
    ],
    [
      'so does one on any agent it came through',
      { through: [{ ...ops, agent: { ...OPS, scopes: ['crm:read'] } }] },
      'insufficient-scope',
    ],
    [
      'a server one of the chain is not connected to is out of reach for all',
      { through: [{ ...ops, agent: { ...OPS, servers: ['cloud'] } }] },
      'not-connected',
    ],
    ['a task that names the tool passes', { tasks: [TASK] }, null],
    ['a task that names another does not', { tasks: [{ ...TASK, tools: ['crm/orders.list'] }] }, 'outside-task'],
    ['a task that names the server passes', { tasks: [{ ...TASK, tools: ['crm/*'] }] }, null],
    ['a class of data the task leaves out does not', { tasks: [{ ...TASK, dataClasses: ['public'] }] }, 'outside-task'],
    ['a task that is over does not', { tasks: [{ ...TASK, notAfterMs: 1 }] }, 'outside-task'],
    ['the task it is a part of counts as well', { tasks: [TASK, { ...TASK, id: 'u', tools: [] }] }, 'outside-task'],
  ])('AZ2 AZ5: %s', (_name, caller, code) => {
    expect(answerOf(asked(caller, { nowMs: 2 })).code).toBe(code);
  });

  it("AZ2: what the human may not do, nobody does for them; for nobody, nobody's rights are asked", () => {
    expect(answerOf(asked({ subject: 'bob', person: BOB }), { rights: NO })).toEqual({
      code: 'user-rights',
      answers: { user: 'deny: no rule grants it', scope: 'permit: needs crm:write', task: null },
    });
    expect(answerOf(asked({ subject: 'bob', person: BOB })).code).toBeNull();
    expect(answerOf(asked({}), { rights: NO }).answers.user).toBeNull();
  });

  it('AZ5: a budget of calls and of money is spent across a task and all its parts', () => {
    const usage = new Usage();
    const whole = { ...TASK, id: 'whole', maxCalls: 2, maxAmount: 100_0000 };
    const part = { ...TASK, id: 'part', parent: 'whole' };
    const call = (amount: number) => asked({ tasks: [part, whole] }, { facts: { ...input().facts, amount } });
    expect(answerOf(call(60_0000), { usage }).code).toBeNull();
    usage.count({ agent: 'a', session: null, tasks: ['part', 'whole'] }, 60_0000, 0);
    expect(answerOf(call(41_0000), { usage }).code).toBe('outside-task');
    expect(answerOf(call(40_0000), { usage }).code).toBeNull();
    usage.count({ agent: 'b', session: null, tasks: ['whole'] }, 0, 0);
    expect(answerOf(call(0), { usage }).code).toBe('outside-task');
  });

  it('AZ2: housekeeping needs no scope, a tool nobody labelled needs the most', () => {
    const server = { id: 'crm' } as never;
    const of = (name: string, kind: 'tool' | 'server') =>
      neededScope(
        { server, action: { ...input().action, name, target: kind === 'tool' ? { kind, name: 'x' } : { kind } } },
        { ...KNOWN, labels: null },
      );
    expect([of('tools/list', 'server'), of('tools/call', 'tool')]).toEqual([null, 'crm:destructive']);
  });
});

describe('the policies, for everyone in the chain', () => {
  const policies = published(`
    @id("buyers") permit (principal in AgentGroup::"buyers", action in Action::"use", resource);
    @id("ops") permit (principal == Agent::"ops", action in Action::"use", resource)
      when { resource is Tool && resource.effect == "read" };`);

  it('CN3: what one of them may not do is not done, and the record says by whom it fell', () => {
    const decision = decideForAll(policies, asked({ through: [ops] }));
    expect(decision.effect).toBe('deny');
    expect(decision.reasons).toContain('interlock#through:ops');
    expect(decideForAll(policies, asked({})).effect).toBe('permit');
  });

  it('CN3: what all of them may do is permitted, by the policies of each', () => {
    const decision = decideForAll(policies, asked({ through: [ops] }, { labels: labels('read') }));
    expect(decision).toMatchObject({ effect: 'permit', reasons: ['test.cedar#buyers', 'test.cedar#ops'] });
  });

  it('CN3: one that asks makes all ask', () => {
    const asking = published(`
      @id("any") permit (principal, action in Action::"use", resource);
      @id("careful") @ask("owner") permit (principal == Agent::"ops", action in Action::"use", resource);`);
    expect(decideForAll(asking, asked({ through: [ops] }))).toMatchObject({
      effect: 'ask',
      ask: ['owner'],
      asks: [{ text: 'owner', agent: 'ops' }],
    });
  });

  it('HU4: each question is about the agent whose policy asked, also where the texts are the same', () => {
    const asking = published(`@ask("owner") permit (principal, action in Action::"use", resource);
      @ask("group:finance") permit (principal in AgentGroup::"buyers", action in Action::"use", resource);`);
    const alone = decideForAll(asking, asked({}));
    const buyer = asked({}).caller.agent.id;
    expect(alone.asks).toEqual([
      { text: 'owner', agent: buyer },
      { text: 'group:finance', agent: buyer },
    ]);
    const decision = decideForAll(asking, asked({ through: [ops] }));
    expect(decision.ask).toEqual(['owner', 'group:finance']);
    expect(decision.asks).toEqual([...(alone.asks ?? []), { text: 'owner', agent: 'ops' }]);
  });

  it('nothing is made of what is permitted or denied', () => {
    const permitted = decideForAll(policies, asked({}));
    expect(permitted).toBe(policies.decide(asked({})));
    expect(permitted).not.toHaveProperty('asks');
    expect(decideForAll(policies, asked({ through: [ops] }))).not.toHaveProperty('asks');
  });
});

describe('scopes', () => {
  const scope = fc
    .tuple(fc.constantFrom('*', 'crm', 'git'), fc.constantFrom(...RIGHTS))
    .map(([server, right]) => `${server}:${right}`);
  const plain = fc
    .tuple(fc.constantFrom('crm', 'git'), fc.constantFrom('read', 'write', 'destructive'))
    .map(([server, right]) => `${server}:${right}`);
  const held = fc.option(fc.array(scope, { maxLength: 4 }));

  it('CR2: what two sets have in common covers exactly what each of them covers', () => {
    fc.assert(
      fc.property(held, held, plain, (a, b, one) => {
        const both = intersectScopes(a, b);
        expect(coversScope(both, one)).toBe(coversScope(a, one) && coversScope(b, one));
      }),
      { numRuns: 2_000 },
    );
  });
});

it('the company of these tests has the servers they name', () => {
  expect(WORLD.servers.map((server) => server.id)).toEqual(['crm', 'cloud']);
});
