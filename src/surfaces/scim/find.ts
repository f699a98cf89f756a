import { setImmediate as nextTurn } from 'node:timers/promises';
import { foldName } from '../../identity/directory/entities.ts';
import type { Changed, Directory } from '../../identity/directory.ts';
import { isPart } from '../../identity/people/groups.ts';
import { isRemoved } from '../../identity/people/person-body.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Group, Person } from '../../model/person.ts';
import { asksFor, type Filter, matches } from './protocol/filter.ts';

const TURN = 1_000;

/** Finds people and groups as identity providers ask for them: by name and by their own id from an index, by anything else one by one. */
export class Finder {
  readonly #directory: Directory;
  readonly #people = new Map<string, string>();
  readonly #groups = new Map<string, string>();
  readonly #names = new Map<string, string>();
  readonly #keyOf = new Map<string, { externalId: string | null; name: string }>();
  readonly #stop: () => void;
  #sorted: { readonly version: number; readonly people: readonly string[]; readonly groups: readonly string[] } | null =
    null;

  constructor(directory: Directory) {
    this.#directory = directory;
    for (const { id } of directory.people()) this.#index({ kind: 'person', id });
    for (const { id } of directory.groups()) this.#index({ kind: 'group', id });
    this.#stop = directory.onChange((changed) => {
      for (const each of changed) this.#index(each);
    });
  }

  close(): void {
    this.#stop();
  }

  groupNamed(name: string): Group | undefined {
    const id = this.#names.get(foldName(name));
    return id === undefined ? undefined : this.#directory.group(id);
  }

  /** Everybody a filter is about, in one order on every gateway, before the filter is asked. */
  people(filter: Filter | null): readonly Person[] {
    const ids = this.#some(filter, 'userName', (name) => this.#directory.personNamed(name)?.id, this.#people);
    return (ids ?? this.#all().people).flatMap((id) => {
      const person = this.#directory.person(id);
      return person === undefined || isRemoved(person) ? [] : [person];
    });
  }

  groups(filter: Filter | null): readonly Group[] {
    const ids = this.#some(filter, 'displayName', (name) => this.#names.get(foldName(name)), this.#groups);
    return (ids ?? this.#all().groups).flatMap((id) => this.#directory.group(id) ?? []);
  }

  #some(
    filter: Filter | null,
    attribute: string,
    named: (name: string) => string | undefined,
    external: ReadonlyMap<string, string>,
  ): readonly string[] | null {
    if (filter === null) return null;
    const id = asksFor(filter, 'id');
    if (id !== null) return isPart(id) ? [] : [id];
    const name = asksFor(filter, attribute);
    const byName = name === null ? undefined : named(name);
    if (byName !== undefined) return [byName];
    const externalId = asksFor(filter, 'externalId');
    if (externalId === null) return null;
    const found = external.get(externalId);
    return found === undefined ? [] : [found];
  }

  #all(): { readonly people: readonly string[]; readonly groups: readonly string[] } {
    const { version } = this.#directory;
    if (this.#sorted?.version !== version) {
      const people = [...this.#directory.people()].map(({ id }) => id).sort();
      const groups = [...this.#directory.groups()].map(({ id }) => id).filter((id) => !isPart(id));
      this.#sorted = { version, people, groups: groups.sort() };
    }
    return this.#sorted;
  }

  #index({ kind, id }: Changed): void {
    if ((kind !== 'person' && kind !== 'group') || isPart(id)) return;
    const key = `${kind}:${id}`;
    const before = this.#keyOf.get(key);
    const external = kind === 'person' ? this.#people : this.#groups;
    if (before !== undefined) {
      if (before.externalId !== null && external.get(before.externalId) === id) external.delete(before.externalId);
      if (kind === 'group' && this.#names.get(before.name) === id) this.#names.delete(before.name);
      this.#keyOf.delete(key);
    }
    const now = kind === 'person' ? this.#directory.person(id) : this.#directory.group(id);
    if (now === undefined) return;
    const name = foldName(now.name);
    this.#keyOf.set(key, { externalId: now.externalId, name });
    if (now.externalId !== null) external.set(now.externalId, id);
    if (kind === 'group') this.#names.set(name, id);
  }
}

export interface Page<T> {
  readonly total: number;
  readonly found: readonly T[];
}

/** The page a request asks for. A filter is asked of everybody, and others get their turn meanwhile. */
export async function page<T>(
  all: readonly T[],
  show: (one: T) => JsonObject,
  {
    filter,
    startIndex,
    count,
  }: { readonly filter: Filter | null; readonly startIndex: number; readonly count: number },
): Promise<Page<T>> {
  if (filter === null) return { total: all.length, found: all.slice(startIndex - 1, startIndex - 1 + count) };
  const found: T[] = [];
  let total = 0;
  for (const [at, one] of all.entries()) {
    if (at % TURN === TURN - 1) await nextTurn();
    if (!matches(filter, show(one))) continue;
    total++;
    if (total >= startIndex && found.length < count) found.push(one);
  }
  return { total, found };
}
