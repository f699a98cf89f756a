import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { auth, discoverOAuthServerInfo, PrivateKeyJwtProvider } from '@modelcontextprotocol/client';
import { createRemoteJWKSet, exportPKCS8, jwtVerify } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bearer, openWorld, present, type World } from '../../test/attack/token-world.ts';
import { systemClock } from '../adapters/clock.ts';
import type { HttpAnswer } from './answer.ts';

let world: World;
let http: Server;
let url: string;

/** The smallest surface: what the gateway's own does with these handlers. */
async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', url);
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  let answer: HttpAnswer | null = world.server.metadata(pathname) ?? world.server.protectedResource(pathname);
  if (pathname === '/oauth/jwks') answer = world.server.jwks();
  if (pathname === '/oauth/authorize') answer = world.server.authorizationEndpoint();
  if (pathname === '/oauth/token') {
    answer = await world.server.tokenEndpoint({
      method: request.method ?? '',
      contentType: request.headers['content-type'],
      authorization: request.headers.authorization,
      body: Buffer.concat(chunks).toString('utf8'),
    });
  }
  response.writeHead(answer?.status ?? 404, answer?.headers ?? {}).end(answer?.body ?? '');
}

beforeEach(async () => {
  http = createServer((request, response) => void serve(request, response));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  world = await openWorld({ publicUrl: url });
  // The SDK signs with the machine's clock.
  world.nowMs = systemClock.nowMs();
});
afterEach(async () => {
  await new Promise((resolve) => http.close(resolve));
  await world.close();
});

function provider(more: { expectedIssuer?: string; clientId?: string } = {}): Promise<PrivateKeyJwtProvider> {
  return exportPKCS8(world.buyer.privateKey).then(
    (privateKey) =>
      new PrivateKeyJwtProvider({ clientId: 'buyer', privateKey, algorithm: 'ES256', expectedIssuer: url, ...more }),
  );
}

describe('the official MCP client', () => {
  it('finds its way from the address of a server to a token that works there and nowhere else', async () => {
    const agent = await provider();
    expect(await auth(agent, { serverUrl: `${url}/mcp/orders` })).toBe('AUTHORIZED');
    const header = bearer(agent.tokens()?.access_token as string);
    expect(await present(world, header, `${url}/mcp/orders`)).toMatchObject({
      agent: { id: 'buyer' },
      method: 'token',
    });
    expect(() => present(world, header, `${url}/mcp/files`)).toThrow('another resource');
  });

  it('gets a token for every server from the aggregate endpoint', async () => {
    const agent = await provider();
    expect(await auth(agent, { serverUrl: `${url}/mcp` })).toBe('AUTHORIZED');
    expect(await present(world, bearer(agent.tokens()?.access_token as string), `${url}/mcp/files`)).toBeTruthy();
  });

  it('gets a new token each time, with an assertion of its own each time', async () => {
    const agent = await provider();
    const seen = new Set<string>();
    for (let i = 0; i < 3; i++) {
      await auth(agent, { serverUrl: `${url}/mcp` });
      seen.add(agent.tokens()?.access_token as string);
    }
    expect(seen.size).toBe(3);
  });

  it('is told no when it is not registered', async () => {
    await expect(auth(await provider({ clientId: 'ghost' }), { serverUrl: `${url}/mcp` })).rejects.toThrow(
      /not signed by a key registered/,
    );
  });

  it('accepts the metadata as it is published', async () => {
    const info = await discoverOAuthServerInfo(`${url}/mcp/orders`);
    expect(info.authorizationServerUrl).toBe(url);
    expect(info.resourceMetadata?.resource).toBe(`${url}/mcp/orders`);
    expect(info.authorizationServerMetadata?.token_endpoint).toBe(`${url}/oauth/token`);
  });
});

describe('published documents', () => {
  it('let another implementation verify a token from the key set alone', async () => {
    const agent = await provider();
    await auth(agent, { serverUrl: `${url}/mcp/orders` });
    const keys = createRemoteJWKSet(new URL(`${url}/oauth/jwks`));
    const { payload } = await jwtVerify(agent.tokens()?.access_token as string, keys, {
      issuer: url,
      audience: `${url}/mcp/orders`,
      typ: 'at+jwt',
      algorithms: ['ES256'],
    });
    expect(payload.client_id).toBe('buyer');
  });

  it('hold no private part of the key', () => {
    expect(world.server.jwks().body).not.toMatch(/"d"/);
    expect(Object.keys((JSON.parse(world.server.jwks().body) as { keys: object[] }).keys[0] as object).sort()).toEqual([
      'alg',
      'crv',
      'kid',
      'kty',
      'use',
      'x',
      'y',
    ]);
  });

  it('are found at the well-known paths, with and without the path of an endpoint, and nowhere else', () => {
    for (const path of ['', '/mcp', '/mcp/orders']) {
      const metadata = world.server.metadata(`/.well-known/oauth-authorization-server${path}`);
      expect(JSON.parse(metadata?.body ?? '{}')).toMatchObject({
        issuer: url,
        token_endpoint_auth_methods_supported: ['private_key_jwt'],
        grant_types_supported: ['client_credentials'],
      });
      const resource = world.server.protectedResource(`/.well-known/oauth-protected-resource${path}`);
      expect(JSON.parse(resource?.body ?? '{}')).toMatchObject({
        resource: `${url}${path === '' ? '/mcp' : path}`,
        authorization_servers: [url],
      });
    }
    for (const path of ['/', '/x', '/mcp/', '/mcp/a/b', '/mcp/Orders', '/mcp/"<x>', `/mcp/${'a'.repeat(40)}`, 'mcp']) {
      expect(world.server.metadata(`/.well-known/oauth-authorization-server${path}`)).toBeNull();
      expect(world.server.protectedResource(`/.well-known/oauth-protected-resource${path}`)).toBeNull();
    }
  });

  it('say the same about a server that exists and one that does not', () => {
    const about = (id: string) =>
      world.server.protectedResource(`/.well-known/oauth-protected-resource/mcp/${id}`)?.body;
    expect(about('orders')?.replaceAll('orders', 'x')).toBe(about('absent')?.replaceAll('absent', 'x'));
  });

  it('name an authorization endpoint that refuses', () => {
    const answer = world.server.authorizationEndpoint();
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body)).toMatchObject({ error: 'unsupported_response_type' });
  });
});
