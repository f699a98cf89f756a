import { expect, it } from 'vitest';
import type { CallResult, Refusal } from '../../../../gateway/attempt.ts';
import type { Action } from '../../../../model/action.ts';
import type { RefusalCode } from '../../../../model/decision.ts';
import { ranOf } from './resuming.ts';

const ACTION = { name: 'tools/call', server: 'erp', target: { kind: 'tool', name: 'buy' } } as Action;
const refused = (code: RefusalCode, approval: string | null): CallResult => {
  const decision = {
    effect: 'ask',
    reasons: [],
    messages: [],
    ask: [],
    obligations: [],
    errors: [],
    policyVersion: '',
  };
  const rest = { call: 'c1', decision, lock: null, scope: null, findings: [], said: '', hidden: false, fault: null };
  return { kind: 'refused', refusal: { code, approval, ...rest } as Refusal };
};
const kindOf = (code: RefusalCode, approval: string | null): string =>
  ranOf({ jsonrpc: '2.0', id: 1, method: 'tools/call' }, refused(code, approval), ACTION).kind;

it('a call that was kept from its answer is tried again; one that used it up and was stopped is over', () => {
  for (const code of ['paused', 'overloaded', 'stale-view', 'journal-unavailable'] as const)
    expect([code, kindOf(code, null), kindOf(code, 'a1')]).toEqual([code, 'not-yet', 'done']);
  expect(kindOf('approval-pending', 'a1')).toBe('not-yet');
  expect(kindOf('killed', null)).toBe('done');
});
