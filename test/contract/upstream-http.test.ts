import { afterEach, describe, expect, it } from 'vitest';
import { httpUpstream } from '../../src/adapters/upstream/http.ts';
import type { RpcMessage } from '../../src/model/jsonrpc.ts';
import { closeAll, closing, facing, SECRET } from './upstream/facing.ts';
import { event, json, nastyHttp, result, sse } from './upstream/nasty-http.ts';
import { selfSigned } from './upstream/self-signed.ts';
import { faultOf, openSession, until } from './upstream/session.ts';

afterEach(closeAll);

describe('what a modern link sends', () => {
  it('mirrors the body in headers, passes Mcp-Param on and carries the configured credentials to the configured address', async () => {
    const { session, nasty } = await facing('modern', (seen, response) => json(response, result(seen.body.id)));
    await session.call('buy', { region: 'eu' }, { headers: { 'Mcp-Param-Region': 'eu', 'Mcp-Method': 'tools/list' } });
    expect(nasty.seen[0]).toMatchObject({
      method: 'POST',
      url: '/mcp?tenant=a',
      headers: {
        authorization: SECRET,
        accept: 'application/json, text/event-stream',
        'content-type': 'application/json',
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': 'tools/call',
        'mcp-name': 'buy',
        'mcp-param-region': 'eu',
      },
    });
    expect(nasty.seen[0]?.headers['mcp-session-id']).toBeUndefined();
  });

  it('drops a request of the server, which its revision does not allow', async () => {
    const heard: RpcMessage[] = [];
    const { session, server } = await facing('modern', (seen, response) =>
      sse(response, [
        event({ jsonrpc: '2.0', id: 1, method: 'sampling/createMessage', params: {} }),
        event(result(seen.body.id)),
      ]),
    );
    await session.send('x', {}, { onMessage: (message) => heard.push(message) });
    expect(heard).toEqual([]);
    expect(server.health().dropped).toBe(1);
  });

  it('closes the connection of a cancelled request, which is the cancellation', async () => {
    let closed = 0;
    const { session } = await facing('modern', (_seen, response) => void response.on('close', () => closed++));
    const controller = new AbortController();
    const waiting = faultOf(session.send('x', {}, { signal: controller.signal, timeoutMs: 0 }));
    await new Promise((done) => setTimeout(done, 50));
    controller.abort();
    expect(await waiting).toMatchObject({ sent: true });
    await until(() => closed === 1);
  });

  it('keeps a subscription open without a bound on its length, beside the requests', async () => {
    const { session } = await facing(
      'modern',
      (seen, response) => {
        if (seen.body.method !== 'subscriptions/listen') return json(response, result(seen.body.id));
        const frames = Array.from({ length: 60 }, (_, i) =>
          event({
            jsonrpc: '2.0',
            method: 'notifications/resources/updated',
            params: { uri: `${'x'.repeat(1_000)}${i}` },
          }),
        );
        sse(response, [...frames, event(result(seen.body.id, { resultType: 'complete' }))], false);
      },
      { limits: { streamBytes: 10_000, connections: 1 } },
    );
    const heard: RpcMessage[] = [];
    const reply = await session.send(
      'subscriptions/listen',
      {},
      { timeoutMs: 0, onMessage: (message) => heard.push(message) },
    );
    expect(heard).toHaveLength(60);
    expect(reply.response).toMatchObject({ result: { resultType: 'complete' } });
  });
});

describe('what a legacy link sends', () => {
  it('session, version and credentials on every request after initialize, and DELETE at the end', async () => {
    const { session, nasty } = await facing('legacy', (seen, response) => json(response, result(seen.body.id)));
    await session.send('tools/list');
    await session.link.close('done');
    const [init, ready, list, bye] = nasty.seen;
    expect(init?.headers['mcp-session-id']).toBeUndefined();
    expect(init?.headers['mcp-protocol-version']).toBeUndefined();
    for (const seen of [ready, list, bye]) {
      expect(seen?.headers).toMatchObject({
        'mcp-session-id': 'session-1',
        'mcp-protocol-version': '2025-11-25',
        authorization: SECRET,
      });
    }
    expect(bye?.method).toBe('DELETE');
  });

  it('tells the server that a call was cancelled or took too long', async () => {
    const { session, nasty } = await facing('legacy', () => {});
    await faultOf(session.send('x', {}, { id: 'late', timeoutMs: 50 }));
    const cancelled = () => nasty.seen.filter((seen) => seen.body?.method === 'notifications/cancelled');
    await until(() => cancelled().length === 1);
    expect(cancelled()[0]?.body.params.requestId).toBe('late');
  });

  it('delivers a request of the server and says when its answer is not taken', async () => {
    const { session } = await facing('legacy', (seen, response) => {
      if (seen.body.method === undefined) return void response.writeHead(400).end();
      sse(response, [event({ jsonrpc: '2.0', id: 1, method: 'roots/list' }), event(result(seen.body.id))]);
    });
    const heard: RpcMessage[] = [];
    await session.send('x', {}, { onMessage: (message) => heard.push(message) });
    expect(heard).toMatchObject([{ id: 1, method: 'roots/list' }]);
    expect(await faultOf(session.link.post({ jsonrpc: '2.0', id: 1, result: {} }))).toMatchObject({
      code: 'upstream-protocol',
      sent: false,
    });
  });

  it('refuses a session id that a header cannot carry', async () => {
    const nasty = await nastyHttp((seen, response) =>
      json(response, result(seen.body.id), 200, { 'mcp-session-id': 'a b' }),
    );
    const server = httpUpstream({ id: 'x', url: nasty.url });
    closing.push(nasty.close, () => server.close());
    expect(await faultOf(openSession(server, 'legacy'))).toMatchObject({ code: 'upstream-protocol' });
  });
});

describe('a server that cannot be reached', () => {
  it('is a fault that sent nothing, is down, and is asked again for its eras when it is back', async () => {
    const first = await nastyHttp((seen, response) =>
      json(response, { jsonrpc: '2.0', id: seen.body.id, error: { code: -32601, message: 'no' } }, 400),
    );
    const server = httpUpstream({ id: 'x', url: first.url, limits: { keepAliveMs: 100 } });
    closing.push(() => server.close());
    expect(await server.eras()).toMatchObject({ modern: false });
    expect(server.health()).toMatchObject({ state: 'up' });
    await first.close();
    const { send } = await openSession(server, 'modern');
    await until(async () => (await faultOf(send('x'))).sent === false);
    expect(server.health()).toMatchObject({ state: 'down', lastError: expect.stringContaining('ECONNREFUSED') });
    expect(await faultOf(server.eras())).toMatchObject({ code: 'upstream-unavailable', sent: false });
    const second = await nastyHttp(
      (seen, response) => json(response, result(seen.body.id, { supportedVersions: ['2026-07-28'] })),
      { port: first.port },
    );
    closing.push(second.close);
    expect(await server.eras()).toMatchObject({ modern: true });
    expect(server.health()).toMatchObject({ state: 'up' });
  });

  it('is found over TLS with its own authority and not without', async () => {
    const tls = selfSigned('127.0.0.1');
    const nasty = await nastyHttp((seen, response) => json(response, result(seen.body.id)), { tls });
    const trusting = httpUpstream({ id: 'x', url: nasty.url, tls: { ca: tls.cert } });
    const strict = httpUpstream({ id: 'x', url: nasty.url });
    closing.push(
      nasty.close,
      () => trusting.close(),
      () => strict.close(),
    );
    expect((await (await openSession(trusting, 'modern')).send('x')).httpStatus).toBe(200);
    const fault = await faultOf((await openSession(strict, 'modern')).send('x'));
    expect(fault).toMatchObject({ code: 'upstream-unavailable', sent: false, detail: expect.stringContaining('CERT') });
    expect(nasty.seen).toHaveLength(1);
  });
});

describe('what the eras of a server are found from', () => {
  it.each([
    ['a discovery', (id: unknown) => [result(id, { supportedVersions: ['2026-07-28'] }), 200], { modern: true }],
    [
      'a discovery of other revisions',
      (id: unknown) => [result(id, { supportedVersions: ['2027-01-01'] }), 200],
      { modern: false },
    ],
    [
      'an unsupported version that names ours',
      (id: unknown) => [
        { jsonrpc: '2.0', id, error: { code: -32022, message: 'x', data: { supported: ['2026-07-28'] } } },
        400,
      ],
      { modern: true },
    ],
    [
      'an unknown method',
      (id: unknown) => [{ jsonrpc: '2.0', id, error: { code: -32601, message: 'x' } }, 200],
      { modern: false },
    ],
    ['a bad request', () => ['', 400], { modern: false }],
    ['a missing page', () => ['', 404], { modern: false }],
    ['a method that is not allowed', () => ['', 405], { modern: false }],
  ] as const)('%s', async (_what, answer, wanted) => {
    const nasty = await nastyHttp((seen, response) => {
      const [body, status] = answer(seen.body.id);
      json(response, body, status as number);
    });
    const server = httpUpstream({ id: 'x', url: nasty.url });
    closing.push(nasty.close, () => server.close());
    expect(await server.eras()).toMatchObject({ legacy: true, ...wanted });
    await server.eras();
    expect(nasty.seen).toHaveLength(1);
  });

  it.each([401, 503])('not from status %s, which is a fault and is asked again', async (status) => {
    const nasty = await nastyHttp((_seen, response) => response.writeHead(status).end());
    const server = httpUpstream({ id: 'x', url: nasty.url });
    closing.push(nasty.close, () => server.close());
    await faultOf(server.eras());
    await faultOf(server.eras());
    expect(nasty.seen).toHaveLength(2);
  });
});

describe('limits', () => {
  it('a thousand hung calls on one server leave another server alone, and end when they are cancelled', async () => {
    const hung = await facing('modern', () => {}, { limits: { connections: 64 } });
    const good = await facing('modern', (seen, response) => json(response, result(seen.body.id)));
    const controller = new AbortController();
    const waiting = Array.from({ length: 1_000 }, () =>
      faultOf(hung.session.send('x', {}, { signal: controller.signal, timeoutMs: 0 })),
    );
    await until(() => hung.nasty.seen.length === 64);
    const replies = await Promise.all(
      Array.from({ length: 200 }, () => good.session.send('x', {}, { timeoutMs: 3_000 })),
    );
    expect(replies.every((reply) => reply.httpStatus === 200)).toBe(true);
    controller.abort();
    const faults = await Promise.all(waiting);
    // Those that never left the queue are known to have had no effect.
    expect(faults.filter((fault) => fault.sent)).toHaveLength(64);
    expect(hung.nasty.seen).toHaveLength(64);
    await until(async () => (await hung.nasty.connections()) === 0);
  });

  it('refuse more requests than may wait, and take them again when there is room', async () => {
    const { session } = await facing(
      'modern',
      (seen, response) => (seen.body.method === 'ok' ? json(response, result(seen.body.id)) : undefined),
      { limits: { waiting: 1, connections: 2 } },
    );
    const controller = new AbortController();
    const waiting = Array.from({ length: 3 }, () => faultOf(session.send('x', {}, { signal: controller.signal })));
    expect(await faultOf(session.send('ok'))).toMatchObject({ code: 'overloaded', sent: false });
    controller.abort();
    await Promise.all(waiting);
    await until(async () => (await session.send('ok').catch(() => null)) !== null);
  });

  it('count only those who left a connection, not those who gave up waiting for one', async () => {
    const { session, nasty } = await facing('modern', () => {}, { limits: { connections: 2 } });
    const hang = (signal: AbortSignal) => void faultOf(session.send('x', {}, { signal, timeoutMs: 0 }));
    const [patient, impatient] = [new AbortController(), new AbortController()];
    for (let i = 0; i < 2; i++) hang(patient.signal);
    for (let i = 0; i < 4; i++) hang(impatient.signal);
    await until(() => nasty.seen.length === 2);
    impatient.abort();
    for (let i = 0; i < 4; i++) hang(patient.signal);
    await new Promise((done) => setTimeout(done, 100));
    expect(nasty.seen).toHaveLength(2);
    patient.abort();
    await new Promise((done) => setTimeout(done, 100));
    expect(nasty.accepted()).toBe(2);
  });

  it('refuse more streams than may be open', async () => {
    const { session } = await facing('modern', (_seen, response) => sse(response, [], false), {
      limits: { streams: 1 },
    });
    const controller = new AbortController();
    void faultOf(session.send('subscriptions/listen', {}, { signal: controller.signal, timeoutMs: 0 }));
    expect(await faultOf(session.send('subscriptions/listen'))).toMatchObject({ code: 'overloaded', sent: false });
    controller.abort();
  });

  it('refuse more links than may be open', async () => {
    const server = httpUpstream({ id: 'x', url: 'http://127.0.0.1:1/', limits: { links: 1 } });
    closing.push(() => server.close());
    const link = await server.open('modern');
    expect(await faultOf(server.open('modern'))).toMatchObject({ code: 'overloaded' });
    await link.close('done');
    await server.open('modern');
  });
});

describe('options that cannot be used', () => {
  it.each([
    ['ftp://example.com/', {}],
    ['not a url', {}],
    ['http://user:s3cret@example.com/', {}],
    ['http://example.com/', { host: 'other' }],
    ['http://example.com/', { 'x-key': 's3cret\r\n' }],
  ])('%s with headers %j stops the start without showing a secret', (url, headers) => {
    let message = '';
    try {
      httpUpstream({ id: 'crm', url, headers });
    } catch (error) {
      message = String(error);
    }
    expect(message).toContain('crm');
    expect(message).not.toContain('s3cret');
  });
});

describe('the log', () => {
  it('never holds a credential or what a frame says', async () => {
    const { session, logged, server } = await facing('legacy', (seen, response) =>
      sse(response, [event(result('nobody', { secret: 'frame-content' })), event(result(seen.body.id))]),
    );
    await session.send('x');
    await faultOf(session.send('x', {}, { signal: AbortSignal.abort() }));
    expect(logged.length).toBeGreaterThan(0);
    expect(`${logged.join()}${JSON.stringify(server.health())}`).not.toMatch(/s3cret|frame-content/);
  });
});
