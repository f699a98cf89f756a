import type { CallKeys, Lock } from '../model/lock.ts';
import type { InFlight, Registry } from './in-flight.ts';

/** A call that may go on, for now. */
export interface Entered {
  readonly ok: true;
  /** A watch lock was on it at the last check. */
  readonly watched: boolean;
  /** Aborted, with the Lock as reason, the moment a halt on one of its keys is seen. */
  readonly signal: AbortSignal;
  /**
   * The check after every wait and directly before the effect: null, the pause or halt that stops the call, or 'stale'.
   * A call whose effect has begun is in flight and asks no more: a pause lets it finish, a halt aborts its signal.
   */
  again(): Lock | 'stale' | null;
  /** The call is over. Safe to call twice. */
  leave(): void;
}

interface Parts {
  readonly keys: CallKeys;
  readonly watched: boolean;
  readonly registry: Registry;
  readonly check: (keys: CallKeys) => Lock | 'stale' | null;
}

export function makeEntry(parts: Parts): Entered {
  const call = new Call(parts);
  parts.registry.add(call);
  return call;
}

/** A class for its speed: one is made for every call, and its methods are shared. */
class Call implements Entered, InFlight {
  readonly ok = true;
  readonly keys: CallKeys;
  seats: InFlight['seats'] = null;
  watched: boolean;
  #registry: Registry;
  #check: Parts['check'];
  #halted: Lock | null = null;
  #controller: AbortController | null = null;

  constructor({ keys, watched, registry, check }: Parts) {
    this.keys = keys;
    this.watched = watched;
    this.#registry = registry;
    this.#check = check;
  }

  /** Made when first asked for: a call that policy refuses never needs one. */
  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#halted !== null) this.#controller.abort(this.#halted);
    }
    return this.#controller.signal;
  }

  halt(lock: Lock): void {
    // Halted once is halted for good: a release lets new calls in, it does not revive this one.
    if (this.#halted !== null) return;
    this.#halted = lock;
    this.#controller?.abort(lock);
  }

  again(): Lock | 'stale' | null {
    if (this.#halted !== null) return this.#halted;
    const found = this.#check(this.keys);
    if (found === null || found === 'stale') return found;
    if (found.tier !== 'watch') return found;
    this.watched = true;
    return null;
  }

  leave(): void {
    this.#registry.remove(this);
  }
}
