import { setTimeout as sleep } from 'node:timers/promises';
import { contentOf, type Endpoint, exchange, explainFailure, readEvents } from './exchange.ts';

/** The legacy session: its id, the revision agreed on, and the server's own stream. */
export interface Session {
  /** Headers every request of the session carries; none before `initialize` was answered. */
  headers(): Record<string, string>;
  /** From the answer to `initialize`. */
  begin(id: string | null, version: string | null): void;
  /** Opens the stream for messages that belong to no request. Once; returns at once. */
  listen(onFrame: (text: string) => Promise<void>): void;
  /** Ends it on the gateway too (DELETE), within a bound. */
  end(): Promise<void>;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
const END_MS = 2_000;

export interface SessionEvents {
  /** The gateway does not know the session any more. */
  readonly onLost: () => void;
  readonly onTrouble: (message: string) => void;
}

export function makeSession(endpoint: Endpoint, signal: AbortSignal, events: SessionEvents): Session {
  let id: string | null = null;
  let version: string | null = null;
  let listening = false;
  const headers = (): Record<string, string> => ({
    ...(id === null ? {} : { 'mcp-session-id': id }),
    ...(version === null ? {} : { 'mcp-protocol-version': version }),
  });
  return {
    headers,
    begin(newId, newVersion) {
      id = newId;
      version = newVersion;
    },
    listen(onFrame) {
      if (listening) return;
      listening = true;
      void follow(endpoint, { headers, signal, onFrame, ...events });
    },
    async end() {
      if (id === null) return;
      const outgoing = { method: 'DELETE', headers: headers(), signal: AbortSignal.timeout(END_MS) } as const;
      // The client is gone: an answer that does not come changes nothing, the gateway ends idle sessions itself.
      await exchange(endpoint, outgoing).then(
        (answer) => answer.discard(),
        () => undefined,
      );
    },
  };
}

interface Follow extends SessionEvents {
  readonly headers: () => Record<string, string>;
  readonly signal: AbortSignal;
  readonly onFrame: (text: string) => Promise<void>;
}

/** Keeps the GET stream open: takes it up again where it ended (`Last-Event-ID`), with growing pauses while it fails. */
async function follow(endpoint: Endpoint, { headers, signal, onFrame, onLost, onTrouble }: Follow): Promise<void> {
  let lastEventId = '';
  let pauseMs = FIRST_PAUSE_MS;
  while (!signal.aborted) {
    try {
      const resume: Record<string, string> = lastEventId === '' ? {} : { 'last-event-id': lastEventId };
      const answer = await exchange(endpoint, {
        method: 'GET',
        headers: { ...headers(), accept: 'text/event-stream', ...resume },
        signal,
      });
      if (answer.status !== 200 || contentOf(answer) !== 'events') {
        await answer.discard();
        if (answer.status === 404) return onLost();
        // 405: this gateway has no such stream, which is allowed.
        if (answer.status === 405) return;
        if (answer.status < 500 && answer.status !== 429)
          return onTrouble(`no event stream: the gateway answered ${answer.status}`);
        throw new Error(`the gateway answered ${answer.status} to the event stream`);
      }
      const end = await readEvents(answer, endpoint.maxBytes, onFrame);
      if (end.lastEventId !== '') lastEventId = end.lastEventId;
      pauseMs = end.retryMs ?? FIRST_PAUSE_MS;
    } catch (error) {
      if (signal.aborted) return;
      onTrouble(`the event stream broke: ${explainFailure(error)}`);
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    }
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
  }
}
