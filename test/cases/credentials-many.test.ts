import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CredentialServer } from '../../src/credentials/credentials.ts';
import { type CredentialWorld, callerOf, clientAt, HEADER, openCredentialWorld } from './fixtures/credential-world.ts';
import { type ForeignAs, listenForeign } from './fixtures/foreign-as.ts';

let world: CredentialWorld;
let as: ForeignAs;
let crm: CredentialServer;
beforeAll(async () => {
  world = await openCredentialWorld();
  as = await (await listenForeign()).open({ gateway: world.url });
  crm = {
    id: 'crm',
    url: 'https://crm.example/mcp',
    settings: { kind: 'oauth', placement: HEADER, client: clientAt(as.issuer), resource: null, scope: null },
  };
});
afterAll(async () => {
  await world?.close();
  await as?.close();
});

describe('somebody with very many agents leaves (requirement CN8)', () => {
  it('all their accounts are gone, and nobody else’s', async () => {
    const credentials = world.process([crm]);
    const secret = {
      server: 'crm',
      issuer: as.issuer,
      clientId: 'interlock',
      access: 'token-of-an-agent',
      expiresAtMs: null,
    };
    const rest = { refreshAtMs: 0, refresh: null, scope: null, by: 'alice', connectedAtMs: 1, lease: null };
    const owners = [...Array.from({ length: 2_000 }, (_, i) => `agent:a${i}`), 'agent:other', 'person:a1'];
    for (const owner of owners) {
      const row = { kind: 'upstream-token', id: `crm ${owner}`, owner, expiresAtMs: null } as const;
      await world.vault.put({ ...row, secret: { ...secret, ...rest } }, null);
    }
    const holder = credentials.of('crm')!.holderFor(callerOf(null, 'a7'));
    await holder.renew(null);
    const ended = await credentials.endForAgents(Array.from({ length: 2_000 }, (_, i) => `a${i}`));
    expect(ended).toMatchObject({ removed: 2_000 });
    expect(holder.withdrawn.aborted).toBe(true);
    expect((await credentials.connections({ limit: 10 })).map(({ owner }) => owner)).toEqual([
      'agent:other',
      'person:a1',
    ]);
  });

  it('a tampered row of one is shown as unreadable, refuses its own calls and no others', async () => {
    const credentials = world.process([crm]);
    const [at, row] = [...world.store.rows].find(([, kept]) => kept.owner === 'agent:other')!;
    world.store.rows.set(at, { ...row, body: { ...row.body, data: 'AAAA' } });
    const listed = await credentials.connections({ limit: 10 });
    expect(listed.map(({ owner, readable }) => [owner, readable])).toEqual([
      ['agent:other', false],
      ['person:a1', true],
    ]);
    const failed = credentials.of('crm')!.holderFor(callerOf(null, 'other')).renew(null);
    await expect(failed).rejects.toMatchObject({ code: 'upstream-unavailable', sent: false });
    const good = await credentials.of('crm')!.holderFor(callerOf('a1', 'any')).renew(null);
    expect(good.secrets).toEqual(['token-of-an-agent']);
    expect(await credentials.endFor({ agent: 'other' })).toMatchObject({ removed: 1 });
  });

  it('what they connected for an agent goes with them, whomever the agent answers to by now', async () => {
    const credentials = world.process([crm]);
    const secret = {
      server: 'crm',
      issuer: as.issuer,
      clientId: 'interlock',
      access: 'account-of-carol',
      expiresAtMs: null,
    };
    const rest = { refreshAtMs: 0, refresh: null, scope: null, connectedAtMs: 1, lease: null };
    for (const [owner, by] of [
      ['agent:left', 'carol'],
      ['agent:stays', 'dave'],
    ] as const) {
      const row = { kind: 'upstream-token', id: `crm ${owner}`, owner, expiresAtMs: null } as const;
      await world.vault.put({ ...row, secret: { ...secret, ...rest, by } }, null);
    }
    await credentials.endConnectedBy('carol');
    const owners = (await credentials.connections({ limit: 10 })).map(({ owner }) => owner);
    expect(owners).toContain('agent:stays');
    expect(owners).not.toContain('agent:left');
    await credentials.endFor({ agent: 'stays' });
  });

  it('whose credential a call carries is known without waiting', async () => {
    const credentials = world.process([crm]);
    const caller = callerOf('a1', 'any');
    await credentials.of('crm')!.holderFor(caller).renew(null);
    expect(credentials.of('crm')!.holderFor(caller).current()?.headers).toEqual([
      'authorization',
      'Bearer token-of-an-agent',
    ]);
  });
});
