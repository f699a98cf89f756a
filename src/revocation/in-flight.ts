import type { CallKeys, Lock, LockKind, LockTarget } from '../model/lock.ts';

type Indexed = Exclude<LockKind, 'all'>;
const INDEXED: readonly Indexed[] = ['agent', 'owner', 'session', 'task', 'server', 'tool'];
/** Empty buckets kept for the next call with the same key before they are swept out. */
const MAX_EMPTY = 4_096;

/** One call between `enter` and `leave`, as the registry keeps it. */
export interface InFlight {
  readonly keys: CallKeys;
  /** Called when a halt on one of its keys appears. */
  halt(lock: Lock): void;
  /** Where it stands in the bucket of each of its keys. Owned by the registry; null: not registered. */
  seats: Seats | null;
}

type Bucket = InFlight[];
interface Seats {
  readonly buckets: (Bucket | null)[];
  readonly places: number[];
}

/**
 * The calls in flight, found by any of their keys: halting one agent touches its own calls and no other. Adding and
 * removing are constant time: a bucket is an array whose last element fills the gap a removal leaves.
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
  const maps = INDEXED.map(() => new Map<string, Bucket>());
  let size = 0;
  let empty = 0;
  const seat = (call: InFlight, seats: Seats, i: number): void => {
    const key = call.keys[INDEXED[i] as Indexed];
    if (key === null) return;
    const map = maps[i] as Map<string, Bucket>;
    let bucket = map.get(key);
    if (bucket === undefined) {
      bucket = [];
      map.set(key, bucket);
    } else if (bucket.length === 0) empty--;
    seats.buckets[i] = bucket;
    seats.places[i] = bucket.push(call) - 1;
  };
  return {
    get size() {
      return size;
    },
    add(call) {
      const seats: Seats = { buckets: [null, null, null, null, null, null], places: [0, 0, 0, 0, 0, 0] };
      for (let i = 0; i < INDEXED.length; i++) seat(call, seats, i);
      call.seats = seats;
      size++;
    },
    remove(call) {
      const { seats } = call;
      if (seats === null) return;
      call.seats = null;
      size--;
      for (let i = 0; i < INDEXED.length; i++) {
        const bucket = seats.buckets[i] ?? null;
        if (bucket === null) continue;
        unseat(bucket, call, { seats, i });
        if (bucket.length === 0) empty++;
      }
      if (empty <= MAX_EMPTY) return;
      for (const map of maps) sweep(map);
      empty = 0;
    },
    matching(target) {
      const i = INDEXED.indexOf(target.kind as Indexed);
      // `all`, and any kind only a newer version knows. Every call has an agent.
      if (i === -1) return [...(maps[0] as Map<string, Bucket>).values()].flat();
      return [...((maps[i] as Map<string, Bucket>).get(target.id) ?? [])];
    },
  };
}

function unseat(bucket: Bucket, call: InFlight, { seats, i }: { seats: Seats; i: number }): void {
  const last = bucket.pop() as InFlight;
  if (last === call) return;
  const place = seats.places[i] as number;
  bucket[place] = last;
  (last.seats as Seats).places[i] = place;
}

function sweep(map: Map<string, Bucket>): void {
  for (const [key, bucket] of map) if (bucket.length === 0) map.delete(key);
}
