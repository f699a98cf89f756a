import { setTimeout as sleep } from 'node:timers/promises';
import { isObject, type Json } from '../../model/json.ts';
import {
  classify,
  failure,
  isRequestId,
  type RequestId,
  type RpcNotification,
  type RpcRequest,
  type RpcResponse,
} from '../../model/jsonrpc.ts';
import { MODERN_VERSIONS } from '../../model/mcp.ts';
import { callGateway, type Link, POST_HEADERS } from './call.ts';
import { type Endpoint, exchange, explainFailure, parseJson } from './exchange.ts';
import { LineTooLong, readLines } from './lines.ts';
import { makeMirror, modernVersion } from './mirror.ts';
import { makeSession } from './session.ts';

export interface ShimOptions {
  readonly endpoint: Endpoint;
  readonly input: AsyncIterable<Uint8Array>;
  /** Writes one line; resolves when there is room for the next. */
  readonly write: (line: string) => Promise<void>;
  /** Something a person should know; goes to stderr. */
  readonly onTrouble: (message: string) => void;
  /** Aborting ends everything now. */
  readonly signal: AbortSignal;
  /** How long calls may still take after the client closed its side. */
  readonly graceMs: number;
}

interface Pending {
  readonly abort: AbortController;
  readonly modern: boolean;
  readonly endless: boolean;
}

const PARSE_ERROR = -32700;
const INVALID_REQUEST = -32600;
const GATEWAY_ERROR = -32000;

/**
 * MCP over stdio on one side, the gateway's streamable HTTP on the other, for clients of both eras: `initialize` opens a
 * session; requests that carry their revision in `_meta` go without one. Every request gets exactly one answer, whatever
 * happens. Resolves with why it ended: the client closed its side, the signal, or the gateway lost the session.
 */
export async function runShim(options: ShimOptions): Promise<'input' | 'signal' | 'lost'> {
  const { endpoint, onTrouble } = options;
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  let lost = false;
  const onLost = (): void => {
    lost = true;
    stop.abort();
  };
  let queue: Promise<void> = Promise.resolve();
  const write = (frame: string): Promise<void> => {
    // JSON has no raw line breaks but between its tokens: a frame becomes one line without being changed.
    const line = frame.replace(/[\r\n]+/g, ' ');
    queue = queue.then(() => options.write(line));
    return queue;
  };
  const session = makeSession(endpoint, signal, { onLost, onTrouble });
  const link: Link = { endpoint, session, mirror: makeMirror(), write, onLost };
  const calls = makeCalls(link, signal);

  const reading = (async () => {
    for await (const line of readLines(options.input, endpoint.maxBytes)) {
      if (signal.aborted) return;
      await handle(link, calls, { line, signal, onTrouble });
    }
  })().catch(async (error: unknown) => {
    onTrouble(explainFailure(error));
    if (error instanceof LineTooLong)
      await write(JSON.stringify(failure(null, { code: INVALID_REQUEST, message: error.message })));
  });
  await Promise.race([reading, aborted(signal)]);
  if (!signal.aborted) await calls.settle(options.graceMs);
  stop.abort();
  await calls.settle(1_000);
  await queue.catch(() => undefined);
  await session.end();
  return lost ? 'lost' : options.signal.aborted ? 'signal' : 'input';
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((done) => signal.addEventListener('abort', () => done(), { once: true }));
}

interface Calls {
  /** Resolves when the call is over; never rejects. */
  start(request: RpcRequest, line: string): Promise<void>;
  /** Ends a request of the modern era by closing its stream. `false`: the gateway must be told in words. */
  cancel(id: RequestId): boolean;
  /** Waits for the calls in flight, except those that never end by themselves. */
  settle(ms: number): Promise<void>;
}

function makeCalls(link: Link, signal: AbortSignal): Calls {
  const pending = new Map<RequestId, Pending>();
  const running = new Set<Promise<void>>();
  const run = async (request: RpcRequest, line: string, entry: Pending): Promise<void> => {
    try {
      await callGateway(link, request, { line, signal: AbortSignal.any([signal, entry.abort.signal]) });
    } catch (error) {
      // Cancelled by the client: it does not wait for an answer any more (MCP "Cancellation").
      if (entry.abort.signal.aborted && !signal.aborted) return;
      const message = signal.aborted
        ? 'the connection to the gateway was closed; whether the call took effect is unknown'
        : explainFailure(error);
      await link.write(JSON.stringify(failure(request.id, { code: GATEWAY_ERROR, message })));
    } finally {
      if (pending.get(request.id) === entry) pending.delete(request.id);
    }
  };
  return {
    start(request, line) {
      const modern = modernVersion(request.params) !== null;
      const entry = { abort: new AbortController(), modern, endless: request.method === 'subscriptions/listen' };
      pending.set(request.id, entry);
      const call = run(request, line, entry).catch(() => undefined);
      running.add(call);
      return call.finally(() => running.delete(call));
    },
    cancel(id) {
      const entry = pending.get(id);
      if (entry?.modern !== true) return false;
      entry.abort.abort();
      return true;
    },
    async settle(ms) {
      for (const entry of pending.values()) if (entry.endless) entry.abort.abort();
      await Promise.race([Promise.all(running), sleep(ms, undefined, { ref: false })]);
    },
  };
}

interface Incoming {
  readonly line: string;
  readonly signal: AbortSignal;
  readonly onTrouble: (message: string) => void;
}

async function handle(link: Link, calls: Calls, incoming: Incoming): Promise<void> {
  const value = parseJson(incoming.line);
  if (value === undefined) {
    return await link.write(JSON.stringify(failure(null, { code: PARSE_ERROR, message: 'this line is not JSON' })));
  }
  const frame = classify(value);
  if (frame.kind === 'invalid') {
    return await link.write(JSON.stringify(failure(idOf(value), { code: INVALID_REQUEST, message: frame.why })));
  }
  if (frame.kind === 'request') {
    const call = calls.start(frame.message, incoming.line);
    // What follows belongs to the session that this opens: clients that do not wait for the answer are waited for.
    if (frame.message.method === 'initialize') await call;
    return;
  }
  if (frame.kind === 'notification' && frame.message.method === 'notifications/cancelled') {
    const id = frame.message.params?.requestId;
    if (isRequestId(id) && calls.cancel(id)) return;
  }
  // Order matters for these: `notifications/initialized` must arrive before what follows it.
  await tell(link, frame.message, incoming);
  if (frame.kind === 'notification' && frame.message.method === 'notifications/initialized')
    link.session.listen(link.write);
}

function idOf(value: Json): RequestId | null {
  return isObject(value) && isRequestId(value.id) ? value.id : null;
}

/** Notifications, and the client's answers to requests of the server: the gateway says 202 or why not. */
async function tell(
  link: Link,
  message: RpcNotification | RpcResponse,
  { line, signal, onTrouble }: Incoming,
): Promise<void> {
  const method = 'method' in message ? message.method : null;
  const session = link.session.headers();
  const sessionless = Object.keys(session).length === 0;
  const modern: Record<string, string> =
    method === null ? {} : { 'mcp-protocol-version': MODERN_VERSIONS[0] ?? '', 'mcp-method': method };
  try {
    const answer = await exchange(link.endpoint, {
      method: 'POST',
      headers: { ...POST_HEADERS, ...(sessionless ? modern : session) },
      body: line,
      signal,
    });
    await answer.discard();
    if (answer.status >= 300) onTrouble(`the gateway did not take ${method ?? 'an answer'}: HTTP ${answer.status}`);
    if (answer.status === 404 && session['mcp-session-id'] !== undefined) link.onLost();
  } catch (error) {
    if (!signal.aborted) onTrouble(`${method ?? 'an answer'} was not delivered: ${explainFailure(error)}`);
  }
}
