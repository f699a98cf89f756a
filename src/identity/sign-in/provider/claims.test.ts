import { describe, expect, it } from 'vitest';
import { readClaims } from './claims.ts';

const MAPPING = { userName: null, groups: null, attributes: {}, trustEmail: false } as const;

describe('what claims say of a person (CN1)', () => {
  it('an address counts when it is verified, in the forms providers write that', () => {
    const read = (email_verified: unknown) => readClaims({ email: 'a@example.com', email_verified } as never, MAPPING);
    for (const yes of [true, 'true'])
      expect(read(yes)).toMatchObject({ email: 'a@example.com', unverifiedEmail: false });
    for (const no of [false, 'false', 1, {}, null, 'yes'])
      expect(read(no)).toMatchObject({ email: null, unverifiedEmail: true });
    expect(readClaims({ email: 'a@example.com' }, { ...MAPPING, trustEmail: true }).email).toBe('a@example.com');
    const named = readClaims({ email: 'a@example.com' }, { ...MAPPING, userName: 'email' });
    expect(named.userName).toBeNull();
  });

  it('groups come from lists, from one name, and from inside objects; what is no name is left out', () => {
    const read = (claims: object, groups: string) => readClaims(claims as never, { ...MAPPING, groups }).groups;
    expect(read({ groups: ['b', 'a', 'a', 7, null, 'x\u0000y'] }, 'groups')).toEqual(['a', 'b']);
    expect(read({ role: 'admin' }, 'role')).toEqual(['admin']);
    expect(read({ realm_access: { roles: ['x'] } }, 'realm_access.roles')).toEqual(['x']);
    expect(read({ 'https://example.com/groups': ['y'] }, 'https://example.com/groups')).toEqual(['y']);
    expect(read({ groups: { a: 1 } }, 'groups')).toEqual([]);
    expect(read({}, '__proto__.polluted')).toEqual([]);
    expect(read({ groups: Array.from({ length: 1000 }, (_, i) => `g${i}`) }, 'groups')).toHaveLength(100);
  });

  it('no claim can set what is ours', () => {
    const attributes = { 'interlock.leaving': 'x', title: 'title' };
    expect(readClaims({ x: 'y', title: 7 }, { ...MAPPING, attributes }).attributes).toEqual({ title: '7' });
  });
});
