import { realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/clock.ts';
import { type StdioUpstreamOptions, stdioUpstream } from '../../src/adapters/upstream/stdio.ts';
import type { RpcMessage } from '../../src/model/jsonrpc.ts';
import type { Era, UpstreamServer } from '../../src/ports/upstream.ts';
import { closeAll, closing } from './upstream/facing.ts';
import { faultOf, openSession, type Session, until } from './upstream/session.ts';

const SCRIPT = join(import.meta.dirname, 'upstream/nasty-stdio.ts');
const FAST = { eofGraceMs: 50, termGraceMs: 300, backoff: { baseMs: 40, maxMs: 10_000 }, maxHoldMs: 100 };
afterEach(closeAll);

function nasty(flags: readonly string[] = [], options: Partial<StdioUpstreamOptions> = {}): UpstreamServer {
  const server = stdioUpstream({
    id: 'nasty',
    clock: systemClock,
    command: process.execPath,
    args: [SCRIPT, ...flags],
    ...options,
    limits: { ...FAST, ...options.limits },
  });
  closing.push(() => server.close());
  return server;
}

async function facing(
  era: Era,
  options: Partial<StdioUpstreamOptions> = {},
  flags: readonly string[] = [],
): Promise<{ server: UpstreamServer; session: Session }> {
  const server = nasty(flags, options);
  return { server, session: await openSession(server, era) };
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const resultOf = async (reply: ReturnType<Session['send']>): Promise<any> => ((await reply).response as any).result;

describe('the pipes of a child', () => {
  it('carry characters cut in the middle, carriage returns and several frames at once', async () => {
    const { session } = await facing('legacy');
    expect(await resultOf(session.send('split'))).toEqual({ text: 'Grüße 😀' });
    const heard: RpcMessage[] = [];
    await session.send('joined', {}, { onMessage: (message) => heard.push(message) });
    expect(heard).toMatchObject([{ params: { n: 1 } }]);
  });

  it('survive a server that writes its log to them', async () => {
    const { session, server } = await facing('legacy');
    expect(await resultOf(session.send('garbage', { lines: 20 }))).toEqual({});
    expect(await resultOf(session.send('bytes'))).toEqual({});
    expect(server.health().dropped).toBe(21);
  });

  it('are given up when the server writes nothing but its log', async () => {
    const { session, server } = await facing('legacy', { limits: { maxGarbage: 10 } });
    expect(await faultOf(session.send('garbage', { lines: 50 }))).toMatchObject({
      code: 'upstream-protocol',
      sent: true,
    });
    expect(session.closedBy).toEqual(['too much garbage']);
    await until(() => server.health().restarts === 1);
  });

  it('throw away a line over its bound: the one request that waited fails, and the next one works', async () => {
    const { session } = await facing('legacy', { limits: { lineBytes: 50_000 } });
    expect(await faultOf(session.send('oversize', { bytes: 200_000 }))).toMatchObject({
      code: 'response-too-large',
      sent: true,
    });
    expect(await resultOf(session.send('ok'))).toEqual({});
  });

  it('are given up at a line over its bound when several wait and nobody can say for whom it was', async () => {
    const { session } = await facing('legacy', { limits: { lineBytes: 50_000 } });
    const both = [faultOf(session.send('hang')), faultOf(session.send('oversize', { bytes: 200_000 }))];
    expect((await Promise.all(both)).map((fault) => fault.code)).toEqual(['response-too-large', 'response-too-large']);
    expect(session.link.closed).toBe(true);
  });

  it('fail the request whose answer would be read differently by somebody else', async () => {
    const { session } = await facing('legacy');
    const others = session.send('later', { ms: 100 });
    expect(await faultOf(session.send('duplicate-member'))).toMatchObject({ code: 'upstream-protocol', sent: true });
    expect(await resultOf(others)).toEqual({ late: true });
  });

  it('refuse to queue more than their bound for a server that does not read', async () => {
    const { session } = await facing('legacy', { limits: { queuedBytes: 300_000 } });
    await session.send('deaf');
    const padding = 'x'.repeat(100_000);
    const sent = Array.from({ length: 8 }, () => faultOf(session.send('ok', { padding }, { timeoutMs: 300 })));
    const codes = (await Promise.all(sent)).map((fault) => `${fault.code} ${fault.sent}`);
    expect(new Set(codes)).toEqual(new Set(['upstream-timeout true', 'overloaded false']));
  });
});

describe('what belongs to which request', () => {
  it('is not confused by an answer to a request nobody made', async () => {
    const { session, server } = await facing('legacy');
    expect(await resultOf(session.send('wrong-id'))).toEqual({ right: true });
    expect(server.health().dropped).toBe(1);
  });

  it('an error without id answers the only request there is, and none of several', async () => {
    const { session } = await facing('legacy');
    expect((await session.send('no-id', {}, { id: 'mine' })).response).toEqual({
      jsonrpc: '2.0',
      id: 'mine',
      error: { code: -32700, message: 'what?' },
    });
    const both = [
      faultOf(session.send('hang', {}, { timeoutMs: 200 })),
      faultOf(session.send('no-id', {}, { timeoutMs: 200 })),
    ];
    expect((await Promise.all(both)).map((fault) => fault.code)).toEqual(['upstream-timeout', 'upstream-timeout']);
  });

  it('a late answer to a cancelled request reaches nobody, and its id is free only then', async () => {
    const { session } = await facing('legacy');
    await faultOf(session.send('later', { ms: 300 }, { id: 50, timeoutMs: 50 }));
    expect((await faultOf(session.send('ok', {}, { id: 50 }))).code).toBe('invalid-request');
    await new Promise((done) => setTimeout(done, 400));
    expect(await resultOf(session.send('ok', {}, { id: 50 }))).toEqual({});
    expect((await resultOf(session.send('seen'))).seen).toContain('notifications/cancelled');
  });

  it('a request of the server goes to the only request in flight, else to the session', async () => {
    const { session } = await facing('legacy');
    const heard: RpcMessage[] = [];
    await session.send('server-request', {}, { onMessage: (message) => heard.push(message) });
    expect(heard).toMatchObject([{ id: 1, method: 'roots/list' }]);
    const other = faultOf(session.send('hang', {}, { timeoutMs: 400 }));
    await session.send('server-request', {}, { onMessage: (message) => heard.push(message) });
    expect(heard).toHaveLength(1);
    expect(session.unsolicited).toMatchObject([{ id: 1, method: 'roots/list' }]);
    await other;
  });

  it('a changed list is told to the session, a log line to the request', async () => {
    const { session } = await facing('legacy');
    const heard: RpcMessage[] = [];
    await session.send('list-changed', {}, { onMessage: (message) => heard.push(message) });
    expect(heard).toMatchObject([{ method: 'notifications/message' }]);
    expect(session.unsolicited).toMatchObject([{ method: 'notifications/tools/list_changed' }]);
  });

  it('a modern server may make no requests', async () => {
    const { session, server } = await facing('modern');
    const heard: RpcMessage[] = [];
    await session.send('server-request', {}, { onMessage: (message) => heard.push(message) });
    expect([heard, session.unsolicited]).toEqual([[], []]);
    expect(server.health().dropped).toBe(1);
  });

  it('a subscription gets what carries its id, also among other requests, and ends when the server cancels it', async () => {
    const { session } = await facing('modern');
    const other = faultOf(session.send('hang', {}, { timeoutMs: 500 }));
    const heard: string[] = [];
    const listening = session.send(
      'subscriptions/listen',
      {},
      { timeoutMs: 0, onMessage: (message) => heard.push((message as any).method) },
    );
    expect(await faultOf(listening)).toMatchObject({
      code: 'upstream-unavailable',
      message: 'the server ended the subscription',
    });
    expect(heard).toEqual([
      'notifications/subscriptions/acknowledged',
      'notifications/resources/updated',
      'notifications/cancelled',
    ]);
    await other;
  });
});

describe('a child that dies', () => {
  it('fails what was in flight as unknown, closes its link, and the next one starts at once', async () => {
    const { session, server } = await facing('legacy');
    const waiting = [faultOf(session.send('hang')), faultOf(session.send('die'))];
    for (const fault of await Promise.all(waiting))
      expect(fault).toMatchObject({ code: 'upstream-unavailable', sent: true, detail: 'exit code 7' });
    expect(session.closedBy).toEqual(['the server ended: exit code 7']);
    expect(await faultOf(session.send('ok'))).toMatchObject({ sent: false });
    expect(server.health()).toMatchObject({ state: 'up', links: 0, restarts: 1, lastError: 'exit code 7' });
    expect(await resultOf((await openSession(server, 'legacy')).send('ok'))).toEqual({});
  });

  it('after its last answer has still answered', async () => {
    const { session } = await facing('legacy');
    expect(await resultOf(session.send('answer-and-die'))).toEqual({ last: true });
    await until(() => session.link.closed);
  });

  it('or closes its output is not waited for', async () => {
    const { session } = await facing('legacy');
    expect(await faultOf(session.send('close-output', {}, { timeoutMs: 0 }))).toMatchObject({
      code: 'upstream-unavailable',
      sent: true,
    });
  });

  it('at every start is started more and more rarely, and the operator sees why', async () => {
    const server = nasty(['--exit-at-start']);
    const faults: { code: string; sent?: boolean; detail?: string }[] = [];
    for (let i = 0; i < 12; i++) faults.push(await faultOf(openSession(server, 'legacy')));
    expect(faults.every((fault) => fault.code === 'upstream-unavailable')).toBe(true);
    expect(faults.at(-1)).toMatchObject({
      sent: false,
      detail: expect.stringMatching(/^failed to start \d+ times; next try in \d+ ms; exit code 3$/),
    });
    expect(server.health()).toMatchObject({
      state: 'down',
      lastError: 'exit code 3',
      stderrTail: 'cannot open the database\n',
    });
    expect(server.health().restarts).toBeLessThan(12);
  });

  it('because it does not exist is a fault that sent nothing', async () => {
    const server = nasty([], { command: '/does/not/exist' });
    expect(await faultOf(server.open('legacy'))).toMatchObject({
      code: 'upstream-unavailable',
      sent: false,
      detail: expect.stringContaining('ENOENT'),
    });
    expect(server.health()).toMatchObject({ state: 'down', restarts: 0, links: 0 });
  });

  it('because of arguments no process can have is one too', async () => {
    expect(await faultOf(nasty(['a\0b']).open('legacy'))).toMatchObject({ code: 'upstream-unavailable', sent: false });
  });

  it('or says nothing after its start is given up', async () => {
    const server = nasty(['--silent'], { limits: { startupTimeoutMs: 400 } });
    const link = await server.open('modern');
    const options = { signal: new AbortController().signal, onMessage: () => {}, timeoutMs: 0 };
    const fault = await faultOf(link.request({ jsonrpc: '2.0', id: 1, method: 'server/discover' }, options));
    expect(fault).toMatchObject({ code: 'upstream-timeout', sent: true });
    await until(() => server.health().state === 'down');
  });
});

describe('the end of a link', () => {
  it('is the end of everything its child started, even of what ignores signals', async () => {
    const { session } = await facing('legacy', {}, ['--ignore-signals']);
    const { pid, child } = await resultOf(session.send('family'));
    expect([alive(pid), alive(child)]).toEqual([true, true]);
    await session.link.close('done');
    await until(() => !alive(pid) && !alive(child));
  });

  it('is not counted as a death', async () => {
    const { session, server } = await facing('legacy');
    await session.link.close('done');
    expect(server.health()).toMatchObject({ links: 0, restarts: 0, state: 'up' });
  });

  it('comes to all links when the server is removed, and no more are opened', async () => {
    const server = nasty();
    const sessions = await Promise.all([openSession(server, 'legacy'), openSession(server, 'modern')]);
    await server.close();
    expect(sessions.map(({ link }) => link.closed)).toEqual([true, true]);
    expect(await faultOf(server.open('legacy'))).toMatchObject({ sent: false });
  });
});

describe('what a child is given', () => {
  it('is a scrubbed environment, its folder and its arguments, without a shell', async () => {
    process.env.INTERLOCK_TEST_SECRET = 's3cret';
    const folder = realpathSync(tmpdir());
    const { session } = await facing('legacy', { env: { COMPANY: 'acme' }, cwd: folder }, ['$(touch /tmp/x); `id`']);
    const about = await resultOf(session.send('about'));
    delete process.env.INTERLOCK_TEST_SECRET;
    expect(about).toMatchObject({ cwd: folder, argv: ['$(touch /tmp/x); `id`'] });
    expect(about.env.COMPANY).toBe('acme');
    expect(about.env.PATH).toBe(process.env.PATH);
    const allowed = /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_ALL|LC_CTYPE|TZ|TMPDIR|TMP|TEMP|COMPANY)$/;
    expect(Object.keys(about.env).filter((name) => !allowed.test(name))).toEqual([]);
  });

  it.runIf(process.getuid?.() === 0)('is another user when one is configured', async () => {
    const { session } = await facing('legacy', { uid: 65_534, gid: 65_534 });
    expect((await resultOf(session.send('about'))).uid).toBe(65_534);
  });

  it('is an ear for its complaints, with a bounded memory of them', async () => {
    const lines: string[] = [];
    const { session, server } = await facing('legacy', {
      onStderr: (line) => lines.push(line),
      limits: { stderrBytes: 500 },
    });
    await session.send('complain', { lines: 100, chars: 50 });
    await until(() => lines.length === 100);
    expect(server.health().stderrTail?.length).toBe(500);
    expect(server.health().stderrTail).toMatch(/99!+\n$/);
  });
});

describe('limits', () => {
  it('refuse one child too many, however many ask at once, and take it when one is gone', async () => {
    const server = nasty([], { limits: { maxChildren: 2 } });
    const opened = await Promise.allSettled(Array.from({ length: 5 }, () => server.open('legacy')));
    const links = opened.filter((one) => one.status === 'fulfilled').map((one) => one.value);
    expect(links).toHaveLength(2);
    expect(opened.filter((one) => one.status === 'rejected').map((one) => one.reason.code)).toEqual([
      'overloaded',
      'overloaded',
      'overloaded',
    ]);
    await links[0]?.close('done');
    await (await server.open('legacy')).close('done');
  });

  it('a thousand hung calls on one child leave another child alone, and end when they are cancelled', async () => {
    const server = nasty();
    const hung = await openSession(server, 'legacy');
    const good = await openSession(server, 'legacy');
    const controller = new AbortController();
    const waiting = Array.from({ length: 1_000 }, () =>
      faultOf(hung.send('hang', {}, { signal: controller.signal, timeoutMs: 0 })),
    );
    const replies = await Promise.all(Array.from({ length: 200 }, () => good.send('ok', {}, { timeoutMs: 3_000 })));
    expect(replies).toHaveLength(200);
    controller.abort();
    expect((await Promise.all(waiting)).every((fault) => fault.sent)).toBe(true);
    expect(await resultOf(hung.send('ok'))).toEqual({});
  });
});

describe('what the eras of a server are found from', () => {
  it.each([
    ['an error', [], {}],
    ['silence', ['--silent'], { probeTimeoutMs: 600 }],
    ['a death that initialize does not cause', ['--die-of-discover'], {}],
  ] as const)('%s: legacy, asked once', async (_what, flags, limits) => {
    const server = nasty(flags, { limits: { ...limits, maxHoldMs: 2_000 } });
    expect(await server.eras()).toEqual({ legacy: true, modern: false, discover: null });
    const { restarts } = server.health();
    await server.eras();
    expect(server.health()).toMatchObject({ restarts, links: 0 });
  });

  it('not from a server that does not start, which is a fault', async () => {
    expect(await faultOf(nasty(['--exit-at-start']).eras())).toMatchObject({ code: 'upstream-unavailable' });
  });
});
