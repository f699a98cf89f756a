import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { httpClient } from '../agents/http.ts';
import type { TokenSource } from '../agents/token.ts';
import { runShim } from './shim.ts';

interface Seen {
  readonly method: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}
type Handler = (seen: Seen, response: ServerResponse) => void;

/** A gateway that answers as the test says, and the client's two pipes. */
class Bench {
  readonly seen: Seen[] = [];
  readonly out: any[] = [];
  readonly trouble: string[] = [];
  readonly stop = new AbortController();
  #lines: string[] = [];
  #wake = (): void => {};
  #closed = false;
  #server: Server | null = null;
  #http = httpClient();

  async start(
    handler: Handler,
    options: { tokens?: TokenSource; graceMs?: number } = {},
  ): Promise<{ ended: Promise<string> }> {
    this.#server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const seen = { method: request.method ?? '', headers: request.headers, body: Buffer.concat(chunks).toString() };
      this.seen.push(seen);
      handler(seen, response);
    });
    await new Promise<void>((done) => this.#server?.listen(0, '127.0.0.1', done));
    const { port } = this.#server.address() as AddressInfo;
    const ended = runShim({
      endpoint: {
        url: `http://127.0.0.1:${port}/mcp/crm`,
        http: this.#http,
        tokens: options.tokens ?? { get: async () => 'tok' },
        maxBytes: 1_000_000,
      },
      input: this.#input(),
      write: async (line) => void this.out.push(JSON.parse(line)),
      onTrouble: (message) => this.trouble.push(message),
      signal: this.stop.signal,
      graceMs: options.graceMs ?? 2_000,
    });
    return { ended };
  }

  /** One line as the client would write it. */
  say(line: unknown): void {
    this.#lines.push(`${typeof line === 'string' ? line : JSON.stringify(line)}\n`);
    this.#wake();
  }

  hangUp(): void {
    this.#closed = true;
    this.#wake();
  }

  async *#input(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const line = this.#lines.shift();
      if (line !== undefined) yield Buffer.from(line);
      else if (this.#closed) return;
      else await new Promise<void>((done) => (this.#wake = done));
    }
  }

  async until(condition: () => boolean): Promise<void> {
    for (let i = 0; i < 500; i++) {
      if (condition()) return;
      await sleep(10);
    }
    throw new Error(`nothing came of it; out: ${JSON.stringify(this.out)} trouble: ${JSON.stringify(this.trouble)}`);
  }

  async close(): Promise<void> {
    this.stop.abort();
    this.hangUp();
    await this.#http.close();
    this.#server?.closeAllConnections();
    await new Promise((done) => this.#server?.close(done));
  }
}

let bench: Bench;
afterEach(() => bench.close());

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 't', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};
const initialize = {
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } },
};
const initialized = { jsonrpc: '2.0', method: 'notifications/initialized' };
const call = (id: number, params: object = { name: 'echo', arguments: {} }) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params,
});

function json(
  response: ServerResponse,
  body: unknown,
  more: { status?: number; headers?: Record<string, string> } = {},
): void {
  response.writeHead(more.status ?? 200, { 'content-type': 'application/json', ...more.headers });
  response.end(JSON.stringify(body, null, 2));
}
function events(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.flushHeaders();
}
function result(seen: Seen, value: object): object {
  return { jsonrpc: '2.0', id: JSON.parse(seen.body).id, result: value };
}

/** The legacy handshake; everything else goes to `rest`. */
function legacy(rest: Handler): Handler {
  return (seen, response) => {
    if (seen.method === 'DELETE') return void response.writeHead(204).end();
    if (seen.method === 'GET') return rest(seen, response);
    const method = JSON.parse(seen.body).method as string | undefined;
    if (method === 'initialize')
      return json(response, result(seen, { protocolVersion: '2025-11-25', capabilities: {} }), {
        headers: { 'mcp-session-id': 's-1' },
      });
    if (method === 'notifications/initialized') return void response.writeHead(202).end();
    rest(seen, response);
  };
}

describe('a client of the earlier revisions', () => {
  it('gets a session: its id and revision on every request, the server’s stream, and an end', async () => {
    bench = new Bench();
    const { ended } = await bench.start(
      legacy((seen, response) => {
        if (seen.method !== 'GET') return json(response, result(seen, { content: [] }));
        events(response);
        response.write('id: 7\ndata: {"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n\n');
      }),
    );
    // Without waiting for the answer to initialize, as scripts do.
    for (const line of [initialize, initialized, call(1)]) bench.say(line);
    await bench.until(() => bench.out.length === 3);
    expect(bench.out[0]).toMatchObject({ id: 0, result: { protocolVersion: '2025-11-25' } });
    expect(
      bench.out
        .slice(1)
        .map((frame) => frame.method ?? frame.id)
        .sort(),
    ).toEqual([1, 'notifications/tools/list_changed']);
    bench.hangUp();
    expect(await ended).toBe('input');
    const order = bench.seen.map((seen) => `${seen.method} ${seen.body === '' ? '' : JSON.parse(seen.body).method}`);
    expect(order[0]).toBe('POST initialize');
    expect(order[1]).toBe('POST notifications/initialized');
    expect(order.at(-1)).toBe('DELETE ');
    for (const seen of bench.seen.slice(1))
      expect(seen.headers).toMatchObject({
        'mcp-session-id': 's-1',
        'mcp-protocol-version': '2025-11-25',
        authorization: 'Bearer tok',
      });
  });

  it('answers a request of the server, and cancels in words', async () => {
    bench = new Bench();
    await bench.start(
      legacy((seen, response) =>
        seen.method === 'GET' ? response.writeHead(405).end() : response.writeHead(202).end(),
      ),
    );
    for (const line of [
      initialize,
      initialized,
      { jsonrpc: '2.0', id: 's1', result: { roots: [] } },
      { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 99 } },
    ])
      bench.say(line);
    await bench.until(() => bench.seen.filter((seen) => seen.method === 'POST').length === 4);
    expect(bench.seen.some((seen) => seen.body === '{"jsonrpc":"2.0","id":"s1","result":{"roots":[]}}')).toBe(true);
    expect(bench.trouble).toEqual([]);
  });

  it('gets the rest of an answer whose stream broke, from where it broke', async () => {
    bench = new Bench();
    await bench.start(
      legacy((seen, response) => {
        if (seen.method === 'GET' && seen.headers['last-event-id'] === undefined)
          return void response.writeHead(405).end();
        events(response);
        if (seen.method === 'GET')
          response.end(
            `data: ${JSON.stringify({ jsonrpc: '2.0', id: 1, result: { resumed: seen.headers['last-event-id'] } })}\n\n`,
          );
        else response.end('id: e-5\ndata: {"jsonrpc":"2.0","method":"notifications/progress"}\n\n');
      }),
    );
    for (const line of [initialize, initialized, call(1)]) bench.say(line);
    await bench.until(() => bench.out.length === 3);
    expect(bench.out[2]).toEqual({ jsonrpc: '2.0', id: 1, result: { resumed: 'e-5' } });
  });

  it('is told when its session is gone, and the shim ends', async () => {
    bench = new Bench();
    const { ended } = await bench.start(
      legacy((seen, response) =>
        seen.method === 'GET'
          ? response.writeHead(405).end()
          : json(response, { jsonrpc: '2.0', error: { code: -32000, message: 'no such session' } }, { status: 404 }),
      ),
    );
    for (const line of [initialize, initialized, call(1)]) bench.say(line);
    expect(await ended).toBe('lost');
    expect(bench.out[1]).toEqual({ jsonrpc: '2.0', id: 1, error: { code: -32000, message: 'no such session' } });
  });
});

describe('a client of the revision without sessions', () => {
  const modern = (id: number, method: string, params: object = {}) => ({
    jsonrpc: '2.0',
    id,
    method,
    params: { ...params, _meta: META },
  });
  const tool = {
    name: 'sql',
    inputSchema: {
      type: 'object',
      properties: {
        region: { type: 'string', 'x-mcp-header': 'Region' },
        at: { type: 'object', properties: { line: { type: 'integer', 'x-mcp-header': 'Line' } } },
      },
    },
  };

  it('has its frames mirrored in headers, with the arguments that tools/list declared', async () => {
    bench = new Bench();
    await bench.start((seen, response) =>
      json(response, result(seen, JSON.parse(seen.body).method === 'tools/list' ? { tools: [tool] } : { content: [] })),
    );
    bench.say(modern(1, 'tools/list'));
    await bench.until(() => bench.out.length === 1);
    bench.say(modern(2, 'tools/call', { name: 'sql', arguments: { region: 'München ', at: { line: 42 } } }));
    bench.say(modern(3, 'resources/read', { uri: 'file:///a' }));
    await bench.until(() => bench.out.length === 3);
    const headersOf = (id: number) => bench.seen.find((seen) => JSON.parse(seen.body).id === id)?.headers;
    expect(headersOf(1)).toMatchObject({ 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/list' });
    expect(headersOf(2)).toMatchObject({
      'mcp-method': 'tools/call',
      'mcp-name': 'sql',
      'mcp-param-region': `=?base64?${Buffer.from('München ').toString('base64')}?=`,
      'mcp-param-line': '42',
    });
    expect(headersOf(3)).toMatchObject({ 'mcp-name': 'file:///a' });
    expect(headersOf(1)?.['mcp-session-id']).toBeUndefined();
  });

  it('looks a tool up when the gateway misses its headers, and calls once more', async () => {
    bench = new Bench();
    await bench.start((seen, response) => {
      const { method } = JSON.parse(seen.body);
      if (method === 'tools/list') return json(response, result(seen, { tools: [tool] }));
      if (seen.headers['mcp-param-region'] !== 'eu')
        return json(
          response,
          { jsonrpc: '2.0', id: 1, error: { code: -32020, message: 'Header mismatch' } },
          { status: 400 },
        );
      json(response, result(seen, { content: [] }));
    });
    bench.say(modern(1, 'tools/call', { name: 'sql', arguments: { region: 'eu' } }));
    await bench.until(() => bench.out.length === 1);
    expect(bench.out).toEqual([{ jsonrpc: '2.0', id: 1, result: { content: [] } }]);
    expect(bench.seen.map((seen) => JSON.parse(seen.body).method)).toEqual(['tools/call', 'tools/list', 'tools/call']);
  });

  it('cancels by closing the stream: the gateway hears of it, nobody waits for an answer', async () => {
    bench = new Bench();
    let gone = false;
    await bench.start((_seen, response) => {
      events(response);
      response.on('close', () => (gone = true));
    });
    bench.say(modern(1, 'tools/call', { name: 'slow', arguments: {} }));
    await bench.until(() => bench.seen.length === 1);
    await sleep(50);
    bench.say({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } });
    await bench.until(() => gone);
    expect(bench.seen).toHaveLength(1);
    expect(bench.out).toEqual([]);
  });

  it('writes everything a subscription says, and ends it when the client goes', async () => {
    bench = new Bench();
    const { ended } = await bench.start((_seen, response) => {
      events(response);
      response.write(': comment\n\ndata: {"jsonrpc":"2.0",\ndata: "method":"notifications/tools/list_changed"}\n\n');
    });
    bench.say(modern(1, 'subscriptions/listen', { notifications: {} }));
    await bench.until(() => bench.out.length === 1);
    expect(bench.out[0]).toEqual({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' });
    bench.hangUp();
    expect(await ended).toBe('input');
  });
});

describe('every request gets exactly one answer', () => {
  type Cell = readonly [name: string, handler: Handler, message: RegExp];
  const cells: readonly Cell[] = [
    [
      'a refused token',
      (_seen, response) =>
        json(response, { error: 'invalid_token', error_description: 'unknown key' }, { status: 401 }),
      /does not accept this agent's token: unknown key/,
    ],
    [
      'an error of the gateway',
      (seen, response) =>
        json(
          response,
          { jsonrpc: '2.0', id: JSON.parse(seen.body).id, error: { code: -32603, message: 'full disk' } },
          { status: 503 },
        ),
      /^full disk$/,
    ],
    [
      'an error without an id',
      (_seen, response) =>
        json(response, { jsonrpc: '2.0', error: { code: -32600, message: 'Host refused' } }, { status: 403 }),
      /^Host refused$/,
    ],
    [
      'a proxy’s page',
      (_seen, response) => void response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad gateway</h1>'),
      /HTTP 502/,
    ],
    [
      'an answer to something else',
      (_seen, response) => json(response, { jsonrpc: '2.0', id: 77, result: {} }),
      /no answer to this request/,
    ],
    [
      'a connection that breaks',
      (_seen, response) => void response.destroy(),
      /the connection to the gateway .* broke .*; whether the request took effect is unknown/,
    ],
    [
      'a stream that ends too early',
      (_seen, response) => void (events(response), response.end('data: {"jsonrpc":"2.0","method":"x"}\n\n')),
      /before it was complete; whether the call took effect is unknown/,
    ],
    ['202 for a request', (_seen, response) => void response.writeHead(202).end(), /HTTP 202/],
  ];
  it.each(cells)('%s', async (_name, handler, message) => {
    bench = new Bench();
    await bench.start(handler);
    bench.say(call(5));
    await bench.until(() => bench.out.some((frame) => frame.id === 5));
    await sleep(30);
    const answers = bench.out.filter((frame) => frame.id === 5);
    expect(answers).toHaveLength(1);
    expect(answers[0].error.message).toMatch(message);
  });

  it('also when the client writes something that is no request', async () => {
    bench = new Bench();
    const { ended } = await bench.start((seen, response) => json(response, result(seen, {})));
    for (const line of ['{', '[]', '{"jsonrpc":"2.0","id":3,"method":1}', '', '{"id":4}']) bench.say(line);
    bench.hangUp();
    await ended;
    expect(bench.out.map((frame) => [frame.id, frame.error.code])).toEqual([
      [undefined, -32700],
      [undefined, -32600],
      [3, -32600],
      [4, -32600],
    ]);
    expect(bench.seen).toEqual([]);
  });

  it('also when the client goes: what is in flight may finish, then it is closed', async () => {
    bench = new Bench();
    const { ended } = await bench.start((_seen, response) =>
      setTimeout(() => response.destroyed || json(response, { jsonrpc: '2.0', id: 1, result: { late: true } }), 150),
    );
    bench.say(call(1));
    await bench.until(() => bench.seen.length === 1);
    bench.hangUp();
    expect(await ended).toBe('input');
    expect(bench.out).toEqual([{ jsonrpc: '2.0', id: 1, result: { late: true } }]);
  });

  it('also when it is told to stop in the middle of a call', async () => {
    bench = new Bench();
    const { ended } = await bench.start(() => {});
    bench.say(call(1));
    await bench.until(() => bench.seen.length === 1);
    bench.stop.abort();
    expect(await ended).toBe('signal');
    expect(bench.out[0]).toMatchObject({ id: 1, error: { message: expect.stringMatching(/took effect is unknown/) } });
  });
});

describe('tokens', () => {
  it('that the gateway refuses are renewed once, and the request is sent again', async () => {
    bench = new Bench();
    const given: (string | undefined)[] = [];
    const tokens: TokenSource = { get: async (stale) => (given.push(stale), stale === undefined ? 'old' : 'new') };
    await bench.start(
      (seen, response) =>
        seen.headers.authorization === 'Bearer new'
          ? json(response, result(seen, {}))
          : json(response, {}, { status: 401 }),
      { tokens },
    );
    bench.say(call(1));
    await bench.until(() => bench.out.length === 1);
    expect(bench.out[0]).toEqual({ jsonrpc: '2.0', id: 1, result: {} });
    expect(given).toEqual([undefined, 'old']);
  });
});
