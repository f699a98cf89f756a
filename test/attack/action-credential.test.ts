import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256Base64url } from '../../src/model/canonical.ts';
import { type Carried, type VerifyOptions, verifyAction } from '../../src/verify/verify.ts';
import { type VerifyingServer, verifyingServer } from '../cases/fixtures/verifying-server.ts';
import { CONNECT, type House, openHouse, textOf, until } from '../cases/house.ts';

/**
 * Requirement CR3, from the other side: whoever has seen, stolen or made a credential of one action gets nothing out of it that the
 * gateway did not let through. The credentials are those of a running gateway.
 */
const ARGS = { amount: 5, to: 'nord' };

let house: House;
let other: House;
let thief: VerifyingServer;
let honest: VerifyingServer;
let kept: Carried[] = [];
let hold: Promise<void> = Promise.resolve();

const servers = () => `  thief:
    url: ${thief.url}
    actionCredential: {}
    tools: { "*": { effect: write, dataClass: internal } }
  honest:
    url: ${honest.url}
    actionCredential: {}
    tools: { "*": { effect: write, dataClass: internal } }
  hasty:
    url: ${honest.url}
    timeoutMs: 400
    actionCredential: { audience: "${honest.url}" }
    tools: { "*": { effect: write, dataClass: internal } }
  plain:
    url: ${thief.url}
    tools: { "*": { effect: write, dataClass: internal } }
`;

beforeAll(async () => {
  const issuer = () => house.url;
  thief = await verifyingServer('legacy', { issuer, keep: (carried) => void kept.push(carried) });
  honest = await verifyingServer('legacy', { issuer, redeem: true, hold: () => hold });
  const policies = { 'a.cedar': `${CONNECT} permit(principal, action in Action::"use", resource);` };
  house = await openHouse({ servers: servers(), policies, agents: ['buyer', 'seller'] });
  other = await openHouse({ servers: servers(), policies });
});
afterAll(async () => {
  await house?.stop();
  await other?.stop();
  await thief?.close();
  await honest?.close();
});

interface Stolen {
  readonly token: string;
  readonly proof: string;
}

/** A credential that was sent and never used. */
async function steal(from: House = house): Promise<Stolen> {
  kept = [];
  const client = await from.client('buyer', '/mcp/thief');
  await client.callTool({ name: 'pay', arguments: ARGS });
  return kept.at(-1) as Stolen;
}

const good = (stolen: Carried, more: Partial<VerifyOptions> = {}): VerifyOptions => ({
  ...{ ...stolen, issuer: house.url, audience: thief.url, tool: 'pay', arguments: ARGS, server: 'thief' },
  request: { method: 'POST', url: thief.url },
  ...more,
});

async function why(options: VerifyOptions): Promise<string> {
  const verified = await verifyAction(options);
  return verified.ok ? 'ok' : verified.reason;
}

interface Answer {
  readonly status: number;
  readonly json: { redeemed?: boolean; why?: string };
}

const redeem = (body: object | string, headers: Record<string, string> = {}, at: House = house): Promise<Answer> =>
  at.raw({ path: '/credentials/redeem', body, headers: { 'content-type': 'application/json', ...headers } });

describe('redeeming', () => {
  it('is not kept from tools by whoever begins many requests and ends none', async () => {
    const { hostname, port } = new URL(house.url);
    const head = `POST /credentials/redeem HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{`;
    const slow = await Promise.all(
      Array.from({ length: 70 }, async () => {
        const socket = connect(Number(port), hostname);
        socket.on('error', () => {});
        await once(socket, 'connect');
        socket.write(head);
        return socket;
      }),
    );
    // A whole one is answered after what came before it was begun.
    expect((await redeem({ token: 'none' })).status).toBe(400);
    expect(await redeem(await steal())).toMatchObject({ status: 200, json: { redeemed: true } });
    for (const socket of slow) socket.destroy();
  });
});

describe('a stolen credential (requirement CR3)', () => {
  it('is for one tool, these arguments, this server, this gateway, and soon for nothing', async () => {
    const stolen = await steal();
    const wrong: readonly (readonly [string, Partial<VerifyOptions>])[] = [
      ['tool', { tool: 'echo' }],
      ['arguments', { arguments: { ...ARGS, amount: 50_000 } }],
      ['arguments', { arguments: { ...ARGS, extra: null } }],
      ['audience', { audience: honest.url }],
      ['server', { server: 'honest' }],
      ['method', { method: 'prompts/get' }],
      ['unknown-key', { issuer: other.url }],
      ['issuer', { issuer: other.url, jwksUri: `${house.url}/oauth/jwks` }],
      ['proof-request', { request: { method: 'POST', url: honest.url } }],
      ['expired', { clock: { nowMs: () => 4e12 } }],
    ];
    for (const [reason, more] of wrong) expect([reason, await why(good(stolen, more))]).toEqual([reason, reason]);
    // It was good all along, once.
    expect(await why(good(stolen))).toBe('ok');
    expect(await why(good(stolen))).toBe('used');
  });

  it('is worth nothing without its proof, or with a proof of another key or of another call', async () => {
    const [one, two] = [await steal(), await steal()];
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
    const iat = Number(JSON.parse(Buffer.from(one.token.split('.')[1]!, 'base64url').toString()).iat);
    const forged = await new SignJWT({ htm: 'POST', htu: thief.url, iat, jti: 'x', ath: sha256Base64url(one.token) })
      .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk: await exportJWK(publicKey) })
      .sign(privateKey);
    expect(await why(good(one, { proof: null }))).toBe('proof-missing');
    expect(await why(good(one, { proof: forged }))).toBe('proof-key');
    expect(await why(good(one, { proof: two.proof }))).toBe('proof-token');
    for (const proof of [undefined, forged, two.proof])
      expect(await redeem({ token: one.token, proof })).toMatchObject({ status: 400, json: { why: 'invalid' } });
    expect(await redeem(one)).toMatchObject({ status: 200, json: { redeemed: true } });
  });

  it('opens no door of the gateway, and no token of the gateway is one', async () => {
    const { token, proof } = await steal();
    const hello = { jsonrpc: '2.0', id: 1, method: 'initialize', params: {} };
    for (const [scheme, dpop] of [
      ['Bearer', undefined],
      ['DPoP', proof],
    ] as const) {
      const headers = { authorization: `${scheme} ${token}`, ...(dpop === undefined ? {} : { dpop }) };
      expect((await house.raw({ path: '/mcp/thief', body: hello, headers })).status).toBe(401);
    }
    expect(await why(good({ token: proof, proof }))).toBe('typ');
  });

  it('cannot be made: no algorithm, the public key as a secret, a key of one’s own', async () => {
    const stolen = await steal();
    const [head, payload] = stolen.token.split('.') as [string, string];
    const header = JSON.parse(Buffer.from(head, 'base64url').toString());
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const jwks = (await house.raw({ path: '/oauth/jwks', method: 'GET' })).json;
    const hs = `${encode({ ...header, alg: 'HS256' })}.${payload}`;
    const mac = createHmac('sha256', JSON.stringify(jwks.keys[0])).update(hs).digest('base64url');
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const mine = (more: object) => new SignJWT(claims).setProtectedHeader({ ...header, ...more }).sign(privateKey);
    const forged = [
      ['alg', `${encode({ ...header, alg: 'none' })}.${payload}.`],
      ['alg', `${hs}.${mac}`],
      ['signature', await mine({})],
      ['signature', await mine({ jwk: await exportJWK(publicKey) })],
      ['unknown-key', await mine({ kid: 'mine' })],
      ['signature', `${head}.${encode({ ...claims, sub: 'alice' })}.${stolen.token.split('.')[2]}`],
    ] as const;
    for (const [reason, token] of forged) {
      expect([reason, await why(good({ ...stolen, token }))]).toEqual([reason, reason]);
      expect(await redeem({ ...stolen, token })).toMatchObject({ status: 400, json: { why: 'invalid' } });
    }
  });

  it('of one gateway is nothing at another', async () => {
    const stolen = await steal(other);
    expect(await redeem(stolen)).toMatchObject({ status: 400, json: { redeemed: false, why: 'invalid' } });
    expect(await redeem(stolen, {}, other)).toMatchObject({ status: 200, json: { redeemed: true } });
  });
});

describe('redemption under attack (requirement CR3)', () => {
  it('fifty at once are one', async () => {
    const stolen = await steal();
    const answers = await Promise.all(Array.from({ length: 50 }, () => redeem(stolen)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status, json }) => status === 409 && json.why === 'used')).toHaveLength(49);
    const records = (await house.records()).filter((r) => r.type === 'admin' && r.act === 'action.redeem');
    expect(records.slice(-2).map((r) => (r as { reason: string }).reason)).toEqual(['redeemed', 'used']);
  });

  it('takes forms, too, and nothing that says something twice', async () => {
    const stolen = await steal();
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const body = new URLSearchParams({ token: stolen.token, proof: stolen.proof }).toString();
    expect(await redeem(`${body}&token=other`, form)).toMatchObject({ status: 400, json: { why: 'invalid' } });
    expect(await redeem(`{"token":"${stolen.token}","token":"x","proof":"y"}`)).toMatchObject({ status: 400 });
    expect(await redeem(body, form)).toMatchObject({ status: 200, json: { redeemed: true } });
  });

  it('is not harmed by what is not one', async () => {
    const strange: readonly (readonly [number, object | string, Record<string, string>?])[] = [
      [400, {}],
      [400, { token: 5 }],
      [400, { token: 'x', proof: {} }],
      [400, { token: 'a.b.c' }],
      [400, []],
      [400, '"text"'],
      [400, '{'],
      [400, { token: 'x'.repeat(9_000) }],
      [413, { token: 'x'.repeat(20_000) }],
      [415, 'token=x', { 'content-type': 'text/plain' }],
      [403, { token: 'x' }, { host: 'evil.example' }],
      [403, { token: 'x' }, { origin: 'https://evil.example' }],
    ];
    for (const [status, body, headers] of strange)
      expect([status, JSON.stringify(body).slice(0, 40), (await redeem(body, headers)).status]).toEqual([
        status,
        JSON.stringify(body).slice(0, 40),
        status,
      ]);
    expect((await house.raw({ path: '/credentials/redeem', method: 'GET' })).status).toBe(405);
  });
});

describe('a kill after the sending (requirements CR3, KS1)', () => {
  /** A call whose tool waits before it verifies; `stop` happens meanwhile. What verification said then. */
  async function killedMeanwhile(agent: string, stop: () => Promise<unknown>, server = 'honest'): Promise<string> {
    let go = (): void => {};
    hold = new Promise((done) => (go = done));
    const before = honest.calls.length;
    const client = await house.client(agent, `/mcp/${server}`);
    const sent = honest.requests.length;
    const call = client.callTool({ name: 'pay', arguments: ARGS }).then(textOf, (error: Error) => error.message);
    await until(() => honest.requests.slice(sent).some((headers) => headers['interlock-action'] !== undefined));
    await stop();
    go();
    await until(() => honest.calls.length > before);
    await call;
    const { verdict } = honest.calls.at(-1)!;
    return verdict.ok ? 'ok' : verdict.reason;
  }

  const lock = (target: string, tier: string) =>
    house.admin('POST', '/v1/locks', { target, tier, reason: 'tests', by: 'bob' });
  const release = (target: string) =>
    house.admin('DELETE', `/v1/locks/${encodeURIComponent(target)}?by=bob&reason=over`);

  it('control: without one the tool begins', async () => {
    expect(await killedMeanwhile('buyer', async () => {})).toBe('ok');
  });

  it.each(['halt', 'pause'])('a %s of the agent stops a tool that has not begun', async (tier) => {
    expect(await killedMeanwhile('seller', () => lock('agent:seller', tier))).toBe('stopped');
    await release('agent:seller');
    const records = await house.records();
    const last = records.findLast((r) => r.type === 'admin' && r.act === 'action.redeem');
    expect(last).toMatchObject({ reason: 'stopped', detail: { agent: 'seller', tool: 'pay' } });
  });

  const sessionOf = async (agent: string): Promise<string> => {
    const { body } = await house.admin<{ items: { id: string; agent: string }[] }>('GET', '/v1/sessions');
    return body.items.findLast((one) => one.agent === agent)!.id;
  };
  const ends = async (code: string) =>
    (await house.records()).filter((r) => r.type === 'outcome' && r.code === code).length;

  it.each(['halt', 'pause'])('so does a %s of the session alone', async (tier) => {
    const stop = async () => lock(`session:${await sessionOf('seller')}`, tier);
    expect(await killedMeanwhile('seller', stop)).toBe('stopped');
  });

  it('so does one that was released before the tool asked: the call was aborted, nobody waits for it', async () => {
    const shortly = async (): Promise<void> => {
      const before = await ends('aborted');
      await lock('agent:seller', 'halt');
      await until(async () => (await ends('aborted')) > before);
      await release('agent:seller');
    };
    expect(await killedMeanwhile('seller', shortly)).toBe('stopped');
  });

  it('and a call that took too long: who sent it was told that the outcome is unknown, and may send it again', async () => {
    const before = await ends('upstream-timeout');
    const over = () => until(async () => (await ends('upstream-timeout')) > before);
    expect(await killedMeanwhile('buyer', over, 'hasty')).toBe('stopped');
  });
});

it('what a client sends as one reaches no server (requirement CR3)', async () => {
  const headers = {
    'interlock-action': 'mine',
    'Interlock-Action-Proof': 'mine',
    'mcp-param-interlock-action': 'mine',
  };
  const version = { 'mcp-protocol-version': '2025-11-25' };
  const hello = {
    ...{ jsonrpc: '2.0', id: 1, method: 'initialize' },
    params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } },
  };
  const sent = thief.requests.length;
  const opened = await house.raw({ path: '/mcp/plain', agent: 'buyer', body: hello, headers });
  const session = { ...version, 'mcp-session-id': opened.headers['mcp-session-id'] };
  kept = [];
  const _meta = { 'interlock/action': 'mine', 'interlock/action-proof': 'mine' };
  const call = { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'pay', arguments: ARGS, _meta } };
  const answer = await house.raw({
    path: '/mcp/plain',
    agent: 'buyer',
    body: call,
    headers: { ...headers, ...session },
  });
  expect(textOf(answer.json.result)).toBe('kept');
  expect(kept).toEqual([{ token: null, proof: null }]);
  expect(JSON.stringify(thief.requests.slice(sent))).not.toContain('mine');
});
