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

/** Where a reader's connection writes to. */
export interface LiveSink {
  write(bytes: Uint8Array): void;
  /** Bytes that were written and not taken yet. */
  unreadBytes(): number;
}

const WHAT = { permit: 'permitted', ask: 'asked', deny: 'denied' } as const;

/** What happened since the last one, for everybody who asked for the same. */
interface Batch {
  readonly bytes: Uint8Array;
  /** Calls that are lost to whoever does not get it. */
  readonly calls: number;
}

class Reader {
  readonly #sink: LiveSink;
  #missed = 0;
  gone = false;

  constructor(sink: LiveSink) {
    this.#sink = sink;
  }

  give({ bytes, calls }: Batch): void {
    if (this.gone) return;
    if (this.#sink.unreadBytes() > MAX_UNREAD_BYTES) {
      this.#missed += calls;
      return;
    }
    this.#sink.write(this.#missed === 0 ? bytes : Buffer.concat([bytes, Buffer.from(missedEvent(this.#missed))]));
    this.#missed = 0;
  }
}

const missedEvent = (missed: number): string => (missed === 0 ? '' : `event: missed\ndata: ${missed}\n\n`);

/** Readers with one filter: what they get is made once. */
class Group {
  readonly readers = new Set<Reader>();
  /** Batches that wait for their turn. */
  due = 0;
  readonly #filter: LiveFilter;
  #texts: string[] = [];
  #missed = 0;

  constructor(filter: LiveFilter) {
    this.#filter = filter;
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

  /** `false`: there are enough, and it is counted. */
  get hasRoom(): boolean {
    return this.#texts.length < MAX_PER_BATCH;
  }

  take(text: string): void {
    this.#texts.push(text);
  }

  miss(): void {
    this.#missed++;
  }

  /** `null`: nothing happened. */
  batch(): Batch | null {
    const [texts, missed] = [this.#texts, this.#missed];
    if (texts.length === 0 && missed === 0) return null;
    this.#texts = [];
    this.#missed = 0;
    const calls = texts.length === 0 ? '' : `event: calls\ndata: [${texts.join(',')}]\n\n`;
    return { bytes: Buffer.from(calls + missedEvent(missed)), calls: texts.length + missed };
  }
}

/**
 * Records as they become durable, to whoever watches. While nobody does, nothing listens to the journal; what watchers cost does not grow
 * with how much happens: each gets so many calls at a time, and a number for the rest. Calls do not wait for watchers: what is sent is made
 * once for all who want the same, and goes to one of them in a turn of the event loop.
 */
export class LiveHub {
  readonly #onDurable: (listener: OnRecord) => () => void;
  readonly #groups = new Map<string, Group>();
  #due: { readonly group: Group; readonly reader: Reader; readonly batch: Batch }[] = [];
  #giving = false;
  #readers = 0;
  #calls = new LiveCalls();
  #stop: (() => void) | null = null;

  constructor(onDurable: (listener: OnRecord) => () => void) {
    this.#onDurable = onDurable;
  }

  get full(): boolean {
    return this.#readers >= MAX_CONNECTIONS;
  }

  /** Returns how to leave. */
  join({ agent, server, effect, session }: LiveFilter, sink: LiveSink): () => void {
    const key = JSON.stringify([agent, server, effect, session]);
    const group = this.#groups.get(key) ?? new Group({ agent, server, effect, session } as LiveFilter);
    // What happened before somebody came is not for them.
    this.#empty(group);
    const reader = new Reader(sink);
    group.readers.add(reader);
    this.#groups.set(key, group);
    this.#readers++;
    this.#stop ??= this.#listen();
    return () => {
      if (reader.gone) return;
      reader.gone = true;
      this.#readers--;
      group.readers.delete(reader);
      if (group.readers.size === 0) this.#groups.delete(key);
      if (this.#readers > 0) return;
      this.#stop?.();
      this.#stop = null;
      this.#calls = new LiveCalls();
    };
  }

  #listen(): () => void {
    const stop = this.#onDurable((seen) => this.#take(seen));
    const timer = setInterval(() => {
      // When turns are slow nothing piles up: what does not fit meanwhile is counted.
      for (const group of this.#groups.values()) if (group.due === 0) this.#empty(group);
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
    for (const group of this.#groups.values()) {
      if (!group.wants(call)) continue;
      if (group.hasRoom) group.take((text ??= JSON.stringify(call)));
      else group.miss();
    }
  }

  #empty(group: Group): void {
    const batch = group.batch();
    if (batch === null) return;
    for (const reader of group.readers) this.#due.push({ group, reader, batch });
    group.due += group.readers.size;
    if (!this.#giving) this.#give();
  }

  /** One of them now, the next in the next turn. */
  #give(): void {
    const next = this.#due.shift();
    this.#giving = next !== undefined;
    if (next === undefined) return;
    next.group.due--;
    next.reader.give(next.batch);
    setImmediate(() => this.#give());
  }
}
