import type { CallKeys, Lock, LockKind, LockTarget } from '../model/lock.ts';

type Indexed = Exclude<LockKind, 'all'>;
const INDEXED: readonly Indexed[] = ['agent', 'owner', 'user', 'session', 'task', 'server', 'tool'];
/** Empty buckets kept for the next call with the same key before they are swept out. */
const MAX_EMPTY = 4_096;

/** One call between `enter` and `leave`, as the registry keeps it. */
export interface InFlight {
  readonly keys: CallKeys;
  /** Called when a halt on one of its keys appears. */
  halt(lock: Lock): void;
  /** Where it stands in the bucket of each of its keys. Owned by the registry; null: not registered. */
  seats: readonly Seat[] | null;
}

/** One place in one bucket. Moves when the gap somebody left is filled with it. */
interface Seat {
  readonly call: InFlight;
  readonly bucket: Seat[];
  place: number;
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
  const maps = Object.fromEntries(INDEXED.map((kind) => [kind, new Map<string, Seat[]>()])) as Record<
    Indexed,
    Map<string, Seat[]>
  >;
  let size = 0;
  let empty = 0;
  const sit = (call: InFlight, kind: Indexed, id: string): Seat => {
    let bucket = maps[kind].get(id);
    if (bucket === undefined) {
      bucket = [];
      maps[kind].set(id, bucket);
    } else if (bucket.length === 0) empty--;
    const seat: Seat = { call, bucket, place: bucket.length };
    bucket.push(seat);
    return seat;
  };
  return {
    get size() {
      return size;
    },
    add(call) {
      const seats: Seat[] = [];
      eachKey(call.keys, (kind, id) => seats.push(sit(call, kind, id)));
      call.seats = seats;
      size++;
    },
    remove(call) {
      const { seats } = call;
      if (seats === null) return;
      call.seats = null;
      size--;
      for (const seat of seats) {
        unseat(seat);
        if (seat.bucket.length === 0) empty++;
      }
      if (empty <= MAX_EMPTY) return;
      for (const kind of INDEXED) sweep(maps[kind]);
      empty = 0;
    },
    matching({ kind, id }) {
      const known = kind !== 'all' && maps[kind] !== undefined;
      // `all`, and any kind only a newer version knows. Every call has an agent.
      const seats = known ? (maps[kind].get(id) ?? []) : [...maps.agent.values()].flat();
      return [...new Set(seats.map((seat) => seat.call))];
    },
  };
}

/** Every key a call can be found, and stopped, by. */
export function eachKey(keys: CallKeys, visit: (kind: Indexed, id: string) => void): void {
  visit('agent', keys.agent);
  visit('owner', keys.owner);
  if (keys.user !== null) visit('user', keys.user);
  for (const { agent, owner } of keys.through) {
    visit('agent', agent);
    visit('owner', owner);
  }
  if (keys.session !== null) visit('session', keys.session);
  for (const task of keys.tasks) visit('task', task);
  visit('server', keys.server);
  if (keys.tool !== null) visit('tool', keys.tool);
}

function unseat({ bucket, place }: Seat): void {
  const last = bucket.pop() as Seat;
  if (last.place === place) return;
  bucket[place] = last;
  last.place = place;
}

function sweep(map: Map<string, Seat[]>): void {
  for (const [key, bucket] of map) if (bucket.length === 0) map.delete(key);
}
