import { afterEach, describe, expect, it } from 'vitest';
import type { Era } from '../../src/ports/upstream.ts';
import { closeAll, facing } from './upstream/facing.ts';
import { type Behaviour, event, inPieces, json, result, sse } from './upstream/nasty-http.ts';
import { faultOf, until } from './upstream/session.ts';

afterEach(closeAll);

const ERAS: readonly Era[] = ['legacy', 'modern'];

describe.each(ERAS)('a %s server that answers badly', (era) => {
  const BAD: readonly (readonly [string, Behaviour, object])[] = [
    [
      'with JSON that is none',
      (_seen, response) => json(response, '{"jsonrpc"'),
      { code: 'upstream-protocol', sent: true },
    ],
    [
      'with a duplicate member',
      (seen, response) => json(response, `{"jsonrpc":"2.0","id":${seen.body.id},"result":{"a":1,"a":2}}`),
      { code: 'upstream-protocol', sent: true },
    ],
    [
      'with an integer that would change',
      (seen, response) => json(response, `{"jsonrpc":"2.0","id":${seen.body.id},"result":{"a":9007199254740993}}`),
      { code: 'upstream-protocol', sent: true },
    ],
    [
      'with a batch',
      (seen, response) => json(response, [result(seen.body.id)]),
      { code: 'upstream-protocol', sent: true },
    ],
    [
      'for another request',
      (_seen, response) => json(response, result('nobody')),
      { code: 'upstream-protocol', sent: true },
    ],
    [
      'with a request',
      (_seen, response) => json(response, { jsonrpc: '2.0', id: 1, method: 'ping' }),
      { code: 'upstream-protocol', sent: true },
    ],
    [
      'with a page',
      (_seen, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
      { code: 'upstream-protocol', sent: true },
    ],
    [
      'with an endless page',
      (_seen, response) =>
        void inPieces(
          response,
          'text/html',
          Array.from({ length: 40 }, () => 'x'.repeat(4_096)),
        ),
      { code: 'upstream-protocol', sent: true },
    ],
    ['with nothing', (_seen, response) => response.writeHead(202).end(), { code: 'upstream-protocol', sent: true }],
    [
      'with bytes that are not UTF-8',
      (seen, response) => {
        const text = JSON.stringify(result(seen.body.id, { name: 'M\u00fcller' }));
        void inPieces(response, 'application/json', [Buffer.from(text, 'latin1')]);
      },
      { code: 'upstream-protocol', sent: true },
    ],
    [
      'compressed, unasked',
      (seen, response) => json(response, result(seen.body.id), 200, { 'content-encoding': 'gzip' }),
      { code: 'upstream-protocol' },
    ],
    [
      'with too many bytes, announced',
      (_seen, response) => json(response, `"${'x'.repeat(20_000)}"`, 200, { 'content-length': '20002' }),
      { code: 'response-too-large' },
    ],
    [
      'with too many bytes, unannounced',
      (_seen, response) =>
        void inPieces(
          response,
          'application/json',
          Array.from({ length: 40 }, () => 'x'.repeat(1_024)),
        ),
      { code: 'response-too-large' },
    ],
    [
      'with an event too large',
      (_seen, response) =>
        void inPieces(response, 'text/event-stream', [
          'data: ',
          ...Array.from({ length: 40 }, () => 'x'.repeat(1_024)),
        ]),
      { code: 'response-too-large' },
    ],
    [
      'with a stream without end',
      (seen, response) =>
        void inPieces(
          response,
          'text/event-stream',
          Array.from({ length: 60 }, () =>
            event({
              jsonrpc: '2.0',
              method: 'notifications/message',
              params: { data: 'x'.repeat(1_000), id: seen.body.id },
            }),
          ),
        ),
      { code: 'response-too-large' },
    ],
    [
      'with an event that is no frame',
      (_seen, response) => sse(response, ['data: {"hello":1}\n\n'], false),
      { code: 'upstream-protocol' },
    ],
    [
      'with an event that is no JSON',
      (_seen, response) => sse(response, ['data: nonsense\n\n'], false),
      { code: 'upstream-protocol' },
    ],
    [
      'by closing the connection',
      (_seen, response) => void response.socket?.destroy(),
      { code: 'upstream-unavailable', sent: true },
    ],
    [
      'by resetting the connection within the body',
      (_seen, response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
        response.write('{"jsonrpc":', () => void response.socket?.resetAndDestroy());
      },
      { code: 'upstream-unavailable', sent: true },
    ],
    [
      'by ending the body early',
      (_seen, response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
        response.write('{"jsonrpc":', () => void response.socket?.destroySoon());
      },
      { code: 'upstream-unavailable', sent: true },
    ],
    [
      'with a stream that ends before the response and cannot be resumed',
      (_seen, response) => sse(response, [': nothing\n\n']),
      { code: 'upstream-unavailable', sent: true },
    ],
    [
      'with a status that refuses the credentials',
      (_seen, response) => json(response, {}, 401, { 'www-authenticate': 'Bearer error="invalid_token"' }),
      { code: 'upstream-unavailable', sent: false },
    ],
    [
      'with a status that forbids',
      (seen, response) => json(response, { jsonrpc: '2.0', id: seen.body.id, error: { code: 1, message: 'no' } }, 403),
      { code: 'upstream-unavailable', sent: false },
    ],
    [
      'with a redirect',
      (_seen, response) => response.writeHead(307, { location: 'http://127.0.0.1:1/elsewhere' }).end(),
      { code: 'upstream-protocol', sent: false },
    ],
    [
      'with an error of its own',
      (_seen, response) => response.writeHead(500).end(),
      { code: 'upstream-unavailable', sent: true },
    ],
    [
      'with too many requests',
      (_seen, response) => response.writeHead(429).end(),
      { code: 'upstream-unavailable', sent: false },
    ],
    [
      'with a refusal that says nothing',
      (_seen, response) => response.writeHead(400).end(),
      { code: 'upstream-protocol', sent: false },
    ],
    ['never', () => {}, { code: 'upstream-timeout', sent: true }],
    [
      'byte by byte, never done',
      (_seen, response) =>
        void inPieces(
          response,
          'text/event-stream',
          Array.from({ length: 2_000 }, () => ':'),
        ),
      { code: 'upstream-timeout', sent: true },
    ],
  ];

  it.each(BAD)('%s gets a fault and no more connections', async (_how, behave, wanted) => {
    const { session, nasty } = await facing(
      era,
      (seen, response) => (seen.body?.method === 'ok' ? json(response, result(seen.body.id)) : behave(seen, response)),
      {
        limits: { responseBytes: 10_000, streamBytes: 30_000 },
      },
    );
    const fault = await faultOf(session.send('bad', {}, { timeoutMs: 400 }));
    expect(fault).toMatchObject(wanted);
    // The text an agent sees names no address, and nobody sees the credentials.
    expect(fault.message).not.toContain('127.0.0.1');
    expect(JSON.stringify(fault)).not.toContain('s3cret');
    expect((await session.send('ok')).response).toMatchObject({ result: {} });
    await until(async () => (await nasty.connections()) <= 1);
  });

  it.each([
    [400, -32022, { supported: ['2026-07-28'] }],
    [404, -32601, undefined],
    [500, -32603, undefined],
  ])('with status %s and a JSON-RPC error is passed on as it is', async (status, code, data) => {
    const { session } = await facing(era, (seen, response) =>
      json(
        response,
        { jsonrpc: '2.0', id: seen.body.id, error: { code, message: 'no', ...(data && { data }) } },
        status,
      ),
    );
    const reply = await session.send('x');
    expect(reply.httpStatus).toBe(status);
    expect(reply.response).toMatchObject({ error: { code, message: 'no', ...(data && { data }) } });
    expect(session.link.closed).toBe(false);
  });

  it('with an error that has no id is answered under the id of the request', async () => {
    const { session } = await facing(era, (_seen, response) =>
      json(response, { jsonrpc: '2.0', id: null, error: { code: -32700, message: 'what?' } }, 400),
    );
    expect((await session.send('x', {}, { id: 'mine' })).response).toEqual({
      jsonrpc: '2.0',
      id: 'mine',
      error: { code: -32700, message: 'what?' },
    });
  });

  it('slowly, one byte at a time and through the middle of its characters, is understood', async () => {
    const { session } = await facing(era, (seen, response) => {
      const frame = JSON.stringify(result(seen.body.id, { text: 'Grüße 😀' }));
      const stream = seen.body.method === 'stream';
      const bytes = Buffer.from(stream ? `\ufeffid: 1\r\ndata: ${frame}\r\n\r\n` : frame);
      void inPieces(
        response,
        stream ? 'text/event-stream; charset=utf-8' : 'application/json; charset=utf-8',
        Array.from(bytes, (byte) => Buffer.of(byte)),
      );
    });
    for (const method of ['plain', 'stream']) {
      expect((await session.send(method)).response).toMatchObject({ result: { text: 'Grüße 😀' } });
    }
  });

  it('with a response of somebody else in the stream is not confused by it', async () => {
    const { session, server } = await facing(era, (seen, response) =>
      sse(response, [event(result('nobody', { wrong: 1 })), event(result(seen.body.id, { right: 1 }))]),
    );
    expect((await session.send('x')).response).toMatchObject({ result: { right: 1 } });
    expect(server.health().dropped).toBe(1);
  });

  it('and leaves its stream open after the response keeps no connection', async () => {
    const { session, nasty } = await facing(era, (seen, response) =>
      sse(response, [event(result(seen.body.id))], false),
    );
    await session.send('x');
    await until(async () => (await nasty.connections()) === (era === 'legacy' ? 1 : 0), 4_000);
  });
});
