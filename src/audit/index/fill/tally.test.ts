import { describe, expect, it } from 'vitest';
import { intentOf, refusalOf } from '../../../../test/crash/fixture.ts';
import type { CallFacts } from '../../../model/record.ts';
import { AskedCalls, HOUR_MS, Tally } from './tally.ts';

const asks = (facts: CallFacts, code: string) => ({ ...facts.decision, effect: 'ask' as const, code });

describe('a call people are asked about', () => {
  it('counts once, as what it came to, also when that is in another batch and another hour', () => {
    const asked = new AskedCalls();
    const first = new Tally(asked);
    const question = (call: string) => {
      const record = { ...refusalOf(call), session: 's' };
      return { ...record, decision: asks(record, 'approval-pending') };
    };
    first.add(question('a'), { seq: 1, atMs: 1 });
    first.add(question('b'), { seq: 2, atMs: 2 });
    expect([...first.used.values()]).toMatchObject([{ asked: 2, denied: 0, hour: 0 }]);
    expect(first.sessions.get('s')).toMatchObject({ calls: 2, asked: 2, denied: 0 });
    const second = new Tally(asked);
    const answered = { ...intentOf('a'), session: 's', approval: 'r-1' };
    second.add({ ...answered, decision: asks(answered, 'policy') }, { seq: 3, atMs: HOUR_MS + 1 });
    const refused = { ...refusalOf('b'), session: 's', approval: 'r-2' };
    second.add({ ...refused, decision: asks(refused, 'approval-denied') }, { seq: 4, atMs: HOUR_MS + 2 });
    expect([...second.used.values()]).toMatchObject([{ asked: -1, denied: 1, permitted: 0, hour: 0 }]);
    expect(second.sessions.get('s')).toMatchObject({ calls: 0, asked: 0, denied: 1, lastSeq: 4 });
  });
});
