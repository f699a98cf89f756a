import { describe, expect, it } from 'vitest';
import { benchSearch } from './console-search.ts';

/** The bench itself works, and a hundred thousand records are nothing. Ten million are measured by hand: docs/benchmarks.md. */
describe('the index with a hundred thousand records', () => {
  it('finds everything there is of each kind', async () => {
    const { records, queries, index_MB } = await benchSearch({ records: 100_000, agents: 1_000, turns: 5 });
    expect(records).toBe(100_000);
    expect(index_MB).toBeLessThan(100);
    const nothing = ['words that never meet', 'frequent, never met', 'type without the field'];
    for (const [name, { found }] of Object.entries(queries)) {
      if (!nothing.includes(name)) expect(found, name).toBeGreaterThan(0);
    }
  });
});
