import { describe, expect, it } from 'vitest';
import type { CallView, SessionView } from '../../../../src/model/insight/records.ts';
import { cell, toCsv, toNdjson } from './export.ts';
import { around, chosen, joinPages } from './story.ts';
import { defaultScale, layout, ticks } from './timeline-layout.ts';

function call(seq: number, more: Partial<CallView> = {}): CallView {
  return {
    ...{ call: `c-${seq}`, seq, atMs: seq * 100, endedAtMs: seq * 100 + 50, agent: 'buyer', owner: 'alice' },
    ...{ subject: null, chain: [], handovers: [], purpose: '', session: 's', task: null, txn: null, surface: 'mcp' },
    ...{ action: 'tools/call', server: 'erp', target: 'orders.create', effect: 'permit', code: 'policy' },
    ...{ reasons: ['a.cedar#one'], errors: [], obligations: [], policyVersion: 'v', tiers: null, lock: null },
    ...{ approval: null, approvedBy: [], outcome: 'ok', outcomeCode: null, timingsUs: null },
    ...{ args: { item: 'LAP-14' }, argsHidden: false, result: null, resultAbsent: 'not-kept', resultDigest: null },
    records: [seq],
    ...more,
  } as CallView;
}

describe('a story of several pages', () => {
  it('has every call once, in order, also when pages overlap', () => {
    const page = (calls: CallView[], next: string | null): SessionView => ({
      id: 's',
      calls,
      acts: [],
      links: [],
      next,
    });
    const story = joinPages([page([call(2), call(1)], 'x'), page([call(2), call(3)], null)]);
    expect(story.calls.map(({ seq }) => seq)).toEqual([1, 2, 3]);
  });

  it('is filtered by every word, decision and agent', () => {
    const calls = [call(1), call(2, { agent: 'scout', effect: 'deny' }), call(3, { args: { item: 'PAP' } })];
    const seqs = (filter: object): number[] => chosen(calls, filter).map(({ seq }) => seq);
    expect(seqs({})).toEqual([1, 2, 3]);
    expect(seqs({ words: 'lap-14 ERP' })).toEqual([1, 2]);
    expect(seqs({ words: 'lap-14', effect: 'deny' })).toEqual([2]);
    expect(seqs({ agent: 'scout' })).toEqual([2]);
    expect(chosen([call(1, { argsHidden: true })], { words: 'lap-14' })).toEqual([]);
  });

  it('knows what led to a call and what came of it', () => {
    const links = [
      { from: 'a', to: 'b', kind: 'data' as const },
      { from: 'b', to: 'c', kind: 'delegated' as const },
    ];
    expect(around('b', links)).toEqual({ causes: [links[0]], effects: [links[1]] });
  });
});

describe('the timeline', () => {
  it('has a lane for each agent, and calls at the same time lie below each other', () => {
    const { lanes } = layout([call(1), call(1), call(9), call(5, { agent: 'scout' })], 'time', 0);
    expect(lanes.map(({ agent, rows }) => [agent, rows])).toEqual([
      ['buyer', 2],
      ['scout', 1],
    ]);
    expect(lanes[0]!.bars.map(({ row }) => row)).toEqual([0, 1, 0]);
  });

  it('never leaves its ground, whatever the times', () => {
    const odd = [
      call(1),
      call(1_000_000),
      call(3, { endedAtMs: null, outcome: null }),
      call(4, { effect: 'deny', endedAtMs: null }),
    ];
    for (const scale of ['time', 'steps'] as const)
      for (const { bars } of layout(odd, scale, 500).lanes)
        for (const { left, width } of bars) {
          expect(left).toBeGreaterThanOrEqual(0);
          expect(left + width).toBeLessThanOrEqual(1 + 1e-9);
          expect(width).toBeGreaterThan(0);
        }
    const [only] = layout([call(7, { endedAtMs: 700 })], 'time', 0).lanes;
    expect(only!.bars[0]).toMatchObject({ left: 0, row: 0 });
  });

  it('goes by steps where time would hide most of it', () => {
    expect(defaultScale([call(1), call(2), call(3), call(4)])).toBe('time');
    expect(defaultScale([call(1), call(2), call(3), call(90_000)])).toBe('steps');
    expect(defaultScale([call(1), call(60), call(80)])).toBe('steps');
    expect(defaultScale([call(1, { endedAtMs: 4000 }), call(10), call(30, { endedAtMs: 5000 })])).toBe('time');
    expect(defaultScale(Array.from({ length: 61 }, (_, i) => call(i)))).toBe('steps');
  });

  it('writes round moments below', () => {
    expect(ticks({ fromMs: 0, toMs: 1000 }).map(({ ms }) => ms)).toEqual([0, 500, 1000]);
    expect(ticks({ fromMs: 0, toMs: 1 }).length).toBeGreaterThan(1);
  });
});

describe('exports', () => {
  it('have everything, one call a line', () => {
    const calls = [call(1), call(2)];
    expect(
      toNdjson(calls)
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(calls);
    const lines = toCsv(calls).split('\r\n');
    expect(lines).toHaveLength(4);
    expect(lines[1]).toContain('"{""item"":""LAP-14""}"');
  });

  it('never give a spreadsheet a formula an agent wrote', () => {
    for (const start of ['=', '+', '-', '@', '\t', '\r']) expect(cell(`${start}cmd|' /C calc'!A0`)).toMatch(/^"?'/);
    expect([cell(-5), cell(null), cell('a,"b"')]).toEqual(['-5', '', '"a,""b"""']);
  });

  it('leave out what may not be seen', () => {
    expect(toCsv([call(1, { argsHidden: true, args: { hidden: true } })])).not.toContain('hidden');
  });
});
