import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CallKeys, LockKind } from '../model/lock.ts';
import { type InFlight, makeRegistry } from './in-flight.ts';

const name = fc.constantFrom('a', 'b', 'c', '__proto__');
const keys: fc.Arbitrary<CallKeys> = fc.record({
  agent: name,
  owner: name,
  user: fc.option(name),
  through: fc.array(fc.record({ agent: name, owner: name }), { maxLength: 3 }),
  session: fc.option(name),
  tasks: fc.array(name, { maxLength: 3 }),
  server: name,
  tool: fc.option(name),
});
const kinds: readonly LockKind[] = ['all', 'agent', 'owner', 'user', 'session', 'task', 'server', 'tool'];
const step = fc.oneof(
  fc.record({ do: fc.constant('add' as const), keys }),
  fc.record({ do: fc.constant('remove' as const), pick: fc.nat() }),
  fc.record({ do: fc.constant('find' as const), target: fc.record({ kind: fc.constantFrom(...kinds), id: name }) }),
);

function stands(keys: CallKeys, kind: LockKind, id: string): boolean {
  if (kind === 'agent' || kind === 'owner') return keys[kind] === id || keys.through.some((one) => one[kind] === id);
  if (kind === 'task') return keys.tasks.includes(id);
  return keys[kind as 'user' | 'session' | 'server' | 'tool'] === id;
}

function call(of: CallKeys): InFlight {
  return { keys: of, halt: () => {}, seats: null };
}

function usedBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

describe('the registry of calls in flight', () => {
  it('finds by every key exactly the calls a search through all of them finds, whatever came and went', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
        const registry = makeRegistry();
        const all: InFlight[] = [];
        const gone: InFlight[] = [];
        for (const each of steps) {
          if (each.do === 'add') {
            const made = call(each.keys);
            registry.add(made);
            all.push(made);
          } else if (each.do === 'remove') {
            const [removed] = all.splice(each.pick % (all.length || 1), 1);
            if (removed !== undefined) gone.push(removed);
            // Leaving twice is leaving once.
            for (const left of gone) registry.remove(left);
          } else {
            const { kind, id } = each.target;
            const found = registry.matching(each.target);
            const wanted = all.filter((one) => kind === 'all' || stands(one.keys, kind, id));
            expect(new Set(found)).toEqual(new Set(wanted));
            expect(found).toHaveLength(wanted.length);
          }
          expect(registry.size).toBe(all.length);
        }
      }),
    );
  });

  it('keeps no trace of sessions that are over', () => {
    const registry = makeRegistry();
    const base = { agent: 'a', owner: 'o', user: null, through: [], tasks: [], server: 's', tool: null };
    const before = usedBytes();
    for (let i = 0; i < 200_000; i++) {
      const made = call({ ...base, session: `session-${i}` });
      registry.add(made);
      registry.remove(made);
    }
    // Each kept bucket would cost some hundred bytes; 4,096 of them may stay.
    expect(usedBytes() - before).toBeLessThan(4 * 1024 * 1024);
    expect(registry.matching({ kind: 'session', id: 'session-1' })).toEqual([]);
  });
});
