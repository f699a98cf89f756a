import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type {
  PoliciesInForce,
  PolicyCheck,
  PolicyDraft,
  PolicyVersion,
  PolicyVocabulary,
  Tried,
} from '../../src/model/insight/policies.ts';
import { CONNECT, EVERYTHING, type House, type HouseOptions, openHouse } from './house.ts';

const ECHO = 'permit(principal, action == Action::"tools/call", resource == Tool::"every/echo");';
const ADD = '@id("add") permit(principal, action == Action::"tools/call", resource == Tool::"every/get-sum");';
const FIRST = { 'a.cedar': `${CONNECT}\n${ECHO}\n` };
const WHY = { by: 'bob', reason: 'as agreed' };

const houses: House[] = [];
async function open(more: Partial<HouseOptions> = {}): Promise<House> {
  const house = await openHouse({
    servers: `  every: { command: node, args: ["${EVERYTHING}", stdio], trust: first-use }`,
    policies: FIRST,
    ...more,
  });
  houses.push(house);
  return house;
}
afterEach(async () => {
  await Promise.all(houses.splice(0).map((house) => house.stop()));
});

const inForce = async (house: House) => (await house.admin<PoliciesInForce>('GET', '/v1/policies')).body;

async function draft(
  house: House,
  files: readonly { path: string; text: string }[],
  by = 'alice',
): Promise<PolicyDraft> {
  const made = await house.admin<PolicyDraft>('POST', '/v1/policies/drafts', { title: 'sums', files, by });
  expect(made.status).toBe(201);
  return made.body;
}

const publish = (house: House, of: PolicyDraft, more: object = {}) =>
  house.admin<PolicyVersion & { code: string; problems?: readonly object[] }>('POST', '/v1/policies/publish', {
    ...{ draft: of.id, revision: of.revision, base: of.base, ...WHY },
    ...more,
  });

const acts = async (house: House, act: string) =>
  (await house.records()).flatMap((r) => (r.type === 'admin' && r.act === act ? [r] : []));

const onDisk = async (house: House) => {
  const dir = join(house.dir, 'policies');
  const names = (await readdir(dir, { recursive: true })).filter((name) => !/^[a-z0-9-]+$/.test(name)).sort();
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(dir, name), 'utf8')])),
  );
};

describe('what is in force', () => {
  it('is told with its files, and with what a policy can say', async () => {
    const house = await open();
    const now = await inForce(house);
    expect(now).toMatchObject({ by: 'start', editable: true, readOnlyBecause: null, shadow: null });
    expect(now.files).toEqual([{ path: 'a.cedar', text: FIRST['a.cedar'] }]);
    const { body } = await house.admin<PolicyVocabulary>('GET', '/v1/policies/schema?search=buy');
    expect(body.entities.Agent).toEqual(['buyer']);
    expect(body.actions).toContain('tools/call');
    expect(body.annotations).toContain('ask');
  });

  it('is not changed from here when the configuration says so, or a file is a link', async () => {
    const house = await open({ extra: 'console: { policies: read-only }' });
    expect(await inForce(house)).toMatchObject({
      editable: false,
      readOnlyBecause: expect.stringContaining('read-only'),
    });
    const made = await draft(house, [{ path: 'a.cedar', text: CONNECT }]);
    expect(await publish(house, made)).toMatchObject({ status: 409, body: { code: 'read-only' } });

    const linked = await open();
    await writeFile(join(linked.dir, 'elsewhere.cedar'), ADD);
    await symlink(join(linked.dir, 'elsewhere.cedar'), join(linked.dir, 'policies', 'b.cedar'));
    await linked.gateway.reload('bob');
    expect(await inForce(linked)).toMatchObject({ editable: false, readOnlyBecause: expect.stringContaining('link') });
  });
});

describe('a check', () => {
  it('finds everything a publication would, and keeps nothing', async () => {
    const house = await open();
    const before = await inForce(house);
    const wrong = [
      { path: 'b.cedar', text: `${CONNECT}\npermit(principal == Agent::"buyr", action, resource);` },
      { path: 'c.cedar', text: 'permit(principal, action, resource) when { nonsense };' },
    ];
    const { body } = await house.admin<PolicyCheck>('POST', '/v1/policies/check', { files: wrong });
    expect(body).toMatchObject({ ok: false, version: null });
    expect(body.problems).toContainEqual(
      expect.objectContaining({ file: 'b.cedar', line: 2, column: 21, message: 'unknown agent "buyr"' }),
    );
    expect(body.problems).toContainEqual(expect.objectContaining({ file: 'c.cedar', line: 1 }));
    const right = await house.admin<PolicyCheck>('POST', '/v1/policies/check', { files: before.files });
    expect(right.body).toEqual({ ok: true, version: before.version, problems: [], warnings: before.warnings });
    expect(await inForce(house)).toEqual(before);
  });

  it.each(['../a.cedar', '/etc/a.cedar', 'A.cedar', 'a/.hidden.cedar', 'a//b.cedar', 'a.txt', 'a\u0000.cedar'])(
    'refuses a file named %j',
    async (path) => {
      const house = await open();
      const check = await house.admin<PolicyCheck>('POST', '/v1/policies/check', { files: [{ path, text: CONNECT }] });
      expect(check.body.ok).toBe(false);
      const made = await house.admin('POST', '/v1/policies/drafts', {
        title: 't',
        files: [{ path, text: CONNECT }],
        by: 'a',
      });
      expect(made).toMatchObject({ status: 422, body: { code: 'invalid-files' } });
    },
  );
});

describe('trying a request', () => {
  it('says what every tier and policy says now, with the policies in force or with others', async () => {
    const house = await open();
    await (await house.client('buyer', '/mcp/every')).listTools();
    const request = { agent: 'buyer', server: 'every', tool: 'get-sum', args: { a: 1, b: 2 } };
    const now = await house.admin<Tried>('POST', '/v1/policies/try', { request });
    expect(now.body).toMatchObject({ effect: 'deny', refused: null, reasons: [], tiers: { policy: 'deny' } });
    const files = [{ path: 'a.cedar', text: `${CONNECT}\n${ADD}` }];
    const then = await house.admin<Tried>('POST', '/v1/policies/try', { request, files });
    expect(then.body).toMatchObject({ effect: 'permit', reasons: ['a.cedar#add'], errors: [] });
    expect(then.body.policies).toContainEqual(
      expect.objectContaining({ policy: 'a.cedar#add', outcome: 'matched', line: 2 }),
    );
    await house.admin('POST', '/v1/locks', { target: 'agent:buyer', tier: 'halt', ...WHY });
    const stopped = await house.admin<Tried>('POST', '/v1/policies/try', { request, files });
    expect(stopped.body).toMatchObject({ effect: 'deny', refused: 'killed', tiers: { policy: 'permit' } });
    expect(await house.admin('POST', '/v1/policies/try', { request: { ...request, agent: 'nobody' } })).toMatchObject({
      status: 422,
      body: { code: 'unknown-agent' },
    });
  });
});

describe('a draft', () => {
  it('is shared, and changed by whoever looked last', async () => {
    const house = await open();
    const made = await draft(house, [{ path: 'a.cedar', text: CONNECT }]);
    expect(made).toMatchObject({ author: 'alice', revision: 1, state: 'open', base: (await inForce(house)).version });
    const path = `/v1/policies/drafts/${made.id}`;
    const saved = await house.admin<PolicyDraft>('PUT', path, { revision: 1, title: 'more sums', by: 'bob' });
    expect(saved.body).toMatchObject({ revision: 2, title: 'more sums', updatedBy: 'bob', editors: ['alice', 'bob'] });
    expect(await house.admin('PUT', path, { revision: 1, title: 'late', by: 'alice' })).toMatchObject({
      status: 409,
      body: { code: 'stale-revision', revision: 2, updatedBy: 'bob' },
    });
    const list = await house.admin<{ items: PolicyDraft[]; next: string | null }>(
      'GET',
      '/v1/policies/drafts?state=open',
    );
    expect(list.body).toMatchObject({ items: [{ id: made.id, title: 'more sums' }], next: null });
    expect(list.body.items[0]).not.toHaveProperty('files');
    await house.admin('POST', `${path}/discard`, { revision: 2, ...WHY });
    expect((await house.admin<PolicyDraft>('GET', path)).body.state).toBe('discarded');
    expect(await publish(house, saved.body)).toMatchObject({ status: 409, body: { code: 'not-open' } });
  });
});

describe('publishing', () => {
  it('brings a draft into force, recorded before and kept with its files', async () => {
    const house = await open();
    const before = await inForce(house);
    const client = await house.client('buyer', '/mcp/every');
    const sum = () =>
      client.callTool({ name: 'get-sum', arguments: { a: 1, b: 2 } }).then(
        ({ isError = false }) => !isError,
        () => false,
      );
    expect(await sum()).toBe(false);
    const files = [...before.files, { path: 'sums/b.cedar', text: `${ADD}\n` }];
    const made = await draft(house, files);
    const done = await publish(house, made);
    expect(done).toMatchObject({
      status: 200,
      body: { ...WHY, draft: made.id, author: 'alice', inForce: true, files: null },
    });
    expect(await sum()).toBe(true);
    expect(await onDisk(house)).toEqual({ 'a.cedar': FIRST['a.cedar'], 'sums/b.cedar': `${ADD}\n` });
    const [, recorded] = await acts(house, 'policy.publish');
    expect(recorded).toMatchObject({
      ...WHY,
      detail: { policyVersion: done.body.version, base: before.version, draft: made.id, author: 'alice' },
    });
    expect((await house.admin<PolicyDraft>('GET', `/v1/policies/drafts/${made.id}`)).body.state).toBe('published');

    await house.restart();
    expect(await inForce(house)).toMatchObject({ version: done.body.version, by: 'bob' });
    const { body } = await house.admin<{ items: PolicyVersion[] }>('GET', '/v1/policies/versions');
    expect(body.items.map(({ by, inForce: now }) => [by, now])).toEqual([
      ['bob', true],
      ['start', false],
    ]);
    const kept = await house.admin<PolicyVersion>('GET', `/v1/policies/versions/${before.version}`);
    expect(kept.body.files).toEqual(before.files);
  });

  it('goes back to an earlier version as an act of its own, and takes away what came since', async () => {
    const house = await open();
    const before = await inForce(house);
    await publish(house, await draft(house, [...before.files, { path: 'sums/b.cedar', text: ADD }]));
    const back = await house.admin<PolicyVersion>('POST', '/v1/policies/rollback', { version: before.version, ...WHY });
    expect(back).toMatchObject({ status: 200, body: { version: before.version, seq: 3, draft: null, inForce: true } });
    expect(await onDisk(house)).toEqual({ 'a.cedar': FIRST['a.cedar'] });
    const { body } = await house.admin<{ items: PolicyVersion[] }>('GET', '/v1/policies/versions?limit=2');
    expect(body.items.map(({ seq, inForce: now }) => [seq, now])).toEqual([
      [3, true],
      [2, false],
    ]);
    expect(await house.admin('POST', '/v1/policies/rollback', { version: 'ffffffffffff', ...WHY })).toMatchObject({
      status: 404,
    });
  });

  it('is one act, also where the gateway then sees its own files change; edits by others are acts of their own', async () => {
    const house = await open();
    const before = await inForce(house);
    const done = await publish(house, await draft(house, [...before.files, { path: 'b.cedar', text: ADD }]));
    expect((await house.gateway.reload('file change')).ok).toBe(true);
    expect(await inForce(house)).toMatchObject({ version: done.body.version, by: 'bob' });
    expect(await acts(house, 'policy.publish')).toHaveLength(2);
    await house.writePolicy('b.cedar', `${ADD}\n// by hand\n`);
    expect((await house.gateway.reload('file change')).ok).toBe(true);
    expect(await inForce(house)).toMatchObject({ by: 'file change' });
    expect(await acts(house, 'policy.publish')).toHaveLength(3);
    const { body } = await house.admin<{ items: PolicyVersion[] }>('GET', '/v1/policies/versions');
    expect(body.items.map(({ by }) => by)).toEqual(['file change', 'bob', 'start']);
  });

  it('lets one of two publishers through, and the other knows', async () => {
    const house = await open();
    const { files } = await inForce(house);
    const drafts = [
      await draft(house, [...files, { path: 'b.cedar', text: ADD }]),
      await draft(house, [...files, { path: 'c.cedar', text: ADD }]),
    ];
    const answers = await Promise.all(drafts.map((each) => publish(house, each)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    const lost = answers.findIndex(({ status }) => status === 409);
    expect(answers[lost]!.body).toMatchObject({ code: 'stale-base', version: answers[1 - lost]!.body.version });
    expect(await acts(house, 'policy.publish')).toHaveLength(2);

    // Looked at again, and saved on top of what is in force now.
    const { version } = await inForce(house);
    const path = `/v1/policies/drafts/${drafts[lost]!.id}`;
    const saved = await house.admin<PolicyDraft>('PUT', path, { revision: 1, base: version, by: 'alice' });
    expect(await publish(house, saved.body)).toMatchObject({ status: 200 });
  });

  it('is refused for what is wrong, for what nobody looked at, and for edits of the folder it would lose', async () => {
    const house = await open();
    const before = await inForce(house);
    const wrong = await publish(house, await draft(house, [{ path: 'a.cedar', text: 'permit(principal, action);' }]));
    expect(wrong).toMatchObject({ status: 422, body: { code: 'invalid-policies', problems: [{ file: 'a.cedar' }] } });
    const made = await draft(house, [...before.files, { path: 'b.cedar', text: ADD }]);
    expect(await publish(house, made, { revision: 7 })).toMatchObject({
      status: 409,
      body: { code: 'stale-revision' },
    });
    expect(await publish(house, made, { base: 'ffffffffffff' })).toMatchObject({
      status: 409,
      body: { code: 'stale-base' },
    });
    await house.writePolicy('z.cedar', ADD);
    expect(await publish(house, made)).toMatchObject({ status: 409, body: { code: 'folder-changed' } });
    expect(await inForce(house)).toMatchObject({ version: before.version });
    expect(await acts(house, 'policy.publish')).toHaveLength(1);
  });

  it('never through a link that leads out of the folder', async () => {
    const house = await open();
    const { files } = await inForce(house);
    await mkdir(join(house.dir, 'outside'));
    await symlink(join(house.dir, 'outside'), join(house.dir, 'policies', 'sums'));
    const done = await publish(house, await draft(house, [...files, { path: 'sums/b.cedar', text: ADD }]));
    expect(done).toMatchObject({ status: 409, body: { code: 'read-only' } });
    expect(await readdir(join(house.dir, 'outside'))).toEqual([]);
    await rm(join(house.dir, 'policies', 'sums'));
  });

  it('is for others than those who drafted it, where duties are separate', async () => {
    const house = await open({ extra: 'console: { separatePolicyDuties: true }' });
    const { files } = await inForce(house);
    const made = await draft(house, [...files, { path: 'b.cedar', text: ADD }]);
    const path = `/v1/policies/drafts/${made.id}`;
    const saved = (await house.admin<PolicyDraft>('PUT', path, { revision: 1, title: 'again', by: 'bob' })).body;
    for (const by of ['alice', 'bob'])
      expect(await publish(house, saved, { by })).toMatchObject({ status: 403, body: { code: 'same-person' } });
    expect(await publish(house, saved, { by: 'carol' })).toMatchObject({ status: 200 });
  });
});
