import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: any;
}

/** Answers one request in any way HTTP allows, or in none. */
export type Behaviour = (request: Seen, response: ServerResponse) => void;

export interface NastyServer {
  readonly url: string;
  readonly port: number;
  /** Everything received, in order. */
  readonly seen: readonly Seen[];
  connections(): Promise<number>;
  /** How many were ever made. */
  accepted(): number;
  close(): Promise<void>;
}

/** A server that does to its client what it is told to, request by request. */
export async function nastyHttp(
  behave: Behaviour,
  options: { port?: number; tls?: { key: string; cert: string } } = {},
): Promise<NastyServer> {
  const seen: Seen[] = [];
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    let text = '';
    request.setEncoding('utf8');
    request.on('data', (chunk) => {
      text += chunk;
    });
    request.on('end', () => {
      const record = {
        method: request.method ?? '',
        url: request.url ?? '',
        headers: request.headers,
        body: text === '' ? null : JSON.parse(text),
      };
      seen.push(record);
      behave(record, response);
    });
    request.on('error', () => {});
  };
  const server = options.tls === undefined ? createServer(listener) : createTlsServer(options.tls, listener);
  // Idle connections go away at once, so that those that are left are leaks.
  server.keepAliveTimeout = 100;
  let accepted = 0;
  server.on(options.tls === undefined ? 'connection' : 'secureConnection', () => accepted++);
  server.on('clientError', (_error, socket) => socket.destroy());
  await new Promise<void>((done) => server.listen(options.port ?? 0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}/mcp?tenant=a`,
    port,
    seen,
    connections: () => new Promise((done) => server.getConnections((_error, count) => done(count))),
    accepted: () => accepted,
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

export function json(
  response: ServerResponse,
  value: unknown,
  status = 200,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(typeof value === 'string' ? value : JSON.stringify(value));
}

export function result(id: unknown, value: object = {}): object {
  return { jsonrpc: '2.0', id, result: value };
}

/** Begins an event stream and sends these events; `end` ends it cleanly. */
export function sse(response: ServerResponse, events: readonly string[], end = true): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.flushHeaders();
  for (const event of events) response.write(event);
  if (end) response.end();
}

export function event(frame: object, id?: string): string {
  return `${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(frame)}\n\n`;
}

/** Writes these pieces one after the other, each in a packet of its own. */
export async function inPieces(
  response: ServerResponse,
  type: string,
  pieces: readonly (Buffer | string)[],
): Promise<void> {
  response.writeHead(200, { 'content-type': type });
  response.flushHeaders();
  for (const piece of pieces) {
    if (response.destroyed) return;
    response.write(piece);
    await new Promise((done) => setTimeout(done, 2));
  }
  response.end();
}
