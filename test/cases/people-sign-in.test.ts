import * as oauth from 'oauth4webapi';
import * as client from 'openid-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type KeyPair, keyPair } from '../attack/token-world.ts';
import { agent, type OAuthWorld, openOAuthWorld, yes } from './fixtures/oauth-world.ts';
import { Browser } from './people.ts';

const REDIRECT = 'http://127.0.0.1:4711/callback';
let world: OAuthWorld;
let key: KeyPair;
let helper: client.Configuration;

beforeAll(async () => {
  key = await keyPair('ES256');
  world = await openOAuthWorld({
    agents: [
      agent('desk', { redirectUris: [REDIRECT], scopes: ['crm:read', 'crm:write', 'files:read'] }),
      agent('keyed', { redirectUris: ['https://app.example/callback'], keys: [key.publicJwk] }),
      agent('auditor', { keys: [key.publicJwk], groups: ['resource-servers'] }),
    ],
  });
  helper = await discover('desk', client.None());
});
afterAll(() => world?.close());

function discover(id: string, auth: client.ClientAuth): Promise<client.Configuration> {
  const options: client.DiscoveryRequestOptions = { execute: [client.allowInsecureRequests], algorithm: 'oauth2' };
  return client.discovery(new URL(world.url), id, { token_endpoint_auth_method: 'none' }, auth, options);
}

interface Asked {
  readonly config?: client.Configuration;
  readonly browser?: Browser;
  readonly redirect?: string;
  readonly more?: Record<string, string>;
  readonly dpop?: client.DPoPHandle;
}

async function signIn({ config = helper, browser = new Browser(), redirect = REDIRECT, more = {}, dpop }: Asked = {}) {
  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: redirect,
    scope: 'crm:read crm:write files:write',
    resource: `${world.url}/mcp/crm`,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    ...more,
  });
  const end = await browser.follow(url.href, world.url);
  const resource = { resource: more.resource ?? `${world.url}/mcp/crm` };
  const checks = { pkceCodeVerifier: verifier, expectedState: state };
  return client.authorizationCodeGrant(
    config,
    new URL(end.url),
    checks,
    resource,
    dpop === undefined ? {} : { DPoP: dpop },
  );
}

async function whoami(token: string, path = '/mcp/crm'): Promise<{ status: number; body: Record<string, unknown> }> {
  const answer = await fetch(`${world.url}${path}`, { method: 'POST', headers: { authorization: `Bearer ${token}` } });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

describe('a person signs in and lets an agent act (CN1, ID3)', () => {
  it('with code and PKCE: the token says for whom, through whom, where and how far', async () => {
    const tokens = await signIn();
    expect(tokens.token_type).toBe('bearer');
    // Never more than the agent may have: files are another server, and not of this resource.
    expect(tokens.scope?.split(' ').sort()).toEqual(['crm:read', 'crm:write']);
    expect(await whoami(tokens.access_token)).toEqual({
      status: 200,
      body: {
        agent: 'desk',
        subject: 'alice',
        scopes: ['crm:read', 'crm:write'],
        method: 'token',
        chain: [{ id: 'desk', kind: 'agent' }],
      },
    });
    expect((await whoami(tokens.access_token, '/mcp/files')).status).toBe(401);
    const seen = world.sitting.seen.at(-1);
    expect(seen).toMatchObject({
      prompt: 'consent',
      client: { id: 'desk', registered: 'agent' },
      agents: [{ id: 'desk' }],
    });
    expect(seen?.scopes).toContainEqual({ server: 'crm', rights: ['read', 'write'] });
  });

  it('gets what is basic when it names no scope, and only what the person agreed to', async () => {
    const basic = await signIn({ more: { scope: '' } });
    expect(basic.scope).toBe('crm:read');
    world.sitting.agree = (details) => ({ ...yes(details), scopes: ['crm:read', 'files:read', 'crm:destructive'] });
    const less = await signIn();
    world.sitting.agree = yes;
    expect(less.scope).toBe('crm:read');
  });

  it('may say no', async () => {
    world.sitting.agree = null;
    await expect(signIn()).rejects.toMatchObject({ error: 'access_denied' });
    world.sitting.agree = yes;
  });

  it('refreshes by rotation; a refresh token that comes back ends everything that came from the consent', async () => {
    const first = await signIn();
    const second = await client.refreshTokenGrant(helper, first.refresh_token as string);
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect((await whoami(second.access_token)).status).toBe(200);
    await expect(client.refreshTokenGrant(helper, first.refresh_token as string)).rejects.toMatchObject({
      error: 'invalid_grant',
    });
    await expect(client.refreshTokenGrant(helper, second.refresh_token as string)).rejects.toMatchObject({
      error: 'invalid_grant',
    });
    for (const { access_token } of [first, second]) expect((await whoami(access_token)).status).toBe(401);
  });

  it('one refresh token presented fifty times at once yields one token, and one code as well (ID5)', async () => {
    const { refresh_token } = await signIn();
    const all = await Promise.allSettled(
      Array.from({ length: 50 }, () => client.refreshTokenGrant(helper, refresh_token as string)),
    );
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('sees every consent, and taking one back ends it at once', async () => {
    const tokens = await signIn();
    const { interactions } = world.identity.people;
    const [newest] = await interactions.consentsOf('alice');
    expect(newest).toMatchObject({ agentId: 'desk', clientId: 'desk', scopes: expect.arrayContaining(['crm:read']) });
    expect(await interactions.withdraw('bob', newest?.grantId as string)).toBe(false);
    expect(await interactions.withdraw('alice', newest?.grantId as string)).toBe(true);
    expect((await whoami(tokens.access_token)).status).toBe(401);
    await expect(client.refreshTokenGrant(helper, tokens.refresh_token as string)).rejects.toMatchObject({
      error: 'invalid_grant',
    });
  });
});

describe('independent clients', () => {
  it('openid-client pushes its request, proves possession with DPoP, and the token is bound to its key (ID5)', async () => {
    const privateKey = await client.PrivateKeyJwt({ key: key.privateKey, kid: key.publicJwk.kid });
    const config = await discover('keyed', privateKey);
    const dpop = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'));
    const verifier = client.randomPKCECodeVerifier();
    const url = await client.buildAuthorizationUrlWithPAR(
      config,
      {
        redirect_uri: 'https://app.example/callback',
        scope: 'crm:read',
        resource: `${world.url}/mcp/crm`,
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      },
      { DPoP: dpop },
    );
    expect(url.searchParams.get('request_uri')).toMatch(/^urn:/);
    const end = await new Browser().follow(url.href, world.url);
    const checks = { pkceCodeVerifier: verifier };
    const tokens = await client.authorizationCodeGrant(config, new URL(end.url), checks, {}, { DPoP: dpop });
    expect(tokens.token_type).toBe('dpop');
    const answer = await client.fetchProtectedResource(
      config,
      tokens.access_token,
      new URL(`${world.url}/mcp/crm`),
      'POST',
      null,
      new Headers(),
      { DPoP: dpop },
    );
    expect(await answer.json()).toMatchObject({ agent: 'keyed', subject: 'alice', method: 'dpop' });
    expect((await whoami(tokens.access_token)).status).toBe(401);
    // A request that was pushed is used once.
    const again = await new Browser().follow(url.href, world.url);
    expect(again.response?.status ?? new URL(again.url).searchParams.get('error')).not.toBe(200);
  });

  it('oauth4webapi introspects and revokes tokens of ours (RFC 7662, RFC 7009)', async () => {
    const as = await oauth.processDiscoveryResponse(
      new URL(world.url),
      await oauth.discoveryRequest(new URL(world.url), { algorithm: 'oauth2', [oauth.allowInsecureRequests]: true }),
    );
    const auditor: oauth.Client = { client_id: 'auditor' };
    const auth = oauth.PrivateKeyJwt({ key: key.privateKey, kid: key.publicJwk.kid });
    const insecure = { [oauth.allowInsecureRequests]: true };
    const look = async (token: string) =>
      oauth.processIntrospectionResponse(
        as,
        auditor,
        await oauth.introspectionRequest(as, auditor, auth, token, insecure),
      );
    const tokens = await signIn();
    expect(await look(tokens.access_token)).toMatchObject({
      active: true,
      sub: 'alice',
      client_id: 'desk',
      scope: 'crm:read crm:write',
      act: { sub: 'desk', sub_profile: 'ai_agent' },
    });
    const desk: oauth.Client = { client_id: 'desk' };
    await oauth.processRevocationResponse(
      await oauth.revocationRequest(as, desk, oauth.None(), tokens.access_token, insecure),
    );
    expect(await look(tokens.access_token)).toEqual({ active: false });
    expect((await whoami(tokens.access_token)).status).toBe(401);
    const fresh = await client.refreshTokenGrant(helper, tokens.refresh_token as string);
    await oauth.processRevocationResponse(
      await oauth.revocationRequest(as, desk, oauth.None(), fresh.refresh_token as string, insecure),
    );
    expect(await look(fresh.access_token)).toEqual({ active: false });
    await expect(client.refreshTokenGrant(helper, fresh.refresh_token as string)).rejects.toMatchObject({
      error: 'invalid_grant',
    });
  });
});

it('nothing a thief of the store reads lets them in: codes, refresh tokens and sessions are hashed', async () => {
  const { refresh_token, access_token } = await signIn();
  const rows = await world.stores.oauth.list({ account: 'alice', limit: 1_000 });
  expect(rows.length).toBeGreaterThan(3);
  expect(JSON.stringify(rows)).not.toContain(refresh_token as string);
  expect(JSON.stringify(rows)).not.toContain(access_token);
});
