import { randomUUID } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PERSON_DEFAULTS } from '../../src/model/person.ts';
import { TOKEN_EXCHANGE } from './foreign-world.ts';
import { askToken, assertionFor, mintFor, openWorld, type World } from './token-world.ts';

const ID_JAG = 'urn:ietf:params:oauth:token-type:id-jag';
const ID_TOKEN = 'urn:ietf:params:oauth:token-type:id_token';
const AUDIENCE = 'https://as.saas.example';

let world: World;
beforeEach(async () => {
  world = await openWorld();
  world.authorities = [
    {
      agent: 'buyer',
      audience: AUDIENCE,
      clientId: 'gw-buyer',
      resources: ['https://mcp.saas.example'],
      scopes: ['chat.read', 'chat.write'],
    },
  ];
});
afterEach(() => world.close());

function idToken(claims: Record<string, unknown> = {}, header: Record<string, unknown> = {}): Promise<string> {
  const nowS = Math.floor(world.nowMs / 1000);
  const payload = {
    iss: world.resources.issuer,
    sub: 'ada',
    aud: 'buyer',
    iat: nowS,
    exp: nowS + 600,
    auth_time: nowS,
    amr: ['hwk'],
    ...claims,
  };
  return new SignJWT(payload)
    .setProtectedHeader({ alg: 'ES256', kid: world.key.kid, ...header })
    .sign(world.key.privateKey);
}

async function ask(fields: Record<string, string | undefined> = {}) {
  const all = {
    ...{ grant_type: TOKEN_EXCHANGE, requested_token_type: ID_JAG, audience: AUDIENCE },
    ...{ subject_token: await idToken(), subject_token_type: ID_TOKEN, scope: 'chat.read', ...fields },
  };
  const sent = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as Record<
    string,
    string
  >;
  return askToken(world, await assertionFor(world), sent);
}

describe('CR1: an ID-JAG for an authorization server the operator named', () => {
  it('says who, for whom, where and how far, for minutes', async () => {
    const { status, json } = await ask({ resource: 'https://mcp.saas.example/' });
    expect([status, json.issued_token_type, json.token_type, json.expires_in]).toEqual([200, ID_JAG, 'N_A', 300]);
    const token = json.access_token as string;
    expect(decodeProtectedHeader(token).typ).toBe('oauth-id-jag+jwt');
    expect(decodeJwt(token)).toMatchObject({
      ...{ iss: world.resources.issuer, sub: 'ada', aud: AUDIENCE, client_id: 'gw-buyer', scope: 'chat.read' },
      ...{ resource: 'https://mcp.saas.example', amr: ['hwk'] },
    });
    expect(world.recorded).toMatchObject([
      { act: 'id-jag.issue', by: 'buyer', detail: { subject: 'ada', audience: AUDIENCE } },
    ]);
  });

  it.each<[string, () => Promise<Record<string, string | undefined>>, string]>([
    ['no audience', async () => ({ audience: undefined }), 'invalid_request'],
    ['an audience nobody named', async () => ({ audience: 'https://evil.example' }), 'invalid_target'],
    ['a resource nobody named', async () => ({ resource: 'https://evil.example' }), 'invalid_target'],
    ['more scopes than named', async () => ({ scope: 'chat.read admin' }), 'invalid_scope'],
    ['an actor token', async () => ({ actor_token: 'x' }), 'invalid_request'],
    ['an access token as subject', async () => ({ subject_token: await mintFor(world) }), 'invalid_request'],
    [
      'an ID token of another client',
      async () => ({ subject_token: await idToken({ aud: 'seller' }) }),
      'invalid_request',
    ],
    [
      'one for two clients',
      async () => ({ subject_token: await idToken({ aud: ['buyer', 'seller'] }) }),
      'invalid_request',
    ],
    ['an expired one', async () => ({ subject_token: await idToken({ exp: 1 }) }), 'invalid_request'],
    [
      'one of another issuer',
      async () => ({ subject_token: await idToken({ iss: 'https://evil.example' }) }),
      'invalid_request',
    ],
    [
      'one that is an ID-JAG',
      async () => ({ subject_token: await idToken({}, { typ: 'oauth-id-jag+jwt' }) }),
      'invalid_request',
    ],
    ['one of nobody known', async () => ({ subject_token: await idToken({ sub: 'mallory' }) }), 'invalid_request'],
    [
      'a refresh token that is none',
      async () => ({
        subject_token: randomUUID(),
        subject_token_type: 'urn:ietf:params:oauth:token-type:refresh_token',
      }),
      'invalid_request',
    ],
  ])('is refused: %s', async (_what, fields, error) => {
    const { status, json } = await ask(await fields());
    expect([status, json.error]).toEqual([400, error]);
    expect(world.recorded).toEqual([]);
  });

  it('is refused to ourselves, for people who left, and to a client that proves nothing', async () => {
    world.authorities = [{ ...world.authorities[0]!, audience: world.resources.issuer }];
    expect((await ask({ audience: world.resources.issuer })).json.error).toBe('invalid_target');
    world.authorities = [{ ...world.authorities[0]!, audience: AUDIENCE }];
    world.people = [...world.people, { ...PERSON_DEFAULTS, id: 'eve', userName: 'eve', name: 'Eve', active: false }];
    expect((await ask({ subject_token: await idToken({ sub: 'eve' }) })).json.error).toBe('invalid_request');
    expect((await ask({ client_assertion: 'x.y.z' })).status).toBe(401);
  });
});
