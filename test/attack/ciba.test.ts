import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/clock.ts';
import { openSqlite } from '../../src/adapters/sql/sqlite.ts';
import { openWeb } from '../../src/adapters/web.ts';
import { sealWith } from '../../src/identity/ring/seal.ts';
import { Pings } from '../../src/oauth/backchannel/pings.ts';
import { actionOf, type CibaWorld, openCiba, openDoorbell, order, type Row } from '../cases/fixtures/ciba-world.ts';
import { agent } from '../cases/fixtures/oauth-world.ts';
import { CONNECT, until } from '../cases/house.ts';

/** Requirement HU2, seen by somebody who wants more than a person approved. */
let world: CibaWorld;
beforeAll(async () => {
  world = await openCiba();
});
afterAll(() => world?.close());

const asked = async (agent: string, fields: Record<string, string>): Promise<{ id: string; row: Row }> => {
  const answer = await world.authorize(agent, fields);
  expect([answer.status, answer.text]).toMatchObject([200, expect.anything()]);
  return { id: answer.json.auth_req_id as string, row: (await world.pending())[0]! };
};
const approved = async (fields: Record<string, string>, agent = 'buyer'): Promise<string> => {
  const { id, row } = await asked(agent, fields);
  expect((await world.answer(row.id, 'approved')).status).toBe(200);
  return id;
};
const refusal = async (sent: Promise<{ status: number; json: { error?: string } }>) => {
  const { status, json } = await sent;
  return [status, json.error];
};
const operator = { by: 'alice', reason: 'drill' };

describe('an auth_req_id', () => {
  it('is good for nobody but the agent that was given it, and once', async () => {
    const id = await approved({ authorization_details: actionOf(101) });
    expect(await refusal(world.poll('other', id))).toEqual([400, 'invalid_grant']);
    expect(await refusal(world.poll('mute', id))).toEqual([400, 'unauthorized_client']);
    expect((await world.poll('buyer', id)).status).toBe(200);
    expect(await refusal(world.poll('buyer', id))).toEqual([400, 'invalid_grant']);
    expect(await refusal(world.poll('buyer', `${id.slice(0, -1)}A`))).toEqual([400, 'invalid_grant']);
    expect(await refusal(world.poll('buyer', 'x'.repeat(5_000)))).toEqual([400, 'invalid_grant']);
    expect(await refusal(world.poll('buyer', ''))).toEqual([400, 'invalid_request']);
  });

  it('that nobody answered in time has expired, and answering it later changes nothing', async () => {
    for (const fields of [{ scope: 'openid erp:read' }, { authorization_details: actionOf(103) }]) {
      const { id, row } = await asked('buyer', { ...fields, requested_expiry: '1' });
      await until(async () => (await world.poll('buyer', id)).json.error === 'expired_token');
      // A question about an action stays open a moment longer, for what was approved at the last one; no token comes of it.
      await world.answer(row.id, 'approved');
      expect(await refusal(world.poll('buyer', id))).toEqual([400, 'expired_token']);
    }
  });

  it('is not polled faster than said; what is decided is given out all the same', async () => {
    const slow = await openCiba({ backchannel: 'intervalSeconds: 60' });
    const { auth_req_id: id, interval } = (await slow.authorize('buyer', {})).json;
    expect(interval).toBe(60);
    expect(await refusal(slow.poll('buyer', id))).toEqual([400, 'authorization_pending']);
    expect(await refusal(slow.poll('buyer', id))).toEqual([400, 'slow_down']);
    await slow.answer((await slow.pending())[0]!.id, 'approved');
    expect((await slow.poll('buyer', id)).status).toBe(200);
    await slow.close();
  });

  it('outlives a gateway that stops and starts again', async () => {
    const own = await openCiba();
    const { auth_req_id: id } = (await own.authorize('buyer', { authorization_details: actionOf(102) })).json;
    await own.house.restart();
    await own.answer((await own.pending())[0]!.id, 'approved');
    expect((await own.poll('buyer', id)).status).toBe(200);
    await own.close();
  });
});

describe('a token for one approved action', () => {
  let token: string;
  beforeAll(async () => {
    const id = await approved({ authorization_details: actionOf(110) });
    token = (await world.poll('buyer', id)).json.access_token as string;
  });

  it.each([
    ['a larger amount', 'orders.create', { ...order(110), total: 111 }],
    ['one argument more', 'orders.create', { ...order(110), note: 'and a bribe' }],
    ['one argument less', 'orders.create', { supplier: 'northwind', item: 'LAP-14', quantity: 1, total: 110 }],
    ['another tool', 'orders.list', {}],
  ])('lets nothing else through: %s', async (_what, tool, args) => {
    expect(await world.call(token, tool, args)).toMatch(/refused/);
  });

  it('has no rights besides: nobody was asked about them', async () => {
    const details = { authorization_details: actionOf(111) };
    const wider = { ...details, scope: 'openid erp:write' };
    expect(await refusal(world.authorize('buyer', wider))).toEqual([400, 'invalid_scope']);
    expect(await world.pending()).toEqual([]);
  });

  it('cannot be exchanged for one that carries the approval on', async () => {
    await world.house.admin('POST', '/v1/connections', { ...operator, from: 'buyer', to: 'other' });
    const { json } = await world.house.raw({
      path: '/oauth/token',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: await world.assertion('other'),
        subject_token: token,
        subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      }).toString(),
    });
    if (json.access_token !== undefined)
      expect(await world.call(json.access_token, 'orders.create', order(110))).toMatch(/refused/);
    expect(await world.call(token, 'orders.create', order(110))).not.toMatch(/refused|isError":true/);
  });

  it('is good for one of twenty calls at once', async () => {
    const id = await approved({ authorization_details: actionOf(112) });
    const one = (await world.poll('buyer', id)).json.access_token as string;
    const results = await Promise.all(Array.from({ length: 20 }, () => world.call(one, 'orders.create', order(112))));
    expect(results.filter((result) => !/refused|isError":true/.test(result))).toHaveLength(1);
  });

  it('does not go around whom policies ask since then', async () => {
    const own = await openCiba();
    const { auth_req_id: id } = (await own.authorize('buyer', { authorization_details: actionOf(113) })).json;
    await own.answer((await own.pending())[0]!.id, 'approved');
    const one = (await own.poll('buyer', id)).json.access_token as string;
    const call = 'action == Action::"tools/call"';
    await own.house.writePolicy('a.cedar', `${CONNECT}\n@ask("person:alice") permit(principal, ${call}, resource);`);
    await own.house.gateway.reload('test');
    expect(await own.call(one, 'orders.create', order(113))).toMatch(/refused/);
    const intents = (await own.house.records()).filter((record) => record.type === 'intent');
    expect(intents.filter(({ action }) => action === 'tools/call')).toEqual([]);
    await own.close();
  });
});

describe('what is shown to people', () => {
  it.each([
    ['two lines', 'ORDER 1\nAPPROVED BY SECURITY'],
    ['text that turns around', 'ORDER \u202e1000'],
    ['text nobody sees', 'ORDER\u200b1'],
    ['letters under a pile of marks', `A${'\u0301'.repeat(20)}`],
    ['nothing but spaces', '   '],
    ['more than a line holds', 'x'.repeat(101)],
  ])('holds no message of %s', async (_what, message) => {
    expect(await refusal(world.authorize('buyer', { binding_message: message }))).toEqual([
      400,
      'invalid_binding_message',
    ]);
    expect(await world.pending()).toEqual([]);
  });

  it('is not asked twice under another message: the first counts, and stays as it was seen', async () => {
    const first = await asked('buyer', { authorization_details: actionOf(120), binding_message: 'ONE' });
    const second = world.authorize('buyer', { authorization_details: actionOf(120), binding_message: 'TWO' });
    expect(await refusal(second)).toEqual([403, 'access_denied']);
    expect(await world.pending()).toHaveLength(1);
    expect(JSON.parse((await world.pending())[0]!.request)).toMatchObject({ bindingMessage: 'ONE' });
    await world.answer(first.row.id, 'denied');
    expect(await refusal(world.poll('buyer', first.id))).toEqual([400, 'access_denied']);
  });
});

describe('whoever may not act any more between approval and token', () => {
  it('an agent that is stopped gets none, nor does one whose person is', async () => {
    for (const target of ['agent:buyer', 'user:bob']) {
      const id = await approved({ scope: `openid erp:${target === 'user:bob' ? 'read' : 'write'}` });
      await world.house.admin('POST', '/v1/locks', { target, tier: 'pause', ...operator });
      expect([400, 403]).toContain((await world.poll('buyer', id)).status);
      expect((await world.poll('buyer', id)).json.access_token).toBeUndefined();
      await world.house.admin('DELETE', `/v1/locks/${encodeURIComponent(target)}?by=alice&reason=over`);
      expect((await world.poll('buyer', id)).status).toBe(200);
    }
  });

  it('a person who leaves takes what they approved along, and nothing they come back to brings it back', async () => {
    const own = await openCiba();
    const { auth_req_id: id } = (await own.authorize('buyer', { scope: 'openid erp:write' })).json;
    await own.answer((await own.pending())[0]!.id, 'approved');
    const act = { by: 'alice', reason: 'left' };
    expect((await own.house.admin('POST', '/v1/people/bob/deactivate', act)).status).toBe(200);
    expect((await own.poll('buyer', id)).json.access_token).toBeUndefined();
    expect(await refusal(own.authorize('buyer', {}))).toEqual([400, 'unknown_user_id']);
    await own.house.admin('POST', '/v1/people/bob/reactivate', act);
    expect(await refusal(own.poll('buyer', id))).toEqual([400, 'invalid_grant']);
    await own.close();
  });
});

describe('who is asked, and by whom', () => {
  it.each<[string, Record<string, string>, [number, string]]>([
    ['nobody is named', { login_hint: '' }, [400, 'invalid_request']],
    ['two are named', { id_token_hint: 'x.y.z' }, [400, 'invalid_request']],
    ['by a hint nobody here reads', { login_hint: '', login_hint_token: 'x.y.z' }, [400, 'invalid_request']],
    ['by a token that is none', { login_hint: '', id_token_hint: 'x.y.z' }, [400, 'invalid_request']],
    ['who does not exist', { login_hint: 'mallory' }, [400, 'unknown_user_id']],
    ['without openid', { scope: 'erp:read' }, [400, 'invalid_scope']],
    ['for a scope that is none', { scope: 'openid everything' }, [400, 'invalid_scope']],
    ['for another resource', { resource: 'https://evil.example/mcp' }, [400, 'invalid_target']],
    ['with a secret code', { user_code: '1234' }, [400, 'invalid_request']],
    ['with a request elsewhere', { request_uri: 'https://evil.example/r' }, [400, 'invalid_request']],
    ['for no time', { requested_expiry: '0' }, [400, 'invalid_request']],
    ['for a broken time', { requested_expiry: '1e9' }, [400, 'invalid_request']],
  ])('is refused when somebody is asked %s', async (_what, fields, expected) => {
    expect(await refusal(world.authorize('buyer', fields))).toEqual(expected);
  });

  it.each([
    ['no array', '{}'],
    ['none', '[]'],
    ['two', JSON.stringify([JSON.parse(actionOf(1))[0], JSON.parse(actionOf(2))[0]])],
    ['another type', JSON.stringify([{ type: 'payment' }])],
    ['a member nobody knows', actionOf(1, { approved: true })],
    ['arguments and their digest', actionOf(1, { arguments_digest: 'A'.repeat(43) })],
    ['the same name twice', '[{"type":"agent_action","server":"erp","tool":"a","tool":"b","arguments":{}}]'],
  ])('is refused with details of %s', async (_what, details) => {
    expect(await refusal(world.authorize('buyer', { authorization_details: details }))).toEqual([
      400,
      'invalid_authorization_details',
    ]);
  });

  it('a server or a tool that is not there looks like one that is denied', async () => {
    for (const hidden of [{ server: 'payroll' }, { tool: 'orders.destroy' }])
      expect(await refusal(world.authorize('buyer', { authorization_details: actionOf(1, hidden) }))).toEqual([
        403,
        'access_denied',
      ]);
  });

  it('an agent that was not let may not, nor may whoever is none', async () => {
    expect(await refusal(world.authorize('mute', {}))).toEqual([400, 'unauthorized_client']);
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const body = 'scope=openid&login_hint=bob&client_id=buyer';
    expect(await refusal(world.house.raw({ path: '/oauth/bc-authorize', headers, body }))).toEqual([
      401,
      'invalid_client',
    ]);
    const proof = await world.assertion('buyer', { aud: `${world.house.url}/oauth/bc-authorize` });
    const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
    const twice = new URLSearchParams({ client_assertion: proof, client_assertion_type: type }).toString();
    const send = () => world.house.raw({ path: '/oauth/bc-authorize', headers, body: twice });
    expect((await send()).json.error).toBe('invalid_scope');
    expect(await refusal(send())).toEqual([401, 'invalid_client']);
  });

  it('an agent that is pinged brings a token nobody can guess', async () => {
    for (const weak of ['', 'short', `${'x'.repeat(22)} y`, 'x'.repeat(1_025)])
      expect(await refusal(world.authorize('ringer', { client_notification_token: weak }))).toEqual([
        400,
        'invalid_request',
      ]);
  });

  it('one agent asks one person so often in a minute, however many requests come at once', async () => {
    const own = await openCiba({ backchannel: 'perMinute: 3' });
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, i) => own.authorize('buyer', { authorization_details: actionOf(130 + i) })),
    );
    const guesses = await Promise.all(
      Array.from({ length: 12 }, (_, i) => own.authorize('other', { login_hint: `m${i}` })),
    );
    expect(guesses.filter(({ json }) => json.error === 'unknown_user_id').length).toBeLessThanOrEqual(6);
    // A minute may have begun in between.
    expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(6);
    const errors = answers.filter(({ status }) => status !== 200).map(({ json }) => json.error);
    expect(new Set(errors)).toEqual(new Set(['temporarily_unavailable']));
    await own.close();
  });
});

describe('a signed request', () => {
  const signed = async (agent: string, claims: Record<string, unknown> = {}, header: Record<string, unknown> = {}) => {
    const { privateKey, publicJwk, alg } = world.keys.get(agent)!;
    const nowS = Math.floor(Date.now() / 1000);
    const own = { iss: 'buyer', aud: world.house.url, iat: nowS, nbf: nowS, exp: nowS + 60, jti: randomUUID() };
    return new SignJWT({ ...own, scope: 'openid erp:read', login_hint: 'bob', requested_expiry: 60, ...claims })
      .setProtectedHeader({ alg, kid: publicJwk.kid, ...header })
      .sign(privateKey);
  };
  const send = (request: string, more: Record<string, string> = {}) =>
    world.authorize('buyer', { scope: '', login_hint: '', request, ...more });

  it('is taken once, and says everything there is to say', async () => {
    const request = await signed('buyer', { scope: 'openid', authorization_details: JSON.parse(actionOf(140)) });
    const answer = await send(request);
    expect([answer.status, answer.json.expires_in]).toEqual([200, 60]);
    const row = (await world.pending())[0]!;
    expect(JSON.parse(row.request)).toMatchObject({ arguments: order(140) });
    await world.answer(row.id, 'denied');
    expect(await refusal(send(request))).toEqual([400, 'invalid_request']);
  });

  it.each<[string, () => Promise<[string, Record<string, string>]>]>([
    ['by another agent', async () => [await signed('other'), {}]],
    ['for somebody else', async () => [await signed('buyer', { aud: 'https://other.example' }), {}]],
    ['as a client assertion', async () => [await signed('buyer', { sub: 'buyer' }), {}]],
    ['as an access token', async () => [await signed('buyer', {}, { typ: 'at+jwt' }), {}]],
    ['for ever', async () => [await signed('buyer', { exp: 9_999_999_999 }), {}]],
    ['without an end', async () => [await signed('buyer', { exp: undefined }), {}]],
    ['without a beginning', async () => [await signed('buyer', { nbf: undefined }), {}]],
    ['without an id', async () => [await signed('buyer', { jti: undefined }), {}]],
    ['with more beside it', async () => [await signed('buyer'), { binding_message: 'TRUST ME' }]],
    ['by nobody', async () => [`${Buffer.from('{"alg":"none"}').toString('base64url')}.e30.`, {}]],
  ])('is refused when it was signed %s', async (_what, make) => {
    const [request, more] = await make();
    expect(await refusal(send(request, more))).toEqual([400, 'invalid_request']);
    expect(await world.pending()).toEqual([]);
  });
});

describe('a ping', () => {
  const fields = { client_notification_token: 'a-token-of-the-agents-own-making-0002' };

  it('that does not arrive is tried again, also by a gateway that starts anew', async () => {
    const own = await openCiba();
    own.bell.status = 500;
    const { auth_req_id: id } = (await own.authorize('ringer', fields)).json;
    await own.answer((await own.pending())[0]!.id, 'denied');
    await until(() => own.bell.told.length > 0);
    own.bell.status = 204;
    await own.house.restart();
    await until(() => own.bell.told.length > 1, 20_000);
    expect(own.bell.told.map(({ body }) => body.auth_req_id)).toEqual([id, id]);
    expect(await refusal(own.poll('ringer', id))).toEqual([400, 'access_denied']);
    await own.close();
  }, 40_000);

  it('goes to no address of the inside unless the operator named it, and follows no redirect', async () => {
    const [dir, bell] = [await mkdtemp(join(tmpdir(), 'interlock-ping-')), await openDoorbell()];
    const stores = await openSqlite({ path: join(dir, 'interlock.db'), clock: systemClock });
    const named: string[] = [];
    const web = openWeb({ trusted: () => named });
    const failed: unknown[] = [];
    const ringer = agent('ringer', { backchannel: { mode: 'ping', notificationEndpoint: bell.url } });
    const pings = new Pings({
      ...{ store: stores.secrets, seal: sealWith(Buffer.alloc(32, 1)), clock: systemClock, web: web.fetch },
      agents: () => ({ get: () => ringer }),
      approval: async () => null,
      onFailed: (error) => failed.push(error),
    });
    const expiresAtMs = systemClock.nowMs() + 60_000;
    const ping = { agent: 'ringer', approval: 'a', authReqId: 'r', notificationToken: 'n'.repeat(22), expiresAtMs };
    await pings.put({ ...ping, id: 'first' });
    expect([await pings.deliver(), bell.told]).toEqual([0, []]);
    expect(failed).toMatchObject([{ name: 'WebError', kind: 'refused' }]);
    named.push(new URL(bell.url).origin);
    bell.status = 302;
    await pings.put({ ...ping, id: 'redirected' });
    expect([await pings.deliver(), bell.told.length]).toEqual([0, 1]);
    bell.status = 204;
    await pings.put({ ...ping, id: 'second' });
    expect([await pings.deliver(), bell.told.length]).toEqual([1, 2]);
    for (const each of [web, stores, bell]) await each.close();
    await rm(dir, { recursive: true, force: true });
  });
});

describe('an answer that is too weak for the agent', () => {
  it('is none: whoever asks for a passkey is not content with a name on the admin socket', async () => {
    const { id, row } = await asked('buyer', { scope: 'openid erp:all', acr_values: 'urn:interlock:acr:passkey' });
    expect((await world.answer(row.id, 'approved')).status).toBe(409);
    expect(await refusal(world.poll('buyer', id))).toEqual([400, 'authorization_pending']);
  });

  it('is none for changed arguments either, and the person is still asked about them', async () => {
    const weak = { authorization_details: actionOf(52), acr_values: 'urn:interlock:acr:passkey' };
    const { row } = await asked('buyer', weak);
    const { body } = await world.house.admin('POST', `/v1/approvals/${row.id}/preview`, { arguments: order(5_001) });
    expect(body).toMatchObject({
      requirement: { assurance: 'passkey', parts: [{ ask: 'subject' }, { ask: 'owner' }] },
    });
  });
});
