import type { CallKeys, Lock, LockKind, LockTarget } from '../model/lock.ts';

type Indexed = Exclude<LockKind, 'all'>;
const INDEXED: readonly Indexed[] = ['agent', 'owner', 'session', 'task', 'server', 'tool'];

/** One call between `enter` and `leave`, as the registry keeps it. */
export interface InFlight {
  readonly keys: CallKeys;
  /** Called at most once, when a halt on one of its keys appears. */
  halt(lock: Lock): void;
  /** Where it stands in the bucket of each of its keys, in the order of the kinds; -1: nowhere. Owned by the registry. */
  readonly places: number[];
}

/**
 * The calls in flight, found by any of their keys: halting one agent touches its own calls and no other. Adding and
 * removing are constant time; a bucket is an array whose last element fills the gap a removal leaves.
 */
export interface Registry {
  readonly size: number;
  add(call: InFlight): void;
  /** Does nothing for a call that is not there. */
  remove(call: InFlight): void;
  /** A copy: whoever is told may leave or enter meanwhile. */
  matching(target: LockTarget): InFlight[];
}

export function makeRegistry(): Registry {
  const buckets = INDEXED.map(() => new Map<string, InFlight[]>());
  let size = 0;
  return {
    get size() {
      return size;
    },
    add(call) {
      for (let i = 0; i < INDEXED.length; i++) {
        const key = call.keys[INDEXED[i] as Indexed];
        if (key === null) continue;
        const map = buckets[i] as Map<string, InFlight[]>;
        const bucket = map.get(key);
        if (bucket === undefined) {
          map.set(key, [call]);
          call.places[i] = 0;
        } else call.places[i] = bucket.push(call) - 1;
      }
      size++;
    },
    remove(call) {
      // Every call has an agent.
      if (call.places[0] === -1) return;
      for (let i = 0; i < INDEXED.length; i++) removeAt(buckets[i] as Map<string, InFlight[]>, call, i);
      size--;
    },
    matching(target) {
      const i = INDEXED.indexOf(target.kind as Indexed);
      // `all`, and any kind only a newer version knows. Every call has an agent.
      if (i === -1) return [...(buckets[0] as Map<string, InFlight[]>).values()].flat();
      return [...((buckets[i] as Map<string, InFlight[]>).get(target.id) ?? [])];
    },
  };
}

function removeAt(map: Map<string, InFlight[]>, call: InFlight, i: number): void {
  const place = call.places[i] as number;
  if (place === -1) return;
  const key = call.keys[INDEXED[i] as Indexed] as string;
  const bucket = map.get(key) as InFlight[];
  const last = bucket.pop() as InFlight;
  if (last !== call) {
    bucket[place] = last;
    last.places[i] = place;
  } else if (bucket.length === 0) map.delete(key);
  call.places[i] = -1;
}
