import { describe, expect, it } from 'vitest';
import { pathOf } from './path-of.ts';
import { ratesOf, sparse } from './rates.ts';

const pulse = (permitted: readonly number[], denied = permitted.map(() => 0)) => ({
  ...{ atMs: 0, stepMs: 1000, permitted, asked: permitted.map(() => 0), denied },
  ...{ addedUs: null, inFlight: 0, sessions: 0 },
});

describe('calls per second', () => {
  it('are those of the last whole seconds, of every kind', () => {
    expect(ratesOf(pulse([9, 9, 10, 10, 10, 10, 10, 999], [0, 0, 5, 5, 5, 5, 5, 0])).perSecond).toBe('15');
    expect(ratesOf(pulse([0, 0, 0, 0, 0, 3, 0])).perSecond).toBe('0.6');
    expect(ratesOf(pulse([])).perSecond).toBe('0');
  });

  it('that hardly ever happen are peaks, not a line along the bottom', () => {
    expect(sparse([0, 0, 3, 0, 0])).toEqual([null, 0, 3, 0, null]);
  });
});

describe('ways to what needs attention', () => {
  it('are those the router takes', () => {
    expect(pathOf('/console/agents?state=orphaned&x=1')).toEqual({
      to: '/agents',
      search: { state: 'orphaned', x: '1' },
    });
    expect(pathOf('/console')).toEqual({ to: '/', search: {} });
    expect(pathOf('/stop')).toEqual({ to: '/stop', search: {} });
  });
});
