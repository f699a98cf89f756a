import type { Standing } from '../../model/approval.ts';
import { Fault } from '../../model/fault.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Clock } from '../../ports/clock.ts';
import type { DirectoryStore, EntityKind } from '../../ports/identity-stores.ts';

const KIND = 'standing-approval';
const NONE: readonly Standing[] = Object.freeze([]);

/** What the store has of one kind of entity, in memory. The directory's view of every process is one. */
export interface StandingView {
  stored(kind: EntityKind): Iterable<{ readonly id: string; readonly version: number; readonly body: JsonObject }>;
  storedOne(kind: EntityKind, id: string): { readonly version: number; readonly body: JsonObject } | undefined;
  storedVersion(kind: EntityKind, id: string): number | null;
  onChange(listener: (changed: readonly { readonly kind: EntityKind }[]) => void): () => void;
  refresh(): Promise<void>;
}

export interface StandingOptions {
  readonly store: DirectoryStore;
  readonly view: StandingView;
  readonly clock: Clock;
}

export interface OpenStanding {
  /** In the order they were made. Constant time, never waits. */
  of(agent: string): readonly Standing[];
  list(): readonly Standing[];
  get(id: string): Standing | undefined;
  /** Durable, and in this process's memory, when it resolves; once per id. */
  add(standing: Standing, by: string): Promise<void>;
  /** `false`: there is none in force. In force nowhere when it resolves here, and in other processes as soon as they hear. */
  revoke(id: string, by: string, reason: string): Promise<boolean>;
  /** Removes those that ended by themselves. */
  sweep(): Promise<void>;
  close(): void;
}

/** Standing approvals: kept as versioned entities of the store, so that each process holds all of them in memory. */
export function openStanding({ store, view, clock }: StandingOptions): OpenStanding {
  let byAgent = index(view);
  const stop = view.onChange((changed) => {
    if (changed.some(({ kind }) => kind === KIND)) byAgent = index(view);
  });
  const apply = async (
    standing: Standing,
    act: { expected: number | null; by: string; act: string; reason: string },
  ) => {
    const { expected, ...who } = act;
    const change = { kind: KIND, id: standing.id, body: standing as unknown as JsonObject, expected } as const;
    const result = await store.apply([change], { ...who, atMs: clock.nowMs() });
    await view.refresh();
    return result;
  };
  return {
    of: (agent) => byAgent.get(agent) ?? NONE,
    list: () => [...byAgent.values()].flat(),
    get: (id) => view.storedOne(KIND, id)?.body as Standing | undefined,
    async add(standing, by) {
      const made = { expected: null, by, act: 'standing.add', reason: `approval ${standing.approval}` };
      const result = await apply(standing, made);
      if (!result.ok && result.why !== 'exists')
        throw new Fault('internal', 'what was approved to stand could not be kept', { detail: result.why });
    },
    async revoke(id, by, reason) {
      await view.refresh();
      const expected = view.storedVersion(KIND, id);
      const standing = view.storedOne(KIND, id)?.body as Standing | undefined;
      if (expected === null || standing === undefined || standing.state !== 'active') return false;
      const revoked = { ...standing, state: 'revoked' as const };
      return (await apply(revoked, { expected, by, act: 'standing.revoke', reason })).ok;
    },
    async sweep() {
      const nowMs = clock.nowMs();
      for (const { id, version, body } of [...view.stored(KIND)]) {
        if ((body as unknown as Standing).notAfterMs > nowMs) continue;
        const act = { by: 'interlock', act: 'standing.end', reason: 'its time is over', atMs: nowMs };
        await store.apply([{ kind: KIND, id, body: null, expected: version }], act);
      }
    },
    close: stop,
  };
}

function index(view: StandingView): ReadonlyMap<string, readonly Standing[]> {
  const found = new Map<string, Standing[]>();
  for (const { body } of view.stored(KIND)) {
    const standing = body as unknown as Standing;
    const others = found.get(standing.agent);
    if (others === undefined) found.set(standing.agent, [standing]);
    else others.push(standing);
  }
  return found;
}
