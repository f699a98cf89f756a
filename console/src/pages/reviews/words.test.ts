import { describe, expect, it } from 'vitest';
import { changeWords, filterWords, standing } from './words.ts';

const progress = (waiting: number) => ({ total: 4, waiting, byOutcome: {} });
const DAY = 86_400_000;

describe('a campaign', () => {
  it.each([
    ['open', 10 * DAY, 2, 'open'],
    ['open', 2 * DAY, 2, 'due soon'],
    ['open', -1, 2, 'overdue'],
    ['open', -1, 0, 'all decided'],
    ['closed', -1, 2, 'closed'],
    ['preparing', DAY, 2, 'preparing'],
  ] as const)('%s, due in %i ms, %i waiting: %s', (state, inMs, waiting, words) => {
    expect(standing({ state, dueAtMs: 1e12 + inMs, progress: progress(waiting) }, 1e12)[1]).toBe(words);
  });

  it('says which agents it is about', () => {
    expect(filterWords({})).toBe('every agent');
    expect(filterWords({ owner: 'alice', riskTier: 'high' })).toBe('owned by alice, risk high');
  });
});

it('a decision says what it did', () => {
  expect(changeWords({ scopes: ['crm:read'], servers: [] })).toBe('scopes: crm:read; servers: none');
  expect(changeWords({})).toBe('');
});
