import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@modelcontextprotocol/client';
import { afterEach, describe, expect, it } from 'vitest';
import type { PoliciesInForce, PolicyDraft, PolicyReplay, Shadow } from '../../src/model/insight/policies.ts';
import type { IntentRecord, RefusalRecord } from '../../src/model/record.ts';
import { CONNECT, EVERYTHING, type House, type HouseOptions, openHouse, until } from './house.ts';

const PERMIT_ALL = '@id("all") permit(principal, action == Action::"tools/call", resource in Server::"every");';
/** Exactly: none. */
const NONE = expect.toSatisfy((counts: object) => Object.keys(counts).length === 0);
const WHY = { by: 'bob', reason: 'as agreed' };

const houses: House[] = [];
async function open(policies: string, more: Partial<HouseOptions> = {}): Promise<House> {
  const house = await openHouse({
    servers: `  every:
    command: node
    args: ["${EVERYTHING}", stdio]
    trust: first-use
    tools:
      echo: { effect: write, dataClass: internal, facts: { recipient: /message } }
      get-env: { effect: read, dataClass: restricted }`,
    agents: ['buyer', 'seller'],
    policies: { 'a.cedar': policies },
    ...more,
  });
  houses.push(house);
  return house;
}
afterEach(async () => {
  await Promise.all(houses.splice(0).map((house) => house.stop()));
});

async function replay(house: House, text: string, more: object = {}): Promise<PolicyReplay> {
  const files = [{ path: 'a.cedar', text }];
  const begun = await house.admin<PolicyReplay>('POST', '/v1/policies/replays', { files, days: 1, by: 'bob', ...more });
  expect(begun).toMatchObject({ status: 202 });
  for (let i = 0; i < 200; i++) {
    const { body } = await house.admin<PolicyReplay>('GET', `/v1/policies/replays/${begun.body.id}`);
    if (body.state !== 'running') return body;
    await sleep(50);
  }
  throw new Error('the replay does not end');
}

const call = (client: Client, name: string, args: Record<string, unknown> = {}) =>
  client.callTool({ name, arguments: args }).then(
    ({ isError = false }) => !isError,
    () => false,
  );

const callsOf = async (house: House, tool: string) =>
  (await house.records()).flatMap((record) =>
    (record.type === 'intent' || record.type === 'refusal') && record.target === tool
      ? [record as IntentRecord | RefusalRecord]
      : [],
  );

describe('a draft replayed against the recorded calls (requirement AZ9)', () => {
  it('names every decision it changes, and no other', async () => {
    const house = await open(`${CONNECT}\n${PERMIT_ALL}`);
    const buyer = await house.client('buyer', '/mcp/every');
    const seller = await house.client('seller', '/mcp/every');
    for (const message of ['a', 'b', 'secret', 'c', 'secret']) await call(buyer, 'echo', { message });
    await call(seller, 'echo', { message: 'secret' });
    await call(buyer, 'get-sum', { a: 1, b: 2 });

    const forbidding = `@id("no-secrets") forbid(principal == Agent::"buyer", action == Action::"tools/call", resource == Tool::"every/echo")
when { context.args.hasTag("message") && context.args.getTag("message") == "secret" };`;
    const done = await replay(house, `${CONNECT}\n${PERMIT_ALL}\n${forbidding}`);
    expect(done).toMatchObject({
      state: 'done',
      changed: 2,
      byChange: { 'permit→deny': 2 },
      drifted: 0,
      undecidable: NONE,
    });
    const expected = (await callsOf(house, 'echo'))
      .filter(({ agent, args }) => agent === 'buyer' && JSON.stringify(args).includes('secret'))
      .map((record) => record.call);
    expect(done.changes.map((change) => change.call)).toEqual(expected);
    expect(done.changes[0]).toMatchObject({
      ...{ agent: 'buyer', server: 'every', target: 'echo', before: 'permit', after: 'deny', what: 'effect' },
      ...{ reasonsBefore: ['a.cedar#all'], reasonsAfter: ['a.cedar#no-secrets'] },
    });
    expect(done.changes.every(({ seq }) => seq > 0)).toBe(true);
    // Handshakes and lists are decisions, too, and did not change.
    expect(done.calls).toBeGreaterThan(7);
    expect((await house.records()).some((r) => r.type === 'admin' && r.act === 'policy.replay' && r.by === 'bob')).toBe(
      true,
    );
    expect(await replay(house, `${CONNECT}\n${PERMIT_ALL}`)).toMatchObject({
      changed: 0,
      calls: done.calls,
      changes: [],
    });
  });

  it('rebuilds what sessions did and what was used, call by call', async () => {
    const house = await open(`${CONNECT}\n${PERMIT_ALL}`);
    const buyer = await house.client('buyer', '/mcp/every');
    for (let i = 0; i < 5; i++) await call(buyer, 'echo', { message: `${i}` });
    await call(await house.client('seller', '/mcp/every'), 'echo', { message: 'one' });
    const third = (when: string) =>
      `${CONNECT}\n${PERMIT_ALL}\nforbid(principal, action == Action::"tools/call", resource) when { ${when} };`;
    const [, , , fourth, fifth] = (await callsOf(house, 'echo')).map((record) => record.call);
    for (const when of [
      'context.session.writes >= 3',
      'context.session.calls >= 3',
      'context.usage.agent.callsLastHour >= 3',
      'context.usage.session.callsTotal >= 3',
    ]) {
      const done = await replay(house, third(when));
      expect([when, done.changes.map((change) => change.call)]).toEqual([when, [fourth, fifth]]);
      expect([when, done.undecidable]).toEqual([when, {}]);
    }
    const never = await replay(house, third('context.session.toolsCalled.contains("every/get-sum")'));
    expect(never).toMatchObject({ changed: 0, undecidable: NONE });
  });

  it('guesses nothing: what is not on record is counted, with why', async () => {
    const house = await open(`${CONNECT}\n${PERMIT_ALL}`);
    const buyer = await house.client('buyer', '/mcp/every');
    await call(buyer, 'get-env', {});
    await call(buyer, 'echo', { message: 'x'.repeat(20_000) });
    // Looks like what stands for arguments that were not kept, and is what the agent sent.
    await call(buyer, 'echo', { redacted: 'restricted' });
    const [kept, genuine] = (await callsOf(house, 'echo')).map((record) => record.args);
    expect([Object.keys(kept as object), genuine]).toEqual([['truncated'], { redacted: 'restricted' }]);
    const reading = (condition: string) =>
      `${CONNECT}\n${PERMIT_ALL}\nforbid(principal, action == Action::"tools/call", resource) when { ${condition} };`;
    const args = await replay(house, reading('context.args.hasTag("redacted")'));
    expect(args).toMatchObject({ changed: 1, undecidable: { 'arguments-not-recorded': 2 } });
    expect(args.changes[0]).toMatchObject({ target: 'echo', before: 'permit', after: 'deny' });
    const fact = await replay(house, reading('context has recipient && context.recipient == "x"'));
    expect(fact).toMatchObject({ changed: 0, undecidable: { 'arguments-not-recorded': 1 } });
    const total = await replay(house, reading('context.usage.agent.callsTotal > 1'));
    expect(total).toMatchObject({ changed: 0, undecidable: { 'usage-not-known': 3 } });
    // Whoever does not ask for them needs no arguments.
    const all = await replay(house, reading('resource.dataClass == "restricted"'));
    expect(all).toMatchObject({ changed: 1, byChange: { 'permit→deny': 1 }, undecidable: NONE });
  });

  it('takes a call that people were asked about once, as it was when they were asked', async () => {
    const asking = `@id("ask") @ask("person:bob") ${PERMIT_ALL.replace('@id("all") ', '')}`;
    const house = await open(`${CONNECT}\n${asking}`, { agents: ['buyer'] });
    const buyer = await house.client('buyer', '/mcp/every');
    const asked = call(buyer, 'echo', { message: 'x' });
    let id = '';
    for (let i = 0; i < 100 && id === ''; i++) {
      const { body } = await house.admin<{ items: { id: string }[] }>('GET', '/v1/approvals?state=pending');
      id = body.items[0]?.id ?? '';
      if (id === '') await sleep(50);
    }
    const yes = { state: 'approved', by: 'bob', reason: 'fine' };
    const answer = await house.admin('POST', `/v1/approvals/${id}`, yes);
    expect([answer.status, answer.body]).toEqual([200, expect.anything()]);
    expect(await asked).toBe(true);
    expect(await callsOf(house, 'echo')).toHaveLength(2);
    const opened = await replay(house, `${CONNECT}\n${PERMIT_ALL}`);
    expect(opened).toMatchObject({ changed: 1, byChange: { 'ask→permit': 1 }, drifted: 0 });
    const others = await replay(house, `${CONNECT}\n${asking.replace('person:bob', 'owner')}`);
    expect(others).toMatchObject({ changed: 1, byChange: { 'ask→ask (other asks)': 1 } });
  });

  it('tells what changed since from what the draft changes', async () => {
    const house = await open(`${CONNECT}\n${PERMIT_ALL}`);
    const buyer = await house.client('buyer', '/mcp/every');
    await call(buyer, 'echo', { message: 'x' });
    const closed = `${CONNECT}\n`;
    await house.writePolicy('a.cedar', closed);
    expect((await house.gateway.reload('bob')).ok).toBe(true);
    expect(await replay(house, closed)).toMatchObject({ changed: 0, drifted: 1 });
    const reopened = await replay(house, `${CONNECT}\n${PERMIT_ALL}`);
    expect(reopened).toMatchObject({ changed: 1, byChange: { 'deny→permit': 1 }, drifted: 1 });
  });

  it('tells that others are asked, or that less is masked, where the effect stays the same', async () => {
    const house = await open(`${CONNECT}\n@obligation("mask:email") ${PERMIT_ALL}`);
    const buyer = await house.client('buyer', '/mcp/every');
    await call(buyer, 'echo', { message: 'x' });
    const done = await replay(house, `${CONNECT}\n${PERMIT_ALL}`);
    expect(done).toMatchObject({ changed: 1, byChange: { 'permit→permit (other obligations)': 1 } });
    expect(done.changes[0]).toMatchObject({ before: 'permit', after: 'permit', what: 'obligations' });
  });

  it('is refused for a draft that is wrong; two at once; and can be cancelled', async () => {
    const house = await open(`${CONNECT}\n${PERMIT_ALL}`);
    const start = (text: string) =>
      house.admin<PolicyReplay>('POST', '/v1/policies/replays', {
        ...{ files: [{ path: 'a.cedar', text }], days: 1, by: 'bob' },
      });
    expect(await start('permit(')).toMatchObject({ status: 422, body: { code: 'invalid-policies' } });
    const begun = await Promise.all([start(CONNECT), start(CONNECT), start(CONNECT)]);
    expect(begun.map(({ status }) => status).sort()).toEqual([202, 202, 429]);
    const { id } = begun.find(({ status }) => status === 202)!.body;
    expect(await house.admin('DELETE', `/v1/policies/replays/${id}`)).toMatchObject({ status: 200 });
    const after = (await house.admin<PolicyReplay>('GET', `/v1/policies/replays/${id}`)).body.state;
    expect(['cancelled', 'done']).toContain(after);
    expect(await house.admin('GET', `/v1/policies/replays/${randomUUID()}`)).toMatchObject({ status: 404 });
  });
});

describe('a draft in the shadow', () => {
  const shadowOf = async (house: House) => (await house.admin<PoliciesInForce>('GET', '/v1/policies')).body.shadow;
  const begin = async (house: House, text: string) => {
    const files = [{ path: 'a.cedar', text }];
    const { body } = await house.admin<PolicyDraft>('POST', '/v1/policies/drafts', { title: 't', files, by: 'alice' });
    return {
      draft: body,
      answer: await house.admin<Shadow>('POST', '/v1/policies/shadow', { draft: body.id, ...WHY }),
    };
  };

  it('decides every call once more, counts what would change, and changes nothing', async () => {
    const house = await open(`${CONNECT}\n${PERMIT_ALL}`);
    const buyer = await house.client('buyer', '/mcp/every');
    const forbid =
      'forbid(principal, action == Action::"tools/call", resource == Tool::"every/echo") when { context.session.writes >= 2 };';
    const { draft, answer } = await begin(house, `${CONNECT}\n${PERMIT_ALL}\n${forbid}`);
    expect(answer).toMatchObject({ status: 200, body: { draft: draft.id, revision: 1, by: 'bob', decisions: 0 } });
    expect(await begin(house, CONNECT)).toMatchObject({ answer: { status: 409, body: { code: 'shadow-runs' } } });
    for (let i = 0; i < 4; i++) expect(await call(buyer, 'echo', { message: `${i}` })).toBe(true);
    expect(await call(buyer, 'get-sum', { a: 1, b: 2 })).toBe(true);
    // The last of them: what was decided before it was counted before it.
    await until(async () => ((await shadowOf(house))?.decisions ?? 0) >= 5 && (await shadowOf(house))?.changed === 2);
    const now = await shadowOf(house);
    expect(now).toMatchObject({ changed: 2, dropped: 0, byChange: { 'permit→deny': 2 } });
    // What belongs to the connection is decided, too.
    expect(now!.decisions).toBeGreaterThanOrEqual(5);
    const [, , third, fourth] = (await callsOf(house, 'echo')).map((record) => record.call);
    // Newest first.
    expect(now!.changes.map((change) => change.call)).toEqual([fourth, third]);
    expect(await house.admin('DELETE', '/v1/policies/shadow?by=bob&reason=enough')).toMatchObject({ status: 200 });
    expect(await shadowOf(house)).toBeNull();
    expect(await call(buyer, 'echo', { message: 'after' })).toBe(true);
    const acts = (await house.records()).flatMap((r) => (r.type === 'admin' ? [[r.act, r.by, r.reason]] : []));
    expect(acts).toContainEqual(['policy.shadow', 'bob', 'as agreed']);
    expect(acts).toContainEqual(['policy.shadow-end', 'bob', 'enough']);
  });

  it('goes on over a reload and ends when its draft is in force', async () => {
    const house = await open(`${CONNECT}\n${PERMIT_ALL}`);
    const before = await house.admin<PoliciesInForce>('GET', '/v1/policies');
    const { draft } = await begin(house, CONNECT);
    expect((await house.gateway.reload('bob')).ok).toBe(true);
    const buyer = await house.client('buyer', '/mcp/every');
    await call(buyer, 'echo', { message: 'x' });
    await until(async () => (await shadowOf(house))?.changed === 1);
    expect(await shadowOf(house)).toMatchObject({ changed: 1, byChange: { 'permit→deny': 1 } });
    await house.admin('POST', '/v1/policies/publish', {
      ...{ draft: draft.id, revision: 1, base: before.body.version },
      ...WHY,
    });
    await until(async () => (await shadowOf(house)) === null);
    await house.restart();
    expect(await shadowOf(house)).toBeNull();
  });

  it('goes on after the gateway was started again, counted anew, until somebody ends it or changes the draft', async () => {
    const house = await open(`${CONNECT}\n${PERMIT_ALL}`);
    const { draft } = await begin(house, CONNECT);
    await house.restart();
    await until(async () => (await shadowOf(house)) !== null);
    expect(await shadowOf(house)).toMatchObject({ draft: draft.id, revision: 1, by: 'bob', decisions: 0 });
    const buyer = await house.client('buyer', '/mcp/every');
    await call(buyer, 'echo', { message: 'x' });
    await until(async () => (await shadowOf(house))?.changed === 1);
    // Somebody goes on writing: what is evaluated stays what it was, and is not begun again with other words.
    const changed = { title: 'u', revision: 1, by: 'alice' };
    expect((await house.admin('PUT', `/v1/policies/drafts/${draft.id}`, changed)).status).toBe(200);
    expect(await shadowOf(house)).toMatchObject({ revision: 1, changed: 1 });
    await house.restart();
    const ends = async () =>
      (await house.records()).flatMap((r) => (r.type === 'admin' && r.act === 'policy.shadow-end' ? [r] : []));
    await until(async () => (await ends()).length > 0);
    expect(await shadowOf(house)).toBeNull();
    expect(await ends()).toMatchObject([{ by: 'interlock', reason: 'the draft was changed since' }]);
    const begun = (await house.records()).flatMap((r) => (r.type === 'admin' && r.act === 'policy.shadow' ? [r] : []));
    expect(begun).toMatchObject([
      { by: 'bob' },
      { by: 'interlock', reason: 'the gateway started again; begun by bob', detail: { draft: draft.id, revision: 1 } },
    ]);
    await begin(house, CONNECT);
    expect((await house.admin('DELETE', '/v1/policies/shadow?by=bob&reason=enough')).status).toBe(200);
    await house.restart();
    await sleep(300);
    expect(await shadowOf(house)).toBeNull();
  });
});
