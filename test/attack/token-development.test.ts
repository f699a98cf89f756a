import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AuthFault } from '../../src/identity/challenge.ts';
import { sha256Base64url } from '../../src/model/canonical.ts';
import { agentNamed, bearer, keyPair, mintFor, openWorld, present, type World } from './token-world.ts';

const TOKEN = 'dev-token-0123456789';

let world: World;
beforeEach(async () => {
  world = await openWorld();
  const { publicJwk } = await keyPair();
  world.agents = new Map([
    ...world.agents,
    ['tinker', agentNamed('tinker', [publicJwk], { staticTokenSha256: sha256Base64url(TOKEN) })],
    ['plain', agentNamed('plain', [])],
  ]);
});
afterEach(() => world.close());

describe('a static development token', () => {
  it('is worth nothing while the flag is off', async () => {
    await expect(async () => present(world, bearer(TOKEN))).rejects.toBeInstanceOf(AuthFault);
  });

  it('works while the flag is on, says so, and stops with the flag', async () => {
    world.development = { allowStaticTokens: true, anonymousAgent: null };
    expect(present(world, bearer(TOKEN))).toMatchObject({ agent: { id: 'tinker' }, method: 'static-development' });
    expect(JSON.stringify(present(world, bearer(TOKEN)))).not.toContain(TOKEN);
    world.development = { allowStaticTokens: false, anonymousAgent: null };
    await expect(async () => present(world, bearer(TOKEN))).rejects.toBeInstanceOf(AuthFault);
  });

  it('must be the whole token, and not its hash', async () => {
    world.development = { allowStaticTokens: true, anonymousAgent: null };
    for (const wrong of [TOKEN.slice(0, -1), `${TOKEN}x`, TOKEN.toUpperCase(), sha256Base64url(TOKEN)]) {
      await expect(async () => present(world, bearer(wrong))).rejects.toBeInstanceOf(AuthFault);
    }
  });

  it('stops working when it is taken from the agent', async () => {
    world.development = { allowStaticTokens: true, anonymousAgent: null };
    expect(present(world, bearer(TOKEN))).toBeTruthy();
    world.agents = new Map([['tinker', agentNamed('tinker', [])]]);
    await expect(async () => present(world, bearer(TOKEN))).rejects.toBeInstanceOf(AuthFault);
  });

  it('leaves real tokens what they are', async () => {
    world.development = { allowStaticTokens: true, anonymousAgent: null };
    expect(await present(world, bearer(await mintFor(world)))).toMatchObject({
      method: 'token',
      agent: { id: 'buyer' },
    });
  });
});

describe('the anonymous development agent', () => {
  it('is everybody without credentials, only while static tokens are allowed', () => {
    world.development = { allowStaticTokens: true, anonymousAgent: 'plain' };
    expect(present(world, undefined)).toMatchObject({ agent: { id: 'plain' }, method: 'static-development' });
    world.development = { allowStaticTokens: false, anonymousAgent: 'plain' };
    expect(() => present(world, undefined)).toThrow(AuthFault);
    world.development = { allowStaticTokens: true, anonymousAgent: 'ghost' };
    expect(() => present(world, undefined)).toThrow(AuthFault);
  });

  it('is nobody who brings a wrong credential', async () => {
    world.development = { allowStaticTokens: true, anonymousAgent: 'plain' };
    await expect(async () => present(world, bearer('wrong'))).rejects.toBeInstanceOf(AuthFault);
    await expect(async () => present(world, 'Basic YTpi')).rejects.toBeInstanceOf(AuthFault);
  });
});
