import { describe, expect, it } from 'vitest';
import { chipsOf, filtersOf, readTyped, valueWords } from './query.ts';

describe('what somebody types into the search of the record', () => {
  it('is words, and exact filters where they name a field', () => {
    expect(readTyped('refund agent:buyer  LAP-14')).toEqual({ words: 'refund LAP-14', filters: { agent: 'buyer' } });
    expect(readTyped('act:agent.create person:"Alice A"')).toEqual({
      words: '',
      filters: { act: 'agent.create', person: 'Alice A' },
    });
    expect(readTyped('tool:orders.create:x')).toEqual({ words: '', filters: { tool: 'orders.create:x' } });
  });

  it('stays words where it names none, or a value there is not', () => {
    for (const text of [
      'https://example.com',
      'urn:x',
      'constructor:x',
      '__proto__:x',
      'type:nonsense',
      'agent:',
      ':x',
    ])
      expect(readTyped(text)).toEqual({ words: text, filters: {} });
  });

  it('comes back from the address as chips, and goes to the API as it is', () => {
    const search = { q: 'refund', agent: 'buyer', type: 'refusal', tab: 'search', nonsense: 'x' };
    expect(chipsOf(search)).toEqual([
      { field: 'type', value: 'refusal' },
      { field: 'agent', value: 'buyer' },
    ]);
    expect(filtersOf(search)).toEqual({ q: 'refund', agent: 'buyer', type: 'refusal' });
    expect(valueWords({ field: 'type', value: 'refusal' })).toBe('Call that did not go on');
  });
});
