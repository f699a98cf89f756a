import { describe, expect, it } from 'vitest';
import { intentOf, OK, refusalOf } from '../../../../../test/crash/fixture.ts';
import type { Json } from '../../../../model/json.ts';
import type { CallFacts, JournalRecord } from '../../../../model/record.ts';
import type { Entry } from '../../../format/frame.ts';
import type { CallEntry } from './call-view.ts';
import type { Handed } from './handovers.ts';
import { type LinkedCall, linksOf } from './links.ts';

let seq = 0;
const entry = (record: JournalRecord): Entry => ({ seq: seq++, time: '', batch: 0, prev: '', hash: '', record });

function call(id: string, args: Json, more: Partial<CallFacts> & { result?: Json; handed?: Handed } = {}): LinkedCall {
  const { result, handed = null, ...facts } = more;
  const end = result === undefined ? [] : [entry({ type: 'outcome', call: id, ...OK, result })];
  return { entry: entry({ ...intentOf(id, args), ...facts }) as CallEntry, rest: end, handed };
}

describe('what led to what', () => {
  it('a value of a result is an argument of a later call', () => {
    const calls = [
      call('a', {}, { result: { content: [{ type: 'text', text: '{"order":"PO-2026-0001","n":3}' }] } }),
      call('b', { order: 'PO-2026-0001', n: 3 }),
      call('c', { order: 'PO-2026-0002' }),
    ];
    expect(linksOf(calls, true)).toEqual([{ from: 'a', to: 'b', kind: 'data' }]);
    // That two hidden values are the same is nobody's business who may not see them.
    expect(linksOf(calls, false)).toEqual([]);
  });

  it('short values say nothing, and a value comes from the first call that had it', () => {
    const calls = [
      call('a', { id: 'AT', ref: 'reference-1' }),
      call('b', { id: 'AT' }),
      call('c', { ref: 'reference-1' }),
      call('d', { ref: 'reference-1' }),
    ];
    expect(linksOf(calls, true)).toEqual([
      { from: 'a', to: 'c', kind: 'data' },
      { from: 'a', to: 'd', kind: 'data' },
    ]);
  });

  it('an agent acts for the one that handed on, within one transaction', () => {
    const chain = [
      { id: 'worker', kind: 'agent' },
      { id: 'planner', kind: 'agent' },
    ] as const;
    const calls = [
      call('a', {}, { agent: 'planner', txn: 't' }),
      call('b', {}, { agent: 'planner', txn: 't' }),
      call('c', {}, { agent: 'worker', txn: 't', chain }),
      call('d', {}, { agent: 'worker', txn: 'other', chain }),
    ];
    expect(linksOf(calls, false)).toEqual([{ from: 'b', to: 'c', kind: 'delegated' }]);
  });

  it('what was handed on was handed on when it was: what the first agent does afterwards is no cause', () => {
    const chain = [
      { id: 'worker', kind: 'agent' },
      { id: 'planner', kind: 'agent' },
    ] as const;
    const planner = (id: string) => call(id, {}, { agent: 'planner', txn: 't', credential: 'p' });
    const worker = (id: string, handed: Handed) =>
      call(id, {}, { agent: 'worker', txn: 't', chain, credential: 'w', handed });
    const [connected, before] = [call('a', {}, { agent: 'planner', txn: 't', credential: 'p' }), planner('b')];
    const hop: Handed = {
      ...{ seq: seq++, atMs: 0, how: 'exchange', from: 'planner', to: 'worker', connection: 'p-w', scopes: null },
      ...{ task: null, parent: 'p', child: 'w' },
    };
    const calls = [connected, before, planner('c'), worker('d', hop), planner('e'), worker('f', hop)];
    expect(linksOf(calls, false)).toEqual([
      { from: 'b', to: 'd', kind: 'delegated' },
      { from: 'b', to: 'f', kind: 'delegated' },
    ]);
  });

  it('that two clients say the same when they connect is no cause', () => {
    const hello = { protocolVersion: '2025-11-25', clientInfo: { name: 'program-of-ours' } };
    const calls = [
      call('a', hello, { action: 'initialize' }),
      call('b', hello, { action: 'initialize', result: hello }),
      call('c', { name: 'program-of-ours' }),
    ];
    expect(linksOf(calls, true)).toEqual([]);
  });

  it('a call goes on with the answer another asked for', () => {
    const asked = { ...refusalOf('a'), approval: 'req-1' };
    const calls = [
      { entry: entry(asked) as CallEntry, rest: [], handed: null },
      call('b', {}, { approval: 'req-1' }),
      call('c', {}, { approval: 'req-2' }),
    ];
    expect(linksOf(calls, false)).toEqual([{ from: 'a', to: 'b', kind: 'approval' }]);
  });

  it('is bounded, however much there is', () => {
    const values = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`k${i}`, `value-number-${i}`]));
    const calls = Array.from({ length: 200 }, (_, i) =>
      call(`c${i}`, { ...values, own: `own-value-${i}` }, { result: { values: Object.values(values) } }),
    );
    const started = performance.now();
    expect(linksOf(calls, true).length).toBeLessThanOrEqual(1_000);
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});
