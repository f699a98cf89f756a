import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ENTERPRISE, GROUP, openScimHouse, operations, type ScimHouse, USER } from './fixtures/scim-house.ts';

/** CN1, the people side: the requests Okta and Microsoft Entra publish, in their order and their spelling, and what they must get. */
let house: ScimHouse;
beforeAll(async () => {
  house = await openScimHouse();
});
afterAll(() => house?.stop());

const query = (filter: string): string => `filter=${encodeURIComponent(filter)}`;

describe('CN1: provisioning as Okta does it', () => {
  const body = {
    schemas: [USER],
    userName: 'test.user@okta.local',
    name: { givenName: 'Test', familyName: 'User' },
    emails: [{ primary: true, value: 'test.user@okta.local', type: 'work' }],
    displayName: 'Test User',
    locale: 'en-US',
    externalId: '00ujl29u0le5T6Aj10h7',
    groups: [],
    password: '1mz050nq',
    active: true,
  };
  let id: string;
  let groupId: string;

  it('asks whether the user is there, makes it, and finds it', async () => {
    const asked = `/Users?${query('userName eq "test.user@okta.local"')}&startIndex=1&count=100`;
    const none = await house.scim('GET', asked);
    expect(none.json).toMatchObject({ totalResults: 0, startIndex: 1, itemsPerPage: 0, Resources: [] });
    const made = await house.scim('POST', '/Users', body, { 'content-type': 'application/json' });
    expect(made.status).toBe(201);
    const { password: _never, groups: _readOnly, schemas: _schemas, ...kept } = body;
    expect(made.json).toMatchObject({ ...kept, name: { ...kept.name, formatted: 'Test User' }, groups: [] });
    expect(made.text).not.toContain('1mz050nq');
    expect(made.headers['content-type']).toBe('application/scim+json');
    id = made.json.id;
    expect(made.headers.location).toBe(made.json.meta.location);
    expect((await house.scim('GET', asked)).json).toMatchObject({ totalResults: 1, Resources: [{ id }] });
    const again = await house.scim('POST', '/Users', body);
    expect([again.status, again.json.scimType, again.json.status]).toEqual([409, 'uniqueness', '409']);
  });

  it('reads the user and puts it back changed', async () => {
    const before = (await house.scim('GET', `/Users/${id}`)).json;
    const changed = { ...before, name: { givenName: 'Another', middleName: 'Excited', familyName: 'User' } };
    const put = await house.scim('PUT', `/Users/${id}`, changed);
    expect(put.status).toBe(200);
    expect(put.json.name).toMatchObject({ givenName: 'Another', middleName: 'Excited' });
    expect(put.json.meta.version).not.toBe(before.meta.version);
  });

  it('pushes a group, renames it, and changes its members', async () => {
    const made = await house.scim('POST', '/Groups', { schemas: [GROUP], displayName: 'Test SCIMv2', members: [] });
    expect(made.status).toBe(201);
    groupId = made.json.id;
    const rename = operations({ op: 'replace', value: { id: groupId, displayName: 'Test SCIMv20' } });
    expect((await house.scim('PATCH', `/Groups/${groupId}`, rename)).status).toBe(204);
    const member = operations(
      { op: 'remove', path: 'members[value eq "89bb1940-b905-4575-9e7f-6f887cfb368e"]' },
      { op: 'add', path: 'members', value: [{ value: id, display: 'test.user@okta.local' }] },
    );
    expect((await house.scim('PATCH', `/Groups/${groupId}`, member)).status).toBe(204);
    const group = (await house.scim('GET', `/Groups/${groupId}`)).json;
    expect(group).toMatchObject({ displayName: 'Test SCIMv20', members: [{ value: id }] });
    expect((await house.scim('GET', `/Users/${id}`)).json.groups).toMatchObject([
      { value: groupId, display: 'Test SCIMv20' },
    ]);
    const person = await house.admin<{ groups: string[] }>('GET', `/v1/people/${id}`);
    expect(person.body.groups).toEqual(['Test SCIMv20']);
    const all = operations({ op: 'replace', path: 'members', value: [{ value: 'alice' }, { value: id }] });
    expect((await house.scim('PATCH', `/Groups/${groupId}`, all)).status).toBe(204);
    const list = (await house.scim('GET', '/Groups?startIndex=1&count=100')).json;
    expect(list.Resources[0].members.map((each: { value: string }) => each.value).sort()).toEqual(['alice', id].sort());
  });

  it('deactivates by PATCH and by PUT, and unlinks the group', async () => {
    const off = operations({ op: 'replace', value: { active: false } });
    expect((await house.scim('PATCH', `/Users/${id}`, off)).json.active).toBe(false);
    const on = (await house.scim('GET', `/Users/${id}`)).json;
    expect((await house.scim('PUT', `/Users/${id}`, { ...on, active: true })).json.active).toBe(true);
    expect((await house.scim('PUT', `/Users/${id}`, { ...on, active: false })).json.active).toBe(false);
    expect((await house.scim('DELETE', `/Groups/${groupId}`)).status).toBe(204);
    expect((await house.scim('GET', `/Groups/${groupId}`)).status).toBe(404);
  });

  it('names somebody of the configuration by address: the same person, with the same id', async () => {
    await house.scim(
      'PATCH',
      '/Users/bob',
      operations({ op: 'replace', path: 'emails[type eq "work"].value', value: 'bob@corp.example' }),
    );
    const made = await house.scim('POST', '/Users', {
      ...body,
      userName: 'bob@corp.example',
      externalId: '00u2',
      emails: [],
    });
    expect([made.status, made.json.id, made.json.userName]).toEqual([201, 'bob', 'bob@corp.example']);
  });
});

describe('CN1: provisioning as Microsoft Entra does it', () => {
  const userName = 'Test_User_00aa00aa-bb11-cc22-dd33-44ee44ee44ee';
  let id: string;
  let groupId: string;

  it('tests the connection, makes a user, and finds it by name, by its own id and by address', async () => {
    const nobody = await house.scim('GET', `/Users?${query('userName eq "non-existent user"')}`);
    expect([nobody.status, nobody.json.totalResults, nobody.json.Resources]).toEqual([200, 0, []]);
    const made = await house.scim('POST', '/Users', {
      schemas: [USER, ENTERPRISE],
      externalId: '0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef',
      userName,
      active: true,
      emails: [{ primary: true, type: 'work', value: 'Test_User_11bb@testuser.com' }],
      meta: { resourceType: 'User' },
      name: { formatted: 'givenName familyName', familyName: 'familyName', givenName: 'givenName' },
      roles: [],
    });
    expect(made.status).toBe(201);
    id = made.json.id;
    const found = [
      `userName eq "${userName.toUpperCase()}"`,
      'externalId eq "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef"',
      'emails[type eq "work"].value eq "test_user_11bb@testuser.com"',
    ];
    for (const filter of found) {
      expect([filter, (await house.scim('GET', `/Users?${query(filter)}`)).json.totalResults]).toEqual([filter, 1]);
    }
    const byAddress = await house.scim(
      'GET',
      `/Users?${query('emails[type eq "work" and value eq "test_user_11bb@testuser.com"]')}`,
    );
    expect(byAddress.json.Resources.map((each: { id: string }) => each.id)).toEqual([id]);
  });

  it('changes attributes one by one and all at once, also of the enterprise extension', async () => {
    const one = operations(
      { op: 'Replace', path: 'emails[type eq "work"].value', value: 'updatedEmail@microsoft.com' },
      { op: 'Replace', path: 'name.familyName', value: 'updatedFamilyName' },
      { op: 'Add', path: 'nickName', value: 'Babs' },
      { op: 'Add', path: `${ENTERPRISE}:department`, value: 'Finance' },
      { op: 'Replace', path: `${ENTERPRISE}:employeeNumber`, value: 'Eqpj' },
      { op: 'Add', path: `${ENTERPRISE}:manager`, value: 'alice' },
      { op: 'Add', path: 'addresses[type eq "work"].country', value: 'ML' },
      { op: 'Add', path: 'phoneNumbers[type eq "mobile"].value', value: '+1 555' },
    );
    const patched = await house.scim('PATCH', `/Users/${id}`, one);
    expect(patched.status).toBe(200);
    expect(patched.json).toMatchObject({
      nickName: 'Babs',
      displayName: 'givenName updatedFamilyName',
      emails: [{ value: 'updatedEmail@microsoft.com', type: 'work', primary: true }],
      [ENTERPRISE]: { department: 'Finance', employeeNumber: 'Eqpj', manager: { value: 'alice' } },
    });
    const flagged = operations({
      op: 'replace',
      value: {
        displayName: 'Bjfe',
        'name.givenName': 'Kkom',
        'name.familyName': 'Unua',
        [`${ENTERPRISE}:employeeNumber`]: 'Aklq',
      },
    });
    const all = (await house.scim('PATCH', `/Users/${id}`, flagged)).json;
    expect(all).toMatchObject({ displayName: 'Bjfe', name: { givenName: 'Kkom', familyName: 'Unua' } });
    expect(all[ENTERPRISE]).toMatchObject({ employeeNumber: 'Aklq', department: 'Finance' });
    const person = await house.admin<Record<string, unknown>>('GET', `/v1/people/${id}`);
    expect(person.body).toMatchObject({
      department: 'Finance',
      attributes: { employeeNumber: 'Aklq', manager: 'alice' },
    });
    const renamed = await house.scim(
      'PATCH',
      `/Users/${id}`,
      operations({ op: 'Replace', path: 'userName', value: '5b50642d@testuser.com' }),
    );
    expect([renamed.status, renamed.json.userName, renamed.json.id]).toEqual([200, '5b50642d@testuser.com', id]);
  });

  it('makes a group without members, finds it, adds and removes', async () => {
    const made = await house.scim('POST', '/Groups', {
      schemas: [GROUP, 'http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group'],
      externalId: '8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159',
      displayName: 'Buyers of the North',
      meta: { resourceType: 'Group' },
    });
    expect([made.status, made.json.members]).toEqual([201, []]);
    groupId = made.json.id;
    const found = await house.scim(
      'GET',
      `/Groups?excludedAttributes=members&${query('displayName eq "Buyers of the North"')}`,
    );
    expect(found.json).toMatchObject({ totalResults: 1, Resources: [{ id: groupId }] });
    expect(found.json.Resources[0].members).toBeUndefined();
    const added = operations({
      op: 'Add',
      path: 'members',
      value: [
        { $ref: null, value: id },
        { $ref: null, value: 'bob' },
      ],
    });
    for (let twice = 0; twice < 2; twice++) {
      expect((await house.scim('PATCH', `/Groups/${groupId}`, added)).status).toBe(204);
    }
    const isIn = await house.scim('GET', `/Groups?${query(`id eq "${groupId}" and members eq "${id}"`)}`);
    expect(isIn.json.totalResults).toBe(1);
    const removed = operations({ op: 'Remove', path: 'members', value: [{ $ref: null, value: id }] });
    expect((await house.scim('PATCH', `/Groups/${groupId}`, removed)).status).toBe(204);
    const left = (await house.scim('GET', `/Groups/${groupId}`)).json.members;
    expect(left.map((each: { value: string }) => each.value)).toEqual(['bob']);
    const flagged = operations({ op: 'remove', path: 'members[value eq "bob"]' });
    expect((await house.scim('PATCH', `/Groups/${groupId}`, flagged)).status).toBe(204);
    expect((await house.scim('GET', `/Groups/${groupId}`)).json.members).toEqual([]);
  });

  it.each([
    ['"False"', 'False'],
    ['false', false],
  ])('disables with %s, enables, and deletes', async (_name, value) => {
    const off = await house.scim('PATCH', `/Users/${id}`, operations({ op: 'Replace', path: 'active', value }));
    expect([off.status, off.json.active]).toEqual([200, false]);
    const on = await house.scim('PATCH', `/Users/${id}`, operations({ op: 'Replace', path: 'active', value: 'True' }));
    expect(on.json.active).toBe(true);
  });

  it('deletes, and the user is gone', async () => {
    expect((await house.scim('DELETE', `/Users/${id}`)).status).toBe(204);
    expect((await house.scim('GET', `/Users/${id}`)).status).toBe(404);
    expect((await house.scim('GET', `/Users?${query('userName eq "5b50642d@testuser.com"')}`)).json.totalResults).toBe(
      0,
    );
  });
});

describe('the protocol', () => {
  it('describes itself', async () => {
    const config = (await house.scim('GET', '/ServiceProviderConfig')).json;
    expect([config.patch.supported, config.filter.supported, config.etag.supported]).toEqual([true, true, true]);
    expect((await house.scim('GET', '/ResourceTypes')).json.totalResults).toBe(2);
    const schemas = (await house.scim('GET', '/Schemas')).json;
    expect(schemas.Resources.map((each: { id: string }) => each.id)).toEqual([USER, GROUP, ENTERPRISE]);
    expect((await house.scim('GET', `/Schemas/${USER}`)).json.id).toBe(USER);
  });

  it('changes only the version that was read (RFC 7644 section 3.14)', async () => {
    const made = await house.scim('POST', '/Users', { userName: 'etag@corp.example' });
    const { id, meta } = made.json;
    const edit = operations({ op: 'replace', path: 'title', value: 'a' });
    expect(made.headers.etag).toBe(meta.version);
    const first = await house.scim('PATCH', `/Users/${id}`, edit, { 'if-match': meta.version });
    expect(first.status).toBe(200);
    const second = await house.scim(
      'PUT',
      `/Users/${id}`,
      { userName: 'x@corp.example' },
      { 'if-match': meta.version },
    );
    expect(second.status).toBe(412);
    expect((await house.scim('DELETE', `/Users/${id}`, undefined, { 'if-match': meta.version })).status).toBe(412);
    const same = await house.scim('PATCH', `/Users/${id}`, edit, { 'if-match': first.headers.etag as string });
    expect([same.status, same.headers.etag]).toEqual([200, first.headers.etag]);
    expect(
      (await house.scim('GET', `/Users/${id}`, undefined, { 'if-none-match': first.headers.etag as string })).status,
    ).toBe(304);
  });

  it('pages in one order, and shows what is asked for', async () => {
    for (let n = 0; n < 5; n++) await house.scim('POST', '/Users', { userName: `page${n}@corp.example` });
    const filter = query('userName sw "page" and not (userName ew "3@corp.example")');
    const first = (await house.scim('GET', `/Users?${filter}&count=2&attributes=userName`)).json;
    const second = (await house.scim('GET', `/Users?${filter}&count=2&startIndex=3&attributes=userName`)).json;
    expect([first.totalResults, first.itemsPerPage, second.startIndex]).toEqual([4, 2, 3]);
    const names = [...first.Resources, ...second.Resources].map((each: { userName: string }) => each.userName);
    expect(names).toEqual(['page0', 'page1', 'page2', 'page4'].map((name) => `${name}@corp.example`));
    expect(Object.keys(first.Resources[0]).sort()).toEqual(['id', 'meta', 'schemas', 'userName']);
    expect((await house.scim('GET', '/Users?count=0')).json).toMatchObject({ itemsPerPage: 0, Resources: [] });
  });

  it('lets exactly one of thirty make the same user', async () => {
    const all = await Promise.all(
      Array.from({ length: 30 }, () => house.scim('POST', '/Users', { userName: 'race@corp.example' })),
    );
    expect(all.filter((each) => each.status === 201)).toHaveLength(1);
    expect(all.every((each) => each.status === 201 || each.status === 409)).toBe(true);
  });
});
