import { createHash, randomUUID } from 'node:crypto';
import type { Group } from '../../model/person.ts';
import type { Clock } from '../../ports/clock.ts';
import type { DirectoryStore, EntityChange } from '../../ports/identity-stores.ts';
import { foldName } from '../directory/entities.ts';
import type { Directory } from '../directory.ts';
import type { RecordAct, Who } from './people.ts';
import { text } from './person-body.ts';
import { PersonRefused } from './refused.ts';

export interface GroupsOptions {
  readonly store: DirectoryStore;
  readonly directory: Directory;
  readonly clock: Clock;
  readonly record: RecordAct;
}

export interface VersionedGroup {
  readonly group: Group;
  readonly version: number;
}

/** What changes. `members` replaces all; `add` and `drop` say only what is different. */
export interface GroupEdit {
  readonly name?: string;
  readonly externalId?: string | null;
  readonly members?: readonly string[];
  readonly add?: readonly string[];
  readonly drop?: readonly string[];
}

export const MAX_MEMBERS = 100_000;
/** Members the group's own row has room for; the others live in parts, so that one more member rewrites some kilobytes, not all. */
const ROOM = 200;
const PARTS = 512;
const PART = '#';
const TRIES = 6;

interface Seats {
  readonly own: string[];
  readonly parts: Map<string, readonly string[]>;
}

/** The group's own row: what of its members fits, and how many there are in all. */
interface Kept extends Group {
  readonly size: number;
}

/** A group of many is kept in parts, each a group of its own with the same name: whoever is in a part is in the group. */
export function isPart(id: string): boolean {
  return id.includes(PART);
}

export function sizeOf(group: Group): number {
  return (group as Partial<Kept>).size ?? group.members.length;
}

/** The group with the members of all its parts, from memory. */
export function wholeGroup(directory: Directory, id: string): Group | undefined {
  const group = isPart(id) ? undefined : directory.group(id);
  if (group === undefined || sizeOf(group) <= group.members.length) return group;
  const members = [...group.members];
  for (let part = 0; part < PARTS; part++) members.push(...(directory.group(partId(id, part))?.members ?? []));
  return { ...group, members };
}

export function isMember(directory: Directory, group: Group, person: string): boolean {
  if (group.members.includes(person)) return true;
  if (sizeOf(group) <= group.members.length) return false;
  return directory.group(partId(group.id, partOf(person)))?.members.includes(person) ?? false;
}

/** Groups of people, as the identity provider or the operator keeps them. Compare-and-set throughout. Throws PersonRefused. */
export class Groups {
  readonly #options: GroupsOptions;

  constructor(options: GroupsOptions) {
    this.#options = options;
  }

  /** The group with the members its own row has room for; `wholeGroup` has them all. */
  async get(id: string): Promise<VersionedGroup | null> {
    await this.#options.directory.refresh();
    const group = isPart(id) ? undefined : this.#options.directory.group(id);
    const version = this.#options.directory.storedVersion('group', id);
    return group === undefined || version === null ? null : { group, version };
  }

  async create(fields: Pick<Group, 'name' | 'externalId' | 'members'>, who: Who): Promise<VersionedGroup> {
    const id = randomUUID();
    const made = await this.#write({ id, name: fields.name, externalId: fields.externalId, members: [] }, fields, {
      who,
      act: 'group.create',
      expected: null,
    });
    if (made === null) throw new PersonRefused('version', 'the group could not be made: try again');
    return made;
  }

  async update(
    id: string,
    edit: GroupEdit,
    options: { readonly who: Who; readonly ifVersion?: number },
  ): Promise<VersionedGroup> {
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const known = await this.get(id);
      if (known === null) throw missing(id);
      if (options.ifVersion !== undefined && options.ifVersion !== known.version) throw stale(id);
      const { group, version } = known;
      const done = await this.#write(group, edit, { who: options.who, act: 'group.update', expected: version });
      if (done !== null) return done;
    }
    throw new PersonRefused('version', `${id} is being changed by others: try again`);
  }

  async remove(id: string, options: { readonly who: Who; readonly ifVersion?: number }): Promise<void> {
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const known = await this.get(id);
      if (known === null) throw missing(id);
      if (options.ifVersion !== undefined && options.ifVersion !== known.version) throw stale(id);
      const rows = [id, ...this.#partIds(id)];
      const changes = rows.map((row) => ({ ...this.#change(row), body: null }) as const);
      const { by, reason } = options.who;
      const result = await this.#options.store.apply(changes, this.#act(options.who, 'group.remove'));
      if (!result.ok) continue;
      await this.#options.directory.refresh();
      const { name } = known.group;
      await this.#options.record({ act: 'group.remove', by, reason, detail: { group: id, name } });
      return;
    }
    throw new PersonRefused('version', `${id} is being changed by others: try again`);
  }

  /** `null`: somebody else was first. */
  async #write(
    before: Group,
    edit: GroupEdit,
    { who, act, expected }: { readonly who: Who; readonly act: string; readonly expected: number | null },
  ): Promise<VersionedGroup | null> {
    const { store, directory, record } = this.#options;
    const { joining, leaving } = this.#difference(before, edit);
    const { id } = before;
    const name = edit.name ?? before.name;
    const externalId = edit.externalId === undefined ? before.externalId : edit.externalId;
    text(name, 'the name of a group', 256);
    if (externalId !== null) text(externalId, 'externalId', 256);
    const renamed = before.name !== name;
    const same = !renamed && before.externalId === externalId && joining.length + leaving.length === 0;
    if (same && expected !== null) return { group: before, version: expected };
    const { own, parts } = this.#seats(before, joining, new Set(leaving));
    const group: Kept = { id, name, externalId, members: own, size: sizeOf(before) + joining.length - leaving.length };
    if (group.size > MAX_MEMBERS) throw new PersonRefused('invalid', `a group has at most ${MAX_MEMBERS} members`);
    if (renamed) {
      for (const rowId of this.#partIds(id)) {
        if (!parts.has(rowId)) parts.set(rowId, directory.group(rowId)?.members ?? []);
      }
    }
    const changes: EntityChange[] = [{ kind: 'group', id, body: { ...group }, expected, unique: [foldName(name)] }];
    for (const [rowId, members] of parts) {
      const body = members.length === 0 ? null : { id: rowId, name, externalId: null, members };
      const change = this.#change(rowId);
      if (body !== null || change.expected !== null) changes.push({ ...change, body, unique: [] });
    }
    const result = await store.apply(changes, this.#act(who, act));
    if (!result.ok) {
      if (result.why === 'unique') throw new PersonRefused('unique', `there is a group "${name}" already`);
      return null;
    }
    await directory.refresh();
    const detail = {
      group: id,
      name,
      members: group.size,
      added: joining.slice(0, 100),
      dropped: leaving.slice(0, 100),
    };
    await record({ act, by: who.by, reason: who.reason, detail });
    return { group, version: result.rows.find((row) => row.id === id)!.version };
  }

  /** Who is not yet in, and who is to go. PersonRefused for a member nobody knows. */
  #difference(before: Group, { members, add = [], drop = [] }: GroupEdit): { joining: string[]; leaving: string[] } {
    const { directory } = this.#options;
    const joining = new Set(add);
    const leaving = new Set(drop);
    if (members !== undefined) {
      const wanted = new Set(members);
      for (const member of wholeGroup(directory, before.id)?.members ?? [])
        if (!wanted.has(member)) leaving.add(member);
      for (const member of wanted) joining.add(member);
    }
    const isIn = (member: string): boolean => isMember(directory, before, member);
    for (const member of joining) {
      if (!isIn(member) && directory.person(member) === undefined) {
        throw new PersonRefused('invalid', `there is no person "${member}" to be a member`);
      }
    }
    return {
      joining: [...joining].filter((member) => !isIn(member)),
      leaving: [...leaving].filter((member) => isIn(member) && !joining.has(member)),
    };
  }

  /** Where everybody is after the change: in the own row, or in those parts that change. */
  #seats(before: Group, joining: readonly string[], leaving: ReadonlySet<string>): Seats {
    const { directory } = this.#options;
    const own = before.members.filter((member) => !leaving.has(member));
    const parts = new Map<string, string[]>();
    const partFor = (member: string): string[] => {
      const id = partId(before.id, partOf(member));
      const known = parts.get(id) ?? [...(directory.group(id)?.members ?? [])];
      parts.set(id, known);
      return known;
    };
    const seated = new Set(before.members);
    for (const member of leaving) {
      if (seated.has(member)) continue;
      const part = partFor(member);
      part.splice(part.indexOf(member), 1);
    }
    for (const member of joining) {
      if (own.length < ROOM) own.push(member);
      else partFor(member).push(member);
    }
    return { own, parts };
  }

  #change(id: string): { kind: 'group'; id: string; expected: number | null } {
    return { kind: 'group', id, expected: this.#options.directory.storedVersion('group', id) };
  }

  #partIds(id: string): string[] {
    const ids = Array.from({ length: PARTS }, (_, part) => partId(id, part));
    return ids.filter((part) => this.#options.directory.group(part) !== undefined);
  }

  #act({ by, reason }: Who, act: string): { by: string; reason: string; act: string; atMs: number } {
    return { by, reason, act, atMs: this.#options.clock.nowMs() };
  }
}

function partId(id: string, part: number): string {
  return `${id}${PART}${part}`;
}

function partOf(member: string): number {
  return createHash('sha256').update(member).digest().readUInt16BE(0) % PARTS;
}

function missing(id: string): PersonRefused {
  return new PersonRefused('missing', `there is no group "${id}"`);
}

function stale(id: string): PersonRefused {
  return new PersonRefused('version', `${id} was changed since it was read: read it again`);
}
