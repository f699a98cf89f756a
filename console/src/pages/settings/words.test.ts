import { expect, it } from 'vitest';
import { bytes, elapsed, limitWords } from './words.ts';

it('sizes and spans are read as people say them', () => {
  expect([bytes(0), bytes(1023), bytes(1024), bytes(1_572_864)]).toEqual(['0 bytes', '1023 bytes', '1 kB', '1.5 MB']);
  expect([elapsed(250), elapsed(90_000), elapsed(3_600_000)]).toEqual(['250 ms', '1 min 30 s', '1 h']);
  expect(elapsed(2 * 86_400_000 + 3_600_000 * 5 + 1)).toBe('2 d 5 h');
  expect(limitWords(64, 'levels')).toBe('64 levels');
});
