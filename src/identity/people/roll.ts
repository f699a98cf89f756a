import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Person } from '../../model/person.ts';
import { foldName } from '../directory/entities.ts';
import { mergedRuns, RUN } from '../directory/runs.ts';
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

/** Everybody in the order of their names, made again when somebody changed. */
export class PeopleRoll {
  readonly #directory: Directory;
  readonly #generation: () => unknown;
  #changes = 0;
  #made: { readonly of: unknown; readonly all: readonly Listed[] } | null = null;

  /** `generation`: another value when the configuration names other people. */
  constructor(directory: Directory, generation: () => unknown) {
    this.#directory = directory;
    this.#generation = generation;
    directory.onChange((changed) => {
      if (!changed.some(({ kind }) => kind === 'person' || kind === 'group')) return;
      this.#changes++;
      this.#made = null;
    });
  }

  async all(): Promise<readonly Listed[]> {
    const of = this.#generation();
    const made = this.#made;
    if (made !== null && made.of === of) return made.all;
    const changes = this.#changes;
    const runs: Listed[][] = [];
    let run: Listed[] = [];
    const finish = async (): Promise<void> => {
      runs.push(run.sort(byKey));
      run = [];
      await nextTurn();
    };
    for (const person of [...this.#directory.people()]) {
      if (!isRemoved(person)) run.push(enlist(person));
      if (run.length === RUN) await finish();
    }
    await finish();
    const listed = await mergedRuns(runs, byKey);
    // Somebody who changed meanwhile is in it as before: good for this answer, not for the next.
    if (changes === this.#changes) this.#made = { of, all: listed };
    return listed;
  }
}

function byKey(a: Listed, b: Listed): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}

function enlist(person: Person): Listed {
  const { id, name, userName, email, department } = person;
  return {
    key: `${foldName(name)} ${id}`,
    person,
    text: foldName([id, name, userName, email ?? '', department ?? ''].join(' ')),
  };
}
