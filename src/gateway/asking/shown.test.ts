import { describe, expect, it } from 'vitest';
import type { ShownRequest, ValueOrigin } from '../../model/approval.ts';
import type { JsonObject } from '../../model/json.ts';
import { shownAgain } from './shown.ts';

const session = (calls: number) => ({
  id: 's1',
  startedAtMs: 0,
  calls,
  denied: 0,
  asked: 1,
  readUntrusted: true,
  recent: [],
});

function shown(args: JsonObject, origins: readonly ValueOrigin[], calls: number): ShownRequest {
  return {
    call: `c${calls}`,
    arguments: args,
    origins,
    session: session(calls),
    watched: calls > 0,
  } as unknown as ShownRequest;
}

describe('a call shown again with other arguments (HU1)', () => {
  it('keeps its session, and where what nobody changed came from', () => {
    const origin = (at: string, from: ValueOrigin['from']): ValueOrigin => ({ at, from, source: null });
    const before = shown(
      { to: 'DE89', total: 900, deep: { a: 'x1' } },
      [origin('/to', 'untrusted-result'), origin('/total', 'tool-result'), origin('/deep/a', 'earlier-arguments')],
      7,
    );
    const now = shown(
      { to: 'DE89', total: 90, deep: { a: 'x1' }, note: 'less' },
      ['/to', '/total', '/deep/a', '/note'].map((at) => origin(at, 'nowhere-seen')),
      0,
    );
    const again = shownAgain(now, before);
    expect(again.arguments).toEqual(now.arguments);
    expect(again).toMatchObject({ call: 'c7', session: { calls: 7 }, watched: true });
    expect(again.origins.map(({ at, from }) => [at, from])).toEqual([
      ['/to', 'untrusted-result'],
      ['/total', 'not-looked'],
      ['/deep/a', 'earlier-arguments'],
      ['/note', 'not-looked'],
    ]);
  });
});
