import { randomUUID } from 'node:crypto';
import type { MappedFacts } from '../model/policy-input.ts';
import type { Attempt } from './attempt.ts';
import type { Gateway } from './gateway.ts';

/** What the path learns about one call on its way: ids and times, nothing a later step may decide on but `facts`. */
export interface Trace {
  readonly attempt: Attempt;
  readonly call: string;
  readonly startedUs: number;
  facts: MappedFacts;
  approval: string | null;
  decidedUs: number;
  durableUs: number;
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
  return { attempt, call: randomUUID(), startedUs, facts: NO_FACTS, approval: null, decidedUs: startedUs, durableUs: startedUs };
}
