import { SimulatedDisk, type SimulatedDiskOptions } from '../../src/adapters/disk/simulated.ts';
import { type Journal, type JournalLimits, type JournalOptions, openJournal } from '../../src/audit/journal.ts';
import type { Json } from '../../src/model/json.ts';
import type { IntentRecord, RefusalRecord } from '../../src/model/record.ts';
import type { Clock } from '../../src/ports/clock.ts';

export const DIR = '/journal';

/** Time moves only when a test says so. */
export class ManualClock implements Clock {
  #ms = Date.UTC(2026, 7, 31, 12);

  nowMs(): number {
    return this.#ms;
  }

  monotonicUs(): number {
    return this.#ms * 1000;
  }

  advance(ms: number): void {
    this.#ms += ms;
  }
}

/** A small pseudo-random generator (mulberry32): the same seed always gives the same run. */
export function randomFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

export function simulatedDisk(seed: number, options: SimulatedDiskOptions = {}): SimulatedDisk {
  return new SimulatedDisk({ random: randomFrom(seed), ...options });
}

const FACTS = {
  agent: 'procurement',
  owner: 'alice@example.com',
  subject: 'bob@example.com',
  chain: [{ id: 'procurement', kind: 'agent' }],
  purpose: 'Buys office supplies below the threshold',
  auth: 'token',
  credential: 'credential-1',
  session: 'session-1',
  task: null,
  surface: 'mcp',
  action: 'tools/call',
  server: 'orders',
  target: 'create',
  pin: '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU',
  digest: '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU',
  decision: {
    effect: 'permit',
    code: 'policy',
    reasons: ['buy.cedar#small'],
    errors: [],
    obligations: [],
    policyVersion: 'v1',
    tiers: null,
    lock: null,
  },
  approval: null,
  amount: null,
  tasks: [],
  txn: null,
} as const;

export function intentOf(call: string, args: Json = { item: 'paper', quantity: 10, amount: 199.5 }): IntentRecord {
  return { type: 'intent', call, ...FACTS, args };
}

export function refusalOf(call: string): RefusalRecord {
  return { type: 'refusal', call, ...FACTS, args: {}, decision: { ...FACTS.decision, effect: 'deny' } };
}

export const OK = {
  outcome: 'ok',
  code: null,
  resultDigest: '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU',
  timingsUs: { decide: 7, durable: 300, upstream: 1500, total: 1900 },
} as const;

/** No background timers that would fire inside a test. */
export const QUIET: Partial<JournalLimits> = {
  checkpointIntervalMs: 3_600_000,
  spaceCheckIntervalMs: 3_600_000,
  minFreeBytes: 0,
};

export function openOn(
  disk: SimulatedDisk,
  limits: Partial<JournalLimits> = {},
  more: Partial<JournalOptions> = {},
): Promise<Journal> {
  return openJournal({
    dir: DIR,
    disk,
    clock: new ManualClock(),
    origin: 'example.com/journal',
    limits: { ...QUIET, ...limits },
    ...more,
  });
}
