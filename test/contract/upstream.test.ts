import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/clock.ts';
import { httpUpstream } from '../../src/adapters/upstream/http.ts';
import { stdioUpstream } from '../../src/adapters/upstream/stdio.ts';
import type { RpcMessage } from '../../src/model/jsonrpc.ts';
import type { Era, UpstreamServer } from '../../src/ports/upstream.ts';
import { serveDualEra } from './upstream/dual-era.ts';
import { contractServer } from './upstream/sdk-tools.ts';
import { faultOf, openSession, type Session, textOf, until } from './upstream/session.ts';

const MODULES = join(import.meta.dirname, '../../node_modules/@modelcontextprotocol');
const EVERYTHING = join(MODULES, 'server-everything/dist/index.js');
const STDIO = join(import.meta.dirname, 'upstream/sdk-stdio.ts');

interface Target {
  readonly server: UpstreamServer;
  stop(): Promise<void>;
}

async function overHttp(): Promise<Target> {
  const fixture = await serveDualEra({ make: contractServer, retryMs: 100 });
  const server = httpUpstream({ id: 'http', url: fixture.url });
  return { server, stop: async () => void (await Promise.all([server.close(), fixture.close()])) };
}

async function overStdio(...args: string[]): Promise<Target> {
  const server = stdioUpstream({ id: 'stdio', clock: systemClock, command: process.execPath, args: [STDIO, ...args] });
  return { server, stop: () => server.close() };
}

const TARGETS: readonly (readonly [string, Era, () => Promise<Target>])[] = [
  ['streamable HTTP', 'legacy', overHttp],
  ['streamable HTTP', 'modern', overHttp],
  ['stdio', 'legacy', overStdio],
  ['stdio', 'modern', overStdio],
];

describe.each(TARGETS)('an upstream over %s, %s', (_name, era, start) => {
  let target: Target;
  let session: Session;
  beforeAll(async () => {
    target = await start();
    session = await openSession(target.server, era);
  });
  afterAll(() => target?.stop());

  it('is found to speak both eras, and asked only once', async () => {
    const [first, second] = await Promise.all([target.server.eras(), target.server.eras()]);
    expect(first).toMatchObject({ legacy: true, modern: true });
    expect(first.discover?.supportedVersions).toContain('2026-07-28');
    expect(second).toBe(first);
  });

  it('answers under the ids of the requests, many at once and of both types', async () => {
    const { call } = session;
    const ids = Array.from({ length: 60 }, (_, i) => (i % 2 === 0 ? 1_000 + i : `r-${i}`));
    const replies = await Promise.all(ids.map((id) => call('echo', { text: `für ${id} 😀` }, { id })));
    expect(replies.map((reply) => reply.response.id)).toEqual(ids);
    expect(replies.map(textOf)).toEqual(ids.map((id) => `für ${id} 😀`));
  });

  it('keeps 1 and "1" apart', async () => {
    const { call } = session;
    const replies = await Promise.all([
      call('echo', { text: 'number' }, { id: 901 }),
      call('echo', { text: 'string' }, { id: '901' }),
    ]);
    expect(replies.map(textOf)).toEqual(['number', 'string']);
  });

  it('refuses an id that is still in flight, and takes it again afterwards', async () => {
    const { call } = session;
    const first = call('wait', { ms: 200 }, { id: 7_000 });
    expect((await faultOf(call('echo', { text: 'x' }, { id: 7_000 }))).code).toBe('invalid-request');
    expect(textOf(await first)).toBe('waited');
    expect(textOf(await call('echo', { text: 'x' }, { id: 7_000 }))).toBe('x');
  });

  it('passes an error of the server on as it is', async () => {
    const { send } = session;
    const { response, httpStatus } = await send('no/such-method');
    expect(response).toMatchObject({ error: { code: -32601 } });
    const status = target.server.id === 'stdio' ? null : era === 'modern' ? 404 : 200;
    expect(httpStatus).toBe(status);
  });

  it('hands progress to the request it belongs to, before its answer', async () => {
    const { call } = session;
    const heard: string[] = [];
    const one = (name: string) =>
      call(
        'progress',
        { steps: 3 },
        {
          token: name,
          onMessage: (message) =>
            heard.push(`${name} ${(message as any).params.progressToken} ${(message as any).params.progress}`),
        },
      );
    await Promise.all([one('a').then(() => heard.push('a done')), one('b').then(() => heard.push('b done'))]);
    for (const name of ['a', 'b']) {
      expect(heard.filter((entry) => entry.startsWith(name))).toEqual([
        `${name} ${name} 1`,
        `${name} ${name} 2`,
        `${name} ${name} 3`,
        `${name} done`,
      ]);
    }
  });

  it('cancels upstream when the caller gives up, and says that the outcome is unknown', async () => {
    const { call } = session;
    const before = Number(textOf(await call('cancelled')));
    const controller = new AbortController();
    const waiting = call('wait', { ms: 60_000 }, { signal: controller.signal });
    await new Promise((done) => setTimeout(done, 150));
    controller.abort();
    expect(await faultOf(waiting)).toMatchObject({
      code: 'upstream-unavailable',
      sent: true,
      message: 'the call was cancelled',
    });
    await until(async () => Number(textOf(await call('cancelled'))) === before + 1);
  });

  it('sends nothing for a caller who had already given up', async () => {
    const { call } = session;
    expect(await faultOf(call('echo', { text: 'x' }, { signal: AbortSignal.abort() }))).toMatchObject({ sent: false });
  });

  it('gives up after the time it was given, and goes on working', async () => {
    const { call } = session;
    expect(await faultOf(call('wait', { ms: 60_000 }, { timeoutMs: 150 }))).toMatchObject({
      code: 'upstream-timeout',
      sent: true,
    });
    expect(textOf(await call('echo', { text: 'still here' }))).toBe('still here');
  });

  it('ends once, with the requests in flight, and takes no more', async () => {
    const { call, link, closedBy } = await openSession(target.server, era);
    const waiting = faultOf(call('wait', { ms: 60_000 }));
    await new Promise((done) => setTimeout(done, 100));
    await Promise.all([link.close('killed'), link.close('again')]);
    expect(await waiting).toMatchObject({ code: 'upstream-unavailable', sent: true });
    expect(closedBy).toEqual(['killed']);
    expect(link.closed).toBe(true);
    expect(await faultOf(call('echo', { text: 'x' }))).toMatchObject({ code: 'upstream-unavailable', sent: false });
  });

  it('carries a question of the server to the person and the answer back', async () => {
    const { call, send, link } = session;
    const answer = { action: 'accept', content: { name: 'Ada' } };
    if (era === 'modern') {
      const asked = (await call('ask')).response as any;
      expect(asked.result).toMatchObject({
        resultType: 'input_required',
        inputRequests: { who: { method: 'elicitation/create' } },
      });
      const params = { name: 'ask', arguments: {}, inputResponses: { who: answer } };
      expect(textOf(await send('tools/call', params))).toContain('Ada');
      return;
    }
    const reply = await call(
      'ask',
      {},
      {
        onMessage: (message: RpcMessage) => {
          if ('method' in message && 'id' in message)
            void link.post({ jsonrpc: '2.0', id: message.id, result: answer });
        },
      },
    );
    expect(textOf(reply)).toContain('Ada');
  });

  it('tells the session that a list changed', async () => {
    const { call, send, link, unsolicited } = session;
    const streamed: RpcMessage[] = [];
    const controller = new AbortController();
    if (era === 'legacy') link.listen();
    else {
      const options = {
        signal: controller.signal,
        onMessage: (message: RpcMessage) => streamed.push(message),
        timeoutMs: 0,
      };
      const listening = faultOf(send('subscriptions/listen', { notifications: { toolsListChanged: true } }, options));
      await until(() => streamed.length > 0);
      expect(streamed[0]).toMatchObject({ method: 'notifications/subscriptions/acknowledged' });
      void listening;
    }
    const heard = era === 'legacy' ? unsolicited : streamed;
    await until(async () => {
      await call('changed');
      return heard.some((message) => 'method' in message && message.method === 'notifications/tools/list_changed');
    });
    controller.abort();
  });
});

describe('a legacy stream that its server closes before the answer', () => {
  it('is resumed, so that the call is answered', async () => {
    const target = await overHttp();
    const { call } = await openSession(target.server, 'legacy');
    expect(textOf(await call('reconnect'))).toBe('after the stream was closed');
    await target.stop();
  });
});

describe('a legacy session', () => {
  it('ends at the server when it is closed here', async () => {
    const fixture = await serveDualEra({ make: contractServer });
    const server = httpUpstream({ id: 'http', url: fixture.url });
    const { link } = await openSession(server, 'legacy');
    expect(fixture.sessions()).toBe(1);
    await link.close('done');
    expect(fixture.sessions()).toBe(0);
    await Promise.all([server.close(), fixture.close()]);
  });

  it('is over when the server no longer knows it', async () => {
    const fixture = await serveDualEra({ make: contractServer });
    const server = httpUpstream({ id: 'http', url: fixture.url });
    const { call, closedBy } = await openSession(server, 'legacy');
    fixture.forgetSessions();
    expect(await faultOf(call('echo', { text: 'x' }))).toMatchObject({ code: 'upstream-unavailable', sent: false });
    expect(closedBy).toEqual(['the server no longer knows the session']);
    await Promise.all([server.close(), fixture.close()]);
  });

  it('begins with initialize', async () => {
    const target = await overHttp();
    const link = await target.server.open('legacy');
    const request = { jsonrpc: '2.0', id: 1, method: 'tools/list' } as const;
    const options = { signal: new AbortController().signal, onMessage: () => {}, timeoutMs: 1_000 };
    expect((await faultOf(link.request(request, options))).code).toBe('invalid-request');
    await target.stop();
  });
});

describe('a server of modern revisions only', () => {
  it.each([
    [
      'over HTTP',
      async (): Promise<Target> => {
        const fixture = await serveDualEra({ make: contractServer, legacy: false });
        const server = httpUpstream({ id: 'http', url: fixture.url });
        return { server, stop: async () => void (await Promise.all([server.close(), fixture.close()])) };
      },
    ],
    ['over stdio', () => overStdio('--modern-only')],
  ])('%s is known as one once it refused initialize', async (_name, start) => {
    const target = await start();
    expect(await target.server.eras()).toMatchObject({ legacy: true, modern: true });
    await openSession(target.server, 'legacy').catch(() => {});
    expect(await target.server.eras()).toMatchObject({ legacy: false, modern: true });
    await target.stop();
  });
});

describe('the official servers', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'interlock-upstream-'));
    await writeFile(join(folder, 'note.txt'), 'buy milk');
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('everything, over stdio: legacy only, long operations with progress', async () => {
    const server = stdioUpstream({
      id: 'every',
      clock: systemClock,
      command: process.execPath,
      args: [EVERYTHING, 'stdio'],
    });
    expect(await server.eras()).toEqual({ legacy: true, modern: false, discover: null });
    const { call } = await openSession(server, 'legacy');
    const heard: RpcMessage[] = [];
    const reply = await call(
      'trigger-long-running-operation',
      { duration: 0.2, steps: 2 },
      { token: 'p', onMessage: (message) => heard.push(message) },
    );
    expect(textOf(reply)).toContain('completed');
    expect(heard.filter((message) => 'method' in message && message.method === 'notifications/progress')).toHaveLength(
      2,
    );
    await server.close();
  });

  it('everything, over streamable HTTP', async () => {
    const port = await freePort();
    const child = spawn(process.execPath, [EVERYTHING, 'streamableHttp'], {
      env: { ...process.env, PORT: String(port) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    await Promise.race([once(child.stderr, 'data'), once(child.stdout, 'data')]);
    const server = httpUpstream({ id: 'every', url: `http://127.0.0.1:${port}/mcp` });
    await until(async () => (await server.eras().catch(() => null)) !== null);
    expect(await server.eras()).toEqual({ legacy: true, modern: false, discover: null });
    const { call, link } = await openSession(server, 'legacy');
    link.listen();
    expect(textOf(await call('echo', { message: 'hello' }))).toContain('hello');
    await server.close();
    child.kill();
    await once(child, 'exit');
  });

  it('filesystem, over stdio: reads a file inside its folder and none outside', async () => {
    const script = join(MODULES, 'server-filesystem/dist/index.js');
    const server = stdioUpstream({
      id: 'files',
      clock: systemClock,
      command: process.execPath,
      args: [script, folder],
    });
    const { call } = await openSession(server, 'legacy');
    expect(textOf(await call('read_text_file', { path: join(folder, 'note.txt') }))).toBe('buy milk');
    expect((await call('read_text_file', { path: '/etc/hostname' })).response).toMatchObject({
      result: { isError: true },
    });
    await server.close();
  });
});

function freePort(): Promise<number> {
  return new Promise((done) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => done(port));
    });
  });
}
