import { describe, expect, it } from 'vitest';
import type { LiveCall } from '../../../../src/model/insight/records.ts';
import { backoffMs, pushed, RateBook, RING, WINDOW_S } from './ring.ts';

function call(seq: number, what: LiveCall['what'] = 'permitted'): LiveCall {
  return {
    ...{ seq, what, atMs: seq, call: `c-${seq}`, agent: 'a', subject: null, session: null },
    ...{ server: 's', action: 'tools/call', target: 't', code: null, totalUs: null },
  };
}

describe('the live list', () => {
  it('has the newest first, whatever the order they came in', () => {
    expect(pushed([call(2), call(1)], [call(4), call(3)]).map(({ seq }) => seq)).toEqual([4, 3, 2, 1]);
  });

  it('never holds more than its size, also when one batch alone is bigger', () => {
    const many = Array.from({ length: RING + 50 }, (_, i) => call(i));
    const all = pushed([], many);
    expect([all.length, all[0]!.seq, all.at(-1)!.seq]).toEqual([RING, RING + 49, 50]);
    const next = pushed(all, [call(RING + 50)]);
    expect([next.length, next[0]!.seq, next.at(-1)!.seq]).toEqual([RING, RING + 50, 51]);
  });

  it('shows what is repeated after a reconnect once', () => {
    expect(pushed([call(2), call(1)], [call(1), call(2), call(3)]).map(({ seq }) => seq)).toEqual([3, 2, 1]);
  });

  it('shows what another gateway tells, whose journal is shorter', () => {
    const other = { ...call(3), call: 'of-another' };
    expect(pushed([call(9), call(8)], [other]).map(({ call: id }) => id)).toEqual(['of-another', 'c-9', 'c-8']);
  });

  it('stays the same list when nothing came, so that nothing is drawn', () => {
    const before = [call(1)];
    expect(pushed(before, [])).toBe(before);
  });
});

describe('calls per second', () => {
  it('are counted by kind in the second they came, and forgotten after the window', () => {
    const book = new RateBook();
    book.add([call(1), call(2, 'denied'), call(3, 'asked'), call(4, 'closed'), call(5, 'act')], 10_500);
    book.add([call(6)], 10_900);
    const rates = book.read(11_200);
    expect([rates.permitted.at(-1), rates.asked.at(-1), rates.denied.at(-1)]).toEqual([2, 1, 1]);
    expect(rates.permitted).toHaveLength(WINDOW_S);
    book.add([], 10_500 + (WINDOW_S + 5) * 1000);
    expect(book.read(11_200).permitted.at(-1)).toBe(0);
  });
});

describe('the next try', () => {
  it('comes later each time, to a bound, and not at the same moment for all', () => {
    expect([0, 1, 2, 3].map((n) => backoffMs(n, 1))).toEqual([500, 1000, 2000, 4000]);
    expect(backoffMs(50, 1)).toBe(30_000);
    expect(backoffMs(50, 0)).toBe(15_000);
  });
});
