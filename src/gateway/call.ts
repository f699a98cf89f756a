import type { Permit } from '../audit/journal.ts';
import type { Decision } from '../model/decision.ts';
import type { RpcResponse } from '../model/jsonrpc.ts';
import { type Approved, approve } from './asking/approve.ts';
import { reconsider } from './asking/reconsider.ts';
import type { Attempt, CallResult } from './attempt.ts';
import type { Gateway, RightsAnswer } from './gateway.ts';
import { lease } from './lease/lease.ts';
import { close, closeFailed } from './steps/close.ts';
import { context, count, decide } from './steps/decide.ts';
import { type Entered, enter, stopped } from './steps/enter.ts';
import { fulfil } from './steps/fulfil.ts';
import { recordIntent } from './steps/record.ts';
import { refuse } from './steps/refuse.ts';
import { type Known, resolve } from './steps/resolve.ts';
import { userRights } from './tiers/coarse.ts';
import { approvalOf, begin, changedOf, type Trace } from './trace.ts';

/**
 * The life of a call. Every surface turns what it receives into an Attempt (parse, authenticate) and walks this path; no action
 * reaches a server any other way. The steps and their order are the product: docs/ARCHITECTURE.md walks one call through them.
 */
export async function call(gateway: Gateway, attempt: Attempt): Promise<CallResult> {
  const trace = begin(gateway, attempt);
  // resolve: the pinned definition, or why there is none
  const known = resolve(gateway, attempt);
  // enter: kill switch and concurrency bounds, in memory
  const entry = enter(gateway, attempt);
  if (!entry.ok) return refuse(gateway, trace, { known, ...entry });
  try {
    return await admitted(gateway, trace, { known, entry });
  } finally {
    entry.leave();
  }
}

interface Admitted {
  readonly known: Known;
  readonly entry: Entered;
}

async function admitted(gateway: Gateway, trace: Trace, { known: first, entry }: Admitted): Promise<CallResult> {
  let known = first;
  // context: what the human at the root may do; waits only where another system has to be asked
  let rights = userRights(gateway, trace.attempt, known);
  if (rights instanceof Promise) rights = await rights;
  // decide: from memory, pure, synchronous, total
  let decision = decideNow(gateway, trace, { known, entry, rights });
  if (decision.effect === 'deny') return refuse(gateway, trace, { known, decision });

  if (decision.effect === 'ask') {
    // approve: one human answer, consumed at most once
    const answer = await approve(gateway, trace, { known, entry, decision });
    if (answer.code !== null) {
      const { id, ...why } = answer;
      return refuse(gateway, trace, { known, decision, ...why, approval: id });
    }
    // enter again, decide again: the wait for a human is the widest race of all, and they may have changed the arguments
    const stop = stopped(entry);
    if (stop !== null) return refuse(gateway, trace, { known, decision, ...stop, approval: usedBy(answer.approved) });
    const now = await reconsider(gateway, trace, { first, entry, approved: answer.approved });
    ({ known, decision } = now);
    if (now.refused !== null) return refuse(gateway, trace, { known, decision, ...now.refused });
  }
  count(gateway, trace, known);

  // record: durable intent BEFORE any effect; only the journal makes a permit
  const permit = await recordIntent(gateway, trace, { known, decision, watched: entry.watched });
  if (permit === null)
    return refuse(gateway, trace, { known, decision, code: 'journal-unavailable', unrecorded: true });
  // enter again: the wait for the disk is a revocation race
  const stop = stopped(entry);
  if (stop !== null) {
    closeFailed(gateway, trace, { permit, unsent: true });
    return refuse(gateway, trace, { known, decision, ...stop, unrecorded: true });
  }
  return released(gateway, trace, { known, entry, decision, permit });
}

/** What the answer used up: told by whoever ends the call, or a restart would take it for used by nobody. */
function usedBy(approved: Approved): string | null {
  return approved.outcome === 'approved' ? approved.id : null;
}

interface Informed extends Admitted {
  readonly rights: RightsAnswer;
}

interface Released extends Admitted {
  readonly decision: Decision;
  readonly permit: Permit;
}

async function released(gateway: Gateway, trace: Trace, step: Released): Promise<CallResult> {
  const { known, entry, decision, permit } = step;
  const signal = entry.signal();
  let response: RpcResponse;
  try {
    // lease: the credential of this one action, made as it is sent
    const leased = lease(gateway, trace, { permit, entry });
    // send: takes only a recorded permit; what was decided is what is sent
    response = await trace.attempt.release(permit, signal, { changed: changedOf(trace), lease: leased });
    // fulfil: obligations on the way back, and what the session has now seen
    response = fulfil(trace, { known, decision, response });
  } catch (error) {
    const code = closeFailed(gateway, trace, { permit, error, aborted: signal.aborted });
    const stop = stopped(entry) ?? { code, lock: null };
    return refuse(gateway, trace, { known, decision, ...stop, error, unrecorded: true });
  }
  // close: ok | failed | unknown, never rounded
  close(gateway, trace, { known, decision, permit, response });
  return { kind: 'answered', response, call: trace.call, approval: approvalOf(trace) };
}

/** Only memory is read: no wait between the facts, the decision and the counting of it. */
function decideNow(gateway: Gateway, trace: Trace, { known, entry, rights }: Informed): Decision {
  const input = context(gateway, trace, { known, entry });
  return decide(gateway, trace, { known, input, rights });
}
