import { decodeJwt } from 'jose';
import * as client from 'openid-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestJson } from '../../src/model/canonical.ts';
import { actionOf, type CibaWorld, openCiba, order } from './fixtures/ciba-world.ts';
import { until } from './house.ts';

/** OpenID Connect CIBA (requirement HU2): an agent asks a person beforehand, and does what they approved, once. */
let world: CibaWorld;
beforeAll(async () => {
  world = await openCiba();
});
afterAll(() => world?.close());

/** An independent client library, as an agent's developer would use it. */
async function peer(agent: string): Promise<client.Configuration> {
  const { privateKey, publicJwk } = world.keys.get(agent)!;
  const config = await client.discovery(
    new URL(world.house.url),
    agent,
    {},
    client.PrivateKeyJwt({ key: privateKey as never, kid: publicJwk.kid }),
    { execute: [client.allowInsecureRequests] },
  );
  return config;
}

const onlyPending = async (kind = 'backchannel') => {
  await until(async () => (await world.pending()).some((row) => row.kind === kind));
  return (await world.pending()).find((row) => row.kind === kind)!;
};

describe('HU2: an action a person approves beforehand', () => {
  it('is let through once, by a token openid-client polls for, although policies ask somebody else as well', async () => {
    const config = await peer('buyer');
    const started = await client.initiateBackchannelAuthentication(config, {
      ...{ scope: 'openid', login_hint: 'bob', binding_message: 'ORDER 5000' },
      authorization_details: actionOf(5000),
    });
    expect(started).toMatchObject({ expires_in: 300, interval: 1 });
    const row = await onlyPending();
    expect(row).toMatchObject({ agent: 'buyer', subject: 'bob', askWhom: ['subject', 'owner'] });
    const shown = JSON.parse(row.request) as Record<string, unknown>;
    expect(shown).toMatchObject({
      ...{ server: 'erp', target: 'orders.create', arguments: order(5000), bindingMessage: 'ORDER 5000' },
      subject: { id: 'bob' },
    });
    const polling = client.pollBackchannelAuthenticationGrant(config, started);
    expect((await world.answer(row.id, 'approved')).body).toMatchObject({ complete: false });
    expect((await world.answer(row.id, 'approved', 'alice')).body).toMatchObject({ complete: true });
    const tokens = await polling;
    expect(tokens.token_type).toBe('bearer');
    expect(tokens.refresh_token).toBeUndefined();
    expect((tokens as { authorization_details?: unknown }).authorization_details).toEqual(JSON.parse(actionOf(5000)));
    expect(tokens.claims()).toMatchObject({
      ...{ sub: 'bob', aud: 'buyer', acr: 'urn:interlock:acr:operator' },
      'urn:openid:params:jwt:claim:auth_req_id': started.auth_req_id,
    });
    expect(tokens.claims()!.auth_time).toBeTypeOf('number');
    const said = decodeJwt(tokens.access_token);
    expect(said).toMatchObject({
      ...{ sub: 'bob', client_id: 'buyer', act: { sub: 'buyer' }, aud: `${world.house.url}/mcp/erp`, scope: '' },
      authorization_details: [{ type: 'agent_action', approval: row.id, digest: row.digest }],
    });
    expect(await world.call(tokens.access_token, 'orders.create', order(5000))).not.toMatch(/refused|isError":true/);
    const records = await world.house.records();
    const intents = records.filter((record) => record.type === 'intent' && record.digest === row.digest);
    expect(intents).toMatchObject([{ agent: 'buyer', subject: 'bob', approval: row.id, decision: { effect: 'ask' } }]);
    expect(records.find((record) => record.type === 'refusal' && record.digest === row.digest)).toMatchObject({
      ...{ surface: 'backchannel', decision: { code: 'approval-pending' } },
    });
    expect(records.find((record) => record.type === 'admin' && record.act === 'token.backchannel')).toMatchObject({
      ...{ by: 'buyer', detail: { child: said.jti, approval: row.id, subject: 'bob', digest: row.digest } },
    });
    // Used up: the token has no scope of its own for it, and nobody is asked once more.
    expect(await world.call(tokens.access_token, 'orders.create', order(5000))).toMatch(/refused/);
    expect(await world.pending()).toEqual([]);
    expect((await world.house.records()).findLast((one) => one.type === 'refusal')).toMatchObject({
      ...{ digest: row.digest, decision: { code: 'insufficient-scope' } },
    });
  });

  it('is asked about although policies would permit it, and is used up all the same', async () => {
    const started = (await world.authorize('buyer', { authorization_details: actionOf(50) })).json;
    const row = await onlyPending();
    expect(row.askWhom).toEqual(['subject']);
    await world.answer(row.id, 'approved');
    const { json } = await world.poll('buyer', started.auth_req_id);
    expect(await world.call(json.access_token, 'orders.create', order(50))).not.toMatch(/refused|isError":true/);
    expect(await world.call(json.access_token, 'orders.create', order(50))).toMatch(/refused/);
    const { access_token } = (await world.poll('buyer', started.auth_req_id)).json;
    expect(access_token).toBeUndefined();
  });

  it('may be given other arguments by the person: then those are what the token is good for', async () => {
    const started = (await world.authorize('buyer', { authorization_details: actionOf(55) })).json;
    const row = await onlyPending();
    const body = { state: 'approved', by: 'bob', reason: 'one will do', arguments: order(45) };
    expect((await world.house.admin('POST', `/v1/approvals/${row.id}`, body)).body).toMatchObject({ complete: true });
    const { json } = await world.poll('buyer', started.auth_req_id);
    expect(json.authorization_details).toEqual(JSON.parse(actionOf(45)));
    expect(await world.call(json.access_token, 'orders.create', order(55))).toMatch(/refused/);
    expect(await world.call(json.access_token, 'orders.create', order(45))).not.toMatch(/refused|isError":true/);
    expect(await world.call(json.access_token, 'orders.create', order(45))).toMatch(/refused/);
  });

  it('may keep its arguments to itself: people are told so, and the token is good for those arguments alone', async () => {
    const details = JSON.stringify([
      { type: 'agent_action', server: 'erp', tool: 'orders.create', arguments_digest: digestJson(order(60)) },
    ]);
    const started = (await world.authorize('buyer', { authorization_details: details })).json;
    const row = await onlyPending();
    const shown = JSON.parse(row.request) as { arguments: object; sentence: object[] };
    expect(shown).toMatchObject({ arguments: {}, argumentsDigest: digestJson(order(60)) });
    expect(JSON.stringify(shown.sentence)).toContain('not disclosed');
    await world.answer(row.id, 'approved');
    const { json } = await world.poll('buyer', started.auth_req_id);
    expect(await world.call(json.access_token, 'orders.create', order(61))).toMatch(/refused/);
    expect(await world.call(json.access_token, 'orders.create', order(60))).not.toMatch(/refused|isError":true/);
    expect(await world.call(json.access_token, 'orders.create', order(60))).toMatch(/refused/);
  });

  it('that policies deny is refused at once, nobody is asked, and it is on record', async () => {
    const answer = await world.authorize('buyer', { authorization_details: actionOf(50_000) });
    expect([answer.status, answer.json.error]).toEqual([403, 'access_denied']);
    expect(await world.pending()).toEqual([]);
    expect((await world.house.records()).findLast((record) => record.type === 'refusal')).toMatchObject({
      ...{ surface: 'backchannel', target: 'orders.create', subject: 'bob', decision: { effect: 'deny' } },
    });
  });

  it('that the person denies gives no token, and asking again is no way around it', async () => {
    const config = await peer('buyer');
    const started = await client.initiateBackchannelAuthentication(config, {
      ...{ scope: 'openid', login_hint: 'bob', authorization_details: actionOf(70) },
    });
    await world.answer((await onlyPending()).id, 'denied');
    await expect(client.pollBackchannelAuthenticationGrant(config, started)).rejects.toMatchObject({
      error: 'access_denied',
      status: 400,
    });
    const again = await world.authorize('buyer', { authorization_details: actionOf(70) });
    expect([again.status, again.json.error]).toEqual([403, 'access_denied']);
  });
});

describe('HU2: a sign-in without a browser', () => {
  it('gives the agent what the person was asked for: these scopes, there, and who they are', async () => {
    const config = await peer('buyer');
    const started = await client.initiateBackchannelAuthentication(config, {
      ...{ scope: 'openid erp:write', login_hint: 'bob', binding_message: 'W4SCT', requested_expiry: '120' },
    });
    expect(started.expires_in).toBe(120);
    const row = await onlyPending();
    const shown = JSON.parse(row.request) as Record<string, unknown>;
    expect(shown).toMatchObject({ action: 'sign-in', bindingMessage: 'W4SCT', arguments: { scopes: ['erp:write'] } });
    // What the program calls itself is a value, not our words.
    expect(shown.sentence).toMatchObject([
      { text: 'Let ' },
      { argument: 'agent' },
      { text: ' act for you at ' },
      {},
      {},
      {},
    ]);
    // Only the one who is meant can sign in.
    expect((await world.answer(row.id, 'approved', 'alice')).status).toBe(409);
    await world.answer(row.id, 'approved');
    const tokens = await client.pollBackchannelAuthenticationGrant(config, started);
    expect(tokens.claims()).toMatchObject({ sub: 'bob' });
    expect(decodeJwt(tokens.access_token)).toMatchObject({ sub: 'bob', scope: 'erp:write' });
    expect(decodeJwt(tokens.access_token)).not.toHaveProperty('authorization_details');
    expect(await world.call(tokens.access_token, 'orders.create', order(80))).not.toMatch(/refused|isError":true/);
    const asked = (await world.house.records()).findLast(
      (one) => one.type === 'admin' && one.act === 'backchannel.ask',
    );
    expect(asked).toMatchObject({ by: 'buyer', detail: { subject: 'bob', bindingMessage: 'W4SCT' } });
  });

  it('binds the token to a key the agent proves to hold', async () => {
    const config = await peer('buyer');
    const started = await client.initiateBackchannelAuthentication(config, { scope: 'openid', login_hint: 'bob' });
    await world.answer((await onlyPending()).id, 'approved');
    const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair());
    const tokens = await client.pollBackchannelAuthenticationGrant(config, started, undefined, { DPoP });
    expect(tokens.token_type).toBe('dpop');
    expect(decodeJwt(tokens.access_token)).toMatchObject({ cnf: { jkt: await DPoP.calculateThumbprint() } });
    expect(await world.call(tokens.access_token, 'orders.create', order(80)).catch(String)).toMatch(/401|key/);
  });

  it('knows the person by an ID token it was given before, and by their user name or address', async () => {
    const first = (await world.authorize('buyer', {})).json;
    await world.answer((await onlyPending()).id, 'approved');
    const idToken = (await world.poll('buyer', first.auth_req_id)).json.id_token as string;
    const answer = await world.authorize('buyer', { login_hint: '', id_token_hint: idToken, scope: 'openid erp:read' });
    expect(answer.status).toBe(200);
    const row = await onlyPending();
    expect(row.subject).toBe('bob');
    await world.answer(row.id, 'denied');
    // Given to another agent, it is no hint.
    const foreign = await world.authorize('other', { login_hint: '', id_token_hint: idToken });
    expect([foreign.status, foreign.json.error]).toEqual([400, 'invalid_request']);
  });
});

describe('HU2: an agent that is pinged', () => {
  it('is told with its own token, comes back, and gets what was approved', async () => {
    const config = await peer('ringer');
    const token = 'a-token-of-the-agents-own-making-0001';
    const started = await client.initiateBackchannelAuthentication(config, {
      ...{ scope: 'openid', login_hint: 'bob', client_notification_token: token },
      authorization_details: actionOf(90),
    });
    const row = await onlyPending();
    expect(world.bell.told).toEqual([]);
    await world.answer(row.id, 'approved');
    await until(() => world.bell.told.length > 0);
    expect(world.bell.told).toMatchObject([
      { headers: { authorization: `Bearer ${token}` }, body: { auth_req_id: started.auth_req_id } },
    ]);
    const tokens = await client.pollBackchannelAuthenticationGrant(config, started);
    expect(await world.call(tokens.access_token, 'orders.create', order(90))).not.toMatch(/refused|isError":true/);
  });
});

describe('the metadata', () => {
  it('says what there is', async () => {
    const { json } = await world.house.raw({ path: '/.well-known/openid-configuration', method: 'GET' });
    expect(json).toMatchObject({
      backchannel_authentication_endpoint: `${world.house.url}/oauth/bc-authorize`,
      backchannel_token_delivery_modes_supported: ['poll', 'ping'],
      backchannel_user_code_parameter_supported: false,
    });
    expect(json.grant_types_supported).toContain('urn:openid:params:grant-type:ciba');
    expect(json.authorization_details_types_supported).toContain('agent_action');
  });
});
