import type { CallFacts, JournalRecord } from '../../../model/record.ts';

export type CallClass = 'permitted' | 'asked' | 'denied';

type CallRecord = CallFacts & { readonly type: 'intent' | 'refusal' };

export const HOUR_MS = 3_600_000;

/** Permitted by the policies alone, asked of people (and what waits for them), or denied: by policies, people or the kill switch. */
export function classOf(record: CallRecord): CallClass {
  const { effect, code } = record.decision;
  if (record.type === 'refusal') return code === 'approval-pending' ? 'asked' : 'denied';
  return effect === 'ask' ? 'asked' : 'permitted';
}

export interface Used {
  readonly hour: number;
  readonly agent: string;
  readonly server: string;
  readonly target: string;
  permitted: number;
  asked: number;
  denied: number;
}

export interface SessionTally {
  readonly agent: string;
  readonly subject: string | null;
  readonly firstMs: number;
  readonly firstSeq: number;
  lastMs: number;
  lastSeq: number;
  calls: number;
  denied: number;
  asked: number;
}

const MAX_NAME_CHARS = 512;
const MAX_ASKED = 20_000;

/**
 * Calls people were asked about that are not decided yet, and since when: the decision is another record of the same call. It lives longer
 * than a batch, and no longer than the process: a call that waits ends with its gateway.
 */
export class AskedCalls {
  readonly #since = new Map<string, number>();

  ask(call: string, atMs: number): void {
    const [oldest] = this.#since.keys();
    if (this.#since.size >= MAX_ASKED && oldest !== undefined) this.#since.delete(oldest);
    this.#since.set(call, atMs);
  }

  /** When people were asked, if they were; from now on it is decided. */
  decide(call: string): number | null {
    const since = this.#since.get(call) ?? null;
    this.#since.delete(call);
    return since;
  }
}

/** What a batch of records adds to the sums: few rows are touched however many records there are. */
export class Tally {
  readonly used = new Map<string, Used>();
  readonly sessions = new Map<string, SessionTally>();
  readonly lastMs = new Map<string, number>();
  readonly #asked: AskedCalls;

  constructor(asked: AskedCalls) {
    this.#asked = asked;
  }

  add(record: JournalRecord, at: { readonly seq: number; readonly atMs: number }): void {
    if (record.type !== 'intent' && record.type !== 'refusal') return;
    const kind = classOf(record);
    const { agent, session } = record;
    if ((this.lastMs.get(agent) ?? 0) < at.atMs) this.lastMs.set(agent, at.atMs);
    const askedMs = this.#asked.decide(record.call);
    if (kind === 'asked' && record.type === 'refusal') this.#asked.ask(record.call, askedMs ?? at.atMs);
    if (askedMs === null) this.#use(record, at.atMs)[kind]++;
    else if (kind === 'denied') {
      // It counts once, as what it came to.
      const used = this.#use(record, askedMs);
      used.asked--;
      used.denied++;
    }
    if (session !== null) this.#session(session, record, { ...at, again: askedMs !== null });
  }

  #use({ agent, server, target }: CallFacts, atMs: number): Used {
    const hour = Math.floor(atMs / HOUR_MS);
    const bounded = (target ?? '').slice(0, MAX_NAME_CHARS);
    const key = JSON.stringify([hour, agent, server, bounded]);
    let used = this.used.get(key);
    if (used === undefined) {
      used = { hour, agent, server, target: bounded, permitted: 0, asked: 0, denied: 0 };
      this.used.set(key, used);
    }
    return used;
  }

  #session(name: string, record: CallRecord, at: { seq: number; atMs: number; again: boolean }): void {
    let session = this.sessions.get(name);
    if (session === undefined) {
      const { agent, subject } = record;
      const times = { firstMs: at.atMs, firstSeq: at.seq, lastMs: at.atMs, lastSeq: at.seq };
      session = { agent, subject, ...times, calls: 0, denied: 0, asked: 0 };
      this.sessions.set(name, session);
    }
    session.lastMs = Math.max(session.lastMs, at.atMs);
    session.lastSeq = at.seq;
    const kind = classOf(record);
    if (!at.again) session.calls++;
    if (kind === 'denied') session.denied++;
    if (kind === 'asked' && !at.again) session.asked++;
  }
}
