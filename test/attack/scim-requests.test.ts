import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openScimHouse, operations, type ScimHouse } from '../cases/fixtures/scim-house.ts';

/** CN1, ID5: what a hostile or broken identity provider, and whoever is none, can get out of the SCIM interface. */
let house: ScimHouse;
beforeAll(async () => {
  house = await openScimHouse();
});
afterAll(() => house?.stop());

const list = (filter: string) => house.scim('GET', `/Users?filter=${encodeURIComponent(filter)}`);
const alice = async () => (await house.admin<Record<string, unknown>>('GET', '/v1/people/alice')).body;

describe('a filter that is no question', () => {
  it.each([
    'userName eq "x" or "1" eq "1"',
    'userName eq "x"; DROP TABLE interlock_entities',
    "userName eq 'alice'",
    'userName eq "\\u0027 OR 1=1"',
    'userName eq',
    '__proto__ pr',
    'constructor.prototype pr',
    'userName eq "a" and',
    `${'('.repeat(40)}userName pr${')'.repeat(40)}`,
    `userName eq "${'a'.repeat(3_000)}"`,
    'userName regex "^(a+)+$"',
    '$where eq "sleep(1000)"',
    'a.b.c eq "x"',
  ])('finds nobody: %s', async (filter) => {
    const answer = await list(filter);
    if (answer.status === 200) expect(answer.json.totalResults).toBe(0);
    else expect([answer.status, ['invalidFilter', 'invalidPath'].includes(answer.json.scimType)]).toEqual([400, true]);
  });

  it('does not find whoever has a password by it: there is none to ask for', async () => {
    await house.scim('POST', '/Users', { userName: 'pw@corp.example', password: 'secret-of-pw' });
    expect((await list('password sw "s"')).json.totalResults).toBe(0);
    expect((await list('password pr')).json.totalResults).toBe(0);
  });
});

describe('a resource that says more than it may', () => {
  it('gives nobody another id, origin, or what is kept about leaving', async () => {
    const put = { id: 'bob', userName: 'alice', active: true };
    expect((await house.scim('PUT', '/Users/alice', put)).json.scimType).toBe('mutability');
    for (const value of ['bob', null, 7]) {
      const answer = await house.scim('PATCH', '/Users/alice', operations({ op: 'replace', path: 'id', value }));
      expect([value, answer.status === 200 ? answer.json.id : answer.json.scimType]).toEqual([
        value,
        value === null ? 'alice' : 'mutability',
      ]);
    }
    const made = await house.scim('POST', '/Users', {
      userName: 'mass@corp.example',
      id: 'alice',
      origin: 'configuration',
      groups: [{ value: 'admins', display: 'admins' }],
      attributes: { 'interlock.leaving': '{}' },
      'interlock.removed': 'true',
      meta: { version: 'W/"99"' },
    });
    expect([made.status, made.json.id, made.json.groups]).toEqual([201, 'mass@corp.example', []]);
    const person = (await house.admin<Record<string, unknown>>('GET', '/v1/people/mass@corp.example')).body;
    expect(person).toMatchObject({ origin: 'registry', groups: [], attributes: {}, leaving: false });
  });

  it('changes nobody through a group: active, names and unknown members are not its business', async () => {
    const group = await house.scim('POST', '/Groups', {
      displayName: 'Ops',
      active: false,
      members: [{ value: 'alice', active: false }],
    });
    expect(group.status).toBe(201);
    const id = group.json.id as string;
    await house.scim('PATCH', `/Groups/${id}`, operations({ op: 'replace', value: { active: false } }));
    await house.scim(
      'PATCH',
      `/Groups/${id}`,
      operations({ op: 'replace', path: 'members[value eq "alice"].active', value: false }),
    );
    expect(await alice()).toMatchObject({ active: true });
    const unknown = operations({ op: 'add', path: 'members', value: [{ value: 'nobody-yet' }] });
    expect((await house.scim('PATCH', `/Groups/${id}`, unknown)).status).toBe(400);
    expect((await house.scim('GET', `/Groups/${id}%230`)).status).toBe(404);
  });

  it('takes no name or address that finds somebody else', async () => {
    for (const value of ['alice', 'ALICE', 'ａlice']) {
      const answer = await house.scim('PATCH', '/Users/bob', operations({ op: 'replace', path: 'userName', value }));
      expect([value, answer.status, answer.json.scimType]).toEqual([value, 409, 'uniqueness']);
    }
    const hidden = await house.scim('POST', '/Users', { userName: 'ali\u202ece' });
    expect([hidden.status, hidden.json.scimType]).toEqual([400, 'invalidValue']);
  });

  it('leaves nobody active by a misspelling, and nobody inactive by one', async () => {
    for (const value of ['no', 'fal se', 0, 'off', [], {}, '0']) {
      const answer = await house.scim('PATCH', '/Users/alice', operations({ op: 'Replace', path: 'active', value }));
      expect([value, answer.status, answer.json.scimType]).toEqual([value, 400, 'invalidValue']);
    }
    const twice = '{"Operations":[{"op":"replace","value":{"active":false,"Active":true}}]}';
    expect((await house.scim('PATCH', '/Users/alice', twice)).status).toBe(400);
    const same = '{"Operations":[{"op":"replace","path":"active","value":false,"value":true}]}';
    expect((await house.scim('PATCH', '/Users/alice', same)).status).toBe(400);
    expect(await alice()).toMatchObject({ active: true });
    for (const path of ['active', 'ACTIVE', 'urn:ietf:params:scim:schemas:core:2.0:User:active']) {
      const off = await house.scim('PATCH', '/Users/alice', operations({ op: 'RePlAcE', path, value: ' FALSE ' }));
      expect([path, off.json.active]).toEqual([path, false]);
      const on = await house.scim('PATCH', '/Users/alice', operations({ op: 'replace', path, value: true }));
      expect(on.json.active).toBe(true);
    }
  });

  it.each<[string, string]>([
    ['__proto__', '{"userName":"p@x.example","__proto__":{"active":false}}'],
    ['no JSON', '{"userName":'],
    ['a list', '[]'],
    ['a number beyond what survives', '{"userName":"p@x.example","n":9007199254740993}'],
    ['depth', `{"userName":"p@x.example","a":${'['.repeat(100)}${']'.repeat(100)}}`],
  ])('is refused before anything is made of it: %s', async (_name, body) => {
    expect((await house.scim('POST', '/Users', body)).status).toBe(400);
    expect((await list('userName eq "p@x.example"')).json.totalResults).toBe(0);
  });

  it('is bounded in operations', async () => {
    const many = operations(...Array.from({ length: 1_001 }, () => ({ op: 'replace', path: 'title', value: 'x' })));
    expect((await house.scim('PATCH', '/Users/alice', many)).status).toBe(413);
    const pollute = operations({ op: 'add', path: '__proto__.polluted', value: 'x' });
    expect((await house.scim('PATCH', '/Users/alice', pollute)).status).toBe(400);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

describe('a token that is none', () => {
  const as = (authorization: string | undefined) =>
    house.raw({ path: '/scim/v2/Users', method: 'GET', headers: { authorization } });

  it('is refused, whatever it looks like, before the body is read', async () => {
    for (const value of [
      undefined,
      'Bearer',
      'Bearer ',
      'Basic YTpi',
      'Bearer scim-token-of-the-identity-provider-000',
      `Bearer ${'x'.repeat(600)}`,
    ]) {
      const answer = await as(value);
      expect([value, answer.status]).toEqual([value, 401]);
      expect(answer.headers['www-authenticate']).toContain('Bearer');
    }
    expect((await as(`Bearer ${house.token('buyer')}`)).status).toBe(401);
  });

  it('is soon not even looked at, and the provider still is', async () => {
    const answers = [];
    for (let n = 0; n < 20; n++) answers.push((await as(`Bearer guess-number-${n}-of-a-long-token`)).status);
    expect(answers.at(-1)).toBe(429);
    expect((await house.scim('GET', '/ServiceProviderConfig')).status).toBe(200);
  });

  it('opens no other door: SCIM’s own is none to the tools', async () => {
    const body = { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} };
    const headers = { authorization: 'Bearer scim-token-of-the-identity-provider-0001' };
    expect((await house.raw({ path: '/mcp/things', headers, body })).status).toBe(401);
  });
});

describe('a page of somebody else', () => {
  it('cannot call in a visitor’s browser', async () => {
    const answer = await house.scim('GET', '/Users', undefined, { origin: 'https://evil.example' });
    expect(answer.status).toBe(403);
    expect((await house.scim('GET', '/Users', undefined, { host: 'evil.example' })).status).toBe(403);
  });
});
