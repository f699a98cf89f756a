import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CredentialServer } from '../../src/credentials/credentials.ts';
import type { Stores } from '../../src/ports/stores.ts';
import {
  browse,
  type CredentialWorld,
  callerOf,
  clientAt,
  HEADER,
  openCredentialWorld,
} from '../cases/fixtures/credential-world.ts';
import { type ForeignAs, listenForeign } from '../cases/fixtures/foreign-as.ts';
import { GROUNDS, type Ground, open } from './stores-fixture.ts';

describe.each(GROUNDS)('connected accounts on $name (requirement CN8)', ({ start }) => {
  let ground: Ground;
  let processes: Stores[];
  let worlds: CredentialWorld[];
  let as: ForeignAs;
  let crm: CredentialServer;

  beforeAll(async () => {
    ground = await start();
    const place = await ground.place();
    // Stores of their own, as gateways in other processes have; the first opens before the others, which is when migrations run.
    processes = [await open(place)];
    for (let i = 1; i < 5; i++) processes.push(await open(place));
    const first = await openCredentialWorld(processes[0]!.secrets);
    worlds = [first];
    for (const stores of processes.slice(1)) worlds.push(await openCredentialWorld(stores.secrets, first));
    const listening = await listenForeign();
    as = await listening.open({ gateway: first.url, account: () => 'alice-at-crm', accessTtlS: 2 });
    const asked = { resource: 'https://crm.example/mcp', scope: 'openid offline_access crm:read' };
    crm = {
      id: 'crm',
      url: 'https://crm.example/mcp',
      settings: { kind: 'oauth', placement: HEADER, client: clientAt(as.issuer), ...asked },
    };
  });
  afterAll(async () => {
    await Promise.all((worlds ?? []).reverse().map((world) => world.close()));
    await Promise.all((processes ?? []).map((stores) => stores.close()));
    await as?.close();
    await ground?.stop();
  });

  it('one answer of the authorization server connects once, whoever brings it how often', async () => {
    const broker = worlds[0]!.process([crm]);
    const { url, browser } = await broker.begin('crm', { person: 'alice', owner: 'person:alice' });
    const parameters = await browse(url, `${worlds[0]!.url}/connect/`);
    const brokers = worlds.map((world) => world.process([crm]));
    const tries = Array.from({ length: 50 }, (_, i) =>
      brokers[i % brokers.length]!.finish('crm', { person: 'alice', browser, parameters }),
    );
    const results = await Promise.allSettled(tries);
    expect(results.filter(({ status }) => status === 'fulfilled').length).toBe(1);
  });

  it('fifty who find a token at its end refresh it once', async () => {
    await new Promise((done) => setTimeout(done, 2_100));
    const refreshes = () => as.grants.filter(({ type }) => type === 'refresh_token').length;
    const before = refreshes();
    const holders = Array.from({ length: 50 }, (_, i) =>
      worlds[i % worlds.length]!.process([crm]).of('crm')!.holderFor(callerOf('alice', 'buyer')),
    );
    const got = await Promise.all(holders.map((holder) => holder.renew(null)));
    expect(new Set(got.map(({ secrets }) => secrets[0])).size).toBe(1);
    expect(refreshes()).toBe(before + 1);
  });

  it('what is taken back at one is gone at all', async () => {
    const brokers = worlds.map((world) => world.process([crm]));
    const holders = brokers.map((broker) => broker.of('crm')!.holderFor(callerOf('alice', 'buyer')));
    await Promise.all(holders.map((holder) => holder.renew(null)));
    const gone = holders.map(
      ({ withdrawn }) => new Promise<void>((done) => withdrawn.addEventListener('abort', () => done())),
    );
    expect(await brokers[0]!.endFor({ person: 'alice' })).toMatchObject({ removed: 1 });
    await Promise.all(gone);
    const again = brokers.at(-1)!.of('crm')!.holderFor(callerOf('alice', 'buyer'));
    await expect(again.renew(null)).rejects.toThrow(/connect\/crm/);
  });
});
