import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/clock.ts';
import { openFileSeal } from '../../src/identity/ring/seal.ts';
import type { Answer } from '../../src/model/approval.ts';
import { Pings } from '../../src/oauth/backchannel/pings.ts';
import { find, keep, look, newAuthReqId, type StoredRequest } from '../../src/oauth/backchannel/stored.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { type KeyPair, keyPair } from '../attack/token-world.ts';
import { agent, type OAuthWorld, openOAuthWorld } from '../cases/fixtures/oauth-world.ts';
import { ALONE, approvalRow } from './approval-row.ts';
import { GROUNDS, type Ground, type Location, open } from './stores-fixture.ts';

const CIBA = 'urn:openid:params:grant-type:ciba';
const AT_ONCE = 50;

/** One request, looked at and redeemed by fifty at once at two gateways (requirement ID2: what is for one use is used once). */
describe.each(GROUNDS)('requests of the backchannel on $name', ({ start }) => {
  let ground: Ground;
  let location: Location;
  let dir: string;
  let key: KeyPair;
  let stores: Stores;
  let worlds: OAuthWorld[] = [];
  const recorded: { act: string }[] = [];

  beforeAll(async () => {
    ground = await start();
    location = await ground.place();
    stores = await open(location);
    dir = await mkdtemp(join(tmpdir(), 'interlock-ciba-races-'));
    key = await keyPair();
    const gateway = {
      journal: { append: async (record: { act: string }) => void recorded.push(record) },
      revocation: { enter: () => ({ ok: true, leave() {} }) },
      approvals: {
        get: (id: string) => stores.approvals.get(id),
        use: (id: string, digest: string, call: string) =>
          stores.approvals.consume(id, digest, { journal: 'j', call, nowMs: systemClock.nowMs() }),
      },
    } as never;
    const backchannel = { mode: 'poll', notificationEndpoint: null } as const;
    const agents = [agent('buyer', { keys: [key.publicJwk], backchannel })];
    const shared = { dir, gateway, agents, openStores: () => open(location) };
    const first = await openOAuthWorld(shared);
    worlds = [first, await openOAuthWorld({ ...shared, address: first.url })];
  });
  afterAll(async () => {
    for (const world of worlds) await world.close();
    await stores?.close();
    await ground?.stop();
    if (dir !== undefined) await rm(dir, { recursive: true, force: true });
  });

  /** A request of `buyer` for alice, and its approval as it stands. */
  async function requested(state: 'pending' | 'approved', more: Partial<StoredRequest> = {}): Promise<string> {
    const nowMs = systemClock.nowMs();
    const [id, digest] = [randomUUID(), randomUUID()];
    const answer: Answer = {
      ...{ person: 'alice', verdict: 'approved', reason: 'yes', atMs: nowMs, digest, assurance: 'passkey' },
      ...{ proof: null, standing: null },
    };
    const row = approvalRow(id, {
      ...{ kind: 'backchannel', digest, agent: 'buyer', subject: 'alice', session: null },
      ...{ state, answers: state === 'approved' ? [answer] : [] },
      ...{ requestedAtMs: nowMs, expiresAtMs: nowMs + 600_000 },
    });
    await stores.approvals.requestOrJoin(row, { ...ALONE, maxPendingPerAgent: 100 });
    const authReqId = newAuthReqId();
    const request: StoredRequest = {
      ...{ approval: id, scopes: ['crm:read'], resources: [`${worlds[0]!.url}/mcp`], action: null },
      ...{ requestedAtMs: nowMs, expiresAtMs: nowMs + 300_000, intervalMs: 5_000, polledAtMs: null, ...more },
    };
    await keep(stores.oauth, authReqId, { agent: 'buyer', person: 'alice', request });
    return authReqId;
  }

  async function poll(world: OAuthWorld, authReqId: string): Promise<{ status: number; body: Record<string, string> }> {
    const nowS = Math.floor(systemClock.nowMs() / 1000);
    const claims = { iss: 'buyer', sub: 'buyer', aud: world.url, iat: nowS, exp: nowS + 120, jti: randomUUID() };
    const assertion = await new SignJWT(claims)
      .setProtectedHeader({ alg: key.alg, kid: key.publicJwk.kid })
      .sign(key.privateKey);
    const body = new URLSearchParams({
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      ...{ client_assertion: assertion, grant_type: CIBA, auth_req_id: authReqId },
    });
    const answer = await fetch(`${world.listening}/oauth/token`, { method: 'POST', body });
    return { status: answer.status, body: (await answer.json()) as Record<string, string> };
  }

  const fifty = (authReqId: string) =>
    Promise.all(Array.from({ length: AT_ONCE }, (_, i) => poll(worlds[i % 2] as OAuthWorld, authReqId)));

  it.each([
    ['a sign-in', null],
    ['an action', { server: 'crm', tool: 't', arguments: {}, argumentsDigest: null }],
  ])('give one token for %s, however many come at once', async (_what, action) => {
    const authReqId = await requested('approved', { action });
    const answers = await fifty(authReqId);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(new Set(answers.filter(({ status }) => status !== 200).map(({ body }) => body.error))).toEqual(
      new Set(['invalid_grant']),
    );
    expect((await poll(worlds[1] as OAuthWorld, authReqId)).body.error).toBe('invalid_grant');
    expect(recorded.splice(0).map(({ act }) => act)).toEqual(['token.backchannel']);
  });

  it('that joined one question give one token of a sign-in between them', async () => {
    const first = await requested('approved');
    const { request } = (await find(stores.oauth, first))!;
    const second = newAuthReqId();
    await keep(stores.oauth, second, { agent: 'buyer', person: 'alice', request });
    const answers = await Promise.all([first, second].map((id, i) => poll(worlds[i] as OAuthWorld, id)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 400]);
    recorded.splice(0);
  });

  it('end when everything of their person is cut off after they were made', async () => {
    const authReqId = await requested('approved');
    const { person } = (await find(stores.oauth, authReqId))!;
    const untilMs = systemClock.nowMs() + 1_000;
    const world = worlds[0] as OAuthWorld;
    await world.authority.revoked.revoke([
      { kind: 'subject', id: person, issuedUntilMs: untilMs, expiresAtMs: untilMs + 60_000 },
    ]);
    expect((await poll(world, authReqId)).body.error).toBe('access_denied');
  });

  it('are looked at by one in time, and by everybody else too fast', async () => {
    const answers = await fifty(await requested('pending'));
    const errors = answers.map(({ body }) => body.error);
    expect(errors.filter((error) => error === 'authorization_pending')).toHaveLength(1);
    expect(errors.filter((error) => error === 'slow_down')).toHaveLength(AT_ONCE - 1);
  });

  it('want five seconds more each time somebody looks too early', async () => {
    const authReqId = await requested('pending');
    const now = systemClock.nowMs();
    const at = async (afterMs: number): Promise<[boolean, number]> => {
      const found = (await find(stores.oauth, authReqId))!;
      const inTime = await look(stores.oauth, found, now + afterMs);
      return [inTime, (await find(stores.oauth, authReqId))!.request.intervalMs];
    };
    expect(await at(0)).toEqual([true, 5_000]);
    expect(await at(4_999)).toEqual([false, 10_000]);
    expect(await at(14_998)).toEqual([false, 15_000]);
    expect(await at(29_998)).toEqual([true, 15_000]);
  });

  it('are told of once by two gateways that find them decided at the same moment', async () => {
    const authReqId = await requested('approved');
    const { id, request } = (await find(stores.oauth, authReqId))!;
    const told: string[] = [];
    const seal = await openFileSeal(join(dir, 'keys'));
    const ringer = agent('buyer', { backchannel: { mode: 'ping', notificationEndpoint: 'https://a.example/told' } });
    const make = (own: Stores) =>
      new Pings({
        ...{ store: own.secrets, seal, clock: systemClock, agents: () => ({ get: () => ringer }) },
        approval: (approval) => own.approvals.get(approval),
        web: async (_url, sent) => {
          told.push(`${sent?.headers?.authorization} ${sent?.body}`);
          return { status: 204, headers: {}, body: '' };
        },
        onFailed: (error) => expect.unreachable(String(error)),
      });
    const both = [make(stores), make((worlds[1] as OAuthWorld).stores)];
    const { approval, expiresAtMs } = request;
    const ping = { id, agent: 'buyer', approval, authReqId, notificationToken: 'n'.repeat(22), expiresAtMs };
    await both[0]!.put(ping);
    const kept = await stores.secrets.get('backchannel-ping', id);
    expect(JSON.stringify(kept)).not.toContain(authReqId);
    expect(JSON.stringify(kept)).not.toContain(ping.notificationToken);
    const counts = await Promise.all(both.map((each) => each.deliver()));
    expect(counts.toSorted()).toEqual([0, 1]);
    expect(told).toEqual([`Bearer ${ping.notificationToken} {"auth_req_id":"${authReqId}"}`]);
    expect(await stores.secrets.get('backchannel-ping', id)).toBeNull();
  });
});
