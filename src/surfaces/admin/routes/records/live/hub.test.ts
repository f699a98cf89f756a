import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { intentOf, OK, refusalOf } from '../../../../../../test/crash/fixture.ts';
import type { OnRecord } from '../../../../../audit/journal.ts';
import type { LiveCall } from '../../../../../model/insight/records.ts';
import type { JournalRecord } from '../../../../../model/record.ts';
import { type LiveFilter, LiveHub, MAX_CONNECTIONS, MAX_PER_BATCH } from './hub.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function journal(): { hub: LiveHub; listeners: Set<OnRecord>; write(record: JournalRecord): void } {
  const listeners = new Set<OnRecord>();
  let seq = 0;
  const hub = new LiveHub((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  });
  return { hub, listeners, write: (record) => listeners.forEach((on) => on({ seq: seq++, atMs: 1_000, record })) };
}

/** A batch is due, and each reader has had its turn. */
function pass(): void {
  vi.advanceTimersByTime(250);
  vi.advanceTimersByTime(10);
}

function watcher(hub: LiveHub, filter: LiveFilter = {}) {
  const seen = { writes: 0, calls: [] as LiveCall[], missed: 0, unread: 0 };
  const leave = hub.join(filter, {
    write(bytes) {
      seen.writes++;
      for (const event of Buffer.from(bytes)
        .toString()
        .split('\n\n')
        .filter((each) => each !== '')) {
        const [, name, data] = /^event: (\w+)\ndata: (.*)$/.exec(event) as unknown as [string, string, string];
        if (name === 'calls') seen.calls.push(...(JSON.parse(data) as LiveCall[]));
        else seen.missed += Number(data);
      }
    },
    unreadBytes: () => seen.unread,
  });
  return { seen, leave };
}

describe('the live stream', () => {
  it('listens to the journal only while somebody watches', () => {
    const { hub, listeners } = journal();
    expect(listeners.size).toBe(0);
    const [first, second] = [watcher(hub), watcher(hub)];
    expect(listeners.size).toBe(1);
    first.leave();
    expect(listeners.size).toBe(1);
    second.leave();
    second.leave();
    expect(listeners.size).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('tells what became of each call, and whose it was when it ends', () => {
    const { hub, write } = journal();
    const { seen } = watcher(hub);
    write({ type: 'outcome', call: 'before', ...OK });
    write(intentOf('a'));
    write(refusalOf('b'));
    write({ ...refusalOf('c'), decision: { ...refusalOf('c').decision, effect: 'ask', code: 'approval-pending' } });
    write({ type: 'outcome', call: 'a', ...OK });
    write({ type: 'admin', act: 'lock.put', by: 'bob', reason: 'odd', detail: { target: 'agent:buyer' } });
    write({ type: 'admin', act: 'journal.segment', by: 'interlock', reason: '', detail: {} });
    vi.advanceTimersByTime(250);
    expect(seen.calls.map(({ what }) => what)).toEqual(['permitted', 'denied', 'asked', 'closed', 'act']);
    expect(seen.calls[3]).toMatchObject({ call: 'a', agent: 'procurement', code: 'ok', totalUs: 1900 });
    expect(seen.calls[4]).toMatchObject({ agent: 'buyer', subject: 'bob', action: 'lock.put', target: 'agent:buyer' });
    // Nothing of arguments or results.
    expect(JSON.stringify(seen.calls)).not.toContain('paper');
  });

  it('sends each only what it asked for', () => {
    const { hub, write } = journal();
    const denied = watcher(hub, { effect: 'deny' });
    const other = watcher(hub, { agent: 'other' });
    const session = watcher(hub, { session: 'session-1', server: 'orders' });
    write(intentOf('a'));
    write({ ...refusalOf('b'), agent: 'other', session: null });
    pass();
    expect(denied.seen.calls.map(({ call }) => call)).toEqual(['b']);
    expect(other.seen.calls.map(({ call }) => call)).toEqual(['b']);
    expect(session.seen.calls.map(({ call }) => call)).toEqual(['a']);
  });

  it('sends at most four times a second and so many at once; the rest is a number', () => {
    const { hub, write } = journal();
    const { seen } = watcher(hub);
    for (let ms = 0; ms < 1_000; ms += 10) {
      for (let i = 0; i < 30; i++) write(refusalOf(`call-${ms}-${i}`));
      vi.advanceTimersByTime(10);
    }
    expect(seen.writes).toBeLessThanOrEqual(4);
    expect(seen.calls.length).toBe(4 * MAX_PER_BATCH);
    expect(seen.calls.length + seen.missed).toBe(3_000);
  });

  it('holds nothing for a reader that does not read, and tells it what it missed', () => {
    const { hub, write } = journal();
    const { seen } = watcher(hub);
    seen.unread = 1_000_000;
    for (let turn = 0; turn < 10; turn++) {
      write(refusalOf(`call-${turn}`));
      vi.advanceTimersByTime(250);
    }
    expect(seen.writes).toBe(0);
    seen.unread = 0;
    write(refusalOf('last'));
    vi.advanceTimersByTime(250);
    expect(seen.calls.map(({ call }) => call)).toEqual(['last']);
    expect(seen.missed).toBe(10);
  });

  it('gives those who want the same the same bytes, and nobody what was before they came', () => {
    const { hub, write } = journal();
    const first = watcher(hub);
    const [leaves, stays] = [watcher(hub), watcher(hub)];
    write(refusalOf('a'));
    const late = watcher(hub);
    write(refusalOf('b'));
    leaves.leave();
    pass();
    const callsOf = ({ seen }: typeof first) => seen.calls.map(({ call }) => call);
    expect([callsOf(first), callsOf(stays), callsOf(late)]).toEqual([['a', 'b'], ['a', 'b'], ['b']]);
    // Gone before its turn: nothing is written to a connection that has ended.
    expect(callsOf(leaves)).toEqual([]);
  });

  it('makes calls wait for one reader at a time, never for all of them', () => {
    const { hub, write } = journal();
    const all = Array.from({ length: 5 }, () => watcher(hub));
    write(refusalOf('a'));
    const written = () => all.reduce((sum, { seen }) => sum + seen.writes, 0);
    vi.advanceTimersToNextTimer();
    const turns = [written()];
    for (let turn = 1; turn < 5; turn++) {
      vi.advanceTimersToNextTimer();
      turns.push(written());
    }
    expect(turns).toEqual([1, 2, 3, 4, 5]);
  });

  it('lets nothing pile up while turns are slow: what does not fit is a number', () => {
    const { hub, write } = journal();
    const all = Array.from({ length: 5 }, () => watcher(hub));
    const waiting: (() => void)[] = [];
    const turning = vi.spyOn(globalThis, 'setImmediate');
    turning.mockImplementation(((turn: () => void) => waiting.push(turn)) as never);
    for (let batch = 0; batch < 40; batch++) {
      for (let i = 0; i < 30; i++) write(refusalOf(`call-${batch}-${i}`));
      vi.advanceTimersByTime(250);
    }
    let turns = 0;
    for (let turn = waiting.shift(); turn !== undefined; turn = waiting.shift(), turns++) turn();
    turning.mockRestore();
    expect(turns).toBe(5);
    pass();
    for (const { seen } of all) {
      expect(seen.calls).toHaveLength(30 + MAX_PER_BATCH);
      expect(seen.calls.length + seen.missed).toBe(40 * 30);
    }
  });

  it('has room for so many', () => {
    const { hub } = journal();
    const all = Array.from({ length: MAX_CONNECTIONS }, () => watcher(hub));
    expect(hub.full).toBe(true);
    all[0]!.leave();
    expect(hub.full).toBe(false);
  });
});
