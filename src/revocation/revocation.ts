import { Fault } from '../model/fault.ts';
import { type CallKeys, type Lock, type LockTarget, parseTarget, TIERS } from '../model/lock.ts';
import type { Clock } from '../ports/clock.ts';
import type { LockStore } from '../ports/stores.ts';
import { type Entered, makeEntry } from './entry.ts';
import { type Follower, follow, type Loaded } from './follow.ts';
import { makeRegistry, type Registry } from './in-flight.ts';
import { EMPTY_VIEW, haltsIn, inForce, isHalt, makeView, strictest, type View } from './view.ts';

export type { Entered } from './entry.ts';

export interface RevocationOptions {
  readonly locks: LockStore;
  readonly clock: Clock;
  /** A view not verified against the store for longer refuses every call. Default 2000. */
  readonly maxStaleMs?: number;
  readonly log?: RevocationLog;
}

interface RevocationLog {
  info(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Why a call may not begin. The codes are those of `RefusalCode`. */
type Refused =
  | { readonly ok: false; readonly code: 'killed' | 'paused'; readonly lock: Lock }
  | { readonly ok: false; readonly code: 'stale-view'; readonly lock: null };

type Entry = Entered | Refused;

/** A lock to be placed; when is the store's business. */
export type LockRequest = Omit<Lock, 'atMs'>;

export interface RevocationStatus {
  readonly epoch: number;
  /** Since what this process holds was last known to be the truth, monotonic. */
  readonly ageMs: number;
  readonly stale: boolean;
  readonly inFlight: number;
}

/** The kill switch of this process: what the store says, in memory. */
export interface Revocation {
  /**
   * The check before every call: synchronous, look-ups only. A permitted call is registered, so that a halt aborts its
   * signal; the caller must `leave()` when it is over, whatever its end.
   */
  enter(keys: CallKeys): Entry;
  /**
   * Places or replaces the lock on that target. Resolves when it is durable in the store and this process enforces it:
   * new calls refused, calls in flight aborted if it is a halt.
   * Faults: `invalid-params`; `internal` when the store failed (the message says whether the lock may be in force).
   */
  apply(lock: LockRequest): Promise<{ readonly lock: Lock; readonly epoch: number }>;
  /** Removes the lock; resolves when this process has seen it. `false`: there was none. */
  release(target: LockTarget): Promise<boolean>;
  /** Locks in force, as this process sees them. */
  locks(): readonly Lock[];
  status(): RevocationStatus;
  /** The calls a lock on that target would reach now: those a halt aborts. A copy. */
  inFlight(target: LockTarget): readonly CallKeys[];
  /** After a new halt was enforced and calls aborted: for closing connections and archiving sessions. Not called for halts already there at the start. */
  onHalt(handler: (lock: Lock) => void): () => void;
  /** Reads the store now. Resolves when a read that began after this call is enforced. */
  refresh(): Promise<void>;
  /** Refuses every call from now on. In-flight calls are left alone. */
  close(): void;
}

const STALE: Refused = Object.freeze({ ok: false, code: 'stale-view', lock: null });
const HEARTBEATS_PER_LIMIT = 4;

interface State {
  readonly clock: Clock;
  readonly registry: Registry;
  readonly handlers: Set<(lock: Lock) => void>;
  readonly log: RevocationLog | undefined;
  readonly maxStaleUs: number;
  view: View;
  verifiedUs: number;
  failing: boolean;
}

/**
 * Subscribes first and loads then, so that no change can fall between. Rejects when the store cannot be read: a process
 * that does not know the locks must not start.
 */
export async function openRevocation(options: RevocationOptions): Promise<Revocation> {
  const maxStaleMs = options.maxStaleMs ?? 2_000;
  const state: State = {
    clock: options.clock,
    registry: makeRegistry(),
    handlers: new Set(),
    log: options.log,
    maxStaleUs: maxStaleMs * 1000,
    view: EMPTY_VIEW,
    verifiedUs: Number.NEGATIVE_INFINITY,
    failing: false,
  };
  const follower = follow({
    locks: options.locks,
    clock: options.clock,
    heartbeatMs: Math.max(1, Math.floor(maxStaleMs / HEARTBEATS_PER_LIMIT)),
    timeoutMs: maxStaleMs,
    onLoaded: (loaded) => enforce(state, loaded),
    onVerified: (atUs) => verified(state, atUs),
    onFailed: (error) => failed(state, error),
  });
  try {
    await follower.refresh();
  } catch (error) {
    follower.close();
    throw error;
  }
  return assemble(state, options.locks, follower);
}

function assemble(state: State, store: LockStore, follower: Follower): Revocation {
  const { clock, registry, handlers } = state;
  const check = (keys: CallKeys): Lock | 'stale' | null =>
    isStale(state) ? 'stale' : strictest(state.view, keys, clock);
  return {
    enter(keys) {
      const found = check(keys);
      if (found === 'stale') return STALE;
      if (found === null || found.tier === 'watch')
        return makeEntry({ keys, watched: found !== null, registry, check });
      return { ok: false, code: isHalt(found) ? 'killed' : 'paused', lock: found };
    },
    async apply(request) {
      const lock: Lock = { ...request, atMs: clock.nowMs() };
      validate(lock);
      const epoch = await store.put(lock);
      await follower.reach(epoch).catch((error) => unconfirmed(state, lock, error));
      return { lock, epoch };
    },
    async release(target) {
      const released = await store.release(target);
      await follower.refresh();
      return released;
    },
    locks: () => [...state.view.held.values()].filter((held) => inForce(held, clock)).map((held) => held.lock),
    status: () => ({
      epoch: state.view.epoch,
      ageMs: (clock.monotonicUs() - state.verifiedUs) / 1000,
      stale: isStale(state),
      inFlight: registry.size,
    }),
    inFlight: (target) => registry.matching(target).map((call) => call.keys),
    onHalt(handler) {
      const own = (lock: Lock): void => handler(lock);
      handlers.add(own);
      return () => handlers.delete(own);
    },
    refresh: () => follower.refresh(),
    close() {
      follower.close();
      state.verifiedUs = Number.NEGATIVE_INFINITY;
    },
  };
}

function isStale(state: State): boolean {
  return state.clock.monotonicUs() - state.verifiedUs > state.maxStaleUs;
}

/** The view changes first: from here on no call enters, and only then the ones inside are stopped. */
function enforce(state: State, loaded: Loaded): void {
  const before = state.view;
  state.view = makeView(loaded, before, state.clock);
  // At the start nothing is in flight and nobody listens yet.
  if (before === EMPTY_VIEW) return;
  const { all, fresh } = haltsIn(state.view, before, state.clock);
  // All, not only the fresh ones: a halt that lapsed and was placed again as it was looks unchanged.
  for (const lock of all) for (const call of state.registry.matching(lock.target)) call.halt(lock);
  for (const lock of fresh) {
    for (const handler of state.handlers) {
      try {
        handler(lock);
      } catch (error) {
        state.log?.error({ err: error, target: lock.target }, 'a halt is in force, but cleaning up after it failed');
      }
    }
  }
}

function verified(state: State, atUs: number): void {
  state.verifiedUs = Math.max(state.verifiedUs, atUs);
  if (!state.failing) return;
  state.failing = false;
  state.log?.info({ epoch: state.view.epoch }, 'the kill switch reads its store again');
}

function failed(state: State, error: unknown): void {
  if (state.failing) return;
  state.failing = true;
  const detail = error instanceof Fault ? error.detail : undefined;
  state.log?.error(
    { err: error, detail },
    `the kill switch cannot read its store; every call is refused ${state.maxStaleUs / 1000} ms after the last good read`,
  );
}

/** The store has the lock, but it could not be read back: enforce what is known, and trust nothing until it can be read. */
function unconfirmed(state: State, lock: Lock, cause: unknown): never {
  const others = [...state.view.held.values()].map((held) => held.lock).filter((other) => !isOn(other, lock.target));
  enforce(state, { epoch: state.view.epoch, locks: [...others, lock] });
  state.verifiedUs = Number.NEGATIVE_INFINITY;
  throw new Fault(
    'internal',
    'the lock is stored and in force here, but the store cannot be read; this process refuses every call until it can',
    { cause },
  );
}

function isOn(lock: Lock, target: LockTarget): boolean {
  return lock.target.kind === target.kind && lock.target.id === target.id;
}

function validate(lock: Lock): void {
  const { target, tier, reason, by, untilMs } = lock;
  const text = target.kind === 'all' ? 'all' : `${target.kind}:${target.id}`;
  if (parseTarget(text) === null || (target.kind === 'all' && target.id !== '*')) {
    throw new Fault(
      'invalid-params',
      `"${text}" is no lock target; write agent:ID, owner:ID, session:ID, task:ID, server:ID, tool:SERVER/TOOL or all`,
    );
  }
  if (!TIERS.includes(tier)) throw new Fault('invalid-params', `a lock is ${TIERS.join(', ')}, not "${tier}"`);
  if (reason.trim() === '') throw new Fault('invalid-params', 'a lock needs a reason');
  if (by.trim() === '') throw new Fault('invalid-params', 'a lock needs the name of who places it');
  if (untilMs !== null && (!Number.isSafeInteger(untilMs) || untilMs <= lock.atMs)) {
    throw new Fault('invalid-params', 'the end of a lock must be in the future');
  }
}
