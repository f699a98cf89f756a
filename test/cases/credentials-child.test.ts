import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/clock.ts';
import { httpUpstream } from '../../src/adapters/upstream/http.ts';
import { stdioUpstream } from '../../src/adapters/upstream/stdio.ts';
import type { CredentialServer } from '../../src/credentials/credentials.ts';
import type { UpstreamLink } from '../../src/ports/upstream.ts';
import { type CredentialWorld, callerOf, clientAt, HEADER, openCredentialWorld } from './fixtures/credential-world.ts';
import { type ForeignAs, listenForeign } from './fixtures/foreign-as.ts';
import { guardedServer } from './fixtures/guarded-server.ts';

/** A child that says what it was given, reversed, so that nothing recognizes it on the way. */
const CHILD = `
const read = require('readline').createInterface({ input: process.stdin });
read.on('line', (line) => {
  const { id } = JSON.parse(line);
  const key = [...(process.env.KEY ?? '')].reverse().join('');
  if (id !== undefined) console.log(JSON.stringify({ jsonrpc: '2.0', id, result: { pid: process.pid, key } }));
});`;

let world: CredentialWorld;
let as: ForeignAs;
let dir: string;
beforeAll(async () => {
  world = await openCredentialWorld();
  as = await (await listenForeign()).open({ gateway: world.url });
  dir = await mkdtemp(join(tmpdir(), 'interlock-child-'));
  await writeFile(join(dir, 'child.cjs'), CHILD);
});
afterAll(async () => {
  await world?.close();
  await as?.close();
  await rm(dir, { recursive: true, force: true });
});

const exchange = (placement: CredentialServer['settings']['placement']): CredentialServer => ({
  id: 'crm',
  url: null,
  settings: {
    ...{ kind: 'exchange', placement, client: clientAt(as.issuer), audience: null, resource: null, scope: null },
    subjectTokenType: 'urn:ietf:params:oauth:token-type:jwt',
  },
});
const hello = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'a', version: '1' } },
} as const;
const ask = async (link: UpstreamLink) => {
  const options = { signal: new AbortController().signal, onMessage: () => {}, timeoutMs: 10_000 };
  const { response } = await link.request(hello, options);
  return (response as unknown as { result: { pid: number; key: string } }).result;
};

describe('a child with a person’s credential (requirement CN8)', () => {
  it('is that person’s alone, and ends when the credential is withdrawn', async () => {
    const credentials = world.process([exchange({ kind: 'env', name: 'KEY', template: '{secret}' })]);
    const upstream = stdioUpstream({
      id: 'crm',
      clock: systemClock,
      command: process.execPath,
      args: [join(dir, 'child.cjs')],
    });
    const holders = ['alice', 'bob'].map((person) => credentials.of('crm')!.holderFor(callerOf(person, 'buyer')));
    const links = await Promise.all(holders.map((holder) => upstream.open('legacy', holder)));
    const said = await Promise.all(links.map(ask));
    expect(said[0]!.pid).not.toBe(said[1]!.pid);
    const whose = await Promise.all(said.map(({ key }) => as.whose([...key].reverse().join(''))));
    expect(whose).toEqual(['alice', 'bob']);
    const ended = new Promise<string>((done) => links[0]!.onClosed(done));
    await credentials.endFor({ person: 'alice' });
    expect(await ended).toMatch(/withdrawn/);
    expect(links.map((link) => link.closed)).toEqual([true, false]);
    await upstream.close();
  });
});

describe('a server that refuses every credential (requirement CN8)', () => {
  it('is not asked for ever: one new one, then the call is refused, and the next ones at once', async () => {
    const crm = await guardedServer(() => null);
    const credentials = world.process([exchange(HEADER)]);
    const upstream = httpUpstream({ id: 'crm', url: crm.url });
    const link = await upstream.open('legacy', credentials.of('crm')!.holderFor(callerOf('carol', 'buyer')));
    const before = as.grants.filter(({ type }) => type === 'exchange').length;
    for (let i = 0; i < 5; i++)
      await expect(ask(link)).rejects.toMatchObject({ code: 'upstream-unavailable', sent: false });
    expect(as.grants.filter(({ type }) => type === 'exchange').length).toBeLessThanOrEqual(before + 1);
    // First with the old and the new one, then never more than once a call.
    expect(crm.seen.length).toBeLessThanOrEqual(6);
    await upstream.close();
    await crm.close();
  });
});
