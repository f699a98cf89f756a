import type { CallKeys, Lock, LockKind, LockTarget } from '../model/lock.ts';
import type { Clock } from '../ports/clock.ts';
import { eachKey } from './in-flight.ts';

/** All locks of one epoch, indexed for look-up by key. Immutable: a change of the store makes a new view. */
export interface View {
  readonly epoch: number;
  readonly held: ReadonlyMap<string, Held>;
  readonly byKind: Readonly<Record<LockKind, ReadonlyMap<string, Held>>>;
}

/** A lock as this process holds it. */
export interface Held {
  readonly lock: Lock;
  /** When its time is over by the monotonic clock, counted from when this process first saw it. Infinity: never. */
  readonly untilUs: number;
}

const KINDS: readonly LockKind[] = ['all', 'agent', 'owner', 'user', 'session', 'task', 'server', 'tool'];

export const EMPTY_VIEW: View = { epoch: -1, held: new Map(), byKind: index([]) };

/** Kind names are fixed and hold no colon, so the key of a target is its own. */
function keyOf(target: LockTarget): string {
  return `${target.kind}:${target.id}`;
}

/** Builds the view of `loaded`. A lock already held in `previous` keeps the end it was first given. */
export function makeView(
  loaded: { readonly epoch: number; readonly locks: readonly Lock[] },
  previous: View,
  clock: Clock,
): View {
  const held = new Map<string, Held>();
  for (const lock of loaded.locks) {
    const key = keyOf(lock.target);
    const before = previous.held.get(key);
    held.set(key, before !== undefined && same(before.lock, lock) ? before : hold(lock, clock));
  }
  return { epoch: loaded.epoch, held, byKind: index(held.values()) };
}

function index(held: Iterable<Held>): View['byKind'] {
  const byKind = Object.fromEntries(KINDS.map((kind) => [kind, new Map<string, Held>()])) as Record<
    LockKind,
    Map<string, Held>
  >;
  for (const entry of held) {
    const { kind, id } = entry.lock.target;
    // A kind only a newer version knows cannot be matched to calls: stopping too much is the safe reading.
    if (byKind[kind] === undefined) byKind.all.set(`${kind}:${id}`, entry);
    else byKind[kind].set(id, entry);
  }
  return byKind;
}

function hold(lock: Lock, clock: Clock): Held {
  if (lock.untilMs === null) return { lock, untilUs: Number.POSITIVE_INFINITY };
  return { lock, untilUs: clock.monotonicUs() + Math.max(0, lock.untilMs - clock.nowMs()) * 1000 };
}

function same(a: Lock, b: Lock): boolean {
  return a.tier === b.tier && a.untilMs === b.untilMs && a.atMs === b.atMs && a.by === b.by && a.reason === b.reason;
}

/**
 * In force: until both clocks agree that its time is over. A wall clock that is set forward lifts no lock early, one that
 * is set back holds it longer; either way the error is on the side of the lock.
 */
export function inForce({ lock, untilUs }: Held, clock: Clock): boolean {
  return lock.untilMs === null || clock.nowMs() < lock.untilMs || clock.monotonicUs() < untilUs;
}

/** The strictest lock in force on any of the call's keys: halt before pause before watch. Look-ups only, no search. */
export function strictest({ held, byKind }: View, keys: CallKeys, clock: Clock): Lock | null {
  if (held.size === 0) return null;
  let found: Lock | null = null;
  for (const everyone of byKind.all.values()) found = stricter(found, everyone, clock);
  eachKey(keys, (kind, id) => {
    found = stricter(found, byKind[kind].get(id), clock);
  });
  return found;
}

function stricter(found: Lock | null, held: Held | undefined, clock: Clock): Lock | null {
  if (held === undefined || !inForce(held, clock)) return found;
  return found === null || rank(held.lock) > rank(found) ? held.lock : found;
}

function rank({ tier }: Lock): number {
  // A tier only a newer version knows counts as the strictest.
  return tier === 'watch' ? 0 : tier === 'pause' ? 1 : 2;
}

export function isHalt(lock: Lock): boolean {
  return rank(lock) === 2;
}

export interface Halts {
  /** Every halt in force. */
  readonly all: readonly Lock[];
  /** Those that `before` did not hold as they are. */
  readonly fresh: readonly Lock[];
}

export function haltsIn(view: View, before: View, clock: Clock): Halts {
  const all: Lock[] = [];
  const fresh: Lock[] = [];
  for (const [key, held] of view.held) {
    if (!isHalt(held.lock) || !inForce(held, clock)) continue;
    all.push(held.lock);
    if (before.held.get(key) !== held) fresh.push(held.lock);
  }
  return { all, fresh };
}
