import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Gateway } from '../../gateway/gateway.ts';
import { FAULTS, Fault } from '../../model/fault.ts';
import { failure, isRequestId } from '../../model/jsonrpc.ts';
import { sendJson } from '../mcp/responder.ts';

export interface ListenerOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: { readonly cert: string; readonly key: string } | null;
  readonly headerBytes: number;
  readonly connections: number;
  readonly headersTimeoutMs: number;
  /** For a whole request to arrive, head and body. */
  readonly bodyTimeoutMs: number;
}

export type Handler = (request: IncomingMessage, response: ServerResponse, path: string) => Promise<void> | void;

export interface Listener {
  readonly url: string;
  readonly server: Server;
  close(graceMs: number): Promise<void>;
}

/** The one public door. Bounded in headers, time and connections; whatever goes wrong behind it becomes a refusal. */
export async function listen(options: ListenerOptions, handle: Handler, log: Gateway['log']): Promise<Listener> {
  const { headerBytes, headersTimeoutMs, bodyTimeoutMs } = options;
  const timeouts = { headersTimeout: headersTimeoutMs, requestTimeout: bodyTimeoutMs, keepAliveTimeout: 60_000 };
  const limits = { maxHeaderSize: headerBytes, ...timeouts, connectionsCheckingInterval: 5_000 };
  const onRequest = (request: IncomingMessage, response: ServerResponse) =>
    void serve(request, response, { handle, log });
  const server: Server =
    options.tls === null ? createServer(limits, onRequest) : createTlsServer({ ...limits, ...options.tls }, onRequest);
  server.maxConnections = options.connections;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return {
    url: `${options.tls === null ? 'http' : 'https'}://${host}:${port}`,
    server,
    close: (graceMs) => close(server, graceMs),
  };
}

/** The broad catch at the edge: anything unexpected denies. */
async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  edge: { handle: Handler; log: Gateway['log'] },
): Promise<void> {
  const path = (request.url ?? '/').split('?', 1)[0]!;
  // A client that vanishes while it is written to is an everyday event, and must not end the process.
  response.on('error', (error) => edge.log.debug({ err: error, path }, 'a client could not be written to'));
  try {
    await edge.handle(request, response, path);
  } catch (error) {
    if (response.headersSent) {
      response.destroy();
      if (!(error instanceof Fault)) edge.log.error({ err: error, path }, 'a request failed after its answer began');
      return;
    }
    sendFault(request, response, { error, log: edge.log });
  }
}

function sendFault(
  request: IncomingMessage,
  response: ServerResponse,
  { error, log }: { error: unknown; log: Gateway['log'] },
): void {
  const fault =
    error instanceof Fault
      ? error
      : new Fault('internal', 'The gateway failed while handling this request', { cause: error });
  if (fault.code === 'internal') log.error({ err: error }, 'a request failed unexpectedly');
  const row = FAULTS[fault.code];
  const headers: Record<string, string> = {};
  const challenge = (fault as { challenge?: unknown }).challenge;
  if (typeof challenge === 'string') headers['www-authenticate'] = challenge;
  // A body that was not read to its end would be taken for the next request.
  if (!request.complete) headers.connection = 'close';
  const status = row.http !== 200 ? row.http : row.kind === 'caller' ? 400 : 502;
  const id = (fault as { requestId?: unknown }).requestId;
  sendJson(response, status, failure(isRequestId(id) ? id : null, { code: row.rpc, message: fault.message }), headers);
}

async function close(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const cut = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(cut);
}
