import type { ServerResponse } from 'node:http';
import { frameText, type RpcMessage, type RpcResponse } from '../../model/jsonrpc.ts';

const JSON_HEADERS = { 'content-type': 'application/json', 'cache-control': 'no-store' };
const SSE_HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  // Asks reverse proxies not to hold events back (2026-07-28 streamable HTTP, "Receiving Messages").
  'x-accel-buffering': 'no',
};

/** A call silent for this long is answered as a stream, so that nobody between gives up on it. */
export const QUIET_MS = 10_000;
const KEEP_ALIVE_MS = 15_000;

export function sendJson(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Record<string, string> = {},
): void {
  sendText(response, status, { text: JSON.stringify(body), headers });
}

export function sendFrame(
  response: ServerResponse,
  status: number,
  frame: RpcMessage,
  headers: Record<string, string> = {},
): void {
  sendText(response, status, { text: frameText(frame), headers });
}

function sendText(
  response: ServerResponse,
  status: number,
  { text, headers }: { text: string; headers: Record<string, string> },
): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { ...JSON_HEADERS, 'content-length': Buffer.byteLength(text), ...headers });
  response.end(text);
}

export function sendEmpty(response: ServerResponse, status: number, headers: Record<string, string> = {}): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, headers);
  response.end();
}

/**
 * What may wait for a reader who does not read. Whoever is further behind is cut off: else a server that talks and a client that
 * does not listen fill the memory.
 */
const MAX_UNREAD_BYTES = 16 * 1024 * 1024;

/** Does nothing for a client that has gone already: its `close` would never come. */
export function openSse(response: ServerResponse, headers: Record<string, string> = {}): void {
  if (response.destroyed) return;
  response.writeHead(200, { ...SSE_HEADERS, ...headers });
  response.flushHeaders();
  const beat = setInterval(() => response.write(':\n\n'), KEEP_ALIVE_MS);
  beat.unref();
  // 'finish' too: a beat between the end and the closing would be a write after the end.
  response.once('finish', () => clearInterval(beat));
  response.once('close', () => clearInterval(beat));
}

/** One event; `data` is JSON text, which holds no raw line break, or empty. */
export function writeEvent(response: ServerResponse, id: string | null, data: string): boolean {
  const taken = response.write(`${id === null ? '' : `id: ${id}\n`}event: message\ndata: ${data}\n\n`);
  if (response.writableLength > MAX_UNREAD_BYTES) response.destroy();
  return taken;
}

/**
 * Answers one stateless request: as one JSON object when nothing comes before the answer, else as a stream. The status the server
 * answered with is kept, which is why nothing is written before there is something to say.
 */
export class ModernResponder {
  readonly #response: ServerResponse;
  #streaming = false;
  readonly #quiet: NodeJS.Timeout;

  constructor(response: ServerResponse) {
    this.#response = response;
    this.#quiet = setTimeout(() => this.#stream(), QUIET_MS);
    this.#quiet.unref();
  }

  readonly deliver = (frame: RpcMessage): void => {
    // Servers may not send requests on these streams (2026-07-28, "Receiving Messages").
    if ('method' in frame && 'id' in frame) return;
    if (this.#stream()) writeEvent(this.#response, null, frameText(frame));
  };

  finish(answer: RpcResponse, httpStatus: number | null): void {
    clearTimeout(this.#quiet);
    if (this.#streaming) {
      if (!this.#response.destroyed) writeEvent(this.#response, null, frameText(answer));
      this.#response.end();
      return;
    }
    sendFrame(this.#response, httpStatus ?? 200, answer);
  }

  /** The request ends without an answer of its own: somebody else writes it. */
  abandon(): void {
    clearTimeout(this.#quiet);
  }

  #stream(): boolean {
    clearTimeout(this.#quiet);
    if (this.#response.destroyed) return false;
    if (!this.#streaming) {
      // Answered otherwise, and not sent yet: a second head would throw, and where nobody catches it.
      if (this.#response.headersSent) return false;
      this.#streaming = true;
      openSse(this.#response);
    }
    return true;
  }
}
