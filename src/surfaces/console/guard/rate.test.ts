import { expect, it } from 'vitest';
import { Rate } from './rate.ts';

it('lets a burst through, then so many a second, each person for themselves', () => {
  const time = { us: 0 };
  const rate = new Rate({ monotonicUs: () => time.us }, { perSecond: 10, burst: 5 });
  const taken = (person: string, tries: number) =>
    Array.from({ length: tries }, () => rate.take(person)).filter(Boolean);
  expect(taken('alice', 20)).toHaveLength(5);
  expect(taken('bob', 1)).toHaveLength(1);
  time.us += 300_000;
  expect(taken('alice', 20)).toHaveLength(3);
  time.us += 60_000_000;
  expect(taken('alice', 20)).toHaveLength(5);
});

it('knows so many people and no more', () => {
  const rate = new Rate({ monotonicUs: () => 0 }, { perSecond: 1, burst: 1 });
  for (let i = 0; i < 10_001; i++) expect(rate.take(`p${i}`)).toBe(true);
  expect(rate.take('p10000')).toBe(false);
  expect(rate.take('p0')).toBe(true);
});
