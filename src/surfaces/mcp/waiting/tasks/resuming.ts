import type { CallResult } from '../../../../gateway/attempt.ts';
import type { Gateway } from '../../../../gateway/gateway.ts';
import type { Action } from '../../../../model/action.ts';
import type { Caller } from '../../../../model/caller.ts';
import type { RefusalCode } from '../../../../model/decision.ts';
import type { RpcRequest } from '../../../../model/jsonrpc.ts';
import { answerRefusal, withApproval } from '../../answers.ts';
import type { Ran } from './runner.ts';

/** What passes by itself, or by somebody's hand: the call did not go on, and its approval is still there. */
const PASSING: ReadonlySet<RefusalCode> = new Set([
  'approval-pending',
  'paused',
  'overloaded',
  'stale-view',
  'journal-unavailable',
]);

/** What a call that came back for its answer came to. Throws what `answerRefusal` throws. */
export function ranOf(message: RpcRequest, result: CallResult, action: Action): Ran {
  if (result.kind === 'answered') return { kind: 'done', response: withApproval(result.response, result.approval) };
  const { refusal } = result;
  const { response } = answerRefusal(message.id, refusal, action.target);
  // Stopped after it had used its approval up, it does not go on by itself: there is nothing left to go on with.
  const isUsed = refusal.approval !== null && refusal.code !== 'approval-pending';
  if (isUsed || !PASSING.has(refusal.code)) return { kind: 'done', response };
  return {
    kind: 'not-yet',
    why: PASSING_WORDS[refusal.code as keyof typeof PASSING_WORDS] ?? 'It goes on in a moment.',
  };
}

const PASSING_WORDS = {
  paused: 'The question is answered. An operator has paused this: the call goes on after a human releases it.',
  overloaded: 'The question is answered. Too many calls are under way: this one goes on when some have finished.',
} as const;

/** Why this caller's call cannot go on now, in words for its agent. `null`: it can. */
export function whyNotNow(gateway: Gateway, caller: Caller): string | null {
  if (caller.expiresAtMs <= gateway.clock.nowMs()) return 'the credential it was made with has expired';
  // Whoever was changed meanwhile acts as what they are now: with a credential of now.
  if (!gateway.unchanged(caller)) return 'the agent, or somebody it acts for, was changed since';
  return null;
}
