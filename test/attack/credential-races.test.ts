import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CredentialServer } from '../../src/credentials/credentials.ts';
import {
  browse,
  type CredentialWorld,
  callerOf,
  clientAt,
  HEADER,
  openCredentialWorld,
} from '../cases/fixtures/credential-world.ts';
import { type ForeignAs, listenForeign } from '../cases/fixtures/foreign-as.ts';

/** A refresh token that rotates is worth one use: whoever uses it twice loses the connection (RFC 9700 section 4.14). */
let world: CredentialWorld;
let as: ForeignAs;
let crm: CredentialServer;

beforeAll(async () => {
  world = await openCredentialWorld();
  const listening = await listenForeign();
  as = await listening.open({ gateway: world.url, account: () => 'alice-at-crm', accessTtlS: 2 });
  const asked = { resource: 'https://crm.example/mcp', scope: 'openid offline_access crm:read' };
  crm = {
    id: 'crm',
    url: 'https://crm.example/mcp',
    settings: { kind: 'oauth', placement: HEADER, client: clientAt(as.issuer), ...asked },
  };
  const first = world.process([crm]);
  const { url, browser } = await first.begin('crm', { person: 'alice', owner: 'person:alice' });
  await first.finish('crm', { person: 'alice', browser, parameters: await browse(url, `${world.url}/connect/`) });
});
afterAll(async () => {
  await world?.close();
  await as?.close();
});

const refreshes = () => as.grants.filter(({ type }) => type === 'refresh_token').length;

describe('fifty gateways find the same token at its end (requirement CN8)', () => {
  it.each([1, 2, 3])('one refreshes, all go on with what it got (round %i)', async () => {
    await new Promise((done) => setTimeout(done, 2_100));
    const before = refreshes();
    const processes = Array.from({ length: 50 }, () => world.process([crm]));
    const holders = processes.map((one) => one.of('crm')!.holderFor(callerOf('alice', 'buyer')));
    const got = await Promise.all(holders.map((holder) => holder.renew(null)));
    expect(new Set(got.map(({ secrets }) => secrets[0])).size).toBe(1);
    expect(refreshes()).toBe(before + 1);
    expect(await as.whose(got[0]!.secrets[0]!)).toBe('alice-at-crm');
  });

  it('a rotation of the vault’s key in the middle loses no refresh', async () => {
    await new Promise((done) => setTimeout(done, 2_100));
    const processes = [world.process([crm])];
    const holders = processes.map((one) => one.of('crm')!.holderFor(callerOf('alice', 'buyer')));
    const put = world.store.put.bind(world.store);
    // The write of the new tokens meets a row that somebody re-sealed a moment before.
    let writes = 0;
    world.store.put = async (row, expected) => {
      const there = await world.store.get(row.kind, row.id);
      if (row.kind === 'upstream-token' && ++writes === 2 && there !== null) {
        const opened = await world.vault.get('upstream-token', row.id);
        world.store.put = put;
        await world.vault.put({ ...opened!, secret: opened!.secret }, opened!.version);
      }
      return put(row, expected);
    };
    const got = await Promise.all(holders.map((holder) => holder.renew(null)));
    world.store.put = put;
    expect(await as.whose(got[0]!.secrets[0]!)).toBe('alice-at-crm');
  });
});
