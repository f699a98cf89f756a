import { randomUUID } from 'node:crypto';
import { targetName } from '../model/action.ts';
import type { JsonObject } from '../model/json.ts';
import type { MappedFacts } from '../model/policy-input.ts';
import type { TierAnswers } from '../model/record.ts';
import type { RememberedCall } from './asking/memory.ts';
import type { Attempt, Changed } from './attempt.ts';
import type { Gateway } from './gateway.ts';
import type { Lease } from './lease/lease.ts';

/** What the path learns about one call on its way: ids and times, nothing a later step may decide on but `facts`. */
export interface Trace {
  /** Replaced once: where people changed the arguments. */
  attempt: Attempt;
  readonly call: string;
  readonly startedUs: number;
  facts: MappedFacts;
  /** What each tier answered. */
  tiers: TierAnswers | null;
  /** What it goes on with: a request people answered, a standing approval, a route that goes on by itself. */
  approval: string | null;
  /** Who answered it. */
  approvedBy: readonly string[];
  /** The credential of this one action, where the server asks for one. */
  lease: Lease | null;
  changed: JsonObject | null;
  /** The call in its session's memory, from when it was permitted. */
  remembered: RememberedCall | null;
  decidedUs: number;
  durableUs: number;
  /** How long it waited for people. */
  waitedUs: number;
  /** How long the server had it, from the durable intent to the answer or its absence. */
  upstreamUs: number;
}

export const NO_FACTS: MappedFacts = Object.freeze({
  amount: null,
  currency: null,
  quantity: null,
  environment: null,
  recipient: null,
});

export function begin(gateway: Gateway, attempt: Attempt): Trace {
  const startedUs = gateway.clock.monotonicUs();
  return {
    attempt,
    call: randomUUID(),
    startedUs,
    facts: NO_FACTS,
    tiers: null,
    approval: null,
    approvedBy: [],
    lease: null,
    changed: null,
    remembered: null,
    decidedUs: startedUs,
    durableUs: startedUs,
    waitedUs: 0,
    upstreamUs: 0,
  };
}

/** Tells the meters how the call ended. */
export function finished(gateway: Gateway, trace: Trace, ending: { effect: string; code: string }): void {
  const { caller, session, server, action, traceparent } = trace.attempt;
  const totalUs = gateway.clock.monotonicUs() - trace.startedUs;
  gateway.meters.finished({
    call: trace.call,
    agent: caller.agent.id,
    session: session.id,
    server: server.id,
    action: action.name,
    target: targetName(action.target),
    startedMs: gateway.clock.nowMs() - totalUs / 1000,
    totalUs,
    ownUs: totalUs - trace.waitedUs - trace.upstreamUs,
    traceparent: traceparent ?? null,
    ...ending,
  });
}

/** What people put in place of the arguments, as it is sent. */
export function changedOf({ changed, attempt }: Trace): Changed | null {
  return changed === null ? null : { action: attempt.action, arguments: changed };
}

/** What the call went on with, for whoever tells the client. */
export function approvalOf({ approval, changed }: Trace): { id: string; changed: JsonObject | null } | null {
  return approval === null ? null : { id: approval, changed };
}
