import fc from 'fast-check';
import SCIMMY from 'scimmy';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../model/json.ts';
import { matches, parseFilter } from './filter.ts';
import { applyPatch, PATCH_SCHEMA, readOperations } from './patch.ts';
import { ENTERPRISE_SCHEMA, USER_SCHEMA } from './path.ts';

/** Compared with an independent implementation of RFC 7644. */
const word = fc.constantFrom('alice', 'bob', 'al', 'b', 'x', 'work', 'home', '');
const text = fc.constantFrom('userName', 'title', 'displayName', 'name.givenName', 'name.familyName');
const compare = fc
  .tuple(text, fc.constantFrom('eq', 'co', 'sw', 'ew'), word)
  .map(([path, op, value]) => `${path} ${op} ${JSON.stringify(value)}`);
const present = text.map((path) => `${path} pr`);
const active = fc.boolean().map((value) => `active eq ${value}`);
const inList = fc
  .tuple(fc.constantFrom('type', 'value'), fc.constantFrom('eq', 'co', 'sw'), word)
  .map(([path, op, value]) => `emails[${path} ${op} ${JSON.stringify(value)}]`);
const plain = fc.oneof(compare, present, active);
const leaf = fc.oneof(plain, inList);
const op = fc.constantFrom('and', 'or');
// The other one reads no parentheses within parentheses, and takes two questions about a list for one about the same element.
const filter = fc.oneof(
  leaf,
  fc.tuple(leaf, op, plain, op, plain).map((parts) => parts.join(' ')),
  fc.tuple(leaf, op, plain, op, plain).map(([a, first, b, second, c]) => `${a} ${first} (${b} ${second} ${c})`),
);
const name = fc.constantFrom('alice', 'bob', 'alibi', 'xbox');
const resource = fc
  .record({
    userName: name,
    title: name,
    displayName: name,
    active: fc.boolean(),
    name: fc.record({ givenName: name, familyName: name }),
    emails: fc.array(fc.record({ value: name, type: fc.constantFrom('work', 'home') }), { minLength: 1, maxLength: 3 }),
  })
  .map((one) => one as unknown as JsonObject);

describe('CN1: filters', () => {
  it('find what an independent implementation finds', () => {
    fc.assert(
      fc.property(filter, fc.array(resource, { maxLength: 5 }), (written, all) => {
        const ours = all.filter((one) => matches(parseFilter(written), one));
        const theirs = new SCIMMY.Types.Filter(written).match(structuredClone(all) as never);
        expect([written, ours]).toEqual([written, theirs]);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each<[string, boolean]>([
    ['userName Eq "ALICE"', true],
    ['USERNAME eq "alice"', true],
    ['externalId eq "aBc"', true],
    ['externalId eq "abc"', false],
    ['not (userName eq "bob")', true],
    ['userName eq "bob" or userName eq "alice" and title eq "no"', false],
    ['(userName eq "bob" or userName eq "alice") and not (title pr)', true],
    ['emails.value co "corp"', true],
    ['emails[type eq "work" and value ew "@corp.example"]', true],
    ['emails[type eq "home"].value eq "alice@corp.example"', false],
    ['emails[type eq "work"].value eq "ALICE@corp.example"', true],
    [`${ENTERPRISE_SCHEMA}:department eq "finance"`, true],
    [`${USER_SCHEMA}:userName eq "alice"`, true],
    ['groups eq "g1"', true],
    ['groups eq "G1"', false],
    ['title eq null', true],
    ['title ne "x"', true],
    ['userName gt "aaa" and userName le "alice"', true],
    ['userName eq "al\\u0069ce"', true],
  ])('%s is %s', (written, wanted) => {
    const alice = {
      userName: 'alice',
      externalId: 'aBc',
      emails: [{ value: 'alice@corp.example', type: 'work' }],
      groups: [{ value: 'g1' }],
      [ENTERPRISE_SCHEMA]: { department: 'Finance' },
    };
    expect(matches(parseFilter(written), alice)).toBe(wanted);
  });

  it('read any text without failing in any other way than saying so', () => {
    const tokens = fc.constantFrom(
      'userName',
      'eq',
      '"a"',
      '(',
      ')',
      '[',
      ']',
      'and',
      'or',
      'not',
      'pr',
      '.value',
      '1',
      '-',
      '"',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(tokens).map((all) => all.join(' ')),
        ),
        (written) => {
          try {
            parseFilter(written);
          } catch (error) {
            expect([400, (error as { scimType?: string }).scimType]).toContain(
              (error as { scimType?: string }).scimType,
            );
            expect((error as Error).name).toBe('ScimError');
          }
        },
      ),
      { numRuns: 5_000 },
    );
  });
});

const value = fc.constantFrom('a', 'b', 'Corp');
const operation = fc.oneof(
  fc.record({
    op: fc.constantFrom('add', 'replace'),
    path: fc.constantFrom('title', 'displayName', 'name.givenName', 'nickName'),
    value,
  }),
  fc.record({ op: fc.constant('remove'), path: fc.constantFrom('title', 'nickName') }),
  fc.record({ op: fc.constantFrom('add', 'replace'), value: fc.record({ title: value, displayName: value }) }),
  fc.record({ op: fc.constantFrom('add', 'replace'), path: fc.constant('active'), value: fc.boolean() }),
);

describe('CN1: PATCH', () => {
  it('makes what an independent implementation makes of operations in the standard’s spelling', async () => {
    const base = { userName: 'alice', displayName: 'Alice', name: { givenName: 'Alice' }, active: true };
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { minLength: 1, maxLength: 6 }), async (all) => {
        const body = { schemas: [PATCH_SCHEMA], Operations: all };
        const ours = applyPatch({ ...base, schemas: [USER_SCHEMA] }, readOperations(body as never));
        const theirs = {
          ...(await new SCIMMY.Messages.PatchOp(structuredClone(body) as never).apply(
            new SCIMMY.Schemas.User({ ...base, id: '1' } as never, 'out'),
          )),
        } as Record<string, unknown> | undefined;
        if (theirs === undefined || Object.keys(theirs).length === 0) return;
        for (const key of ['userName', 'displayName', 'title', 'nickName', 'active'])
          expect([key, ours[key]]).toEqual([key, theirs[key]]);
        expect((ours.name as JsonObject).givenName).toBe((theirs.name as { givenName: string }).givenName);
      }),
      { numRuns: 300 },
    );
  });
});
