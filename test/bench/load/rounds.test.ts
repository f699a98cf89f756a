import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type LoadResult, percentile } from './job.ts';
import { median, paired, rotated, typical } from './rounds.ts';

const result = (rps: number, cpuUsPerRequest: number | null = null): LoadResult => ({
  requests: 1,
  rps,
  p50Ms: 1,
  p99Ms: 1,
  cpuUsPerRequest,
});

describe('figures of several rounds', () => {
  it('are compared pair by pair, so that drift of the machine cancels out', () => {
    const ours = [result(100), result(50), result(25)];
    const theirs = [result(200), result(100), result(50)];
    expect(paired([ours, theirs], (a, b) => a.rps / b.rps)).toBe(0.5);
  });

  it('are null where one side was not measured, never zero', () => {
    expect(paired([undefined, [result(1)]], (a, b) => a.rps / b.rps)).toBeNull();
    expect(paired([[result(1)], [result(1), result(2)]], (a, b) => a.rps / b.rps)).toBeNull();
    expect(typical([result(1)], (one) => one.cpuUsPerRequest)).toBeNull();
    expect(typical(undefined, (one) => one.rps)).toBeNull();
  });

  it('have a median that at least half of them reach and at least half do not exceed', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1 }), (values) => {
        const middle = median(values);
        expect(values.filter((value) => value <= middle).length * 2).toBeGreaterThanOrEqual(values.length);
        expect(values.filter((value) => value >= middle).length * 2).toBeGreaterThanOrEqual(values.length);
      }),
    );
  });

  it('have a percentile that is one of them, with the right share at or below it', () => {
    const values = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1 });
    fc.assert(
      fc.property(values, fc.double({ min: 0.01, max: 1, noNaN: true }), (unsorted, share) => {
        const sorted = unsorted.toSorted((a, b) => a - b);
        const found = percentile(sorted, share);
        expect(sorted).toContain(found);
        expect(sorted.filter((value) => value <= found).length).toBeGreaterThanOrEqual(share * sorted.length - 1e-9);
        expect(sorted.filter((value) => value < found).length).toBeLessThan(share * sorted.length + 1e-9);
      }),
    );
  });

  it('come from an order that changes every round and leaves nobody out', () => {
    expect(rotated(['a', 'b', 'c'], 4)).toEqual(['b', 'c', 'a']);
    expect(rotated([], 3)).toEqual([]);
  });
});
