import { describe, expect, it } from 'vitest';
import { digestJson } from '../../model/canonical.ts';
import type { JsonObject } from '../../model/json.ts';
import { toAction } from '../action.ts';
import { CLIENT_REQUESTS } from '../methods.ts';
import { callerApproval, undisclosedDigest } from './approved.ts';

const ARGS = { total: 90, to: 'northwind' };
const action = (params: JsonObject, server = 'erp') =>
  toAction({ method: 'tools/call', params: { name: 'pay', ...params } }, CLIENT_REQUESTS.get('tools/call')!, server);
const carrying = (digest: string) => ({ approved: { approval: 'a1', digest } });

describe('HU2: an approval a credential carries', () => {
  it('is for the very action, whatever its progress token', () => {
    const held = carrying(action({ arguments: ARGS }).digest);
    expect(callerApproval(held, action({ arguments: ARGS }))).toBe('a1');
    expect(callerApproval(held, action({ arguments: { to: 'northwind', total: 90 }, _meta: { t: 1 } }))).toBe('a1');
    expect(callerApproval({ approved: null }, action({ arguments: ARGS }))).toBeNull();
  });

  it.each<[string, ReturnType<typeof action>]>([
    ['another argument', action({ arguments: { ...ARGS, total: 91 } })],
    ['one more', action({ arguments: { ...ARGS, note: '' } })],
    ['no arguments', action({})],
    ['another tool', action({ name: 'refund', arguments: ARGS })],
    ['another server', action({ arguments: ARGS }, 'bank')],
    ['something beside the arguments', action({ arguments: ARGS, task: { ttl: 1 } })],
  ])('is not for one with %s', (_what, other) => {
    expect(callerApproval(carrying(action({ arguments: ARGS }).digest), other)).toBeNull();
    expect(callerApproval(carrying(undisclosedDigest('erp', 'pay', digestJson(ARGS))), other)).toBeNull();
  });

  it('whose arguments were not shown is for the call with exactly those', () => {
    const held = carrying(undisclosedDigest('erp', 'pay', digestJson(ARGS)));
    expect(callerApproval(held, action({ arguments: ARGS }))).toBe('a1');
    const none = carrying(undisclosedDigest('erp', 'pay', digestJson({})));
    expect([callerApproval(none, action({})), callerApproval(none, action({ arguments: {} }))]).toEqual(['a1', 'a1']);
    const read = toAction(
      { method: 'prompts/get', params: { name: 'pay' } },
      CLIENT_REQUESTS.get('prompts/get')!,
      'erp',
    );
    expect(callerApproval(none, read)).toBeNull();
  });
});
