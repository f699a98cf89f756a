import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { SignJWT } from 'jose';
import type { Page } from 'playwright-core';
import { type KeyPair, keyPair } from '../attack/token-world.ts';
import type { ConsoleWorld } from './console-world.ts';

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** Agents that hand work on to each other at the gateway's own token endpoint, beginning with what a person agreed to in a browser. */
export interface HandingOn {
  readonly keys: ReadonlyMap<string, KeyPair>;
  /** Where the first agent's application waits for the browser to come back. */
  readonly callback: string;
  at(world: ConsoleWorld): void;
  /** Whoever is signed in on that page lets the agent act for them: an access token. */
  consent(page: Page, agent: string, scope: string): Promise<string>;
  /** The next agent takes over what the token says (RFC 8693). */
  handOn(token: string, to: string, fields?: Record<string, string>): Promise<string>;
  /** A client with that token. */
  client(token: string, name: string): Promise<Client>;
  close(): Promise<void>;
}

export async function handingOn(agents: readonly string[]): Promise<HandingOn> {
  const keys = new Map<string, KeyPair>();
  for (const agent of agents) keys.set(agent, await keyPair());
  const seen: URL[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    if (url.pathname === '/callback') seen.push(url);
    response.setHeader('content-type', 'text/html');
    response.end('<!doctype html><title>Application</title>You can go back to the application.');
  });
  const callback = await listening(server);
  const place = { origin: '' };
  const clients: Client[] = [];
  const asked = async (agent: string, fields: Record<string, string>): Promise<string> => {
    const { privateKey, publicJwk, alg } = keys.get(agent)!;
    const nowS = Math.floor(Date.now() / 1000);
    const claims = { iss: agent, sub: agent, aud: `${place.origin}/oauth/token`, iat: nowS, exp: nowS + 60 };
    const assertion = await new SignJWT({ ...claims, jti: randomUUID() })
      .setProtectedHeader({ alg, kid: publicJwk.kid })
      .sign(privateKey);
    return given(place.origin, { client_assertion_type: JWT_BEARER, client_assertion: assertion, ...fields });
  };
  return {
    keys,
    callback,
    at: ({ origin }) => void (place.origin = origin),
    async consent(page, agent, scope) {
      const verifier = randomBytes(32).toString('base64url');
      const fields = {
        ...{ response_type: 'code', client_id: agent, redirect_uri: callback, scope, resource: `${place.origin}/mcp` },
        code_challenge: createHash('sha256').update(verifier).digest('base64url'),
        ...{ code_challenge_method: 'S256', state: randomUUID() },
      };
      await page.goto(`${place.origin}/oauth/authorize?${new URLSearchParams(fields)}`);
      await page.click('button:has-text("Allow"):not(:has-text("Do not"))');
      await page.waitForURL(`${callback}**`);
      const code = seen.at(-1)!.searchParams.get('code') ?? '';
      const grant = { grant_type: 'authorization_code', code, redirect_uri: callback, code_verifier: verifier };
      return asked(agent, grant);
    },
    handOn: (token, to, fields = {}) =>
      asked(to, { grant_type: EXCHANGE, subject_token: token, subject_token_type: ACCESS_TOKEN, ...fields }),
    async client(token, name) {
      const client = new Client({ name, version: '1.4.0' });
      const requestInit = { headers: { authorization: `Bearer ${token}` } };
      await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', place.origin), { requestInit }));
      clients.push(client);
      return client;
    },
    async close() {
      await Promise.all(clients.map((client) => client.close().catch(() => {})));
      server.close();
    },
  };
}

async function given(origin: string, fields: Record<string, string>): Promise<string> {
  const answer = await fetch(`${origin}/oauth/token`, { method: 'POST', body: new URLSearchParams(fields) });
  const body = (await answer.json()) as { access_token?: string };
  if (body.access_token === undefined) throw new Error(`no token: ${JSON.stringify(body)}`);
  return body.access_token;
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/callback`;
}
