import { createHash, randomBytes } from 'node:crypto';
import { SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agent, type OAuthWorld, openOAuthWorld } from '../cases/fixtures/oauth-world.ts';
import { Browser } from '../cases/people.ts';
import { type KeyPair, keyPair } from './token-world.ts';

const REDIRECT = 'http://127.0.0.1:4711/callback';
const WEB = 'https://app.example/callback';
let world: OAuthWorld;
let key: KeyPair;

beforeAll(async () => {
  key = await keyPair('ES256');
  world = await openOAuthWorld({
    agents: [
      agent('desk', { redirectUris: [REDIRECT] }),
      agent('web', { redirectUris: [WEB], keys: [key.publicJwk] }),
      agent('gone', { redirectUris: [REDIRECT], state: 'suspended' }),
      agent('leaver', { redirectUris: [REDIRECT] }),
    ],
  });
});
afterAll(() => world?.close());

const verifier = randomBytes(32).toString('base64url');
const challenge = createHash('sha256').update(verifier).digest('base64url');

interface Params {
  readonly [name: string]: string | undefined;
}

function authorizeUrl(params: Params = {}): string {
  const url = new URL(`${world.url}/oauth/authorize`);
  const all: Params = {
    response_type: 'code',
    client_id: 'desk',
    redirect_uri: REDIRECT,
    scope: 'crm:read',
    resource: `${world.url}/mcp/crm`,
    code_challenge: challenge,
    code_challenge_method: 'S256',
    state: 's1',
    ...params,
  };
  for (const [name, value] of Object.entries(all)) if (value !== undefined) url.searchParams.set(name, value);
  return url.href;
}

/** Where the client is sent with its answer; fails when it is sent nowhere. */
async function answerTo(params: Params = {}, browser = new Browser()): Promise<URLSearchParams> {
  const end = await browser.follow(authorizeUrl(params), world.url);
  expect(end.response, 'the browser was left at the gateway').toBeNull();
  return new URL(end.url).searchParams;
}

async function token(fields: Params): Promise<{ status: number; body: Record<string, string> }> {
  const body = new URLSearchParams(
    Object.entries(fields).filter(([, value]) => value !== undefined) as [string, string][],
  );
  const answer = await fetch(`${world.url}/oauth/token`, { method: 'POST', body });
  return { status: answer.status, body: (await answer.json()) as Record<string, string> };
}

function exchange(code: string | null, more: Params = {}) {
  const fields = {
    grant_type: 'authorization_code',
    client_id: 'desk',
    redirect_uri: REDIRECT,
    code_verifier: verifier,
  };
  return token({ ...fields, code: code ?? '', ...more });
}

async function assertion(claims: Record<string, unknown> = {}, header: Record<string, unknown> = {}): Promise<string> {
  const nowS = Math.floor(Date.now() / 1000);
  const good = {
    iss: 'web',
    sub: 'web',
    aud: world.url,
    jti: randomBytes(16).toString('hex'),
    iat: nowS,
    exp: nowS + 60,
  };
  return new SignJWT({ ...good, ...claims })
    .setProtectedHeader({ alg: 'ES256', kid: key.publicJwk.kid, ...header })
    .sign(key.privateKey);
}

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

describe('redirects (RFC 9700 section 4.1)', () => {
  it.each([
    'http://127.0.0.1:4711/callback/',
    'http://127.0.0.1:4711/callback/../callback',
    'http://127.0.0.1:4711/callback?x=1',
    'http://127.0.0.1:4711/callback#x',
    'http://127.0.0.1:4711/Callback',
    'http://127.0.0.1.evil.example:4711/callback',
    'http://127.0.0.1:4711@evil.example/callback',
    'http://evil.example/callback',
    'https://127.0.0.1:4711/callback',
    'http://localhost:4711/callback',
    'http://2130706433:4711/callback',
    'javascript:alert(1)',
    '//evil.example/callback',
    '',
  ])('%j is not the registered address: nobody is sent anywhere', async (redirect_uri) => {
    const end = await new Browser().follow(authorizeUrl({ redirect_uri }), world.url);
    expect(end.response?.status).toBe(400);
    expect(end.response?.headers.get('location')).toBeNull();
    expect(end.response?.headers.get('content-security-policy')).toContain("default-src 'none'");
  });

  it('the port of a loopback address may differ (RFC 8252 section 7.3), that of a web address may not', async () => {
    expect((await answerTo({ redirect_uri: 'http://127.0.0.1:59999/callback' })).get('code')).toBeTruthy();
    const web = authorizeUrl({ client_id: 'web', redirect_uri: 'https://app.example:444/callback' });
    expect((await new Browser().follow(web, world.url)).response?.status).toBe(400);
  });

  it('what an attacker puts into the request cannot become markup on the page about it', async () => {
    const url = authorizeUrl({ client_id: '"><script>alert(1)</script>' });
    const page = await (await new Browser().follow(url, world.url)).response?.text();
    expect(page).not.toContain('<script>');
  });

  it('Host and forwarding headers do not choose where anybody is sent', async () => {
    const headers = { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https', accept: 'text/html' };
    const answer = await fetch(authorizeUrl(), { headers, redirect: 'manual' });
    expect(answer.headers.get('location')).toMatch(/^\/oauth\/interaction\//);
    expect(answer.headers.getSetCookie().join()).not.toContain('evil');
  });
});

describe('mix-up (RFC 9207)', () => {
  it('every answer, good or bad, says who gives it', async () => {
    expect((await answerTo()).get('iss')).toBe(world.url);
    const refused = await answerTo({
      response_type: 'code',
      code_challenge: undefined,
      code_challenge_method: undefined,
    });
    expect([refused.get('error'), refused.get('iss'), refused.get('state')]).toEqual([
      'invalid_request',
      world.url,
      's1',
    ]);
  });
});

describe('PKCE and codes', () => {
  it.each([
    ['none', { code_challenge: undefined, code_challenge_method: undefined }],
    ['plain', { code_challenge: verifier, code_challenge_method: 'plain' }],
    ['no method', { code_challenge: verifier, code_challenge_method: undefined }],
  ] as [string, Params][])('a request with %s is refused', async (_what, params) => {
    expect((await answerTo(params)).get('error')).toBe('invalid_request');
  });

  it.each(['token', 'id_token', 'code token', 'code id_token', 'none'])(
    'there is no %s response',
    async (response_type) => {
      const end = await new Browser().follow(
        authorizeUrl({ response_type, nonce: 'n', scope: 'openid crm:read' }),
        world.url,
      );
      expect(end.url).not.toMatch(/code=|access_token=|id_token=/);
    },
  );

  it('a code is worth nothing without its verifier, at another address, or to another client', async () => {
    for (const wrong of [
      { code_verifier: randomBytes(32).toString('base64url') },
      { code_verifier: challenge },
      { code_verifier: undefined },
      { redirect_uri: 'http://127.0.0.1:4712/callback' },
      { redirect_uri: undefined },
      { client_id: 'leaver' },
      { resource: `${world.url}/mcp/files` },
    ] as Params[]) {
      const code = (await answerTo()).get('code');
      const { status, body } = await exchange(code, wrong);
      expect([JSON.stringify(wrong), status, body.access_token]).toEqual([JSON.stringify(wrong), 400, undefined]);
    }
  });

  it('a code that comes back takes what it gave with it', async () => {
    const code = (await answerTo()).get('code');
    const first = await exchange(code);
    expect(first.status).toBe(200);
    expect((await exchange(code)).status).toBe(400);
    const authorization = `Bearer ${first.body.access_token}`;
    expect((await fetch(`${world.url}/mcp/crm`, { method: 'POST', headers: { authorization } })).status).toBe(401);
  });

  it('of fifty clients that present one code at the same time, one gets a token (ID5)', async () => {
    const code = (await answerTo()).get('code');
    const all = await Promise.all(Array.from({ length: 50 }, () => exchange(code)));
    expect(all.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  it('a browser that did not begin the sign-in cannot end it', async () => {
    const victim = new Browser();
    const started = await victim.get(authorizeUrl());
    const place = new URL(started.headers.get('location') as string, world.url).href;
    const stranger = await new Browser().get(place);
    expect(stranger.status).toBeGreaterThanOrEqual(400);
    const uid = place.split('/').at(-1);
    expect((await new Browser().get(`${world.url}/oauth/authorize/${uid}`)).status).toBeGreaterThanOrEqual(400);
  });
});

describe('resources', () => {
  it('names of servers are not told to somebody who is not signed in', async () => {
    const ask = async (server: string) => {
      const answer = await new Browser().get(
        authorizeUrl({ resource: `${world.url}/mcp/${server}`, scope: `${server}:read` }),
      );
      return [answer.status, (answer.headers.get('location') ?? '').replace(/[\w-]+$/, '')];
    };
    expect(await ask('absent')).toEqual(await ask('crm'));
    expect((await answerTo({ resource: `${world.url}/mcp/absent` })).get('error')).toBe('invalid_target');
  });

  it.each(['https://evil.example/mcp/crm', '/mcp/crm', 'http://127.0.0.1/mcp/crm', 'x'])(
    '%s is none of ours',
    async (resource) => {
      expect((await answerTo({ resource })).get('error')).toBe('invalid_target');
    },
  );
});

describe('clients that prove themselves by key', () => {
  const withKey = async (text: string, code: string | null) =>
    exchange(code, {
      client_id: 'web',
      redirect_uri: WEB,
      client_assertion: text,
      client_assertion_type: ASSERTION_TYPE,
    });
  const codeForWeb = async () => (await answerTo({ client_id: 'web', redirect_uri: WEB })).get('code');

  it('get a token with a good assertion, once', async () => {
    const text = await assertion();
    expect((await withKey(text, await codeForWeb())).status).toBe(200);
    expect((await withKey(text, await codeForWeb())).body.error).toBe('invalid_client');
  });

  it('cannot spend one assertion at two grants', async () => {
    const text = await assertion();
    expect((await withKey(text, await codeForWeb())).status).toBe(200);
    const fields = { grant_type: 'client_credentials', client_assertion: text, client_assertion_type: ASSERTION_TYPE };
    const refused = await token(fields);
    expect(refused.body.error).toBe('invalid_client');
  });

  it.each([
    ['nothing', async () => undefined],
    [
      'another key',
      async () => {
        const other = await keyPair('ES256');
        return new SignJWT({
          iss: 'web',
          sub: 'web',
          aud: world.url,
          jti: 'a',
          exp: Math.floor(Date.now() / 1000) + 60,
        })
          .setProtectedHeader({ alg: 'ES256', kid: key.publicJwk.kid })
          .sign(other.privateKey);
      },
    ],
    [
      'no signature',
      async () =>
        new UnsecuredJWT({
          iss: 'web',
          sub: 'web',
          aud: world.url,
          jti: 'b',
          exp: Math.floor(Date.now() / 1000) + 60,
        }).encode(),
    ],
    [
      'the public key as a secret',
      async () =>
        new SignJWT({ iss: 'web', sub: 'web', aud: world.url, jti: 'c', exp: Math.floor(Date.now() / 1000) + 60 })
          .setProtectedHeader({ alg: 'HS256' })
          .sign(Buffer.from(JSON.stringify(key.publicJwk))),
    ],
    ['another audience', () => assertion({ aud: 'https://evil.example' })],
    ['two audiences', () => assertion({ aud: [world.url, 'https://evil.example'] })],
    ['an end far ahead', () => assertion({ exp: Math.floor(Date.now() / 1000) + 3_600 })],
    ['its end behind it', () => assertion({ exp: Math.floor(Date.now() / 1000) - 60 })],
    ['no id', () => assertion({ jti: undefined })],
    ['another subject', () => assertion({ sub: 'desk' })],
  ] as [string, () => Promise<string | undefined>][])('get none with %s', async (_what, make) => {
    const code = await codeForWeb();
    const text = await make();
    const answer =
      text === undefined ? await exchange(code, { client_id: 'web', redirect_uri: WEB }) : await withKey(text, code);
    expect([400, 401]).toContain(answer.status);
    expect(answer.body.access_token).toBeUndefined();
  });
});

describe('who may not act', () => {
  it('an agent that is not active is no client', async () => {
    expect((await new Browser().follow(authorizeUrl({ client_id: 'gone' }), world.url)).response?.status).toBe(400);
  });

  it('a person who has left gets nothing: not by signing in, not on refresh, not with a code in hand, and may come back', async () => {
    world.sitting.person = 'alice';
    const { body } = await exchange((await answerTo({ client_id: 'leaver' })).get('code'), { client_id: 'leaver' });
    const code = (await answerTo({ client_id: 'leaver' })).get('code');
    const setActive = async (active: boolean) => {
      const person = world.directory.person('alice');
      const change = {
        kind: 'person' as const,
        id: 'alice',
        body: { ...person, active, attributes: {} } as never,
        expected: world.directory.storedVersion('person', 'alice'),
      };
      expect(
        await world.stores.directory.apply([change], {
          by: 'test',
          act: 'person.active',
          reason: 'x',
          atMs: Date.now(),
        }),
      ).toMatchObject({ ok: true });
      await world.directory.refresh();
    };
    await setActive(false);
    const refresh = { grant_type: 'refresh_token', client_id: 'leaver', refresh_token: body.refresh_token };
    expect((await token(refresh)).body.error).toBe('invalid_grant');
    expect((await exchange(code, { client_id: 'leaver' })).body.error).toBe('invalid_grant');
    const end = await new Browser().follow(authorizeUrl({ client_id: 'leaver' }), world.url);
    expect(end.response?.status).toBe(500);
    await setActive(true);
    // The refresh token was refused, not used up: taking it away is for whoever ends a person's grants.
    expect((await token(refresh)).status).toBe(200);
  });
});

it('a request that names two grants, or one nobody knows, is answered by neither', async () => {
  const body = 'grant_type=authorization_code&grant_type=client_credentials';
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const answer = await fetch(`${world.url}/oauth/token`, { method: 'POST', body, headers });
  expect([answer.status, ((await answer.json()) as { error: string }).error]).toEqual([400, 'invalid_request']);
  expect((await token({ grant_type: 'password', username: 'alice', password: 'x' })).body.error).toBe(
    'unsupported_grant_type',
  );
});
