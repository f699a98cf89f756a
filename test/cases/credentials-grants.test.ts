import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CredentialServer, Credentials } from '../../src/credentials/credentials.ts';
import { saveIdpToken } from '../../src/credentials/idp-tokens.ts';
import { type CredentialWorld, callerOf, clientAt, HEADER, openCredentialWorld } from './fixtures/credential-world.ts';
import { type ForeignAs, listenForeign } from './fixtures/foreign-as.ts';

/** Requirement CN8: tokens per user, agent and task, from an upstream's own authorization server. */
let world: CredentialWorld;
let as: ForeignAs;
let idp: ForeignAs;
let credentials: Credentials;
const PRIOR = { kind: 'agent', id: 'planner' } as const;

beforeAll(async () => {
  world = await openCredentialWorld();
  const [first, second] = [await listenForeign(), await listenForeign()];
  idp = await first.open({ gateway: world.url });
  as = await second.open({ gateway: world.url, trusts: { issuer: idp.issuer } });
  const asked = { resource: null, scope: 'crm:read' };
  const servers: CredentialServer[] = [
    {
      id: 'crm',
      url: 'https://crm.example/mcp',
      settings: {
        ...{ kind: 'exchange', placement: HEADER, client: clientAt(as.issuer), audience: 'crm', ...asked },
        subjectTokenType: 'urn:ietf:params:oauth:token-type:jwt',
      },
    },
    {
      id: 'saas',
      url: 'https://saas.example/mcp',
      settings: { kind: 'id-jag', placement: HEADER, client: clientAt(as.issuer), idp: clientAt(idp.issuer), ...asked },
    },
  ];
  credentials = world.process(servers);
});
afterAll(async () => {
  await world?.close();
  await as?.close();
  await idp?.close();
});

const tokenOf = async (server: string, caller = callerOf('alice', 'buyer')): Promise<string> => {
  const holder = credentials.of(server)!.holderFor(caller);
  const { secrets } = holder.current() ?? (await holder.renew(null));
  return secrets[0]!;
};
const exchanges = () => as.grants.filter(({ type }) => type === 'exchange');

describe('token exchange at the upstream (requirement CN8)', () => {
  it('gives a token for this user, from a token minted for nobody else', async () => {
    const chain = [{ kind: 'agent', id: 'buyer' }, PRIOR] as const;
    const token = await tokenOf('crm', callerOf('alice', 'buyer', { chain, taskId: 'task-1' }));
    expect(await as.whose(token)).toBe('alice');
    const { params } = exchanges().at(-1)!;
    expect(params).toMatchObject({
      audience: 'crm',
      scope: 'crm:read',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    });
    const claims = params.claims as Record<string, number> & Record<string, unknown>;
    expect(claims).toMatchObject({ iss: world.url, sub: 'alice', aud: as.issuer, client_id: 'buyer', task: 'task-1' });
    expect(claims.act).toMatchObject({ sub: 'buyer', act: { sub: 'planner' } });
    expect(claims.exp! - claims.iat!).toBeLessThanOrEqual(60);
  });

  it('is asked for once, however many calls wait for it, and kept for those that are alike', async () => {
    const before = exchanges().length;
    const caller = callerOf('bob', 'buyer');
    const tokens = await Promise.all(Array.from({ length: 50 }, () => tokenOf('crm', caller)));
    expect(new Set(tokens).size).toBe(1);
    expect(await tokenOf('crm', caller)).toBe(tokens[0]);
    expect(exchanges().length).toBe(before + 1);
  });

  it('is shared by no other user, agent, task or chain', async () => {
    const callers = [
      callerOf('alice', 'buyer'),
      callerOf('carol', 'buyer'),
      callerOf('alice', 'seller'),
      callerOf('alice', 'buyer', { taskId: 'task-2' }),
      callerOf('alice', 'buyer', { chain: [{ kind: 'agent', id: 'buyer' }, PRIOR] }),
      callerOf(null, 'buyer'),
    ];
    const tokens = await Promise.all(callers.map((caller) => tokenOf('crm', caller)));
    expect(new Set(tokens).size).toBe(callers.length);
    expect(await as.whose(tokens.at(-1)!)).toBe('buyer');
    const keys = callers.map((caller) => credentials.of('crm')!.holderFor(caller).key);
    expect(new Set(keys).size).toBe(callers.length);
  });

  it('ends with the task, with the agent and with the person', async () => {
    const caller = callerOf('dora', 'buyer', { taskId: 'task-9' });
    for (const who of [{ task: 'task-9' }, { person: 'dora' }, { agent: 'buyer', server: 'crm' }]) {
      const token = await tokenOf('crm', caller);
      const holder = credentials.of('crm')!.holderFor(caller);
      expect((await credentials.heldBy(who)).held).toContainEqual(
        expect.objectContaining({ server: 'crm', person: 'dora', agent: 'buyer', task: 'task-9' }),
      );
      expect((await credentials.endFor(who)).withdrawn).toBeGreaterThanOrEqual(1);
      expect(holder.withdrawn.aborted).toBe(true);
      await expect(holder.renew(null)).rejects.toThrow(/withdrawn/);
      expect(await tokenOf('crm', caller)).not.toBe(token);
    }
  });
});

describe('an assertion of the enterprise’s identity provider (requirement CN8)', () => {
  it('needs a sign-in: without one the person is asked for it', async () => {
    await expect(tokenOf('saas')).rejects.toThrow(/must sign in again/);
    await expect(tokenOf('saas', callerOf(null, 'buyer'))).rejects.toThrow(/acts for nobody/);
  });

  it('is had for the person and redeemed at the upstream', async () => {
    const iat = Math.floor(Date.now() / 1000);
    const idToken = await idp.sign('JWT', { iss: idp.issuer, sub: 'alice@idp', aud: 'interlock', iat, exp: iat + 600 });
    const kept = { issuer: idp.issuer, idToken, idTokenExpiresAtMs: (iat + 600) * 1000, refreshToken: null };
    await saveIdpToken(world.vault, 'alice', kept);
    expect(JSON.stringify([...world.store.rows.values()])).not.toContain(idToken);
    expect(await as.whose(await tokenOf('saas'))).toBe('alice@idp');
  });

  it('that has ended is not used: the person signs in again', async () => {
    const kept = { issuer: idp.issuer, idToken: 'over', idTokenExpiresAtMs: 1, refreshToken: null };
    await saveIdpToken(world.vault, 'erin', kept);
    await expect(tokenOf('saas', callerOf('erin', 'buyer'))).rejects.toThrow(/must sign in again/);
  });

  it('is kept only of the provider some server needs it from', () => {
    expect(credentials.keepsSignIns(idp.issuer)).toBe(true);
    expect(credentials.keepsSignIns('https://other.example')).toBe(false);
  });

  it('goes with the person', async () => {
    await credentials.endFor({ person: 'alice' });
    await expect(tokenOf('saas')).rejects.toThrow(/must sign in again/);
  });
});

it('nothing that was logged holds a token or an assertion (requirement CN8)', () => {
  expect(JSON.stringify(world.logged)).not.toMatch(/eyJ|Bearer /);
});
