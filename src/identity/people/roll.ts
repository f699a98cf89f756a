import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Person } from '../../model/person.ts';
import { foldName } from '../directory/entities.ts';
import type { Directory } from '../directory.ts';
import { isRemoved } from './person-body.ts';

/** One person as lists are ordered and searched: folded once, not once per question. */
export interface Listed {
  /** By name, then id. */
  readonly key: string;
  readonly person: Person;
  /** Names, address and department, without case. */
  readonly text: string;
}

/** After so many others get a turn. */
const STRIDE = 2_000;

/** Everybody in the order of their names, made again when somebody changed. */
export class PeopleRoll {
  readonly #directory: Directory;
  readonly #generation: () => unknown;
  #made: { readonly of: unknown; readonly all: readonly Listed[] } | null = null;

  /** `generation`: another value when the configuration names other people. */
  constructor(directory: Directory, generation: () => unknown) {
    this.#directory = directory;
    this.#generation = generation;
    directory.onChange((changed) => {
      if (changed.some(({ kind }) => kind === 'person' || kind === 'group')) this.#made = null;
    });
  }

  async all(): Promise<readonly Listed[]> {
    const of = this.#generation();
    const made = this.#made;
    if (made !== null && made.of === of) return made.all;
    const listed: Listed[] = [];
    for (const person of [...this.#directory.people()]) {
      if (!isRemoved(person)) listed.push(enlist(person));
      if (listed.length % STRIDE === 0) await nextTurn();
    }
    listed.sort((a, b) => (a.key < b.key ? -1 : 1));
    this.#made = { of, all: listed };
    return listed;
  }
}

function enlist(person: Person): Listed {
  const { id, name, userName, email, department } = person;
  return {
    key: `${foldName(name)} ${id}`,
    person,
    text: foldName([id, name, userName, email ?? '', department ?? ''].join(' ')),
  };
}
