import { describe, expect, it } from 'vitest';
import type { Action, ActionTarget } from '../model/action.ts';
import type { JsonObject } from '../model/json.ts';
import type { PermissionGrant, PermissionMatch, Permissions } from '../model/permission.ts';
import { PERSON_DEFAULTS, type Person } from '../model/person.ts';
import type { ToolLabels } from '../model/tool.ts';
import type { RelationQuestion, Relations } from '../ports/rights.ts';
import { openRights, type RightsAnswer } from './rights.ts';

const alice: Person = {
  ...PERSON_DEFAULTS,
  id: 'alice',
  userName: 'alice',
  name: 'Alice',
  department: 'Sales',
  groups: ['sales', 'eu'],
  attributes: { clearance: 'high' },
};
const READ: ToolLabels = {
  effect: 'read',
  dataClass: 'internal',
  reversible: true,
  untrustedOutput: false,
  origin: 'operator',
};
const WRITE: ToolLabels = { ...READ, effect: 'write' };

const act = (target: ActionTarget, args: JsonObject = {}): Action => ({
  name: target.kind === 'tool' ? 'tools/call' : 'resources/read',
  server: 'crm',
  target,
  args,
  digest: 'd',
  sizeChars: 0,
});
const tool = (name: string, args: JsonObject = {}): Action => act({ kind: 'tool', name }, args);

const ANY: PermissionMatch = { servers: null, tools: null, effects: null };
const NOBODY: PermissionGrant = { everyone: false, groups: null, attributes: null, relation: null };
type Loose = { match?: Partial<PermissionMatch>; grant: Partial<PermissionGrant> };

function permissions(rules: readonly Loose[], more: Partial<Permissions> = {}): Permissions {
  return {
    default: 'deny',
    userType: 'user',
    membership: null,
    rules: rules.map(({ match, grant }, i) => ({
      id: `r${i}`,
      match: { ...ANY, ...match },
      grant: { ...NOBODY, ...grant },
    })),
    ...more,
  };
}

interface Case {
  readonly rules: readonly Loose[];
  readonly more?: Partial<Permissions>;
  readonly relations?: Relations | null;
  readonly person?: Person;
  readonly action?: Action;
  readonly labels?: ToolLabels | null;
}

function answer(one: Case): RightsAnswer | Promise<RightsAnswer> {
  const rights = openRights({ permissions: permissions(one.rules, one.more), relations: one.relations ?? null });
  const labels = one.labels === undefined ? READ : one.labels;
  return rights.check({ person: one.person ?? alice, action: one.action ?? tool('get'), labels, nowMs: 0 });
}
const permits = (one: Case): boolean => {
  const given = answer(one);
  if (given instanceof Promise) throw new Error('it had to wait');
  return given.permit;
};

const relation = { relation: 'viewer', object: 'customer:{args.id}' };
const holdsFor = (...objects: string[]): Relations => ({ check: ({ object }) => objects.includes(object) });

describe('what a person may do (AZ2)', () => {
  it.each<[string, boolean, Case]>([
    ['no rule at all', false, { rules: [] }],
    ['a rule for everyone', true, { rules: [{ grant: { everyone: true } }] }],
    ['one of several groups', true, { rules: [{ grant: { groups: ['x', 'eu'] } }] }],
    ['none of the groups', false, { rules: [{ grant: { groups: ['x', 'EU', 'sale'] } }] }],
    ['all attributes', true, { rules: [{ grant: { attributes: { clearance: 'high', department: 'Sales' } } }] }],
    ['one attribute of two', false, { rules: [{ grant: { attributes: { clearance: 'high', title: 'CEO' } } }] }],
    ['an attribute by another case', false, { rules: [{ grant: { attributes: { clearance: 'High' } } }] }],
    ['an attribute only inherited', false, { rules: [{ grant: { attributes: { toString: 'x' } } }] }],
    [
      'a group and an attribute, both',
      true,
      { rules: [{ grant: { groups: ['sales'], attributes: { clearance: 'high' } } }] },
    ],
    [
      'a group and no attribute',
      false,
      { rules: [{ grant: { groups: ['sales'], attributes: { clearance: 'low' } } }] },
    ],
    ['another rule that grants', true, { rules: [{ grant: { groups: ['x'] } }, { grant: { groups: ['eu'] } }] }],
    ['a rule about another server', false, { rules: [{ match: { servers: ['hr'] }, grant: { everyone: true } }] }],
    [
      'a rule about another tool',
      false,
      { rules: [{ match: { tools: ['crm/put', 'hr/get'] }, grant: { everyone: true } }] },
    ],
    ['a rule about all tools', true, { rules: [{ match: { tools: ['crm/*'] }, grant: { everyone: true } }] }],
    [
      'a rule about other effects',
      false,
      { rules: [{ match: { effects: ['read'] }, grant: { everyone: true } }], labels: WRITE },
    ],
    [
      'a rule about this effect',
      true,
      { rules: [{ match: { effects: ['write'] }, grant: { everyone: true } }], labels: WRITE },
    ],
    ['a tool nobody knows', false, { rules: [{ grant: { everyone: true } }], labels: null }],
    ['somebody deactivated', false, { rules: [{ grant: { everyone: true } }], person: { ...alice, active: false } }],
    ['no rule about it, default permit', true, { rules: [], more: { default: 'permit' } }],
    [
      'a rule about it that does not grant, default permit',
      false,
      { rules: [{ grant: { groups: ['x'] } }], more: { default: 'permit' } },
    ],
    [
      'a resource and a rule about tools',
      false,
      {
        rules: [{ match: { tools: ['crm/*'] }, grant: { everyone: true } }],
        action: act({ kind: 'resource', uri: 'a://b' }),
        labels: null,
      },
    ],
    [
      'a resource, which is read',
      true,
      {
        rules: [{ match: { effects: ['read'] }, grant: { everyone: true } }],
        action: act({ kind: 'resource', uri: 'a://b' }),
        labels: null,
      },
    ],
    ['housekeeping', true, { rules: [], action: act({ kind: 'server' }), labels: null }],
    [
      'a relation that holds',
      true,
      { rules: [{ grant: { relation } }], relations: holdsFor('customer:7'), action: tool('get', { id: 7 }) },
    ],
    [
      'a relation to something else',
      false,
      { rules: [{ grant: { relation } }], relations: holdsFor('customer:8'), action: tool('get', { id: 7 }) },
    ],
    [
      'a relation and no argument',
      false,
      { rules: [{ grant: { relation } }], relations: holdsFor('customer:'), action: tool('get') },
    ],
    [
      'a relation and a group that is not there',
      false,
      {
        rules: [{ grant: { relation, groups: ['x'] } }],
        relations: holdsFor('customer:7'),
        action: tool('get', { id: 7 }),
      },
    ],
    ['a relation nobody answers for', false, { rules: [{ grant: { relation } }], action: tool('get', { id: 7 }) }],
    [
      'a relation that fails',
      false,
      {
        rules: [{ grant: { relation } }],
        relations: {
          check: () => {
            throw new Error('x');
          },
        },
        action: tool('get', { id: 7 }),
      },
    ],
    [
      'a relation to each of a list',
      true,
      {
        rules: [{ grant: { relation: { ...relation, object: 'customer:{args.ids.*}' } } }],
        relations: holdsFor('customer:7', 'customer:8'),
        action: tool('get', { ids: [7, 8] }),
      },
    ],
    [
      'a relation to one of a list',
      false,
      {
        rules: [{ grant: { relation: { ...relation, object: 'customer:{args.ids.*}' } } }],
        relations: holdsFor('customer:7'),
        action: tool('get', { ids: [7, 8] }),
      },
    ],
    [
      'a person whose id would be another subject',
      false,
      {
        rules: [{ grant: { relation } }],
        relations: { check: () => true },
        person: { ...alice, id: 'x#member' },
        action: tool('get', { id: 7 }),
      },
    ],
  ])('%s: %s', (_name, wanted, one) => {
    expect(permits(one)).toBe(wanted);
  });

  it('AZ2: is nothing when nothing is configured, until somebody says otherwise', () => {
    const rights = openRights(null);
    expect(rights.check({ person: alice, action: tool('get'), labels: READ, nowMs: 0 })).toMatchObject({
      permit: false,
      why: expect.stringContaining('permissions'),
    });
    rights.configure({ permissions: { ...permissions([]), default: 'permit' }, relations: null });
    expect(rights.check({ person: alice, action: tool('get'), labels: READ, nowMs: 0 })).toMatchObject({
      permit: true,
    });
  });

  it('asks relations as the person, with the groups of the person as far as the model has them', () => {
    const asked: RelationQuestion[] = [];
    const relations: Relations = { check: (question) => asked.push(question) > 0 };
    const more = { membership: { type: 'group', relation: 'member' }, userType: 'person' };
    const person = { ...alice, groups: ['sales', 'not an id', 'a:b'] };
    permits({ rules: [{ grant: { relation } }], relations, more, person, action: tool('get', { id: 7 }) });
    expect(asked).toEqual([
      {
        object: 'customer:7',
        relation: 'viewer',
        subject: 'person:alice',
        given: [{ object: 'group:sales', relation: 'member', subject: 'person:alice' }],
      },
    ]);
  });

  it('says why not, and puts no argument of a restricted tool into a record', () => {
    const one = {
      rules: [{ grant: { groups: ['x'] } }, { grant: { relation } }],
      relations: holdsFor(),
      action: tool('get', { id: 7 }),
    };
    expect(answer(one)).toMatchObject({
      why: 'no rule grants: r0: in none of its groups; r1: not viewer of customer:7',
    });
    const restricted = answer({ ...one, labels: { ...READ, dataClass: 'restricted' } }) as RightsAnswer;
    expect(restricted.why).toContain('customer:{args.id}');
    expect(restricted.why).not.toContain('7');
  });

  it('could be permitted as long as only arguments stand between', () => {
    const could = (rules: readonly Loose[], more: Partial<Permissions> = {}, labels: ToolLabels | null = READ) =>
      openRights({ permissions: permissions(rules, more), relations: null }).couldPermit({
        person: alice,
        labels,
        server: 'crm',
        tool: 'get',
      });
    expect(could([{ grant: { relation } }])).toBe(true);
    expect(could([{ grant: { relation, groups: ['x'] } }])).toBe(false);
    expect(could([{ match: { effects: ['write'] }, grant: { everyone: true } }])).toBe(false);
    expect(could([])).toBe(false);
    expect(could([], { default: 'permit' })).toBe(true);
    expect(could([{ grant: { groups: ['x'] } }], { default: 'permit' })).toBe(false);
    expect(could([{ grant: { everyone: true } }], {}, null)).toBe(false);
  });
});

describe('relations at a server', () => {
  const slow = (answers: Readonly<Record<string, boolean | Error>>): Relations => ({
    async check({ object }) {
      await Promise.resolve();
      const given = answers[object];
      if (given instanceof Error || given === undefined) throw given ?? new Error('unknown');
      return given;
    },
  });
  const byId = (name: string): Loose => ({ grant: { relation: { relation: 'viewer', object: `${name}:{args.id}` } } });
  const ask = (answers: Readonly<Record<string, boolean | Error>>, rules: readonly Loose[]) =>
    answer({ rules, relations: slow(answers), action: tool('get', { id: 1 }) });

  it('are not waited for when another rule grants', () => {
    const given = ask({}, [byId('a'), { grant: { groups: ['sales'] } }]);
    expect(given).toMatchObject({ permit: true, rule: 'r1' });
  });

  it('grant when one of them does, and any failure is a no', async () => {
    expect(await ask({ 'a:1': false, 'b:1': true }, [byId('a'), byId('b')])).toMatchObject({
      permit: true,
      rule: 'r1',
    });
    expect(await ask({ 'a:1': new Error('x'), 'b:1': true }, [byId('a'), byId('b')])).toMatchObject({ permit: true });
    expect(await ask({ 'a:1': new Error('x'), 'b:1': false }, [byId('a'), byId('b')])).toMatchObject({
      permit: false,
      why: 'no rule grants: r0: viewer of a:1 could not be found out; r1: not viewer of b:1',
    });
  });
});
