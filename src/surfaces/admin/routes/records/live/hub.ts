import type { OnRecord, Seen } from '../../../../../audit/journal.ts';
import type { LiveCall } from '../../../../../model/insight/records.ts';
import { LiveCalls } from './live-call.ts';

export const MAX_CONNECTIONS = 64;
export const MAX_PER_BATCH = 200;
const BATCH_MS = 250;
/** A reader with this much unread gets nothing more until it has read: what it misses is counted. */
const MAX_UNREAD_BYTES = 256 * 1024;

export interface LiveFilter {
  readonly agent?: string;
  readonly server?: string;
  readonly effect?: 'permit' | 'ask' | 'deny';
  readonly session?: string;
}

/** Where a connection writes to. */
export interface LiveSink {
  write(text: string): void;
  /** Bytes that were written and not taken yet. */
  unreadBytes(): number;
}

const WHAT = { permit: 'permitted', ask: 'asked', deny: 'denied' } as const;

class Connection {
  readonly #filter: LiveFilter;
  readonly #sink: LiveSink;
  #texts: string[] = [];
  #missed = 0;

  constructor(filter: LiveFilter, sink: LiveSink) {
    this.#filter = filter;
    this.#sink = sink;
  }

  wants(call: LiveCall): boolean {
    const { agent, server, effect, session } = this.#filter;
    return (
      (agent === undefined || call.agent === agent) &&
      (server === undefined || call.server === server) &&
      (session === undefined || call.session === session) &&
      (effect === undefined || call.what === WHAT[effect])
    );
  }

  take(text: string): void {
    if (this.#texts.length < MAX_PER_BATCH) this.#texts.push(text);
    else this.#missed++;
  }

  flush(): void {
    if (this.#texts.length === 0 && this.#missed === 0) return;
    if (this.#sink.unreadBytes() > MAX_UNREAD_BYTES) {
      this.#missed += this.#texts.length;
      this.#texts = [];
      return;
    }
    const calls = this.#texts.length === 0 ? '' : `event: calls\ndata: [${this.#texts.join(',')}]\n\n`;
    const missed = this.#missed === 0 ? '' : `event: missed\ndata: ${this.#missed}\n\n`;
    this.#texts = [];
    this.#missed = 0;
    this.#sink.write(calls + missed);
  }
}

/**
 * Records as they become durable, to whoever watches. While nobody does, nothing listens to the journal; what watchers cost does not grow
 * with how much happens: each gets so many calls at a time, and a number for the rest.
 */
export class LiveHub {
  readonly #onDurable: (listener: OnRecord) => () => void;
  readonly #connections = new Set<Connection>();
  #calls = new LiveCalls();
  #stop: (() => void) | null = null;

  constructor(onDurable: (listener: OnRecord) => () => void) {
    this.#onDurable = onDurable;
  }

  get full(): boolean {
    return this.#connections.size >= MAX_CONNECTIONS;
  }

  /** Returns how to leave. */
  join(filter: LiveFilter, sink: LiveSink): () => void {
    const connection = new Connection(filter, sink);
    this.#connections.add(connection);
    this.#stop ??= this.#listen();
    return () => {
      this.#connections.delete(connection);
      if (this.#connections.size > 0) return;
      this.#stop?.();
      this.#stop = null;
      this.#calls = new LiveCalls();
    };
  }

  #listen(): () => void {
    const stop = this.#onDurable((seen) => this.#take(seen));
    const timer = setInterval(() => {
      for (const connection of this.#connections) connection.flush();
    }, BATCH_MS).unref();
    return () => {
      stop();
      clearInterval(timer);
    };
  }

  #take(seen: Seen): void {
    const call = this.#calls.of(seen);
    if (call === null) return;
    let text: string | null = null;
    for (const connection of this.#connections) {
      if (!connection.wants(call)) continue;
      text ??= JSON.stringify(call);
      connection.take(text);
    }
  }
}
