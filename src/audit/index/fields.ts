import { isObject, type Json, type JsonObject } from '../../model/json.ts';
import { parseTarget } from '../../model/lock.ts';
import type { AdminRecord, CallFacts, JournalRecord } from '../../model/record.ts';
import { addWords } from './words.ts';

/** Words of one record that can be found, of each kind. */
const MAX_WORDS = 200;

/** What a record can be found by. */
export interface Fields {
  readonly type: JournalRecord['type'];
  readonly effect: string | null;
  readonly act: string | null;
  readonly call: string | null;
  readonly agents: readonly string[];
  readonly people: readonly string[];
  readonly servers: readonly string[];
  readonly tools: readonly string[];
  readonly sessions: readonly string[];
  readonly txn: string | null;
  /** Of whatever it names by an id: requests, tasks, credentials. */
  readonly ids: readonly string[];
}

/**
 * Members of an administrative record that hold arguments or results of calls, wherever they stand: also those a standing approval is
 * bound to, and the line an agent wrote for whoever is asked.
 */
const CONTENT: ReadonlySet<string> = new Set(['arguments', 'args', 'result', 'fixed', 'bindingMessage']);
/** Whoever answers says why, in words about what they were shown. */
const OUTCOME = 'approval.outcome';
const CONTENT_OF_OUTCOME: ReadonlySet<string> = new Set([...CONTENT, 'reason']);

function contentOf({ act }: AdminRecord): ReadonlySet<string> {
  return act === OUTCOME ? CONTENT_OF_OUTCOME : CONTENT;
}

export function fieldsOf(record: JournalRecord): Fields {
  if (record.type === 'admin') return adminFields(record);
  if (record.type === 'outcome') {
    const { type, call, lease } = record;
    return { ...NONE, type, call, ids: lease === undefined ? [] : [lease] };
  }
  return callFields(record);
}

const NONE = {
  ...{ effect: null, act: null, call: null, txn: null },
  ...{ agents: [], people: [], servers: [], tools: [], sessions: [], ids: [] },
} as const;

function callFields(record: CallFacts & { readonly type: 'intent' | 'refusal' }): Fields {
  const { type, agent, owner, subject, server, target, session, txn, approval, credential, task } = record;
  return {
    ...{ type, act: null, call: record.call, txn, effect: record.decision.effect },
    agents: [agent],
    people: texts(owner, subject, ...(record.approvedBy ?? [])),
    servers: [server],
    tools: texts(target),
    sessions: texts(session),
    ids: texts(approval, credential, task, ...(record.tasks ?? [])),
  };
}

/** Acts name what they are about in their detail; a lock names it as its target. */
function adminFields({ act, by, detail }: AdminRecord): Fields {
  const of: JsonObject = isObject(detail) ? detail : {};
  const target = typeof of.target === 'string' ? of.target : null;
  const lock = act.startsWith('lock.') && target !== null ? parseTarget(target) : null;
  const [lockServer = null, ...lockTool] = lock?.kind === 'tool' ? lock.id.split('/') : [];
  const locked = (kind: string): string | null => (lock?.kind === kind ? lock.id : null);
  return {
    ...{ type: 'admin', act, effect: null, call: text(of.call), txn: text(of.txn) },
    agents: texts(of.agent, locked('agent'), of.from, of.to),
    people: texts(by, of.person, of.subject, of.owner, locked('owner'), locked('user')),
    servers: texts(of.server, locked('server'), lockServer),
    tools: texts(of.tool, lock === null ? target : lockTool.join('/')),
    sessions: texts(of.session, locked('session')),
    ids: texts(of.approval, of.standing, of.task, of.id, of.child, of.parent, locked('task')),
  };
}

function text(value: Json | undefined): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function texts(...values: readonly (Json | undefined)[]): readonly string[] {
  return values.filter((value): value is string => text(value) !== null);
}

/** Words everybody may find who may read records. */
export function plainWords(record: JournalRecord): ReadonlySet<string> {
  const found = new Set<string>();
  const add = (value: unknown): void => addWords(found, value as Json, MAX_WORDS);
  if (record.type === 'outcome') {
    add(record.outcome);
    add(record.code);
  } else if (record.type === 'admin') {
    for (const value of [record.act, record.by]) add(value);
    if (record.act !== OUTCOME) add(record.reason);
    add(withoutContent(record.detail, contentOf(record)));
  } else {
    const { decision } = record;
    for (const value of [record.agent, record.subject, record.owner, record.server, record.target, record.action])
      add(value);
    for (const value of [decision.code, decision.reasons, decision.lock, record.surface, record.approvedBy]) add(value);
    for (const value of [record.purpose, record.chain.map(({ id }) => id), decision.errors, decision.obligations])
      add(value);
    add(decision.tiers);
  }
  return found;
}

/** Words only those may find who may see arguments and results. */
export function contentWords(record: JournalRecord): ReadonlySet<string> {
  const found = new Set<string>();
  if (record.type === 'admin') {
    if (record.act === OUTCOME) addWords(found, record.reason, MAX_WORDS);
    addContent(found, record.detail, contentOf(record));
  } else addWords(found, record.type === 'outcome' ? record.result : record.args, MAX_WORDS);
  return found;
}

function addContent(into: Set<string>, value: Json | undefined, content: ReadonlySet<string>): void {
  if (Array.isArray(value)) for (const item of value) addContent(into, item as Json, content);
  else if (isObject(value)) {
    for (const [name, member] of Object.entries(value)) {
      if (content.has(name)) addWords(into, member, MAX_WORDS);
      else addContent(into, member, content);
    }
  }
}

const HIDDEN = { hidden: true } as const;

function withoutContent(value: Json | undefined, content: ReadonlySet<string>): Json | undefined {
  if (Array.isArray(value)) return value.map((item) => withoutContent(item as Json, content) as Json);
  if (!isObject(value)) return value;
  const kept: Record<string, Json | undefined> = {};
  for (const [name, member] of Object.entries(value))
    kept[name] = content.has(name) && member !== null ? HIDDEN : withoutContent(member, content);
  return kept;
}

/** The record as those see it who may not see arguments and results, nor what was taken from them. */
export function hideContent(record: JournalRecord): JournalRecord {
  if (record.type === 'admin') {
    const reason = record.act === OUTCOME ? '' : record.reason;
    return { ...record, reason, detail: withoutContent(record.detail, contentOf(record)) as Json };
  }
  if (record.type === 'outcome') return record.result === undefined ? record : { ...record, result: HIDDEN };
  return { ...record, args: HIDDEN, amount: null };
}
