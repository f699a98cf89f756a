import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type GuardedServer, guardedServer } from './fixtures/guarded-server.ts';
import { CONNECT, EVERYTHING, type House, openHouse, textOf, until } from './house.ts';

/** Requirement CN8: the agent uses what it never sees. */
const FIRST = 'first-secret-of-the-crm';
const SECOND = 'second-secret-of-the-crm';
const IN_ENV = 'secret-in-the-environment';

let dir: string;
let house: House;
let crm: GuardedServer;
let good = FIRST;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'interlock-secrets-'));
  await writeFile(join(dir, 'crm.token'), `${FIRST}\n`);
  crm = await guardedServer((token) => (token === good ? 'the company' : null));
  house = await openHouse({
    servers: `  crm:
    url: ${crm.url}
    credentials: { kind: inject, from: { file: ${join(dir, 'crm.token')} } }
    tools: { "*": { effect: read, dataClass: public } }
  local:
    command: ${process.execPath}
    args: [${EVERYTHING}, stdio]
    credentials: { kind: inject, env: API_KEY, from: { command: [${process.execPath}, -e, "process.stdout.write('${IN_ENV}')"] } }
    tools: { "*": { effect: read, dataClass: public } }
`,
    policies: { 'a.cedar': `${CONNECT} permit(principal, action in Action::"use", resource);` },
  });
});
afterAll(async () => {
  await house?.stop();
  await crm?.close();
  await rm(dir, { recursive: true, force: true });
});

describe.each(['legacy', 'auto'] as const)('an injected secret (requirement CN8, %s)', (mode) => {
  it('reaches the server with every request; what the agent sent does not', async () => {
    const client = await house.client('buyer', '/mcp/crm', { mode });
    expect(textOf(await client.callTool({ name: 'whoami', arguments: {} }))).toBe('account of the company');
    expect(crm.seen.length).toBeGreaterThan(2);
    for (const { authorization, headers } of crm.seen) {
      expect(authorization).toMatch(/^Bearer (first|second)-secret/);
      expect(JSON.stringify(headers)).not.toContain(house.token('buyer'));
    }
  });

  it('does not come back to the agent, not even from a server that says it back', async () => {
    const client = await house.client('buyer', '/mcp/crm', { mode });
    const said = textOf(await client.callTool({ name: 'echo', arguments: {} }));
    expect(said).toBe('you sent Bearer [credential withheld]');
  });

  it('is in the child’s environment, and a child that prints its environment prints it to nobody', async () => {
    const client = await house.client('buyer', '/mcp/local', { mode });
    const said = textOf(await client.callTool({ name: 'get-env', arguments: {} }));
    expect(said).toContain('"API_KEY": "[credential withheld]"');
    expect(said).not.toContain(IN_ENV);
  });
});

describe('a secret that was changed (requirement CN8)', () => {
  it('is read again when the server says 401, and the call goes through once', async () => {
    const client = await house.client('buyer', '/mcp/crm');
    await client.callTool({ name: 'whoami', arguments: {} });
    const before = crm.calls.length;
    await writeFile(join(dir, 'crm.token'), SECOND);
    good = SECOND;
    expect(textOf(await client.callTool({ name: 'whoami', arguments: {} }))).toBe('account of the company');
    expect(crm.calls.length).toBe(before + 1);
  });

  it('that is wrong refuses the call, with clear words and an outcome that says nothing happened', async () => {
    const client = await house.client('buyer', '/mcp/crm');
    const before = crm.calls.length;
    good = 'another secret altogether';
    const refused = await client.callTool({ name: 'whoami', arguments: {} });
    expect(refused.isError).toBe(true);
    expect(textOf(refused)).toMatch(/credential.*not carried out/s);
    expect(textOf(refused)).not.toMatch(/first-secret|second-secret/);
    expect(crm.calls.length).toBe(before);
    good = SECOND;
    await until(async () => {
      const records = await house.records();
      const intent = records.findLast((r) => r.type === 'intent' && r.target === 'whoami');
      return records.some(
        (r) => r.type === 'outcome' && intent?.type === 'intent' && r.call === intent.call && r.outcome === 'failed',
      );
    });
  });
});

it('no secret stands anywhere in what the gateway keeps (requirement CN8)', async () => {
  const kept: string[] = [];
  const walk = async (at: string): Promise<void> => {
    for (const entry of await readdir(at, { withFileTypes: true })) {
      const path = join(at, entry.name);
      if (entry.isDirectory()) await walk(path);
      else if (entry.isFile()) kept.push((await readFile(path)).toString('latin1'));
    }
  };
  await walk(join(house.dir, '.interlock'));
  expect(kept.length).toBeGreaterThan(3);
  for (const secret of [FIRST, SECOND, IN_ENV]) expect(kept.some((text) => text.includes(secret))).toBe(false);
});
