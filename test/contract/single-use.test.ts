import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/clock.ts';
import { type KeyPair, keyPair } from '../attack/token-world.ts';
import { agent, type OAuthWorld, openOAuthWorld } from '../cases/fixtures/oauth-world.ts';
import { Browser } from '../cases/people.ts';
import { GROUNDS, type Ground, type Location, open } from './stores-fixture.ts';

/** The quality bar of requirements ID2 and CR1: fifty parallel redemptions of whatever is for one use yield one success. */
const AT_ONCE = 50;
const REDIRECT = 'http://127.0.0.1:4711/callback';
const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const ISSUER = 'https://idp.example';
const WORKLOAD = 'system:serviceaccount:shop:buyer';
const ASSERTED = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';

interface Answer {
  readonly status: number;
  readonly body: Record<string, string>;
}

/** One attempt at redeeming something, as a client without state would make it. */
type Attempt = (world: OAuthWorld) => Promise<Answer>;

async function post(
  world: OAuthWorld,
  fields: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const body = new URLSearchParams(fields);
  const answer = await fetch(`${world.listening}/oauth/token`, { method: 'POST', body, headers });
  return { status: answer.status, body: (await answer.json()) as Record<string, string> };
}

describe.each(GROUNDS)('fifty redemptions at two gateways on $name', ({ start }) => {
  let ground: Ground;
  let location: Location;
  let dir: string;
  let key: KeyPair;
  /** Of an issuer the operator trusts. */
  let idp: KeyPair;
  let worlds: OAuthWorld[] = [];
  /** What clients call the gateway: both listeners, before and after the restart. */
  let address: string;

  const gateway = {
    journal: { append: async () => {} },
    revocation: { enter: () => ({ ok: true, leave() {} }) },
  } as never;
  const openWorld = (more: { address?: string } = {}): Promise<OAuthWorld> =>
    openOAuthWorld({
      ...{ dir, gateway, ...more },
      openStores: () => open(location),
      oauth: {
        issuers: {
          idp: { issuer: ISSUER, proves: ['workload', 'id-jag'], keys: [idp.publicJwk as never], person: 'sub' },
        },
      },
      agents: [
        agent('desk', { redirectUris: [REDIRECT] }),
        agent('buyer', { keys: [key.publicJwk], workloads: [{ issuer: ISSUER, subject: WORKLOAD }] }),
      ],
    });
  const closeAll = async (): Promise<void> => {
    for (const world of worlds.splice(0)) await world.close();
  };
  const openTwo = async (at?: string): Promise<void> => {
    const first = await openWorld(at === undefined ? {} : { address: at });
    address = first.url;
    worlds = [first, await openWorld({ address })];
  };

  beforeAll(async () => {
    ground = await start();
    location = await ground.place();
    dir = await mkdtemp(join(tmpdir(), 'interlock-single-use-'));
    [key, idp] = [await keyPair(), await keyPair()];
  });
  // Anew for each: a browser follows redirects to where the gateway is called, which after a restart is not where it listens.
  beforeEach(async () => {
    await closeAll();
    await openTwo();
  });
  afterAll(async () => {
    await closeAll();
    await ground?.stop();
    if (dir !== undefined) await rm(dir, { recursive: true, force: true });
  });

  /** Fifty at once over both gateways, and five more after both were started anew. How many succeeded, then and later. */
  const race = async (attempt: Attempt): Promise<{ then: number; later: number; refusals: Set<string> }> => {
    const answers = await Promise.all(
      Array.from({ length: AT_ONCE }, (_, i) => attempt(worlds[i % worlds.length] as OAuthWorld)),
    );
    await closeAll();
    await openTwo(address);
    const again = await Promise.all(Array.from({ length: 5 }, (_, i) => attempt(worlds[i % 2] as OAuthWorld)));
    const won = (all: readonly Answer[]): number => all.filter(({ status }) => status === 200).length;
    const refusals = new Set(
      [...answers, ...again].filter(({ status }) => status !== 200).map(({ body }) => body.error ?? ''),
    );
    return { then: won(answers), later: won(again), refusals };
  };

  const assertion = (who: string): Promise<string> => {
    const nowS = Math.floor(systemClock.nowMs() / 1000);
    return new SignJWT({
      iss: who,
      sub: who,
      aud: `${address}/oauth/token`,
      jti: randomUUID(),
      iat: nowS,
      exp: nowS + 120,
    })
      .setProtectedHeader({ alg: key.alg, kid: key.publicJwk.kid })
      .sign(key.privateKey);
  };
  const proven = async (who: string) => ({ client_assertion_type: JWT_BEARER, client_assertion: await assertion(who) });

  /** A person signs in; the code and what belongs to it. */
  const authorize = async (): Promise<Record<string, string>> => {
    const verifier = randomBytes(32).toString('base64url');
    const query = new URLSearchParams({
      ...{ response_type: 'code', client_id: 'desk', redirect_uri: REDIRECT, scope: 'crm:read' },
      ...{ resource: `${address}/mcp/crm`, state: 's', code_challenge_method: 'S256' },
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    });
    const end = await new Browser().follow(`${address}/oauth/authorize?${query}`, address);
    const code = new URL(end.url).searchParams.get('code');
    expect(code, end.url).not.toBeNull();
    const fields = { client_id: 'desk', redirect_uri: REDIRECT, code_verifier: verifier };
    return { grant_type: 'authorization_code', ...fields, code: code as string };
  };

  it('CR1: an authorization code', async () => {
    const fields = await authorize();
    expect(await race((world) => post(world, fields))).toEqual({
      then: 1,
      later: 0,
      refusals: new Set(['invalid_grant']),
    });
  });

  it('CR1: a refresh token', async () => {
    const { body } = await post(worlds[0] as OAuthWorld, await authorize());
    const fields = { grant_type: 'refresh_token', client_id: 'desk', refresh_token: body.refresh_token as string };
    expect(await race((world) => post(world, fields))).toEqual({
      then: 1,
      later: 0,
      refusals: new Set(['invalid_grant']),
    });
  });

  it('CR1: a client assertion', async () => {
    const fields = { grant_type: 'client_credentials', ...(await proven('buyer')) };
    expect(await race((world) => post(world, fields))).toEqual({
      then: 1,
      later: 0,
      refusals: new Set(['invalid_client']),
    });
  });

  it('CR1: a DPoP proof', async () => {
    const holder = await keyPair();
    const proof = await new SignJWT({
      ...{ jti: randomUUID(), htm: 'POST', htu: `${address}/oauth/token` },
      iat: Math.floor(systemClock.nowMs() / 1000),
    })
      .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk: publicOf(holder) })
      .sign(holder.privateKey);
    const result = await race(async (world) =>
      post(world, { grant_type: 'client_credentials', ...(await proven('buyer')) }, { dpop: proof }),
    );
    expect(result).toEqual({ then: 1, later: 0, refusals: new Set(['invalid_dpop_proof']) });
  });

  const asserted = async (claims: Record<string, unknown>, typ: string): Promise<Record<string, string>> => {
    const nowS = Math.floor(systemClock.nowMs() / 1000);
    const assertion = await new SignJWT({ iss: ISSUER, jti: randomUUID(), iat: nowS, exp: nowS + 120, ...claims })
      .setProtectedHeader({ typ, alg: idp.alg, kid: idp.publicJwk.kid })
      .sign(idp.privateKey);
    return { grant_type: ASSERTED, assertion };
  };

  it('CR1: an ID-JAG', async () => {
    const fields = await asserted({ sub: 'alice', aud: address, client_id: 'buyer' }, 'oauth-id-jag+jwt');
    const result = await race(async (world) => post(world, { ...fields, ...(await proven('buyer')) }));
    expect(result).toEqual({ then: 1, later: 0, refusals: new Set(['invalid_grant']) });
  });

  it('CR1: a workload token', async () => {
    const fields = await asserted({ sub: WORKLOAD, aud: `${address}/oauth/token` }, 'JWT');
    const result = await race((world) => post(world, fields));
    expect(result).toEqual({ then: 1, later: 0, refusals: new Set(['invalid_grant']) });
  });

  it.each([1, 3])('CN3: a token that may be exchanged %i times', async (uses) => {
    const details = JSON.stringify([{ type: 'agent_delegation', max_uses: uses }]);
    const asked = { grant_type: 'client_credentials', resource: `${address}/mcp/crm`, scope: 'crm:read' };
    const { body } = await post(worlds[0] as OAuthWorld, {
      ...asked,
      ...(await proven('buyer')),
      authorization_details: details,
    });
    const fields = {
      grant_type: EXCHANGE,
      subject_token: body.access_token as string,
      subject_token_type: ACCESS_TOKEN,
    };
    const result = await race(async (world) => post(world, { ...fields, ...(await proven('buyer')) }));
    expect(result).toEqual({ then: uses, later: 0, refusals: new Set(['invalid_request']) });
  });
});

function publicOf({ publicJwk }: KeyPair): Record<string, string | undefined> {
  const { kty, crv, x, y } = publicJwk;
  return { kty, crv, x, y };
}
