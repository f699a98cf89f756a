import { describe, expect, it } from 'vitest';
import { amountWords, argumentRows, leftWords, sentenceText } from './words.ts';

describe('a request in words', () => {
  it('puts values into the sentence, hidden characters written out', () => {
    const parts = [
      { text: 'Order from ' },
      { argument: 'supplier', value: 'north\u202Ewind', missing: false },
      { text: ' for ' },
      { argument: 'total', value: null, missing: true },
    ];
    expect(sentenceText(parts)).toBe('Order from north⟨U+202E⟩wind for (no total)');
  });

  it('says where each value came from, and which a person changed', () => {
    const origins = [
      { at: '/supplier', from: 'untrusted-result', source: 'crm/tickets.find' },
      { at: '/lines/0/sku', from: 'tool-result', source: 'erp/items.list' },
      { at: '/total', from: 'nowhere-seen', source: null },
    ] as const;
    const shown = { arguments: { supplier: 'northwind', lines: [{ sku: 'A' }], total: 900 }, origins };
    const rows = argumentRows(shown, { supplier: 'northwind', lines: [{ sku: 'A' }], total: 600, note: 'less' });
    expect(rows.map(({ name, was }) => [name, was])).toEqual([
      ['supplier', undefined],
      ['lines', undefined],
      ['total', 900],
      ['note', null],
    ]);
    expect(rows[0]!.origins).toMatchObject([{ tone: 'bad', source: 'crm/tickets.find' }]);
    expect(rows[1]!.origins).toMatchObject([{ at: '0/sku', source: 'erp/items.list' }]);
    // What a person wrote came from nowhere else.
    expect(rows[2]!.origins).toEqual([]);
  });

  it('writes money and time left as people do', () => {
    expect(amountWords(12_495_000, 'EUR')).toBe('1,249.50 EUR');
    expect([leftWords(-5), leftWords(62_000), leftWords(3_723_000), leftWords(300_000_000)]).toEqual([
      '00:00',
      '01:02',
      '1:02:03',
      '3 days',
    ]);
  });
});
