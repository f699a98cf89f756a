import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CredentialServer } from '../../src/credentials/credentials.ts';
import {
  type CredentialWorld,
  callerOf,
  clientAt,
  HEADER,
  openCredentialWorld,
} from '../cases/fixtures/credential-world.ts';

/** What an upstream says about itself is somebody else's word: it sends the gateway nowhere it should not go. */
let world: CredentialWorld;
let inside: Server;
let insideUrl: string;
let upstream: Server;
let upstreamUrl: string;
const asked: string[] = [];
let answers: Record<string, object> = {};

const listen = async (server: Server): Promise<string> => {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

beforeAll(async () => {
  world = await openCredentialWorld();
  inside = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify({
        issuer: insideUrl,
        token_endpoint: `${insideUrl}/token`,
        access_token: 'x',
        token_type: 'bearer',
      }),
    );
  });
  insideUrl = await listen(inside);
  upstream = createServer((request, response) => {
    const found = answers[request.url ?? ''];
    response.writeHead(found === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(found ?? {}));
  });
  upstreamUrl = await listen(upstream);
});
afterAll(async () => {
  await world?.close();
  inside?.close();
  upstream?.close();
});

const serverWith = (issuer: string | null): CredentialServer => ({
  id: 'crm',
  url: `${upstreamUrl}/mcp`,
  settings: {
    ...{ kind: 'exchange', placement: HEADER, client: clientAt(issuer), audience: null, resource: null, scope: null },
    subjectTokenType: 'urn:ietf:params:oauth:token-type:jwt',
  },
});
const attempt = (server: CredentialServer) =>
  world.process([server]).of('crm')!.holderFor(callerOf('alice', 'buyer')).renew(null);

describe('metadata of an upstream (requirement CN8)', () => {
  it.each([
    '',
    'http://169.254.169.254/',
    'http://[::ffff:127.0.0.1]:80',
    'http://localhost:9',
    'file:///etc/passwd',
    'gopher://127.0.0.1',
  ])('that names an authorization server inside the network (%s) leads nowhere', async (named) => {
    const issuer = named === '' ? insideUrl : named;
    answers = {
      '/.well-known/oauth-protected-resource/mcp': { resource: `${upstreamUrl}/mcp`, authorization_servers: [issuer] },
    };
    await expect(attempt(serverWith(null))).rejects.toMatchObject({ code: 'upstream-unavailable', sent: false });
    expect(asked).toEqual([]);
  });

  it('that is about another server is not believed', async () => {
    answers = {
      '/.well-known/oauth-protected-resource/mcp': {
        resource: 'https://other.example/mcp',
        authorization_servers: [upstreamUrl],
      },
    };
    await expect(attempt(serverWith(null))).rejects.toMatchObject({ sent: false });
  });

  it('whose token endpoint is inside the network gets no token request', async () => {
    answers = {
      '/.well-known/oauth-authorization-server': { issuer: upstreamUrl, token_endpoint: `${insideUrl}/token` },
    };
    await expect(attempt(serverWith(upstreamUrl))).rejects.toMatchObject({ sent: false });
    expect(asked).toEqual([]);
  });

  it('that names another issuer than was asked for is refused', async () => {
    answers = {
      '/.well-known/oauth-authorization-server': {
        issuer: 'https://evil.example',
        token_endpoint: `${upstreamUrl}/token`,
      },
    };
    await expect(attempt(serverWith(upstreamUrl))).rejects.toMatchObject({ sent: false });
  });

  it('tells the agent nothing of addresses', async () => {
    answers = {
      '/.well-known/oauth-protected-resource/mcp': {
        resource: `${upstreamUrl}/mcp`,
        authorization_servers: [insideUrl],
      },
    };
    const error = (await attempt(serverWith(null)).catch((thrown: Error) => thrown)) as Error;
    expect(error.message).not.toMatch(/127\.0\.0\.1|http/);
  });
});
