import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/clock.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { PERSON_DEFAULTS, type Person } from '../../src/model/person.ts';
import { parseStrict } from '../../src/model/strict-json.ts';
import { type ReadModel, readModel } from '../../src/rights/language/read.ts';
import { MemoryRelations } from '../../src/rights/relations/memory.ts';
import { openRights } from '../../src/rights/rights.ts';

/** An agent, or whoever steers it, writes the arguments; what they name must never be read as something else (AZ2). */
const MODEL = `model
  schema 1.1
type user
type group
  relations
    define member: [user]
type customer
  relations
    define viewer: [user, user:*, group#member]
`;
const TUPLES = [
  { object: 'customer:7', relation: 'viewer', subject: 'user:mallory' },
  { object: 'customer:public', relation: 'viewer', subject: 'user:*' },
  { object: 'customer:vip', relation: 'viewer', subject: 'group:board#member' },
];
const nothing = {
  apply: async () => {},
  changesSince: async () => ({ seq: 0, floor: 0, changes: [], restart: false }),
  prune: async () => 0,
  onChange: () => () => {},
};

async function open() {
  const relations = new MemoryRelations({ store: nothing, clock: systemClock });
  await relations.load();
  relations.use(((await readModel(MODEL)) as ReadModel & { ok: true }).model, TUPLES);
  const grant = { everyone: false, groups: null, attributes: null };
  const rights = openRights({
    relations,
    permissions: {
      default: 'deny',
      userType: 'user',
      membership: { type: 'group', relation: 'member' },
      rules: [
        {
          id: 'own',
          match: { servers: null, tools: null, effects: null },
          grant: { ...grant, relation: { relation: 'viewer', object: 'customer:{args.id}' } },
        },
      ],
    },
  });
  const labels = {
    effect: 'read',
    dataClass: 'internal',
    reversible: true,
    untrustedOutput: false,
    origin: 'operator',
  } as const;
  return (args: JsonObject, person: Partial<Person> = {}): boolean => {
    const mallory: Person = { ...PERSON_DEFAULTS, id: 'mallory', userName: 'mallory', name: 'Mallory', ...person };
    const target = { kind: 'tool', name: 'get' } as const;
    const action = { name: 'tools/call', server: 'crm', target, args, digest: '', sizeChars: 0 };
    const answer = rights.check({ person: mallory, action, labels, nowMs: 0 });
    if (answer instanceof Promise) throw new Error('it had to wait');
    return answer.permit;
  };
}

describe('arguments that reach for what is somebody else’s (AZ2)', () => {
  it('reach nothing but exactly what they name', async () => {
    const may = await open();
    expect([may({ id: '7' }), may({ id: 7 }), may({ id: 'public' })]).toEqual([true, true, true]);
    const tries: unknown[] = [
      ...[
        'vip',
        '8',
        '7 ',
        ' 7',
        '7\n',
        '07',
        '7.0',
        '7#viewer',
        '*',
        'customer:7',
        '7:8',
        '７',
        '7\u200b',
        '7\u0000',
        'vip#viewer',
      ],
      ...['../7', '7/../vip', '%37', 'PUBLIC', '__proto__', 'constructor', '', 'x'.repeat(5_000)],
      ...[null, true, 7.5, -0.5, 1e300, [7], ['7'], { id: '7' }, {}],
    ];
    const through = tries.filter((id) => may({ id } as JsonObject));
    expect(through).toEqual([]);
    expect(may({ ID: '7' })).toBe(false);
    expect(may({ 'args.id': '7' })).toBe(false);
    expect(may({})).toBe(false);
  });

  it('are the ones that are sent: a member given twice never gets here', () => {
    expect(() => parseStrict('{"id":"7","id":"vip"}')).toThrow();
  });

  it.each(['board#member', '*', 'x y', 'a:b', 'mallory#member', ''])(
    'no person whose id is %j is somebody else',
    async (id) => {
      const may = await open();
      expect([may({ id: '7' }, { id }), may({ id: 'vip' }, { id })]).toEqual([false, false]);
    },
  );

  it('no group of the identity provider is more than its name says', async () => {
    const may = await open();
    expect(may({ id: 'vip' }, { groups: ['board'] })).toBe(true);
    for (const group of ['Board', 'board#member', '*', 'board ', 'x:board', '../board']) {
      expect([group, may({ id: 'vip' }, { groups: [group] })]).toEqual([group, false]);
    }
  });
});
