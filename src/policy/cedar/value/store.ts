import { CedarRecord, EMPTY_RECORD, type EntityData, EntityRef, NO_TAGS, type TagSource } from './values.ts';

/** The entities a request is decided against. */
export interface EntityStore {
  /** By `entityKey`; null when there is no such entity. */
  get(key: string): EntityData | null;
}

/** What a policy's closures run on. `context` is a record; lazy ones compute only what is read. */
export interface Env {
  readonly principal: EntityRef;
  readonly action: EntityRef;
  readonly resource: EntityRef;
  readonly context: CedarRecord;
  readonly entities: EntityStore;
}

export function dataOf(entity: EntityRef, store: EntityStore): EntityData | null {
  return entity.data === undefined ? store.get(entity.key) : entity.data;
}

/** One entity as given: direct parents only. */
export interface EntityInput {
  readonly ref: EntityRef;
  readonly attributes?: CedarRecord;
  readonly parents: readonly EntityRef[];
  readonly tags?: TagSource;
}

/** Builds a store, following parents transitively. A parent that is not in the list has no parents of its own. */
export function buildStore(inputs: Iterable<EntityInput>): EntityStore {
  const parentsOf = new Map<string, readonly EntityRef[]>();
  const all = [...inputs];
  for (const input of all) parentsOf.set(input.ref.key, input.parents);
  const store = new Map<string, EntityData>();
  for (const input of all) {
    store.set(input.ref.key, {
      attributes: input.attributes ?? EMPTY_RECORD,
      ancestors: ancestorsOf(input.parents, parentsOf),
      tags: input.tags ?? NO_TAGS,
    });
  }
  return { get: (key) => store.get(key) ?? null };
}

export const EMPTY_STORE: EntityStore = { get: () => null };

function ancestorsOf(parents: readonly EntityRef[], parentsOf: ReadonlyMap<string, readonly EntityRef[]>): Set<string> {
  const ancestors = new Set<string>();
  const open = [...parents];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (ancestors.has(next.key)) continue;
    ancestors.add(next.key);
    open.push(...(parentsOf.get(next.key) ?? []));
  }
  return ancestors;
}
