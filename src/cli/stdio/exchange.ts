import { SseReader } from '../../adapters/upstream/http/wire/sse.ts';
import type { Json } from '../../model/json.ts';
import type { HttpAnswer, HttpClient } from '../agents/http.ts';
import type { TokenSource } from '../agents/token.ts';
import { CliError } from '../shell/exit.ts';

export interface Endpoint {
  readonly url: string;
  readonly http: HttpClient;
  readonly tokens: TokenSource;
  /** Bound on one answer, and on one event of a stream. */
  readonly maxBytes: number;
}

export interface Outgoing {
  readonly method: 'POST' | 'GET' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

/**
 * One HTTP exchange with the gateway, authorised. A token that was refused is renewed once: a 401 means that nothing was
 * done, so sending again is safe.
 */
export async function exchange(endpoint: Endpoint, outgoing: Outgoing): Promise<HttpAnswer> {
  const send = (token: string): Promise<HttpAnswer> =>
    endpoint.http.send({
      url: endpoint.url,
      method: outgoing.method,
      headers: { ...outgoing.headers, authorization: `Bearer ${token}` },
      signal: outgoing.signal,
      ...(outgoing.body === undefined ? {} : { body: outgoing.body }),
    });
  const token = await endpoint.tokens.get();
  const answer = await send(token);
  if (answer.status !== 401) return answer;
  const fresh = await endpoint.tokens.get(token);
  if (fresh === token) return answer;
  await answer.discard();
  return await send(fresh);
}

export interface StreamEnd {
  readonly lastEventId: string;
  readonly retryMs: number | null;
}

/** Reads an event stream to its end; `onFrame` gets the text of every message in order, and may wait. */
export async function readEvents(
  answer: HttpAnswer,
  maxBytes: number,
  onFrame: (text: string) => Promise<void>,
): Promise<StreamEnd> {
  let waiting: string[] = [];
  const reader = new SseReader({ maxEventChars: maxBytes, onData: (data) => void waiting.push(data) });
  for await (const chunk of answer.body) {
    reader.push(chunk);
    const ready = waiting;
    waiting = [];
    for (const frame of ready) await onFrame(frame);
  }
  return { lastEventId: reader.lastEventId, retryMs: reader.retryMs };
}

export type Content = 'json' | 'events' | 'other';

export function contentOf(answer: HttpAnswer): Content {
  const type = (answer.header('content-type') ?? '').split(';')[0]?.trim().toLowerCase();
  return type === 'application/json' ? 'json' : type === 'text/event-stream' ? 'events' : 'other';
}

export function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/** What to tell the client when an exchange failed, in one sentence that says what to do. */
export function explainFailure(error: unknown): string {
  if (error instanceof CliError) return error.help === '' ? error.message : `${error.message} (${error.help})`;
  return error instanceof Error ? error.message : String(error);
}
