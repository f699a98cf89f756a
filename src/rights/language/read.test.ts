import { describe, expect, it } from 'vitest';
import { relationNames } from './model.ts';
import { type ReadModel, readModel } from './read.ts';
import { isObjectId, parseObject, parseSubject, whyInvalid } from './tuple.ts';

const MODEL = `model
  schema 1.1

type user
type group
  relations
    define member: [user, group#member]
type document
  relations
    define parent: [folder]
    define blocked: [user]
    define viewer: ([user, user:*, group#member] or viewer from parent) but not blocked
    define can_open: viewer
type folder
  relations
    define viewer: [user]
`;

async function problems(text: string) {
  const read = await readModel(text);
  return read.ok ? [] : read.problems;
}

async function model() {
  return ((await readModel(MODEL)) as ReadModel & { ok: true }).model;
}

describe('a model in the language of OpenFGA', () => {
  it('is read with what may be written to each relation', async () => {
    const read = await model();
    expect([...relationNames(read)]).toEqual([
      ['user', []],
      ['group', ['member']],
      ['document', ['parent', 'blocked', 'viewer', 'can_open']],
      ['folder', ['viewer']],
    ]);
    expect(read.types.get('document')?.get('viewer')).toMatchObject({
      expression: { kind: 'difference', base: { kind: 'union' }, subtract: { kind: 'computed', relation: 'blocked' } },
      subjects: [
        { type: 'user', wildcard: false },
        { type: 'user', wildcard: true },
        { type: 'group', relation: 'member' },
      ],
    });
  });

  it.each([
    ['an unknown relation', MODEL.replace('viewer from parent', 'viewr from parent'), 12, /viewr/],
    ['an unknown type', MODEL.replace('[folder]', '[foldr]'), 10, /foldr/],
    ['a syntax error', MODEL.replace('define can_open:', 'define can_open'), 13, /./],
    ['another version', MODEL.replace('1.1', '1.0'), 2, /1\.0/],
    ['nothing', '', 1, /./],
  ])('with %s is refused with line and reason', async (_name, text, line, message) => {
    const found = await problems(text);
    expect(found[0]).toMatchObject({ line, message: expect.stringMatching(message), help: expect.stringMatching(/./) });
  });

  it('with a condition is refused and not read without it', async () => {
    const text = MODEL.replace('define blocked: [user]', 'define blocked: [user with day]');
    const found = await problems(`${text}\ncondition day(hour: int) {\n  hour < 17\n}\n`);
    expect(found).toMatchObject([{ line: 11, message: 'conditions are not evaluated here' }]);
  });

  it('does not keep a reader busy without bounds', async () => {
    expect(await problems(`${MODEL}${' '.repeat(300_000)}`)).toMatchObject([
      { message: expect.stringMatching(/longer/) },
    ]);
  });
});

describe('tuples', () => {
  it.each([
    ['user:alice', { type: 'user', id: 'alice', relation: null }],
    ['group:eng#member', { type: 'group', id: 'eng', relation: 'member' }],
    ['user:*', { type: 'user', id: '*', relation: null }],
    ['user:a@b.example', { type: 'user', id: 'a@b.example', relation: null }],
    ['alice', null],
    ['user:', null],
    [':alice', null],
    ['user:a:b', null],
    ['user:a b', null],
    ['user:a\u0000', null],
    ['user:a\ud800', null],
    ['group:*#member', null],
    ['group:eng#', null],
    ['group:eng#a#b', null],
    [`user:${'x'.repeat(600)}`, null],
  ])('%j is read as %j', (text, parsed) => {
    expect(parseSubject(text)).toEqual(parsed);
  });

  it('have objects that are one thing', () => {
    expect(parseObject('document:1')).toEqual({ type: 'document', id: '1' });
    for (const text of ['document:*', 'document:1#viewer', 'document', `document:${'x'.repeat(300)}`]) {
      expect(parseObject(text)).toBeNull();
    }
    expect(['a', 'a/b', 'a@b', '*', '', 'a:b', 'a#b', 'a b', '\t'].map(isObjectId)).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
      false,
      false,
      false,
    ]);
  });

  it.each([
    ['user:alice', 'viewer', 'document:1', null],
    ['user:*', 'viewer', 'document:1', null],
    ['group:eng#member', 'viewer', 'document:1', null],
    ['folder:1', 'viewer', 'document:1', /takes user, user:\*, group#member/],
    ['user:*', 'blocked', 'document:1', /takes user, not/],
    ['user:alice', 'can_open', 'document:1', /follows from other relations/],
    ['user:alice', 'owner', 'document:1', /no relation "owner" \(parent/],
    ['user:alice', 'viewer', 'doc:1', /no type "doc" \(user/],
    ['alice', 'viewer', 'document:1', /no subject/],
    ['user:alice', 'viewer', 'document', /no object/],
  ])('%s %s %s: %s', async (subject, relation, object, why) => {
    const said = whyInvalid({ subject, relation, object }, await model());
    if (why === null) expect(said).toBeNull();
    else expect(said).toMatch(why);
  });
});
