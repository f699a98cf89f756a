import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { auth, type OAuthClientProvider } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AGENT_DEFAULTS, type Agent } from '../../src/model/agent.ts';
import { selfSigned } from '../contract/upstream/self-signed.ts';
import { agent, type OAuthWorld, openOAuthWorld } from './fixtures/oauth-world.ts';
import { Browser } from './people.ts';

const REDIRECT = 'http://127.0.0.1:4711/callback';
let documents: Server;
let origin: string;
let answer: { status: number; headers: Record<string, string>; body: string };
let asked = 0;
const paths: string[] = [];

beforeAll(async () => {
  const { key, cert } = selfSigned('127.0.0.1');
  tls.setDefaultCACertificates([...tls.getCACertificates(), cert]);
  documents = createServer({ key, cert }, (request, response) => {
    asked++;
    paths.push(request.url ?? '');
    response.writeHead(answer.status, answer.headers).end(answer.body);
  });
  await new Promise<void>((done) => documents.listen(0, '127.0.0.1', done));
  origin = `https://127.0.0.1:${(documents.address() as AddressInfo).port}`;
});
afterAll(() => documents?.close());

/** An MCP client as its developers write one: it only keeps what it is given. */
function mcpClient(browser: Browser, gateway: () => string, more: Partial<OAuthClientProvider> = {}) {
  const kept: Record<string, unknown> = {};
  let answered = '';
  const provider = {
    redirectUrl: REDIRECT,
    clientMetadata: { client_name: 'Desk', redirect_uris: [REDIRECT] },
    clientInformation: () => kept.client,
    saveClientInformation: (client: unknown) => void (kept.client = client),
    tokens: () => kept.tokens,
    saveTokens: (tokens: unknown) => void (kept.tokens = tokens),
    saveCodeVerifier: (verifier: string) => void (kept.verifier = verifier),
    codeVerifier: () => kept.verifier as string,
    discoveryState: () => kept.discovery,
    saveDiscoveryState: (state: unknown) => void (kept.discovery = state),
    async redirectToAuthorization(url: URL) {
      answered = (await browser.follow(url.href, gateway())).url;
    },
    ...more,
  } as unknown as OAuthClientProvider;
  const params = () => new URL(answered).searchParams;
  return {
    provider,
    kept,
    code: () => params().get('code') as string,
    iss: () => params().get('iss') as string,
    params,
  };
}

async function signIn(world: OAuthWorld, client: ReturnType<typeof mcpClient>): Promise<Record<string, unknown>> {
  const serverUrl = `${world.url}/mcp/crm`;
  expect(await auth(client.provider, { serverUrl })).toBe('REDIRECT');
  const done = await auth(client.provider, { serverUrl, authorizationCode: client.code(), iss: client.iss() } as never);
  expect(done).toBe('AUTHORIZED');
  const { access_token } = client.kept.tokens as { access_token: string };
  const headers = { authorization: `Bearer ${access_token}` };
  const response = await fetch(serverUrl, { method: 'POST', headers });
  return { status: response.status, ...((await response.json()) as object) };
}

const document = (more: Record<string, unknown> = {}) => ({
  status: 200,
  headers: { 'content-type': 'application/json', 'cache-control': 'max-age=60' },
  body: JSON.stringify({ client_id: `${origin}/client.json`, client_name: 'Desk', redirect_uris: [REDIRECT], ...more }),
});

describe('the official MCP client, known by the URL of its metadata (CN1)', () => {
  it('finds its way from the address of a server to a token, as the agent that lists that URL', async () => {
    answer = document();
    const url = `${origin}/client.json`;
    const world = await openOAuthWorld({ agents: [agent('desk', { clients: [url] })], trusted: [origin] });
    const client = mcpClient(new Browser(), () => world.url, { clientMetadataUrl: url } as never);
    expect(await signIn(world, client)).toMatchObject({
      status: 200,
      agent: 'desk',
      subject: 'alice',
      scopes: ['crm:read'],
    });
    expect(world.sitting.seen.at(-1)?.client).toMatchObject({ id: url, registered: 'document', name: 'Desk' });
    const before = asked;
    expect(
      await signIn(
        world,
        mcpClient(new Browser(), () => world.url, { clientMetadataUrl: url } as never),
      ),
    ).toMatchObject({ agent: 'desk' });
    expect(asked).toBe(before);
    await world.close();
  });

  it.each([
    ['it names another client', { client_id: 'https://evil.example/client.json' }],
    ['it holds a secret', { client_secret: 'x' }],
    ['it wants to use a secret', { token_endpoint_auth_method: 'client_secret_basic' }],
    ['it sends people elsewhere than it says', { redirect_uris: ['https://evil.example/callback'] }],
    ['it would run a script', { redirect_uris: ['javascript:alert(1)'] }],
  ])('is refused when %s', async (_what, more) => {
    answer = document(more);
    const url = `${origin}/client.json`;
    const world = await openOAuthWorld({ agents: [agent('desk', { clients: [url] })], trusted: [origin] });
    const client = mcpClient(new Browser(), () => world.url, { clientMetadataUrl: url } as never);
    await expect(signIn(world, client)).rejects.toThrow();
    await world.close();
  });

  it('is not even asked about when no agent lists it, its host is not allowed, or its address is not public', async () => {
    answer = document();
    const url = `${origin}/client.json`;
    const before = asked;
    for (const options of [
      { agents: [agent('desk')], trusted: [origin] },
      { agents: [agent('desk', { clients: [url] })], trusted: [] },
      {
        agents: [agent('desk', { clients: [url] })],
        trusted: [origin],
        oauth: { clients: { documents: { hosts: ['*.corp.example'] } } },
      },
      {
        agents: [agent('desk', { clients: [url] })],
        trusted: [origin],
        oauth: { clients: { documents: { enabled: false } } },
      },
    ]) {
      const world = await openOAuthWorld(options);
      const page = await new Browser().get(
        `${world.url}/oauth/authorize?client_id=${encodeURIComponent(url)}&response_type=code&redirect_uri=${REDIRECT}`,
      );
      expect(page.status).toBe(400);
      await world.close();
    }
    expect(asked).toBe(before);
  });

  it('redirecting from its URL leads nowhere', async () => {
    answer = { status: 302, headers: { location: `${origin}/other.json` }, body: '' };
    const url = `${origin}/moved.json`;
    const world = await openOAuthWorld({ agents: [agent('desk', { clients: [url] })], trusted: [origin] });
    const page = await new Browser().get(
      `${world.url}/oauth/authorize?client_id=${encodeURIComponent(url)}&response_type=code`,
    );
    expect(page.status).toBe(400);
    expect(paths).toContain('/moved.json');
    expect(paths).not.toContain('/other.json');
    await world.close();
  });
});

describe('clients nobody registered', () => {
  it('are told so when a person would consent, unless the operator lets everybody have an agent of their own', async () => {
    answer = document();
    const url = `${origin}/client.json`;
    const admitted: Agent[] = [];
    const options = { trusted: [origin], agents: [], oauth: { clients: { unregistered: 'per-user' as const } } };
    const world = await openOAuthWorld({
      ...options,
      async admit(client, person) {
        const made: Agent = {
          ...AGENT_DEFAULTS,
          ...agent(`desk-${person.id}`),
          owner: person.id,
          archetype: 'developer_tool',
          clients: [client.id],
          origin: 'registry',
        };
        admitted.push(made);
        const change = { kind: 'agent' as const, id: made.id, body: made as never, expected: null };
        await world.stores.directory.apply([change], {
          by: person.id,
          act: 'agent.admit',
          reason: 'consent',
          atMs: made.expiresAtMs ?? 0,
        });
        await world.directory.refresh();
        return made;
      },
    });
    const client = mcpClient(new Browser(), () => world.url, { clientMetadataUrl: url } as never);
    expect(await signIn(world, client)).toMatchObject({ agent: 'desk-alice', subject: 'alice' });
    world.sitting.person = 'bob';
    const other = mcpClient(new Browser(), () => world.url, { clientMetadataUrl: url } as never);
    expect(await signIn(world, other)).toMatchObject({ agent: 'desk-bob', subject: 'bob' });
    expect(admitted.map(({ owner }) => owner)).toEqual(['alice', 'bob']);
    await world.close();
  });
});

describe('dynamic registration (RFC 7591)', () => {
  const register = (world: OAuthWorld, body: object, token?: string) =>
    fetch(`${world.url}/oauth/register`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(body),
    });

  it('is off unless the operator turns it on: neither there nor in the metadata', async () => {
    const world = await openOAuthWorld({ agents: [] });
    expect((await register(world, { redirect_uris: [REDIRECT] })).status).toBe(404);
    const metadata = (await (await fetch(`${world.url}/.well-known/oauth-authorization-server`)).json()) as object;
    expect(metadata).not.toHaveProperty('registration_endpoint');
    await world.close();
  });

  it('lets the official MCP client register itself and sign in, as an agent that lists its new id', async () => {
    const oauth = {
      clients: {
        registration: { enabled: true, redirectHosts: ['*.corp.example'] },
        unregistered: 'per-user' as const,
      },
    };
    const world = await openOAuthWorld({
      agents: [],
      oauth,
      async admit(client, person) {
        const made = { ...agent('own'), owner: person.id, clients: [client.id] };
        await world.stores.directory.apply([{ kind: 'agent', id: made.id, body: made as never, expected: null }], {
          by: person.id,
          act: 'agent.admit',
          reason: 'x',
          atMs: 0,
        });
        await world.directory.refresh();
        return made;
      },
    });
    const client = mcpClient(new Browser(), () => world.url);
    expect(await signIn(world, client)).toMatchObject({ agent: 'own', subject: 'alice' });
    expect((client.kept.client as { client_id: string }).client_id).toMatch(/^dcr_/);
    for (const uri of [
      'https://evil.example/cb',
      'https://corp.example.evil.example/cb',
      'app.evil:/cb',
      'http://10.0.0.1/cb',
      'data:text/html,x',
    ]) {
      const refused = await register(world, { redirect_uris: [uri] });
      expect([uri, refused.status, ((await refused.json()) as { error: string }).error]).toEqual([
        uri,
        400,
        'invalid_redirect_uri',
      ]);
    }
    expect((await register(world, { redirect_uris: ['https://app.corp.example/cb'] })).status).toBe(201);
    const secretive = await register(world, {
      redirect_uris: [REDIRECT],
      token_endpoint_auth_method: 'client_secret_basic',
    });
    expect(secretive.status).toBe(400);
    const greedy = (await (
      await register(world, {
        redirect_uris: [REDIRECT],
        grant_types: ['client_credentials', 'implicit', 'authorization_code'],
        client_id: 'own',
      })
    ).json()) as { client_id: string; grant_types: string[] };
    expect(greedy.grant_types).toEqual(['authorization_code']);
    expect(greedy.client_id).toMatch(/^dcr_/);
    await world.close();
  });

  it('asks for the token the operator gave out', async () => {
    const oauth = { clients: { registration: { enabled: true } } };
    const world = await openOAuthWorld({ agents: [], oauth, initialAccessToken: 'let-me-in' });
    expect((await register(world, { redirect_uris: [REDIRECT] })).status).toBeGreaterThanOrEqual(400);
    expect((await register(world, { redirect_uris: [REDIRECT] }, 'guess')).status).toBe(401);
    expect((await register(world, { redirect_uris: [REDIRECT] }, 'let-me-in')).status).toBe(201);
    await world.close();
  });
});

describe('two gateways on one store, and one that starts again (ID5)', () => {
  it('the second goes on with what the first began; rotated keys leave no gap; a refresh token is used once by both', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'interlock-oauth-two-'));
    const agents = [agent('desk', { redirectUris: [REDIRECT] })];
    const first = await openOAuthWorld({ agents, dir });
    const second = await openOAuthWorld({ agents, dir, address: first.url });
    const client = mcpClient(new Browser(), () => first.url, {
      clientInformation: () => ({ client_id: 'desk' }),
    } as never);
    expect(await signIn(first, client)).toMatchObject({ agent: 'desk' });
    const tokens = client.kept.tokens as { access_token: string; refresh_token: string };
    await first.authority.ring.rotate({ immediately: true });
    await second.authority.ring.refresh();
    const refresh = (world: OAuthWorld, refresh_token: string) =>
      fetch(`${world.listening}/oauth/token`, {
        method: 'POST',
        headers: { host: new URL(first.url).host },
        body: new URLSearchParams({ grant_type: 'refresh_token', client_id: 'desk', refresh_token }),
      });
    const all = await Promise.all(
      Array.from({ length: 50 }, (_, i) => refresh(i % 2 === 0 ? first : second, tokens.refresh_token)),
    );
    expect(all.filter(({ status }) => status === 200)).toHaveLength(1);
    const again = mcpClient(new Browser(), () => first.url, {
      clientInformation: () => ({ client_id: 'desk' }),
    } as never);
    await signIn(first, again);
    const kept = again.kept.tokens as { access_token: string; refresh_token: string };
    await second.close();
    await first.close();
    const third = await openOAuthWorld({ agents, dir, address: first.url });
    const answered = await refresh(third, kept.refresh_token);
    expect(answered.status).toBe(200);
    expect((await refresh(third, kept.refresh_token)).status).toBe(400);
    await third.close();
    await rm(dir, { recursive: true });
  });
});
