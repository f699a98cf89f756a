import type { SessionView } from '../../../../model/insight/records.ts';
import type { Json } from '../../../../model/json.ts';
import type { CallFacts, JournalRecord } from '../../../../model/record.ts';
import type { Entry } from '../../../format/frame.ts';
import type { CallEntry } from './call-view.ts';
import type { Handed } from './handovers.ts';

type Link = SessionView['links'][number];

/** Shorter values are anything and nothing: numbers of pieces, country codes, `true`. */
const MIN_VALUE_CHARS = 8;
const MAX_VALUE_CHARS = 512;
const MAX_VALUES_PER_CALL = 200;
const MAX_VALUES = 20_000;
const MAX_LINKS = 1_000;

export interface LinkedCall {
  /** What was decided last. */
  readonly entry: CallEntry;
  /** Its outcome, among others. */
  readonly rest: readonly Entry[];
  /** How the work came to it, the last hop that changed the agent; `null`: none is on record. */
  readonly handed: Handed | null;
}

/**
 * From cause to effect, as far as the records say it: an agent was handed work by one that had called before, a call is the one people
 * were asked about, a value that one call brought to light is an argument of a later one.
 */
export function linksOf(calls: readonly LinkedCall[], withContent: boolean): readonly Link[] {
  const links: Link[] = [...delegations(calls), ...approvals(calls)];
  // That two hidden values are the same is content too.
  if (withContent) links.push(...data(calls));
  return links.slice(0, MAX_LINKS);
}

/** Of every call under one credential the cause is the same: what the agent before had done last when it handed on. */
function delegations(calls: readonly LinkedCall[]): readonly Link[] {
  const links: Link[] = [];
  const causes = new Map<string, string | null>();
  const before: CallEntry[] = [];
  for (const { entry, handed } of calls) {
    const { credential, txn, agent, call } = entry.record;
    const key = JSON.stringify([credential, txn, agent]);
    if (!causes.has(key)) causes.set(key, causeOf(before, entry, handed));
    const from = causes.get(key) ?? null;
    if (from !== null) links.push({ from, to: call, kind: 'delegated' });
    before.push(entry);
  }
  return links;
}

function causeOf(before: readonly CallEntry[], { record }: CallEntry, handed: Handed | null): string | null {
  const { agent, chain, txn } = record;
  const until = handed?.seq ?? Number.POSITIVE_INFINITY;
  const earlier = before.filter(({ seq }) => seq < until);
  // By the very credential that was handed on; else by the nearest agent of the chain, within one transaction.
  const senders = chain.filter(({ id, kind }) => kind === 'agent' && id !== agent).map(({ id }) => id);
  const found =
    (handed === null ? undefined : lastOf(earlier, (one) => one.credential === handed.parent)) ??
    (txn === null
      ? undefined
      : senders.map((id) => lastOf(earlier, (one) => one.txn === txn && one.agent === id))
    )?.find((one) => one !== undefined);
  return found?.record.call ?? null;
}

/** Rather what it did than that it connected. */
function lastOf(entries: readonly CallEntry[], is: (record: CallEntry['record']) => boolean): CallEntry | undefined {
  const fitting = entries.filter(({ record }) => is(record));
  return fitting.findLast(({ record }) => !isHandshake(record)) ?? fitting.at(-1);
}

/** What every client says when it connects means nothing. */
function isHandshake({ action }: Pick<CallFacts, 'action'>): boolean {
  return action === 'initialize' || action === 'notifications';
}

function approvals(calls: readonly LinkedCall[]): readonly Link[] {
  const asked = new Map<string, string>();
  const links: Link[] = [];
  for (const { entry } of calls) {
    const { approval, call } = entry.record;
    if (approval === null || approval.startsWith('route:')) continue;
    const from = asked.get(approval);
    if (from !== undefined) links.push({ from, to: call, kind: 'approval' });
    else if (entry.record.type === 'refusal') asked.set(approval, call);
  }
  return links;
}

function data(calls: readonly LinkedCall[]): readonly Link[] {
  const results = new Map<string, string>();
  const given = new Map<string, string>();
  const links: Link[] = [];
  for (const { entry, rest } of calls) {
    const { call, args } = entry.record as CallFacts;
    if (isHandshake(entry.record)) continue;
    const mine = valuesOf(args);
    const from = new Set<string>();
    for (const value of mine) {
      const source = results.get(value) ?? given.get(value);
      if (source !== undefined) from.add(source);
    }
    for (const source of from) links.push({ from: source, to: call, kind: 'data' });
    // The first that had a value is where it came from.
    for (const value of mine) keep(given, value, call);
    for (const { record } of rest) for (const value of resultValues(record)) keep(results, value, call);
  }
  return links;
}

function keep(into: Map<string, string>, value: string, call: string): void {
  if (into.size < MAX_VALUES && !into.has(value)) into.set(value, call);
}

function resultValues(record: JournalRecord): ReadonlySet<string> {
  const found = new Set<string>();
  if (record.type === 'outcome') collect(found, record.result, true);
  return found;
}

function valuesOf(args: Json): ReadonlySet<string> {
  const found = new Set<string>();
  collect(found, args, false);
  return found;
}

/** Whole values; of the text of results the words of it too, because tools answer in prose and in JSON as text. */
function collect(into: Set<string>, value: Json | undefined, split: boolean): void {
  if (into.size >= MAX_VALUES_PER_CALL || value === null || value === undefined) return;
  if (typeof value === 'object') {
    for (const member of Array.isArray(value) ? value : Object.values(value)) collect(into, member as Json, split);
    return;
  }
  const text = String(value);
  if (text.length >= MIN_VALUE_CHARS && text.length <= MAX_VALUE_CHARS && typeof value !== 'boolean') into.add(text);
  if (!split || typeof value !== 'string') return;
  for (const [word] of text.slice(0, 16_384).matchAll(/[\p{L}\p{N}][\p{L}\p{N}_.@:/+-]{6,}[\p{L}\p{N}]/gu)) {
    if (into.size >= MAX_VALUES_PER_CALL) return;
    into.add(word);
  }
}
