import { exactAmount } from '../../model/amount.ts';
import type { Standing } from '../../model/approval.ts';
import { canonicalize } from '../../model/canonical.ts';
import type { Json, JsonObject } from '../../model/json.ts';
import { escapePointer, resolvePointer } from '../../model/pointer.ts';

/** One call, as a standing approval is held against it. */
export interface StandingCall {
  readonly agent: string;
  readonly subject: string | null;
  readonly server: string;
  /** Of a tool: standing approvals are for nothing else. */
  readonly target: string | null;
  readonly session: string | null;
  readonly task: string | null;
  readonly args: JsonObject;
  /** The mapped fact, ten-thousandths. */
  readonly amount: number | null;
  /** Hash of the accepted definition. */
  readonly pin: string | null;
  readonly nowMs: number;
}

/** Whether an earlier answer lets this call through without asking again. Total; what is not plainly covered is not. */
export function covers(standing: Standing, call: StandingCall): boolean {
  return (
    standing.state === 'active' &&
    call.nowMs < standing.notAfterMs &&
    sameCaller(standing, call) &&
    standing.pin !== null &&
    standing.pin === call.pin &&
    coversArguments(standing, call) &&
    coversAmount(standing, call)
  );
}

function sameCaller(standing: Standing, call: StandingCall): boolean {
  return (
    standing.agent === call.agent &&
    standing.subject === call.subject &&
    standing.server === call.server &&
    standing.target === call.target &&
    (standing.session === null || standing.session === call.session) &&
    (standing.task === null || standing.task === call.task)
  );
}

/** Every fixed value is there and equal, and no argument is there that is neither fixed nor free. */
function coversArguments({ fixed, free }: Standing, { args }: StandingCall): boolean {
  for (const [pointer, value] of Object.entries(fixed)) {
    const given = resolvePointer(args, pointer);
    if (given === undefined || !sameValue(given, value)) return false;
  }
  return Object.keys(args).every(
    (name) => args[name] === undefined || free.includes(name) || Object.hasOwn(fixed, `/${escapePointer(name)}`),
  );
}

function sameValue(a: Json, b: Json): boolean {
  return canonicalize(a) === canonicalize(b);
}

function coversAmount({ maxAmount, free }: Standing, { amount, args }: StandingCall): boolean {
  if (maxAmount === null) return true;
  if (amount === null || amount < 0 || amount > maxAmount) return false;
  // One free argument is the amount itself: were the fact read from elsewhere now, the argument would be free without a bound.
  const [only] = free;
  return free.length !== 1 || only === undefined || !Object.hasOwn(args, only) || exactAmount(args[only]) === amount;
}
