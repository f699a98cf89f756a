import { describe, expect, it } from 'vitest';
import { input, labels } from '../../../test/policy/company.ts';
import type { ShownRequest, ValueOrigin } from '../../model/approval.ts';
import type { Decision } from '../../model/decision.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Gateway } from '../gateway.ts';
import { SessionState } from '../session-facts.ts';
import { NO_FACTS, type Trace } from '../trace.ts';
import { shownAgain, shownRequest } from './shown.ts';

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

describe('what reaches the server (HU1)', () => {
  const asked = (params: JsonObject) => {
    const { caller, action } = input();
    const attempt = {
      ...{ caller, action, session: new SessionState('s1', 0), frame: { method: 'tools/call', params } },
      server: { id: action.server, environment: null, words: new Map(), facts: new Map() },
    };
    const known = { state: 'known', labels: labels('write'), pin: 'p', definition: null, findings: [] } as const;
    const decision = { reasons: [], messages: [], obligations: [], policyVersion: 'v' } as never as Decision;
    const trace = { attempt, call: 'c1', facts: NO_FACTS } as never as Trace;
    return shownRequest({} as Gateway, trace, { known, decision, entry: { watched: false } });
  };

  it('is shown whole: what is neither name nor argument as well', () => {
    const answers = { sure: { action: 'accept' } };
    const carried = { name: 'x', arguments: {}, _meta: { progressToken: 1 } };
    expect(asked({ ...carried, inputResponses: answers, odd: 1 }).also).toEqual({ inputResponses: answers, odd: 1 });
    expect(asked(carried)).not.toHaveProperty('also');
  });
});
