import { afterEach, describe, expect, it } from 'vitest';
import { httpUpstream } from '../../src/adapters/upstream/http.ts';
import type { RpcMessage } from '../../src/model/jsonrpc.ts';
import { closeAll, closing, facing, RESUME } from './upstream/facing.ts';
import { type Behaviour, event, json, nastyHttp, result, sse } from './upstream/nasty-http.ts';
import { faultOf, until } from './upstream/session.ts';

afterEach(closeAll);

describe('a legacy stream that breaks after an event id', () => {
  const answer = (id: unknown) => event(result(id, { resumed: true }), 'e3');

  it.each([
    ['cleanly', (response: Parameters<Behaviour>[1]) => void response.end()],
    ['by a reset', (response: Parameters<Behaviour>[1]) => void response.socket?.resetAndDestroy()],
  ])('%s is resumed after the last event, after the pause the server asked for', async (_how, breakIt) => {
    let asked = 0n;
    let resumedAfterMs = 0;
    const heard: RpcMessage[] = [];
    const { session, nasty } = await facing('legacy', (seen, response) => {
      if (seen.method === 'GET') {
        resumedAfterMs = Number(process.hrtime.bigint() - asked) / 1e6;
        return sse(response, [
          event({ jsonrpc: '2.0', method: 'notifications/message', params: { n: 2 } }, 'e2'),
          answer(7),
        ]);
      }
      asked = process.hrtime.bigint();
      sse(
        response,
        [
          'id: e0\nretry: 150\ndata:\n\n',
          event({ jsonrpc: '2.0', method: 'notifications/message', params: { n: 1 } }, 'e1'),
        ],
        false,
      );
      setTimeout(() => breakIt(response), 20);
    });
    const reply = await session.send('x', {}, { id: 7, onMessage: (message) => heard.push(message) });
    expect(reply.response).toMatchObject({ id: 7, result: { resumed: true } });
    expect(heard.map((message) => (message as any).params.n)).toEqual([1, 2]);
    expect(nasty.seen.at(-1)).toMatchObject({
      method: 'GET',
      headers: { 'last-event-id': 'e1', 'mcp-session-id': 'session-1', accept: 'text/event-stream' },
    });
    expect(resumedAfterMs).toBeGreaterThanOrEqual(150);
  });

  it('is resumed through failures of the server, and through as many pauses as bring something new', async () => {
    let gets = 0;
    const { session } = await facing('legacy', (seen, response) => {
      if (seen.method === 'POST') return sse(response, ['id: e0\nretry: 10\ndata:\n\n']);
      gets++;
      if (gets === 1) return void response.writeHead(503).end();
      if (gets === 2) return void response.socket?.resetAndDestroy();
      if (gets < 8) return sse(response, [`id: p${gets}\ndata:\n\n`]);
      sse(response, [answer(7)]);
    });
    expect((await session.send('x', {}, { id: 7 })).response).toMatchObject({ result: { resumed: true } });
    expect(gets).toBe(8);
  });

  it('tells the caller of a pause the server asked for, and of no broken connection', async () => {
    const { session } = await facing('legacy', (seen, response) => {
      if (seen.method === 'GET') return sse(response, [answer(seen.headers['last-event-id'] === 'clean' ? 7 : 8)]);
      sse(response, [`id: ${seen.body.method}\nretry: 20\ndata:\n\n`], false);
      setTimeout(() => (seen.body.method === 'clean' ? response.end() : response.socket?.resetAndDestroy()), 20);
    });
    const pauses: string[] = [];
    await session.send('clean', {}, { id: 7, onPaused: (retryMs) => pauses.push(`clean ${retryMs}`) });
    await session.send('broken', {}, { id: 8, onPaused: (retryMs) => pauses.push(`broken ${retryMs}`) });
    expect(pauses).toEqual(['clean 20']);
  });

  it('is given up when nothing new comes', async () => {
    let gets = 0;
    const { session } = await facing('legacy', (seen, response) => {
      if (seen.method === 'GET') gets++;
      sse(response, ['id: e0\nretry: 5\ndata:\n\n']);
    });
    expect(await faultOf(session.send('x'))).toMatchObject({ code: 'upstream-unavailable', sent: true });
    expect(gets).toBe(RESUME.attempts);
  });

  it.each([405, 400])('is given up at once when the server answers %s', async (status) => {
    const { session, nasty } = await facing('legacy', (seen, response) =>
      seen.method === 'GET' ? response.writeHead(status).end() : sse(response, ['id: e0\nretry: 5\ndata:\n\n']),
    );
    expect(await faultOf(session.send('x'))).toMatchObject({ code: 'upstream-unavailable', sent: true });
    expect(nasty.seen.filter((seen) => seen.method === 'GET')).toHaveLength(1);
  });

  it('means the end of the session when the server answers 404', async () => {
    const { session } = await facing('legacy', (seen, response) =>
      seen.method === 'GET' ? response.writeHead(404).end() : sse(response, ['id: e0\nretry: 5\ndata:\n\n']),
    );
    expect(await faultOf(session.send('x'))).toMatchObject({ code: 'upstream-unavailable', sent: true });
    expect(session.closedBy).toHaveLength(1);
  });

  it('is not resumed for a caller who gave up meanwhile', async () => {
    const { session, nasty } = await facing('legacy', (_seen, response) =>
      sse(response, ['id: e0\nretry: 200\ndata:\n\n']),
    );
    expect(await faultOf(session.send('x', {}, { timeoutMs: 100 }))).toMatchObject({ code: 'upstream-timeout' });
    await new Promise((done) => setTimeout(done, 250));
    expect(nasty.seen.filter((seen) => seen.method === 'GET')).toEqual([]);
  });
});

describe('the standalone stream of a legacy session', () => {
  const changed = (n: number) =>
    event({ jsonrpc: '2.0', method: 'notifications/tools/list_changed', params: { n } }, `c${n}`);

  it('is opened again after the last event whenever the server closes it', async () => {
    let gets = 0;
    const { session, nasty } = await facing('legacy', (_seen, response) =>
      sse(response, ['retry: 5\n', changed(++gets)], gets < 3),
    );
    session.link.listen();
    session.link.listen();
    await until(() => session.unsolicited.length >= 3);
    const asked = nasty.seen.filter((seen) => seen.method === 'GET').map((seen) => seen.headers['last-event-id']);
    expect(asked.slice(0, 3)).toEqual([undefined, 'c1', 'c2']);
    await session.link.close('done');
  });

  it('is not asked for again when the server has none', async () => {
    const { session, nasty } = await facing('legacy', (_seen, response) => response.writeHead(405).end());
    session.link.listen();
    await new Promise((done) => setTimeout(done, 150));
    expect(nasty.seen.filter((seen) => seen.method === 'GET')).toHaveLength(1);
    expect(session.link.closed).toBe(false);
  });

  it('ends the link when the server says that the session is gone', async () => {
    const { session } = await facing('legacy', (_seen, response) => response.writeHead(404).end());
    session.link.listen();
    await until(() => session.closedBy.length === 1);
  });

  it('waits for the handshake when it is asked for before', async () => {
    const nasty = await nastyHttp((seen, response) => {
      if (seen.method === 'GET') return sse(response, [changed(1)], false);
      if (seen.method === 'DELETE') return void response.writeHead(405).end();
      json(response, result(seen.body.id, { protocolVersion: '2025-06-18' }), 200, { 'mcp-session-id': 's' });
    });
    const server = httpUpstream({ id: 'x', url: nasty.url });
    closing.push(nasty.close, () => server.close());
    const link = await server.open('legacy');
    const heard: RpcMessage[] = [];
    link.onUnsolicited((message) => heard.push(message));
    link.listen();
    expect(nasty.seen).toEqual([]);
    const options = { signal: new AbortController().signal, onMessage: () => {}, timeoutMs: 1_000 };
    await link.request({ jsonrpc: '2.0', id: 1, method: 'initialize', params: {} }, options);
    await until(() => heard.length === 1);
    expect(nasty.seen[1]?.headers['mcp-protocol-version']).toBe('2025-06-18');
  });

  it('carries no response: one is dropped', async () => {
    const { session, server } = await facing('legacy', (_seen, response) =>
      sse(response, [event(result(1)), changed(1)], false),
    );
    session.link.listen();
    await until(() => session.unsolicited.length === 1);
    expect(server.health().dropped).toBe(1);
  });
});
