import type { CallView, RecordQuery, RecordView, SessionView } from '../../../model/insight/records.ts';
import { parseTarget } from '../../../model/lock.ts';
import type { Entry } from '../../format/frame.ts';
import { fieldsOf } from '../fields.ts';
import { timeOf } from '../fill/rows.ts';
import { fieldTerm } from '../tokens.ts';
import { type CallEntry, callView, isCall, isOutcome, recordView } from './call-view.ts';
import { linksOf } from './links.ts';
import type { Places } from './places.ts';
import { cursorAt, type Searcher } from './search.ts';

const MAX_CALLS = 200;
const DEFAULT_CALLS = 100;
const MAX_ACTS = 200;
const MAX_RECORDS_OF_A_CALL = 100;
/** What ended a session comes after its last call. */
const AFTER_MS = 600_000;

export interface HistoryQuestion {
  readonly of: 'session' | 'txn';
  readonly id: string;
  readonly cursor?: string;
  readonly limit?: number;
  readonly withContent: boolean;
}

/** Calls put together from their records: one, or all of a session or of what follows from one authorization. */
export class Histories {
  readonly #searcher: Searcher;
  readonly #places: Places;
  readonly #firstOf: (session: string) => number | null;

  constructor(searcher: Searcher, places: Places, firstOf: (session: string) => number | null) {
    this.#searcher = searcher;
    this.#places = places;
    this.#firstOf = firstOf;
  }

  /** Null: there is no such call. The last 12 characters of its id are enough. */
  async call(id: string, withContent: boolean): Promise<CallView | null> {
    const seqs = this.#seqs(fieldTerm('call', id), MAX_RECORDS_OF_A_CALL);
    const entries = await this.#places.read(seqs);
    const is = (call: string): boolean => call === id || (id.length === 12 && call.endsWith(id));
    const first = entries.find((entry) => isCall(entry) && is(entry.record.call));
    if (first === undefined || !isCall(first)) return null;
    const { call } = first.record;
    const rest = entries.filter((entry) => entry !== first && fieldsOf(entry.record).call === call);
    return callView(first, rest, withContent);
  }

  /** Null: no call of it is on record. */
  async of(question: HistoryQuestion): Promise<SessionView | null> {
    const { of, id, cursor, withContent } = question;
    const page = await this.#calls(question);
    if (page.calls.length === 0 && page.next === null && cursor === undefined) return null;
    const { calls, next } = page;
    const rests = await this.#rests(calls);
    const linked = calls.map((entry) => ({ entry, rest: rests.get(entry.record.call) ?? [] }));
    const acts = await this.#acts(calls, { of, id, open: next === null });
    return {
      id,
      calls: linked.map(({ entry, rest }) => callView(entry, rest, withContent)),
      acts: acts.map((entry): RecordView => recordView(entry, withContent)),
      links: linksOf(linked, withContent),
      next,
    };
  }

  /** Two kinds of records are calls: both are looked through in the order they were written. */
  async #calls({ of, id, cursor, limit: asked }: HistoryQuestion): Promise<{
    readonly calls: readonly CallEntry[];
    readonly next: string | null;
  }> {
    const limit = Math.min(MAX_CALLS, asked ?? DEFAULT_CALLS);
    const first = of === 'session' ? this.#firstOf(id) : null;
    const from = cursor ?? (first === null ? null : cursorAt(first));
    const query: RecordQuery = { [of]: id, limit, ...(from === null ? {} : { cursor: from }) };
    const calls: CallEntry[] = [];
    const { items, next } = await this.#searcher.search({ query, withContent: true, ascending: true });
    for (const entry of items) if (isCall(entry)) calls.push(entry);
    return { calls, next };
  }

  /** Outcomes, and acts that name a call, by call. */
  async #rests(calls: readonly CallEntry[]): Promise<ReadonlyMap<string, readonly Entry[]>> {
    const rests = new Map<string, Entry[]>();
    const first = calls[0];
    if (first === undefined) return rests;
    const own = new Set(calls.map(({ seq }) => seq));
    const terms = calls.map(({ record }) => fieldTerm('call', record.call)).join(' OR ');
    const seqs = this.#seqs(`(${terms})`, calls.length * 3, first.seq).filter((seq) => !own.has(seq));
    for (const entry of await this.#places.read(seqs)) {
      const { call } = fieldsOf(entry.record);
      if (call === null || (!isOutcome(entry) && entry.record.type !== 'admin')) continue;
      rests.set(call, [...(rests.get(call) ?? []), entry]);
    }
    return rests;
  }

  /** Locks that held its agents, people, tools or everything; answers to what was asked in it; what names it. */
  async #acts(
    calls: readonly CallEntry[],
    { of, id, open }: { readonly of: HistoryQuestion['of']; readonly id: string; readonly open: boolean },
  ): Promise<readonly Entry[]> {
    const [first, last] = [calls[0], calls.at(-1)];
    if (first === undefined || last === undefined) return [];
    const touched = touchedBy(calls, of === 'session' ? id : null);
    const terms = [
      fieldTerm('act', 'lock.put'),
      fieldTerm('act', 'lock.release'),
      ...[...touched.ids].map((each) => fieldTerm('id', each)),
    ];
    const high = open ? (this.#searcher.lastUntil(timeOf(last) + AFTER_MS) ?? last.seq) : last.seq;
    const expression = `${fieldTerm('type', 'admin')} AND (${terms.join(' OR ')})`;
    const seqs = this.#searcher.seqs(expression, { low: first.seq, high }, MAX_ACTS);
    return (await this.#places.read(seqs)).filter((entry) => touches(entry, touched));
  }

  #seqs(expression: string, limit: number, from?: number): readonly number[] {
    const whole = this.#searcher.whole();
    if (whole === null) return [];
    return this.#searcher.seqs(expression, { low: Math.max(whole.low, from ?? 0), high: whole.high }, limit);
  }
}

interface Touched {
  /** Sessions, transactions, requests and tasks. */
  readonly ids: ReadonlySet<string>;
  /** As targets of locks. */
  readonly targets: ReadonlySet<string>;
}

function touchedBy(calls: readonly CallEntry[], session: string | null): Touched {
  const ids = new Set<string>(session === null ? [] : [session]);
  const targets = new Set<string>(['all:*']);
  const add = (into: Set<string>, value: string | null | undefined): void => {
    if (typeof value === 'string' && value !== '') into.add(value);
  };
  for (const { record } of calls) {
    add(ids, record.approval);
    add(ids, record.session);
    targets.add(`agent:${record.agent}`).add(`owner:${record.owner}`).add(`server:${record.server}`);
    targets.add(`tool:${record.server}/${record.target}`);
    if (record.subject !== null) targets.add(`user:${record.subject}`);
    if (record.session !== null) targets.add(`session:${record.session}`);
    for (const { id } of record.chain) targets.add(`agent:${id}`);
    for (const task of record.tasks ?? []) targets.add(`task:${task}`);
  }
  return { ids, targets };
}

function touches({ record }: Entry, { ids, targets }: Touched): boolean {
  if (record.type !== 'admin') return false;
  if (record.act.startsWith('lock.')) {
    const { target } = record.detail as { target?: unknown };
    const parsed = typeof target === 'string' ? parseTarget(target) : null;
    return parsed !== null && targets.has(`${parsed.kind}:${parsed.id}`);
  }
  const fields = fieldsOf(record);
  return [...fields.sessions, ...fields.ids].some((id) => ids.has(id));
}
