import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Client,
  type OAuthClientProvider,
  PrivateKeyJwtProvider,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client';
import { exportPKCS8 } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type KeyPair, keyPair } from '../attack/token-world.ts';
import { startPostgres, type TestPostgres } from '../contract/postgres.ts';
import { SCIM_TOKEN } from './fixtures/scim-house.ts';
import { CONNECT, EVERYTHING, type House, openHouse, textOf, until } from './house.ts';
import { Browser } from './people.ts';

/** ID4, ID3: what was issued before somebody left is worth nothing after, in every gateway on the store. */
const REDIRECT = 'http://127.0.0.1:4711/callback';
const PASSWORD = 'lantern quarry sixteen umbrellas';
const INITIALIZE = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'case', version: '1' } },
};
let postgres: TestPostgres;
let here: House;
let there: House;
let key: KeyPair;
const folders: string[] = [];

beforeAll(async () => {
  postgres = await startPostgres();
  key = await keyPair();
  const sha256 = createHash('sha256').update(SCIM_TOKEN).digest('base64url');
  const open = (data: string) =>
    openHouse({
      agents: ['buyer', 'clerk'],
      servers: `  every:\n    command: ${process.execPath}\n    args: [${EVERYTHING}, stdio]\n    tools: { "*": { effect: read, dataClass: public } }\n`,
      policies: { 'a.cedar': `${CONNECT}\n@id("all") permit(principal, action in Action::"use", resource);` },
      agentExtra: {
        buyer: `    redirectUris: ["${REDIRECT}"]\n`,
        clerk: `    keys: [${JSON.stringify(key.publicJwk)}]\n`,
      },
      extra: `scim: { tokenSha256: ${sha256} }\nstore: { kind: postgres, url: "${postgres.url}" }\ndata: ${data}\n`,
    });
  // Both sign and read with the same keys: those are the operator's to copy.
  const shared = await mkdtemp(join(tmpdir(), 'interlock-ghosts-'));
  folders.push(shared);
  here = await open(join(shared, 'here'));
  await mkdir(join(shared, 'there'), { mode: 0o700 });
  await cp(join(shared, 'here', 'keys'), join(shared, 'there', 'keys'), { recursive: true });
  there = await open(join(shared, 'there'));
}, 60_000);
afterAll(async () => {
  await here?.stop();
  await there?.stop();
  await postgres?.stop();
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

const active = (house: House, person: string, value: boolean) =>
  house.raw({
    path: `/scim/v2/Users/${person}`,
    method: 'PATCH',
    headers: { authorization: `Bearer ${SCIM_TOKEN}`, 'content-type': 'application/scim+json' },
    body: { Operations: [{ op: 'replace', value: { active: value } }] },
  });
const hello = (house: House, token: string) =>
  house.raw({ path: '/mcp/every', headers: { authorization: `Bearer ${token}` }, body: INITIALIZE });

describe('ID4: the token of an agent whose owner left', () => {
  it('is refused, no other is issued, and a new owner does not bring the old one back', async () => {
    const privateKey = await exportPKCS8(key.privateKey);
    const connect = async () => {
      const authProvider = new PrivateKeyJwtProvider({
        clientId: 'clerk',
        privateKey,
        algorithm: 'ES256',
        expectedIssuer: here.url,
      });
      const client = new Client({ name: 'clerk', version: '1' });
      await client.connect(new StreamableHTTPClientTransport(new URL('/mcp/every', here.url), { authProvider }));
      return { client, token: authProvider.tokens()?.access_token as string };
    };
    const { client, token } = await connect();
    expect(textOf(await client.callTool({ name: 'echo', arguments: { message: 'hello' } }))).toContain('hello');
    expect((await active(here, 'alice', false)).status).toBe(200);
    expect((await hello(here, token)).status).not.toBe(200);
    await expect(connect()).rejects.toThrow();
    await client.close().catch(() => {});

    const order = { to: 'bob', by: 'bob', reason: 'takes over', resume: true };
    const moved = await here.admin<{ agent: { state: string; owner: string } }>(
      'POST',
      '/v1/agents/clerk/reassign',
      order,
    );
    expect([moved.status, moved.body.agent.owner]).toEqual([200, 'bob']);
    expect((await hello(here, token)).status).toBe(401);
    // Tokens say when they were issued in whole seconds: one of the second of the revocation is refused as well.
    await new Promise((done) => setTimeout(done, 1_100));
    const again = await connect();
    expect(textOf(await again.client.callTool({ name: 'echo', arguments: { message: 'again' } }))).toContain('again');
    await again.client.close();
    expect((await active(here, 'alice', true)).status).toBe(200);
  }, 60_000);
});

describe('ID4: two gateways on one store', () => {
  it('both refuse, whichever was told', async () => {
    await until(
      async () =>
        there.gateway !== null && (await there.admin<{ active: boolean }>('GET', '/v1/people/alice')).body.active,
    );
    expect((await active(there, 'bob', false)).status).toBe(200);
    const states = async (house: House) =>
      (await house.admin<{ agents: { state: string }[] }>('GET', '/v1/people/bob')).body.agents.map((one) => one.state);
    await until(async () => (await states(here)).join() === 'orphaned');
    const refused = await here.raw({ path: '/mcp/every', agent: 'clerk', body: INITIALIZE });
    expect(refused.json?.result).toBeUndefined();
    expect((await active(here, 'bob', true)).status).toBe(200);
    await until(async () => (await there.admin<{ active: boolean }>('GET', '/v1/people/bob')).body.active);
  }, 60_000);
});

describe('ID4: the consent of a person who left', () => {
  it('is over: the access token, the refresh token and the browser’s session, and stays over', async () => {
    await here.admin('POST', '/v1/agents/buyer/reassign', {
      to: 'bob',
      by: 'bob',
      reason: 'mine now',
      resume: true,
    });
    const invited = await here.admin<{ url: string }>('POST', '/v1/people/alice/invitations', {
      by: 'test',
      reason: 'first',
    });
    const browser = new Browser();
    const csrf = fieldOf(await (await browser.get(invited.body.url)).text(), 'csrf');
    await browser.post(`${invited.body.url}/password`, Object.entries({ csrf, password: PASSWORD }));
    const tokens = await consent(browser);
    expect((await hello(here, tokens.access_token)).status).toBe(200);
    const refresh = () =>
      here.raw({
        path: '/oauth/token',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({
          grant_type: 'refresh_token',
          refresh_token: tokens.refresh_token ?? '',
          client_id: 'buyer',
        }).toString(),
      });
    expect(tokens.refresh_token).toBeTypeOf('string');

    expect((await active(there, 'alice', false)).status).toBe(200);
    await until(async () => (await hello(here, tokens.access_token)).status === 401);
    const refused = await refresh();
    expect([refused.status, refused.json.error]).toEqual([400, 'invalid_grant']);
    // Her consent is hers: the agent, which is bob's, goes on.
    expect((await here.raw({ path: '/mcp/every', agent: 'buyer', body: INITIALIZE })).status).toBe(200);

    expect((await active(there, 'alice', true)).status).toBe(200);
    await until(async () => (await here.admin<{ active: boolean }>('GET', '/v1/people/alice')).body.active);
    expect((await hello(here, tokens.access_token)).status).toBe(401);
    expect((await refresh()).status).toBe(400);
  }, 60_000);
});

interface Tokens {
  readonly access_token: string;
  readonly refresh_token?: string;
}

function fieldOf(html: string, name: string): string {
  return new RegExp(`name="${name}" value="([^"]*)"`).exec(html)?.[1] ?? '';
}

/** The official client asks; alice answers on the pages. */
async function consent(browser: Browser): Promise<Tokens> {
  const kept: { tokens?: Tokens; verifier?: string } = {};
  let answered = new URLSearchParams();
  const authProvider = {
    redirectUrl: REDIRECT,
    clientMetadata: { client_name: 'Desk', redirect_uris: [REDIRECT], scope: 'offline_access' },
    clientInformation: () => ({ client_id: 'buyer', issuer: here.url }),
    tokens: () => kept.tokens,
    saveTokens: (tokens: Tokens) => void (kept.tokens = tokens),
    saveCodeVerifier: (verifier: string) => void (kept.verifier = verifier),
    codeVerifier: () => kept.verifier ?? '',
    async redirectToAuthorization(url: URL) {
      answered = await sitAt(browser, url.href);
    },
  } as unknown as OAuthClientProvider;
  const transport = new StreamableHTTPClientTransport(new URL('/mcp/every', here.url), { authProvider });
  await new Client({ name: 'desk', version: '1' }).connect(transport).catch((error: Error) => {
    if (error.message !== 'Unauthorized') throw error;
  });
  await transport.finishAuth(answered);
  return kept.tokens as Tokens;
}

async function sitAt(browser: Browser, start: string): Promise<URLSearchParams> {
  let next = start;
  for (let step = 0; step < 8; step++) {
    const end = await browser.follow(next, here.url);
    if (end.response === null) return new URL(end.url).searchParams;
    const page = await end.response.text();
    // Every page has a way out as well.
    const html = page.slice(page.search(/<form method="post" action="(?!\/sign-out)/));
    const action = /^<form method="post" action="([^"]+)"/.exec(html)?.[1] ?? '';
    const names = action.endsWith('/password') ? ['csrf', 'return'] : ['csrf', 'scope', 'agent', 'duration'];
    const fields = Object.fromEntries(names.map((name) => [name, fieldOf(html, name)]));
    const more = action.endsWith('/password') ? { name: 'alice', password: PASSWORD } : {};
    const answer = await browser.post(new URL(action, here.url).href, Object.entries({ ...fields, ...more }));
    const onward = /http-equiv="refresh" content="0; ?url=([^"]+)"/.exec(await answer.clone().text())?.[1];
    next = new URL(answer.headers.get('location') ?? onward?.replaceAll('&amp;', '&') ?? '', here.url).href;
  }
  throw new Error('the sign-in did not end');
}
