import { describe, expect, it } from 'vitest';
import { intentOf, OK, refusalOf } from '../../../test/crash/fixture.ts';
import type { RecordQuery } from '../../model/insight/records.ts';
import type { JournalRecord } from '../../model/record.ts';
import { fieldsOf, hideContent } from './fields.ts';
import { expressionOf, matches, tokensOf } from './tokens.ts';
import { addWords, shortHash, wordsOf } from './words.ts';

const atMs = Date.UTC(2026, 7, 31, 12);
const is = (record: JournalRecord, query: RecordQuery, withContent = true): boolean =>
  matches({ record, atMs }, query, withContent);
const intent: JournalRecord = {
  ...intentOf('0192f0c1-7a2b-7c3d-8e4f-5a6b7c8d9e0f', { item: 'Grüner Tee', nested: [{ code: 'ABC-77' }] }),
  session: 'sess-1',
  txn: 'txn-1',
  approval: 'req-9',
  approvedBy: ['carol'],
};
const lock: JournalRecord = {
  ...{ type: 'admin', act: 'lock.put', by: 'bob', reason: 'does odd things' },
  detail: { target: 'tool:erp/orders.create', tier: 'halt', arguments: { item: 'secret' } },
};

describe('words', () => {
  it('are letters and digits in a row, in lower case, in any script', () => {
    expect(wordsOf('Orders.create (PO-17) für 東京!')).toEqual(['orders', 'create', 'po', '17', 'für', '東京']);
    expect(wordsOf('ﬁle ÄRGER')).toEqual(['file', 'ärger']);
    expect(wordsOf('§¤"*')).toEqual([]);
  });

  it('are bounded in length and number', () => {
    expect(wordsOf('x'.repeat(5_000))).toEqual(['x'.repeat(64)]);
    const words = new Set<string>();
    addWords(
      words,
      Array.from({ length: 500 }, (_, i) => `w${i}`),
      200,
    );
    expect(words.size).toBe(200);
  });

  it('have hashes that differ', () => {
    const hashes = new Set(Array.from({ length: 100_000 }, (_, i) => shortHash(`agent-${i}`)));
    expect(hashes.size).toBe(100_000);
    expect([...hashes].every((hash) => /^[0-9a-z]{6,12}$/.test(hash))).toBe(true);
  });
});

describe('a record', () => {
  it('is found by its words, all of them, whole and in any case', () => {
    for (const q of [
      'procurement',
      'ORDERS create',
      'below the threshold',
      'alice@example.com',
      'buy.cedar#small',
      'carol',
    ])
      expect(is(intent, { q }), q).toBe(true);
    for (const q of ['procure', 'orders delete', 'nobody']) expect(is(intent, { q }), q).toBe(false);
  });

  it('is found by whole ids, and by the end of a call', () => {
    for (const q of [
      'sess-1',
      'txn-1',
      'req-9',
      '0192f0c1-7a2b-7c3d-8e4f-5a6b7c8d9e0f',
      '5a6b7c8d9e0f',
      'credential-1',
    ])
      expect(is(intent, { q }), q).toBe(true);
    for (const q of ['sess', '0192f0c1', '6b7c8d9e0f', 'Sess-1']) expect(is(intent, { q }), q).toBe(false);
  });

  it('is found by its arguments only by whoever may see them', () => {
    for (const q of ['grüner', 'abc-77', '77 tee']) {
      expect(is(intent, { q }), q).toBe(true);
      expect(is(intent, { q }, false), q).toBe(false);
    }
    expect(is(lock, { q: 'secret' }, false)).toBe(false);
    expect(is(lock, { q: 'secret' })).toBe(true);
    const outcome: JournalRecord = { type: 'outcome', call: 'c', ...OK, result: { text: 'answered' } };
    expect([is(outcome, { q: 'answered' }), is(outcome, { q: 'answered' }, false)]).toEqual([true, false]);
  });

  it('of an answer to a question shows neither what it is bound to nor why it was given to whoever may not see content', () => {
    const standing = { agent: 'buyer', fixed: { '/iban': 'DE-SECRET' }, free: ['note'], maxAmount: null };
    const answer = { person: 'carol', verdict: 'approved', reason: 'the DE-SECRET account', standing };
    const outcome: JournalRecord = {
      ...{ type: 'admin', act: 'approval.outcome', by: 'carol', reason: 'the DE-SECRET account' },
      detail: { approval: 'req-9', answers: [{ ...answer, proof: { statement: { standing } } }] },
    };
    const beforehand: JournalRecord = {
      ...{ type: 'admin', act: 'backchannel.ask', by: 'buyer', reason: 'buys paper' },
      detail: { call: 'c', bindingMessage: 'pay DE-SECRET' },
    };
    for (const record of [outcome, beforehand]) {
      expect(JSON.stringify(hideContent(record))).not.toContain('SECRET');
      expect([is(record, { q: 'de-secret' }), is(record, { q: 'de-secret' }, false)]).toEqual([true, false]);
      expect(tokensOf(record).split(' ')).not.toContain('secret');
    }
    expect(hideContent(outcome)).toMatchObject({ by: 'carol', detail: { answers: [{ verdict: 'approved' }] } });
  });

  it('is found by exact fields', () => {
    const good: RecordQuery[] = [
      ...[{ type: 'intent' } as const, { effect: 'permit' } as const, { agent: 'procurement' }, { person: 'carol' }],
      ...[
        { person: 'bob@example.com' },
        { session: 'sess-1' },
        { server: 'orders' },
        { tool: 'create' },
        { txn: 'txn-1' },
      ],
      ...[{ fromMs: atMs }, { toMs: atMs }],
    ];
    for (const query of good) expect(is(intent, query), JSON.stringify(query)).toBe(true);
    const bad: RecordQuery[] = [
      ...[{ type: 'refusal' } as const, { effect: 'deny' } as const, { agent: 'Procurement' }, { session: 'sess' }],
      ...[{ act: 'lock.put' }, { fromMs: atMs + 1 }, { toMs: atMs - 1 }, { call: '5a6b7c8d9e0f' }],
    ];
    for (const query of bad) expect(is(intent, query), JSON.stringify(query)).toBe(false);
  });

  it('of an act is about whom and what its detail names', () => {
    expect(fieldsOf(lock)).toMatchObject({
      act: 'lock.put',
      servers: ['erp'],
      tools: ['orders.create'],
      people: ['bob'],
    });
    const onAgent = { ...lock, detail: { target: 'agent:buyer' } } as JournalRecord;
    expect(fieldsOf(onAgent)).toMatchObject({ agents: ['buyer'], servers: [], tools: [''].slice(1) });
    const answer = {
      ...lock,
      act: 'approval.outcome',
      detail: { approval: 'r', agent: 'a', server: 's', target: 't' },
    };
    expect(fieldsOf(answer as JournalRecord)).toMatchObject({
      agents: ['a'],
      servers: ['s'],
      tools: ['t'],
      ids: ['r'],
    });
  });
});

describe('the terms', () => {
  it('of arguments and results are marked in the index, and asked for only with the right to', () => {
    const terms = tokensOf(intent).split(' ');
    for (const word of ['grüner', 'tee', 'abc', '77']) {
      expect(terms).toContain(`¤${word}`);
      expect(terms).not.toContain(word);
    }
    expect(tokensOf(lock).split(' ')).toContain('¤secret');
    expect(expressionOf({ q: 'tee abc-77' }, true)).toContain('"¤tee"');
    expect(expressionOf({ q: 'tee abc-77 ¤tee' }, false)).not.toContain('¤');
  });

  it('of fields are none that a word could be', () => {
    const field = tokensOf(refusalOf('c'))
      .split(' ')
      .find((term) => term.startsWith('§a')) as string;
    expect(wordsOf(field)).not.toContain(field);
    expect(is({ ...refusalOf('c'), agent: 'other', purpose: field }, { agent: 'procurement' })).toBe(false);
  });

  it('of a question are always quoted, whatever was typed', () => {
    const expression = expressionOf({ q: '" OR 1* NEAR(a b) {x}:y ^z -- AND' }, true) as string;
    expect(expression.replaceAll(/"[^"]*"/g, '').replaceAll(/AND|OR|[() ]/g, '')).toBe('');
    expect(expressionOf({ q: '"' }, true)).toBeNull();
    expect(expressionOf({}, true)).toBeNull();
  });
});
