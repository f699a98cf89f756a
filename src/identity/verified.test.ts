import fc from 'fast-check';
import { expect, it } from 'vitest';
import { VerifiedCache } from './verified.ts';

it('never holds more than it may, and never answers with something else than was put in', () => {
  const step = fc.record({ key: fc.integer({ min: 0, max: 30 }), op: fc.constantFrom('get', 'set', 'delete') });
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 20 }), fc.array(step, { maxLength: 200 }), (capacity, steps) => {
      const cache = new VerifiedCache<number>(capacity);
      const model = new Map<string, number>();
      steps.forEach(({ key, op }, at) => {
        const name = String(key);
        if (op === 'set') {
          cache.set(name, at);
          model.set(name, at);
        } else if (op === 'delete') {
          cache.delete(name);
          model.delete(name);
        }
        const found = cache.get(name);
        if (found !== undefined) expect(found).toBe(model.get(name));
        if (op === 'set') expect(found).toBe(at);
        expect(cache.size).toBeLessThanOrEqual(capacity);
      });
    }),
  );
});

it('keeps what is used while a flood of others passes', () => {
  const cache = new VerifiedCache<string>(100);
  cache.set('used', 'x');
  for (let i = 0; i < 10_000; i++) {
    cache.set(`flood ${i}`, 'y');
    if (i % 20 === 0) expect(cache.get('used')).toBe('x');
  }
});

it('forgets every entry a test names', () => {
  const cache = new VerifiedCache<number>(10);
  for (let i = 0; i < 8; i++) cache.set(`${i}`, i);
  cache.deleteWhere((entry) => entry % 2 === 0);
  expect([...Array(8).keys()].map((i) => cache.get(`${i}`)).filter((entry) => entry !== undefined)).toEqual([
    1, 3, 5, 7,
  ]);
});
