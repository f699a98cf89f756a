import type { CallFacts, JournalRecord } from '../../../model/record.ts';

export type CallClass = 'permitted' | 'asked' | 'denied';

export const HOUR_MS = 3_600_000;

/** Permitted by the policies alone, asked of people (and what waits for them), or denied: by policies, people or the kill switch. */
export function classOf(record: CallFacts & { readonly type: 'intent' | 'refusal' }): CallClass {
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

/** What a batch of records adds to the sums: few rows are touched however many records there are. */
export class Tally {
  readonly used = new Map<string, Used>();
  readonly sessions = new Map<string, SessionTally>();
  readonly lastMs = new Map<string, number>();

  add(record: JournalRecord, at: { readonly seq: number; readonly atMs: number }): void {
    if (record.type !== 'intent' && record.type !== 'refusal') return;
    const kind = classOf(record);
    const { agent, session } = record;
    if ((this.lastMs.get(agent) ?? 0) < at.atMs) this.lastMs.set(agent, at.atMs);
    this.#use(record, at.atMs)[kind]++;
    if (session !== null) this.#session(session, record, at, kind);
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

  #session(name: string, record: CallFacts, at: { seq: number; atMs: number }, kind: CallClass): void {
    let session = this.sessions.get(name);
    if (session === undefined) {
      const { agent, subject } = record;
      const times = { firstMs: at.atMs, firstSeq: at.seq, lastMs: at.atMs, lastSeq: at.seq };
      session = { agent, subject, ...times, calls: 0, denied: 0, asked: 0 };
      this.sessions.set(name, session);
    }
    session.lastMs = Math.max(session.lastMs, at.atMs);
    session.lastSeq = at.seq;
    session.calls++;
    if (kind === 'denied') session.denied++;
    if (kind === 'asked') session.asked++;
  }
}
