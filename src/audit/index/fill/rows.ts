import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Entry } from '../../format/frame.ts';
import type { Progress } from '../schema.ts';
import { tokensOf } from '../tokens.ts';
import { AskedCalls, Tally } from './tally.ts';

/** Records of one block: reading one record needs its row and one read from the disk. */
export const BLOCK_RECORDS = 64;
const MAX_NAMES = 200_000;

interface Block {
  readonly first: number;
  readonly segment: number;
  readonly start: number;
  lowMs: number;
  highMs: number;
  readonly ends: number[];
}

/** One record, and where it lies. */
export interface Placed {
  readonly entry: Entry;
  readonly start: number;
  readonly end: number;
}

/** Puts batches of records into the tables, each with how far that is, whole or not at all. */
export class Rows {
  readonly #database: DatabaseSync;
  readonly #word: StatementSync;
  readonly #block: StatementSync;
  readonly #used: StatementSync;
  readonly #session: StatementSync;
  readonly #progress: StatementSync;
  readonly #agents: Names;
  readonly #tools: Names;
  #state: Progress;
  #open: Block | null = null;
  /** Since the last commit. Nothing but words is written before it: each other statement would make FTS5 write out what it gathers. */
  #blocks: Block[] = [];
  readonly #asked = new AskedCalls();
  #tally = new Tally(this.#asked);
  #pending = 0;

  constructor(database: DatabaseSync, state: Progress) {
    this.#database = database;
    this.#state = state;
    this.#word = database.prepare('insert into words (rowid, terms) values (?, ?)');
    this.#block = database.prepare('insert or replace into block values (?, ?, ?, ?, ?, ?)');
    this.#used = database.prepare(
      'insert into used values (?, ?, ?, ?, ?, ?) on conflict do update set permitted = permitted + excluded.permitted, ' +
        'asked = asked + excluded.asked, denied = denied + excluded.denied',
    );
    this.#session = database.prepare(
      'insert into session (name, agent, subject, first_ms, last_ms, first_seq, last_seq, calls, denied, asked) ' +
        'values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (name) do update set last_ms = max(last_ms, excluded.last_ms), ' +
        'last_seq = excluded.last_seq, calls = calls + excluded.calls, denied = denied + excluded.denied, asked = asked + excluded.asked',
    );
    this.#progress = database.prepare('insert or replace into progress values (1, ?)');
    this.#agents = new Names(
      database.prepare(
        'insert into agent (name, last_ms) values (?, 0) on conflict (name) do update set name = name returning id',
      ),
    );
    this.#tools = new Names(
      database.prepare(
        'insert into tool (server, target) values (?, ?) on conflict (server, target) do update set server = server returning id',
      ),
    );
  }

  get state(): Progress {
    return this.#state;
  }

  /** Records taken since the last commit. */
  get pending(): number {
    return this.#pending;
  }

  /** Whether the record is the next one. The oldest there is may have any number: retention removed those before. */
  follows({ seq, prev }: Entry): boolean {
    const { segment, next, lastHash } = this.#state;
    if (segment >= 0) return seq === next && prev === lastHash;
    this.#state = { ...this.#state, base: seq };
    return true;
  }

  add(segment: number, { entry, start, end }: Placed): void {
    if (this.#pending === 0) this.#database.exec('begin immediate');
    this.#pending++;
    const { seq, record } = entry;
    const atMs = timeOf(entry);
    const { highMs, backMs } = this.#state;
    this.#word.run(seq, tokensOf(record));
    this.#tally.add(record, { seq, atMs });
    this.#place(segment, { seq, atMs, start, end });
    this.#state = {
      ...this.#state,
      ...{ next: seq + 1, segment, offset: end, lastStart: start, lastHash: entry.hash },
      ...{ highMs: Math.max(highMs, atMs), backMs: Math.max(backMs, highMs - atMs) },
    };
  }

  #place(segment: number, at: { seq: number; atMs: number; start: number; end: number }): void {
    let block = this.#open;
    if (block === null || block.segment !== segment || block.ends.length >= BLOCK_RECORDS) {
      const { highMs } = this.#state;
      block = { first: at.seq, segment, start: at.start, lowMs: at.atMs, highMs: Math.max(highMs, at.atMs), ends: [] };
      this.#open = block;
      this.#blocks.push(block);
    }
    block.lowMs = Math.min(block.lowMs, at.atMs);
    block.highMs = Math.max(block.highMs, at.atMs);
    block.ends.push(at.end - block.start);
  }

  commit(): void {
    if (this.#pending === 0) return;
    for (const { first, segment, start, lowMs, highMs, ends } of this.#blocks) {
      const bytes = new Uint8Array(Uint32Array.from(ends).buffer);
      this.#block.run(first, segment, start, lowMs, highMs, bytes);
    }
    // The last one goes on growing.
    this.#blocks = this.#open === null ? [] : [this.#open];
    const { used, sessions, lastMs } = this.#tally;
    for (const { hour, agent, server, target, permitted, asked, denied } of used.values()) {
      const tool = this.#tools.idOf(server, target);
      this.#used.run(hour, this.#agents.idOf(agent), tool, permitted, asked, denied);
    }
    for (const [name, { agent, subject, firstMs, firstSeq, ...session }] of sessions) {
      const { lastMs: endMs, lastSeq, calls, denied, asked } = session;
      this.#session.run(name, agent, subject, firstMs, endMs, firstSeq, lastSeq, calls, denied, asked);
    }
    const last = this.#database.prepare('update agent set last_ms = max(last_ms, ?) where id = ?');
    for (const [agent, atMs] of lastMs) last.run(atMs, this.#agents.idOf(agent));
    this.#progress.run(JSON.stringify(this.#state));
    this.#database.exec('commit');
    this.#tally = new Tally(this.#asked);
    this.#pending = 0;
  }
}

export function timeOf({ time }: Entry): number {
  const atMs = Date.parse(time);
  return Number.isFinite(atMs) ? atMs : 0;
}

/** Numbers of names; the usual ones from memory. */
class Names {
  readonly #known = new Map<string, number>();
  readonly #insert: StatementSync;

  constructor(insert: StatementSync) {
    this.#insert = insert;
  }

  idOf(...names: readonly string[]): number {
    const key = names.length === 1 ? (names[0] as string) : JSON.stringify(names);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const id = Number(this.#insert.get(...names)?.id);
    if (this.#known.size >= MAX_NAMES) this.#known.clear();
    this.#known.set(key, id);
    return id;
  }
}
