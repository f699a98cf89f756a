import type { CallView, RecordQuery, RecordView, SessionView } from '../../../../model/insight/records.ts';
import { parseTarget } from '../../../../model/lock.ts';
import type { Entry } from '../../../format/frame.ts';
import { fieldsOf } from '../../fields.ts';
import { timeOf } from '../../fill/rows.ts';
import { fieldTerm } from '../../tokens.ts';
import type { Places } from '../places.ts';
import { cursorAt, parseCursor, type Searcher } from '../search.ts';
import { type CallEntry, callView, isCall, recordView } from './call-view.ts';
import { Handovers, hopsTo, shownHop } from './handovers.ts';
import { type LinkedCall, linksOf } from './links.ts';

const MAX_CALLS = 200;
const DEFAULT_CALLS = 100;
const MAX_ACTS = 200;
const MAX_RECORDS_OF_A_CALL = 100;
/** Question, decision, outcome, and acts that name it; of a page together. */
const RECORDS_PER_CALL = 6;
/** Calls before a page whose authority still counts on it. */
const CALLS_BEFORE = 20;
/** What ended a session comes after its last call. */
const AFTER_MS = 600_000;

export interface HistoryQuestion {
  readonly of: 'session' | 'txn';
  readonly id: string;
  readonly cursor?: string;
  readonly limit?: number;
  readonly withContent: boolean;
}

interface CallsPage {
  /** Records of decisions, oldest first; a call people were asked about has two. */
  readonly calls: readonly CallEntry[];
  readonly next: string | null;
}

/** Calls put together from their records: one, or all of a session or of what follows from one authorization. */
export class Histories {
  readonly #searcher: Searcher;
  readonly #places: Places;
  readonly #handovers: Handovers;
  readonly #firstOf: (session: string) => number | null;

  constructor(searcher: Searcher, places: Places, firstOf: (session: string) => number | null) {
    this.#searcher = searcher;
    this.#places = places;
    this.#handovers = new Handovers(searcher, places);
    this.#firstOf = firstOf;
  }

  /** Null: there is no such call. The last 12 characters of its id are enough. */
  async call(id: string, withContent: boolean): Promise<CallView | null> {
    const seqs = this.#seqs(fieldTerm('call', id), MAX_RECORDS_OF_A_CALL);
    const entries = await this.#places.read(seqs);
    const is = (call: string): boolean => call === id || (id.length === 12 && call.endsWith(id));
    const first = entries.find((entry) => isCall(entry) && is(entry.record.call));
    if (first === undefined || !isCall(first)) return null;
    const { call, credential } = first.record;
    const own = entries.filter((entry) => fieldsOf(entry.record).call === call);
    const hops = hopsTo(credential, await this.#handovers.up([credential]));
    return callView(own, { handovers: hops.map(shownHop), withContent });
  }

  /** Null: no call of it is on record. */
  async of(question: HistoryQuestion): Promise<SessionView | null> {
    const { of, id, cursor, withContent } = question;
    const { calls, next } = of === 'session' ? await this.#withRelated(question) : await this.#calls(question);
    if (calls.length === 0 && next === null && cursor === undefined) return null;
    const records = await this.#recordsOf(calls);
    const made = await this.#handovers.up(calls.map(({ record }) => record.credential));
    const views: CallView[] = [];
    const linked: LinkedCall[] = [];
    for (const entries of records) {
      const entry = entries.findLast(isCall)!;
      const hops = hopsTo(entry.record.credential, made);
      views.push(callView(entries, { handovers: hops.map(shownHop), withContent }));
      const handed = hops.findLast(({ how, from, to }) => how === 'exchange' && from !== to) ?? null;
      linked.push({ entry, rest: entries.filter((each) => each !== entry), handed });
    }
    const acts = await this.#acts(calls, { of, id, open: next === null });
    return {
      ...{ id, calls: views, acts: acts.map((entry): RecordView => recordView(entry, withContent)) },
      ...{ links: linksOf(linked, withContent), next },
    };
  }

  /** Two kinds of records are calls: both are looked through in the order they were written. */
  async #calls({ of, id, cursor, limit: asked }: HistoryQuestion): Promise<CallsPage> {
    const limit = Math.min(MAX_CALLS, asked ?? DEFAULT_CALLS);
    const first = of === 'session' ? this.#firstOf(id) : null;
    const from = cursor ?? (first === null ? null : cursorAt(first));
    const query: RecordQuery = { [of]: id, limit, ...(from === null ? {} : { cursor: from }) };
    const { items, next } = await this.#searcher.search({ query, withContent: true, ascending: true });
    return { calls: items.filter(isCall), next };
  }

  /** Of a session also what its work came from and what others did of it: it is one story, told in several sessions. */
  async #withRelated(question: HistoryQuestion): Promise<CallsPage> {
    const own = await this.#calls(question);
    const { id, cursor, limit: asked } = question;
    const limit = Math.min(MAX_CALLS, asked ?? DEFAULT_CALLS);
    const before = cursor === undefined ? [] : await this.#callsBefore(id, parseCursor(cursor));
    const credentials = new Set([...before, ...own.calls].map(({ record }) => record.credential));
    const related = new Set(await this.#handovers.down(credentials));
    for (const { parent } of (await this.#handovers.up(credentials)).values()) if (parent !== null) related.add(parent);
    for (const credential of credentials) related.delete(credential);
    if (related.size === 0) return own;
    const from = cursor === undefined ? 0 : parseCursor(cursor);
    const until = own.next === null ? Number.MAX_SAFE_INTEGER : parseCursor(own.next) - 1;
    const others = await this.#callsUnder(related, { from, until, limit });
    return merged(own, others, limit);
  }

  async #callsBefore(session: string, seq: number): Promise<readonly CallEntry[]> {
    const query: RecordQuery = { session, limit: CALLS_BEFORE, cursor: cursorAt(Math.max(0, seq - 1)) };
    return (await this.#searcher.search({ query, withContent: true })).items.filter(isCall);
  }

  async #callsUnder(
    credentials: ReadonlySet<string>,
    { from, until, limit }: { readonly from: number; readonly until: number; readonly limit: number },
  ): Promise<CallsPage> {
    const whole = this.#searcher.whole();
    if (whole === null) return { calls: [], next: null };
    const range = { low: Math.max(whole.low, from), high: Math.min(whole.high, until) };
    const ids = [...credentials].map((each) => fieldTerm('id', each)).join(' OR ');
    const kinds = `${fieldTerm('type', 'intent')} OR ${fieldTerm('type', 'refusal')}`;
    const seqs = this.#searcher.seqs(`(${ids}) AND (${kinds})`, range, limit);
    const calls = (await this.#places.read(seqs)).filter(isCall);
    const last = seqs.length < limit ? undefined : seqs.at(-1);
    return {
      calls: calls.filter(({ record }) => credentials.has(record.credential)),
      next: last === undefined ? null : cursorAt(last + 1),
    };
  }

  /** Everything on record of each call, by its first record. A call that began before this page was on an earlier one. */
  async #recordsOf(calls: readonly CallEntry[]): Promise<readonly (readonly Entry[])[]> {
    const first = calls[0];
    if (first === undefined) return [];
    const found = new Map<string, Entry[]>(calls.map(({ record }) => [record.call, []]));
    const terms = [...found.keys()].map((call) => fieldTerm('call', call)).join(' OR ');
    const seqs = this.#seqs(`(${terms})`, found.size * RECORDS_PER_CALL);
    for (const entry of await this.#places.read(seqs)) {
      const { call } = fieldsOf(entry.record);
      if (call !== null) found.get(call)?.push(entry);
    }
    return [...found.values()].filter((entries) => {
      const begun = entries.find(isCall);
      return begun !== undefined && begun.seq >= first.seq;
    });
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

  #seqs(expression: string, limit: number): readonly number[] {
    const whole = this.#searcher.whole();
    return whole === null ? [] : this.#searcher.seqs(expression, whole, limit);
  }
}

/** In one order, as far as both are known, and no more than fit. */
function merged(own: CallsPage, others: CallsPage, limit: number): CallsPage {
  const ends = [own.next, others.next].flatMap((next) => (next === null ? [] : [parseCursor(next)]));
  const end = Math.min(...ends, Number.POSITIVE_INFINITY);
  const known = [...own.calls, ...others.calls].filter(({ seq }) => seq < end).toSorted((a, b) => a.seq - b.seq);
  const calls = known.slice(0, limit);
  const last = calls.at(-1);
  if (calls.length < known.length && last !== undefined) return { calls, next: cursorAt(last.seq + 1) };
  return { calls, next: Number.isFinite(end) ? cursorAt(end) : null };
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
