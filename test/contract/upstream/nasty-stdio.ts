import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A child that does to its parent what the method of each request says. Plain, so that it starts fast. */
const flags = new Set(process.argv.slice(2));
const write = (text: string | Buffer): void => void process.stdout.write(text);
const say = (frame: object): void => write(`${JSON.stringify(frame)}\n`);
const answer = (id: unknown, result: object = {}): void => say({ jsonrpc: '2.0', id, result });
const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
const seen: string[] = [];

if (flags.has('--exit-at-start')) {
  process.stderr.write('cannot open the database\n');
  process.exit(3);
}
if (flags.has('--ignore-signals')) {
  process.on('SIGTERM', () => {});
  setInterval(() => {}, 1_000);
}

const BEHAVIOURS: Record<string, (id: unknown, params: any) => unknown> = {
  initialize: (id) => answer(id, { protocolVersion: '2025-11-25', capabilities: {} }),
  'server/discover': (id) => {
    if (flags.has('--die-of-discover')) process.exit(9);
    if (!flags.has('--silent')) say({ jsonrpc: '2.0', id, error: { code: -32601, message: 'unknown' } });
  },
  ok: (id) => answer(id),
  seen: (id) => answer(id, { seen }),
  hang: () => {},
  later: async (id, { ms }) => {
    await pause(ms);
    answer(id, { late: true });
  },
  garbage: (id, { lines }) => {
    for (let i = 0; i < lines; i++) write(`debug: step ${i}\n`);
    answer(id);
  },
  bytes: (id) => {
    write(Buffer.from([0xff, 0xfe, 0x0a]));
    answer(id);
  },
  oversize: (id, { bytes }) => {
    write(`"${'x'.repeat(bytes)}"\n`);
    if (id === null) return;
    answer(id);
  },
  split: async (id) => {
    for (const byte of Buffer.from(`${JSON.stringify({ jsonrpc: '2.0', id, result: { text: 'Grüße 😀' } })}\r\n`)) {
      write(Buffer.of(byte));
      await pause(1);
    }
  },
  joined: (id) =>
    write(
      `${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/message', params: { n: 1 } })}\n\n${JSON.stringify({ jsonrpc: '2.0', id, result: {} })}\n`,
    ),
  'wrong-id': (id) => {
    answer('nobody', { wrong: true });
    answer(id, { right: true });
  },
  'no-id': () => say({ jsonrpc: '2.0', id: null, error: { code: -32700, message: 'what?' } }),
  'duplicate-member': (id) => write(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"a":1,"a":2}}\n`),
  'server-request': (id) => {
    say({ jsonrpc: '2.0', id: 1, method: 'roots/list' });
    answer(id);
  },
  'list-changed': (id) => {
    say({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' });
    say({ jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 1 } });
    answer(id);
  },
  'subscriptions/listen': async (id) => {
    const _meta = { 'io.modelcontextprotocol/subscriptionId': id };
    say({ jsonrpc: '2.0', method: 'notifications/subscriptions/acknowledged', params: { _meta } });
    say({ jsonrpc: '2.0', method: 'notifications/resources/updated', params: { _meta, uri: 'a:b' } });
    await pause(20);
    say({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id } });
  },
  die: () => process.exit(7),
  'answer-and-die': (id) => {
    process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, result: { last: true } })}\n`, () => process.exit(0));
  },
  'close-output': () => process.stdout.end(),
  deaf: (id) => {
    setInterval(() => {}, 1_000);
    input.pause();
    process.stdin.pause();
    answer(id);
  },
  family: (id) => {
    const child = spawn(process.execPath, ['-e', 'process.on("SIGTERM",()=>{});setInterval(()=>{},1000)'], {
      stdio: 'ignore',
    });
    answer(id, { pid: process.pid, child: child.pid });
  },
  about: (id) =>
    answer(id, { cwd: process.cwd(), env: { ...process.env }, argv: process.argv.slice(2), uid: process.getuid?.() }),
  complain: (id, { lines, chars }) => {
    for (let i = 0; i < lines; i++) process.stderr.write(`${i}${'!'.repeat(chars)}\n`);
    answer(id);
  },
};

const input = createInterface({ input: process.stdin, terminal: false });
input.on('line', (line) => {
  const frame = JSON.parse(line);
  seen.push(frame.method ?? 'response');
  if (frame.method?.startsWith('notifications/') || frame.method === undefined) return;
  BEHAVIOURS[frame.method]?.(frame.id, frame.params ?? {});
});
input.on('close', () => {
  if (!flags.has('--ignore-signals')) process.exit(0);
});
