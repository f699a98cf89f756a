import type { RecordQuery } from '../../model/insight/records.ts';
import type { JournalRecord } from '../../model/record.ts';
import { contentWords, type Fields, fieldsOf, plainWords } from './fields.ts';
import { shortHash, wordsOf } from './words.ts';

/**
 * What the index holds of a record: words as they are, exact fields as their hash behind a sign no word contains, and words of
 * arguments and results behind another, so that nobody finds them who does not ask with it. One list of terms answers everything.
 */
const FIELD = '§';
const CONTENT = '¤';
/** Enough of a call's id to find it, and what the command line shows of it. */
const CALL_TAIL = 12;
const MAX_TERMS = 16;

const MAX_KNOWN = 50_000;
const known = new Map<string, string>();

/** Agents, servers and tools come again and again; ids do not. */
function hashOf(value: string): string {
  let made = known.get(value);
  if (made === undefined) {
    made = shortHash(value);
    if (known.size >= MAX_KNOWN) known.clear();
    known.set(value, made);
  }
  return made;
}

const exact = (kind: string, value: string): string => FIELD + kind + (kind === 'i' ? shortHash(value) : hashOf(value));
const callToken = (call: string): string => `${FIELD}k${shortHash(call.slice(-CALL_TAIL))}`;

export function tokensOf(record: JournalRecord): string {
  const fields = fieldsOf(record);
  let out = exact('t', fields.type);
  const add = (kind: string, value: string | null): void => {
    if (value !== null) out += ` ${exact(kind, value)}`;
  };
  if (fields.call !== null) out += ` ${callToken(fields.call)}`;
  add('e', fields.effect);
  add('c', fields.act);
  add('i', fields.txn);
  for (const value of fields.agents) add('a', value);
  for (const value of fields.people) add('p', value);
  for (const value of fields.servers) add('v', value);
  for (const value of fields.tools) add('u', value);
  for (const value of fields.sessions) add('i', value);
  for (const value of fields.ids) add('i', value);
  for (const word of plainWords(record)) out += ` ${word}`;
  for (const word of contentWords(record)) out += ` ${CONTENT}${word}`;
  return out;
}

const KINDS = { type: 't', act: 'c', agent: 'a', person: 'p', server: 'v', tool: 'u', id: 'i' } as const;

/** One exact field, as FTS5 reads it: for questions no query can put. */
export function fieldTerm(kind: keyof typeof KINDS | 'call', value: string): string {
  return `"${kind === 'call' ? callToken(value) : exact(KINDS[kind], value)}"`;
}

/** The terms a query needs, as FTS5 reads them; null: every record will do. */
export function expressionOf(query: RecordQuery, withContent: boolean): string | null {
  const all: string[] = [];
  const need = (kind: string, value: string | undefined): void => {
    if (value !== undefined) all.push(`"${exact(kind, value)}"`);
  };
  need('t', query.type);
  need('e', query.effect);
  need('c', query.act);
  need('a', query.agent);
  need('p', query.person);
  need('v', query.server);
  need('u', query.tool);
  need('i', query.session);
  need('i', query.txn);
  if (query.call !== undefined) all.push(`"${callToken(query.call)}"`);
  for (const term of termsOf(query.q)) all.push(termExpression(term, withContent));
  return all.length === 0 ? null : all.join(' AND ');
}

export function termsOf(q: string | undefined): readonly string[] {
  if (q === undefined) return [];
  return q
    .split(/\s+/)
    .filter((term) => wordsOf(term).length > 0)
    .slice(0, MAX_TERMS);
}

function termExpression(term: string, withContent: boolean): string {
  const ids = [exact('i', term), callToken(term)];
  const words = wordsOf(term).map((word) => (withContent ? `("${word}" OR "${CONTENT}${word}")` : `"${word}"`));
  return `(${ids.map((id) => `"${id}"`).join(' OR ')} OR (${words.join(' AND ')}))`;
}

/** Records of one type have not all fields: what asks for both need not be looked for. Two frequent terms that never meet take longest. */
export function isImpossible({ type, effect, act, agent, person, session, server, tool, txn }: RecordQuery): boolean {
  if (effect !== undefined && (act !== undefined || type === 'admin' || type === 'outcome')) return true;
  if (act !== undefined && type !== undefined && type !== 'admin') return true;
  return type === 'outcome' && [agent, person, session, server, tool, txn].some((value) => value !== undefined);
}

interface Found {
  readonly record: JournalRecord;
  readonly atMs: number;
}

/** Whether a record is what the query asks for: the meaning of a query, which the index only makes fast. */
export function matches({ record, atMs }: Found, query: RecordQuery, withContent: boolean): boolean {
  if (query.fromMs !== undefined && atMs < query.fromMs) return false;
  if (query.toMs !== undefined && atMs > query.toMs) return false;
  const fields = fieldsOf(record);
  return matchesFields(fields, query) && matchesWords({ record, fields }, query.q, withContent);
}

function matchesFields(fields: Fields, query: RecordQuery): boolean {
  const is = (asked: string | undefined, value: string | null): boolean => asked === undefined || asked === value;
  const has = (asked: string | undefined, values: readonly string[]): boolean =>
    asked === undefined || values.includes(asked);
  return (
    is(query.type, fields.type) &&
    is(query.effect, fields.effect) &&
    is(query.act, fields.act) &&
    is(query.call, fields.call) &&
    is(query.txn, fields.txn) &&
    has(query.agent, fields.agents) &&
    has(query.person, fields.people) &&
    has(query.server, fields.servers) &&
    has(query.tool, fields.tools) &&
    has(query.session, fields.sessions)
  );
}

function matchesWords(
  { record, fields }: { readonly record: JournalRecord; readonly fields: Fields },
  q: string | undefined,
  withContent: boolean,
): boolean {
  const terms = termsOf(q);
  if (terms.length === 0) return true;
  const plain = plainWords(record);
  const content = withContent ? contentWords(record) : null;
  return terms.every(
    (term) => isId(term, fields) || wordsOf(term).every((word) => plain.has(word) || content?.has(word) === true),
  );
}

function isId(term: string, { call, txn, sessions, ids }: Fields): boolean {
  if (term === txn || sessions.includes(term) || ids.includes(term)) return true;
  return call !== null && (call === term || (term.length === CALL_TAIL && call.endsWith(term)));
}
