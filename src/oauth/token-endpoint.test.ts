import { decodeJwt, decodeProtectedHeader } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  agentNamed,
  askToken,
  assertionFor,
  bearer,
  openWorld,
  present,
  type World,
} from '../../test/attack/token-world.ts';
import type { TokenRequest } from './token-endpoint.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

const FORM = 'application/x-www-form-urlencoded';

async function send(
  more: Partial<TokenRequest>,
): Promise<{ status: number; error: unknown; headers: Readonly<Record<string, string>> }> {
  const request = {
    method: 'POST',
    contentType: FORM,
    authorization: undefined,
    body: 'grant_type=client_credentials',
  };
  const { status, headers, body } = await world.server.tokenEndpoint({ ...request, ...more });
  return { status, headers, error: (JSON.parse(body) as { error?: unknown }).error };
}

describe('an issued token', () => {
  it('is an RFC 9068 access token for what was asked, and is never cached', async () => {
    const resource = `${world.resources.aggregate}/orders`;
    const answer = await askToken(world, await assertionFor(world), { resource });
    const token = answer.json.access_token as string;
    expect(answer.headers).toMatchObject({ 'cache-control': 'no-store', 'content-type': 'application/json' });
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: world.key.kid });
    const { iat, exp, jti, client_jkt, txn, ...rest } = decodeJwt(token);
    expect(rest).toEqual({
      iss: world.resources.issuer,
      sub: 'buyer',
      sub_profile: 'ai_agent',
      client_id: 'buyer',
      aud: resource,
    });
    expect((exp as number) - (iat as number)).toBe(600);
    expect([typeof jti, typeof client_jkt, typeof txn]).toEqual(['string', 'string', 'string']);
  });

  it('is for the whole gateway when no resource is asked for, or an empty one', async () => {
    for (const fields of [{}, { resource: '' }]) {
      const answer = await askToken(world, await assertionFor(world), fields as Record<string, string>);
      expect(decodeJwt(answer.json.access_token as string).aud).toBe(world.resources.aggregate);
    }
  });

  it('covers several resources when several are asked for', async () => {
    const { aggregate } = world.resources;
    const body = new URLSearchParams({
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: await assertionFor(world),
    });
    for (const server of ['orders', 'files', 'orders']) body.append('resource', `${aggregate}/${server}`);
    const answer = await world.server.tokenEndpoint({
      method: 'POST',
      contentType: FORM,
      authorization: undefined,
      body: `${body}`,
    });
    const token = (JSON.parse(answer.body) as { access_token: string }).access_token;
    expect(decodeJwt(token).aud).toEqual([`${aggregate}/orders`, `${aggregate}/files`]);
    expect(await present(world, bearer(token), `${aggregate}/files`)).toBeTruthy();
    expect(() => present(world, bearer(token))).toThrow('another resource');
  });
});

describe('a resource nobody can have a token for', () => {
  it.each([
    'https://evil.example/mcp',
    '/mcp',
    'https://gate.example/',
    'https://gate.example/mcp#x',
    'https://gate.example/mcp/unknown',
  ])('is refused: %s', async (resource) => {
    const answer = await askToken(world, await assertionFor(world), { resource });
    expect([answer.status, answer.json.error]).toEqual([400, 'invalid_target']);
  });

  it('is the same for a server the agent is not connected to and for one that does not exist', async () => {
    world.agents = new Map([['buyer', agentNamed('buyer', [world.buyer.publicJwk], { servers: ['orders'] })]]);
    const { aggregate } = world.resources;
    const hidden = await askToken(world, await assertionFor(world), { resource: `${aggregate}/files` });
    const absent = await askToken(world, await assertionFor(world), { resource: `${aggregate}/unknown` });
    expect(hidden.status).toBe(400);
    expect(hidden.body).toBe(absent.body);
    expect((await askToken(world, await assertionFor(world), { resource: `${aggregate}/orders` })).status).toBe(200);
  });
});

describe('a request that is no token request', () => {
  it.each<[string, Partial<TokenRequest>, number, string]>([
    ['another method', { method: 'GET' }, 400, 'invalid_request'],
    ['JSON', { contentType: 'application/json', body: '{}' }, 400, 'invalid_request'],
    ['no content type', { contentType: undefined }, 400, 'invalid_request'],
    ['no grant type', { body: '' }, 400, 'invalid_request'],
    ['an empty grant type', { body: 'grant_type=' }, 400, 'invalid_request'],
    [
      'a parameter twice',
      { body: 'grant_type=client_credentials&grant_type=client_credentials' },
      400,
      'invalid_request',
    ],
    ['too long a body', { body: `grant_type=${'a'.repeat(40_000)}` }, 400, 'invalid_request'],
    [
      'too many parameters',
      { body: Array.from({ length: 60 }, (_, i) => `p${i}=1`).join('&') },
      400,
      'invalid_request',
    ],
    ['another grant', { body: 'grant_type=authorization_code' }, 400, 'unsupported_grant_type'],
    ['a password grant', { body: 'grant_type=password&username=a&password=b' }, 400, 'unsupported_grant_type'],
    ['no assertion', {}, 401, 'invalid_client'],
    [
      'a client secret',
      { body: 'grant_type=client_credentials&client_id=buyer&client_secret=x' },
      401,
      'invalid_client',
    ],
    [
      'another assertion type',
      { body: 'grant_type=client_credentials&client_assertion=a&client_assertion_type=saml' },
      401,
      'invalid_client',
    ],
    ['a Basic header', { authorization: 'Basic YTpi' }, 401, 'invalid_client'],
    ['two Authorization headers', { authorization: ['Basic YTpi', 'Bearer x'] }, 401, 'invalid_client'],
  ])('is refused: %s', async (_what, request, status, error) => {
    const answer = await send(request);
    expect([answer.status, answer.error]).toEqual([status, error]);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(world.errors).toEqual([]);
  });

  it('is told the scheme it tried (RFC 6749 section 5.2)', async () => {
    expect((await send({ authorization: 'Basic YTpi' })).headers['www-authenticate']).toBe('Basic realm="interlock"');
    expect((await send({ authorization: '"\r\nx: y' })).headers['www-authenticate']).toBe('Basic realm="interlock"');
  });

  it('asking for scopes is refused, not silently granted none', async () => {
    const answer = await askToken(world, await assertionFor(world), { scope: 'admin' });
    expect([answer.status, answer.json.error]).toEqual([400, 'invalid_scope']);
  });

  it('never echoes what would break out of a JSON text or a header', async () => {
    const answer = await askToken(world, await assertionFor(world, { header: { typ: 'x"\r\n<script>é' } }));
    expect(answer.status).toBe(401);
    expect(answer.json.error_description).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
  });
});
