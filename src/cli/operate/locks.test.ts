import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../program.ts';

let dir = '';
let gateway: Server;
/** What the gateway does with an order; it always answers GET. */
let onOrder: (answer: (status: number, body: object) => void) => void = () => {};
let locks: object[] = [];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'il-locks-'));
  writeFileSync(join(dir, 'interlock.yaml'), 'agents: {}\nservers: {}\npolicies: .\n');
  locks = [];
  gateway = createServer((request, response) => {
    const answer = (status: number, body: object) => void response.writeHead(status).end(JSON.stringify(body));
    if (request.method === 'GET') answer(200, { items: locks, next: null, epoch: 1 });
    else onOrder(answer);
  });
  mkdirSync(join(dir, '.interlock'));
  await new Promise<void>((done) => gateway.listen(join(dir, '.interlock', 'admin.sock'), done));
});
afterEach(async () => {
  gateway.closeAllConnections();
  await new Promise((done) => gateway.close(done));
  rmSync(dir, { recursive: true, force: true });
});

async function kill(): Promise<{ code: number; out: string; err: string }> {
  const written = { out: '', err: '' };
  const streams = [process.stdout.write, process.stderr.write] as const;
  process.stdout.write = ((text: string) => ((written.out += text), true)) as typeof process.stdout.write;
  process.stderr.write = ((text: string) => ((written.err += text), true)) as typeof process.stderr.write;
  try {
    return {
      code: await run(['kill', 'agent:x', '--force', '--reason', 'r', '--config', join(dir, 'interlock.yaml')]),
      ...written,
    };
  } finally {
    [process.stdout.write, process.stderr.write] = streams;
  }
}

async function inStore(): Promise<string[]> {
  const { openSqlite } = await import('../../adapters/sql/sqlite.ts');
  const { systemClock } = await import('../../adapters/clock.ts');
  const stores = await openSqlite({ path: join(dir, '.interlock', 'interlock.db'), clock: systemClock });
  const found = (await stores.locks.load()).locks.map((lock) => `${lock.target.kind}:${lock.target.id} ${lock.tier}`);
  await stores.close();
  return found;
}

describe('a kill reaches the store whatever the gateway does', { timeout: 60_000 }, () => {
  it('that fails before it has stopped anything', async () => {
    onOrder = (answer) => answer(500, { title: 'The gateway failed', status: 500, detail: 'no' });
    const { code, out, err } = await kill();
    expect([code, out]).toEqual([0, 'killed: agent:x, until it is released\n']);
    expect(err).toMatch(/going to the store directly/);
    expect(await inStore()).toEqual(['agent:x halt']);
  });

  it('that hangs', async () => {
    onOrder = () => {};
    expect(await kill()).toMatchObject({ code: 0, err: expect.stringMatching(/no answer within 3000 ms/) });
    expect(await inStore()).toEqual(['agent:x halt']);
  });

  it('that fails after it has stopped the agent: then that is said', async () => {
    locks = [{ target: { kind: 'agent', id: 'x' }, tier: 'halt', reason: 'r', by: 'b', atMs: 1, untilMs: null }];
    onOrder = (answer) => answer(503, { title: 'The gateway failed', status: 503, detail: 'the disk is full' });
    expect(await kill()).toMatchObject({
      code: 0,
      err: expect.stringMatching(/it is in force, but the gateway failed afterwards: .*the disk is full/),
    });
  });

  it('but an order the gateway refuses is not forced past it', async () => {
    onOrder = (answer) => answer(400, { title: 'Bad request', status: 400, detail: 'no such target' });
    expect(await kill()).toMatchObject({ code: 5, err: expect.stringMatching(/no such target/) });
    expect(await inStore()).toEqual([]);
  });
});
