import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OAuthWorld, openOAuthWorld } from './fixtures/oauth-world.ts';

let world: OAuthWorld;

beforeAll(async () => {
  world = await openOAuthWorld({ agents: [], oauth: { clients: { registration: { enabled: true } } } });
});
afterAll(() => world?.close());

async function read(path: string): Promise<Record<string, unknown>> {
  return (await (await fetch(`${world.url}${path}`)).json()) as Record<string, unknown>;
}

describe('what clients discover (CN1, RFC 8414, RFC 9728)', () => {
  it('is one document, under every name clients know for it', async () => {
    const metadata = await read('/.well-known/oauth-authorization-server');
    expect(metadata).toMatchObject({
      issuer: world.url,
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
      client_id_metadata_document_supported: true,
      response_types_supported: ['code'],
      registration_endpoint: `${world.url}/oauth/register`,
    });
    expect(metadata.grant_types_supported).toEqual(
      expect.arrayContaining(['authorization_code', 'refresh_token', 'client_credentials']),
    );
    for (const path of ['openid-configuration', 'openid-configuration/mcp', 'oauth-authorization-server/mcp/crm']) {
      expect(await read(`/.well-known/${path}`)).toEqual(metadata);
    }
  });

  it('is true: every endpoint it names answers, and nothing it leaves out does', async () => {
    const metadata = await read('/.well-known/oauth-authorization-server');
    for (const [name, url] of Object.entries(metadata).filter(
      ([key]) => key.endsWith('_endpoint') || key === 'jwks_uri',
    )) {
      const method = name === 'authorization_endpoint' || name === 'jwks_uri' ? 'GET' : 'POST';
      const answer = await fetch(String(url), { method, redirect: 'manual' });
      expect([name, answer.status]).not.toEqual([name, 404]);
    }
    for (const path of [
      '/oauth/userinfo',
      '/oauth/device',
      '/oauth/token/introspection',
      '/oauth/session/end',
      '/me',
      '/jwks',
    ]) {
      for (const method of ['GET', 'POST']) {
        expect([path, (await fetch(`${world.url}${path}`, { method })).status]).toEqual([path, 404]);
      }
    }
  });

  it('names what to ask for first, and says the same about a server that is not there', async () => {
    const about = (id: string) => read(`/.well-known/oauth-protected-resource/mcp/${id}`);
    expect(await about('crm')).toMatchObject({ resource: `${world.url}/mcp/crm`, scopes_supported: ['crm:read'] });
    expect(JSON.stringify(await about('absent')).replaceAll('absent', 'crm')).toBe(JSON.stringify(await about('crm')));
    expect((await read('/.well-known/oauth-protected-resource/mcp')).scopes_supported).toEqual(['*:read']);
  });

  it('holds no private part of any key, the next one included', async () => {
    await world.authority.ring.rotate();
    const { keys } = (await read('/oauth/jwks')) as { keys: object[] };
    expect(keys).toHaveLength(2);
    for (const key of keys) expect(Object.keys(key).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
  });
});
