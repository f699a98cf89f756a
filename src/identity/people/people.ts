import { randomUUID } from 'node:crypto';
import type { Json } from '../../model/json.ts';
import { PERSON_DEFAULTS, type Person } from '../../model/person.ts';
import type { Clock } from '../../ports/clock.ts';
import type { DirectoryStore, HistoryRow } from '../../ports/identity-stores.ts';
import type { Directory } from '../directory.ts';
import {
  bodyOf,
  changed,
  idFor,
  isRemoved,
  type KnownPerson,
  keysOf,
  knownPerson,
  type Leaving,
  leavingOf,
  type PersonFields,
  settled,
} from './person-body.ts';
import { PersonRefused } from './refused.ts';

/** Who changes something, and why: for history and journal. */
export interface Who {
  readonly by: string;
  readonly reason: string;
}

/** One administrative act, for the journal. */
export type RecordAct = (act: {
  readonly act: string;
  readonly by: string;
  readonly reason: string;
  readonly detail: Json;
}) => Promise<unknown>;

export interface PeopleOptions {
  readonly store: DirectoryStore;
  readonly directory: Directory;
  readonly clock: Clock;
  readonly record: RecordAct;
  /** Ends everything an inactive person holds, then settles it; resolves when it is done (deprovision/deprovision.ts). */
  readonly end: (personId: string) => Promise<void>;
  /** Takes back what `end` put in the way of an active person. */
  readonly readmit: (personId: string, who: Who) => Promise<void>;
}

export interface Versioned {
  readonly person: Person;
  readonly version: number;
}

const TRIES = 6;

/**
 * People, changed: by the identity provider (SCIM), by the operator. Compare-and-set throughout. Whoever becomes inactive is refused at
 * once, with all their agents, and everything they hold is ended before the change is answered. Throws PersonRefused.
 */
export class People {
  readonly #options: PeopleOptions;

  constructor(options: PeopleOptions) {
    this.#options = options;
  }

  /** From the store, not from memory. `null`: there is none, or it was deleted. */
  async get(id: string): Promise<Versioned | null> {
    const known = await this.#known(id);
    return known === null || isRemoved(known.person) ? null : known;
  }

  /**
   * A new person; or a person of the configuration that the identity provider names for the first time, who keeps the id. The name of
   * somebody who was deleted may be used again, the id never: agents still name it as their owner.
   */
  async create(fields: PersonFields & { readonly userName: string }, who: Who): Promise<Versioned> {
    const configured = this.#adopts(fields);
    if (configured !== null) {
      // Who was stopped here is not let in again by being named: that takes an update that says so.
      const adopt = (before: Person): PersonFields =>
        before.active || isRemoved(before) ? fields : { ...fields, active: false };
      return this.#change(configured, adopt, { who, act: 'person.adopt' });
    }
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const id = await this.#freeId(fields.userName, attempt);
      const start = { ...PERSON_DEFAULTS, id, userName: fields.userName, name: fields.userName };
      const person = changed({ ...start, origin: 'registry' }, fields, this.#leaving(who, 'deactivated'));
      this.#refuseTaken(person);
      const change = { kind: 'person', id, body: bodyOf(person), expected: null, unique: keysOf(person) } as const;
      const result = await this.#options.store.apply([change], this.#act(who, 'person.create'));
      if (result.ok) return this.#done({ person, version: result.rows[0]!.version }, who, 'person.create');
      if (result.why === 'unique') throw taken(person.userName);
    }
    throw new PersonRefused('version', 'somebody else is making this person: try again');
  }

  /** `ifVersion`: only when nobody changed it since. Nothing is written when nothing changes. */
  update(
    id: string,
    edit: PersonFields | ((before: Person) => PersonFields),
    options: { readonly who: Who; readonly ifVersion?: number },
  ): Promise<Versioned> {
    return this.#change(id, typeof edit === 'function' ? edit : () => edit, { ...options, act: 'person.update' });
  }

  /** Resolves when everything the person held is ended. */
  deactivate(id: string, who: Who): Promise<Versioned> {
    return this.update(id, { active: false }, { who });
  }

  /** The person may act again. Their agents stay orphaned until somebody says otherwise for each. */
  reactivate(id: string, who: Who): Promise<Versioned> {
    return this.update(id, { active: true }, { who });
  }

  /** Deactivated first, and ended; then the name is free. The id never is. */
  async remove(id: string, options: { readonly who: Who; readonly ifVersion?: number }): Promise<void> {
    await this.#change(id, () => ({ active: false }), { ...options, act: 'person.deactivate', how: 'deleted' });
  }

  /** The last step of leaving, taken when nothing is held any more. Does nothing for somebody who came back meanwhile. */
  async settle(id: string, { how, atMs, ...who }: Leaving): Promise<void> {
    const { store, directory } = this.#options;
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const known = await this.#known(id);
      if (known === null || known.expected === null || known.person.active) return;
      // Another leaving began meanwhile: it is ended by itself.
      const leaving = leavingOf(known.person);
      if (leaving === null || leaving.atMs !== atMs || leaving.how !== how) return;
      // The store can forget one whom only it knows; one whom the file names must be held down.
      const configured = directory.person(id)?.origin === 'configuration';
      const gone = how === 'deleted' && !configured;
      const person = settled(known.person, how);
      const change = { kind: 'person', id, body: gone ? null : bodyOf(person), expected: known.expected } as const;
      const unique = how === 'deleted' ? [] : keysOf(person);
      const act = how === 'deleted' ? 'person.remove' : 'person.settle';
      const result = await store.apply([{ ...change, unique }], this.#act(who, act));
      if (!result.ok) continue;
      await directory.refresh();
      if (how === 'deleted') await this.#record(who, act, person);
      return;
    }
    throw new PersonRefused('version', `${id} is being changed by others: try again`);
  }

  history(id: string, page: { readonly limit: number; readonly beforeSeq?: number }): Promise<readonly HistoryRow[]> {
    return this.#options.store.history({ kind: 'person', id, ...page });
  }

  async #change(
    id: string,
    edit: (before: Person) => PersonFields,
    options: { readonly who: Who; readonly act: string; readonly ifVersion?: number; readonly how?: Leaving['how'] },
  ): Promise<Versioned> {
    const { who, ifVersion, how = 'deactivated' } = options;
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const known = await this.#known(id);
      // Somebody who is deleted is only there to be made anew.
      const finishing = how === 'deleted' && known !== null && leavingOf(known.person) !== null;
      const absent = known === null || (isRemoved(known.person) && options.act !== 'person.adopt' && !finishing);
      if (absent) throw missing(id);
      if (ifVersion !== undefined && ifVersion !== known.version) {
        throw new PersonRefused('version', `${id} was changed since it was read: read it again`);
      }
      const before = known.person;
      const person = changed(before, edit(before), this.#leaving(who, how));
      if (!person.active && leavingOf(before) !== null && how !== 'deleted') {
        // Already on the way out: what was interrupted is finished.
        await this.#options.end(id);
      }
      if (JSON.stringify(bodyOf(person)) === JSON.stringify(bodyOf(before)) && known.expected !== null) return known;
      this.#refuseTaken(person);
      const act = nameOf(options.act, before, person);
      // Letting go waits for its record; stopping does not.
      if (!before.active && person.active) await this.#record(who, act, person);
      const change = { kind: 'person', id, body: bodyOf(person), expected: known.expected } as const;
      const applied = await this.#options.store.apply([{ ...change, unique: keysOf(person) }], this.#act(who, act));
      if (applied.ok) return this.#after({ before, person, version: applied.rows[0]!.version }, who, act);
      if (applied.why === 'unique') throw taken(person.userName);
    }
    throw new PersonRefused('version', `${id} is being changed by others: try again`);
  }

  async #after(change: Versioned & { readonly before: Person }, who: Who, act: string): Promise<Versioned> {
    const { before, person, version } = change;
    await this.#options.directory.refresh();
    if (!person.active && (before.active || leavingOf(person) !== null)) {
      await this.#options.end(person.id);
    } else if (!before.active && person.active) {
      await this.#options.readmit(person.id, who);
      return { person, version };
    }
    await this.#record(who, act, person);
    return (await this.#known(person.id)) ?? { person, version };
  }

  async #done(made: Versioned, who: Who, act: string): Promise<Versioned> {
    await this.#options.directory.refresh();
    await this.#record(who, act, made.person);
    return made;
  }

  async #known(id: string): Promise<KnownPerson | null> {
    return knownPerson(await this.#options.store.get('person', id), this.#options.directory, id);
  }

  /** The person of the configuration a new one is. PersonRefused when it is two of them, or one the provider has already. */
  #adopts(fields: PersonFields & { readonly userName: string }): string | null {
    const found = new Set<string>();
    for (const name of [fields.userName, fields.email ?? '']) {
      const person = name === '' ? undefined : this.#options.directory.personNamed(name);
      if (person?.origin !== 'configuration') continue;
      if (person.externalId !== null && !isRemoved(person)) throw taken(fields.userName);
      found.add(person.id);
    }
    if (found.size > 1) throw taken(fields.userName);
    return [...found][0] ?? null;
  }

  async #freeId(userName: string, attempt: number): Promise<string> {
    const id = attempt === 0 ? idFor(userName) : null;
    if (id === null || this.#options.directory.person(id) !== undefined) return randomUUID();
    return (await this.#options.store.get('person', id)) === null ? id : randomUUID();
  }

  /** The store keeps its own names apart; those of the configuration are looked at here. */
  #refuseTaken(person: Person): void {
    for (const name of keysOf(person)) {
      const other = this.#options.directory.personNamed(name);
      if (other !== undefined && other.id !== person.id && !isRemoved(other)) throw taken(name);
    }
  }

  #leaving(who: Who, how: Leaving['how']): Leaving {
    return { ...who, how, atMs: this.#options.clock.nowMs() };
  }

  #act({ by, reason }: Who, act: string): { by: string; reason: string; act: string; atMs: number } {
    return { by, reason, act, atMs: this.#options.clock.nowMs() };
  }

  #record({ by, reason }: Who, act: string, { id, userName, active }: Person): Promise<unknown> {
    return this.#options.record({ act, by, reason, detail: { person: id, userName, active } });
  }
}

function nameOf(act: string, before: Person, after: Person): string {
  if (before.active && !after.active) return 'person.deactivate';
  return !before.active && after.active ? 'person.reactivate' : act;
}

function taken(name: string): PersonRefused {
  return new PersonRefused('unique', `"${name}" is the name or address of somebody else`);
}

function missing(id: string): PersonRefused {
  return new PersonRefused('missing', `there is no person "${id}"`);
}
