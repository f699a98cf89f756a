import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Agent } from '../../model/agent.ts';
import type { Changed, Directory } from '../directory.ts';
import { foldName } from './entities.ts';
import { mergedRuns, RUN } from './runs.ts';

/** One agent as lists are searched: what is looked for in it is folded once, not once per question. */
export interface Enrolled {
  readonly id: string;
  readonly agent: Agent;
  /** Id, name and purpose, without case. */
  readonly text: string;
}

/** Changed one by one up to this many; beyond, everything is sorted again. */
const MAX_INSERTS = 500;

const rolls = new WeakMap<Directory, Roll>();

/** The roll of a directory: one for everybody who lists its agents. */
export function rollOf(directory: Directory): Roll {
  let roll = rolls.get(directory);
  if (roll === undefined) rolls.set(directory, (roll = new Roll(directory)));
  return roll;
}

/** Every agent in the order of ids, ready to be searched. Follows the directory; what was handed out is never changed. */
export class Roll {
  readonly #directory: Directory;
  #all: readonly Enrolled[] | null = null;
  readonly #changed = new Set<string>();
  #making: Promise<void> | null = null;

  constructor(directory: Directory) {
    this.#directory = directory;
    directory.onChange((changed) => this.#note(changed));
  }

  /** As it is now. In one go where it was never asked for before (`ready` is kinder). */
  get all(): readonly Enrolled[] {
    if (this.#all === null || this.#changed.size > MAX_INSERTS) {
      this.#all = Array.from(this.#directory.agents(), enrol).sort(byId);
      this.#changed.clear();
    } else if (this.#changed.size > 0) this.#all = this.#updated(this.#all);
    return this.#all;
  }

  /** The same, made for the first time, or after many changes, in turns that hold nobody up. */
  async ready(): Promise<readonly Enrolled[]> {
    if (this.#all === null || this.#changed.size > MAX_INSERTS) {
      this.#making ??= this.#make().finally(() => {
        this.#making = null;
      });
      await this.#making;
    }
    return this.all;
  }

  async #make(): Promise<void> {
    // Whoever cannot wait makes it in one go meanwhile, and theirs is the newer one.
    this.#all = null;
    this.#changed.clear();
    const runs: Enrolled[][] = [];
    let run: Enrolled[] = [];
    // What changes from now on is among the changed, and is looked up again at the end.
    for (const agent of [...this.#directory.agents()]) {
      run.push(enrol(agent));
      if (run.length < RUN) continue;
      runs.push(run.sort(byId));
      run = [];
      await nextTurn();
    }
    runs.push(run.sort(byId));
    const made = await mergedRuns(runs, byId);
    this.#all ??= made;
  }

  #note(changed: readonly Changed[]): void {
    for (const { kind, id } of changed) if (kind === 'agent') this.#changed.add(id);
  }

  #updated(before: readonly Enrolled[]): readonly Enrolled[] {
    const all = before.slice();
    for (const id of this.#changed) {
      const agent = this.#directory.agent(id);
      const at = placeOf(all, id);
      const there = all[at]?.id === id;
      if (agent === undefined) {
        if (there) all.splice(at, 1);
      } else all.splice(at, there ? 1 : 0, enrol(agent));
    }
    this.#changed.clear();
    return all;
  }
}

/** Index of the first whose id is `id` or comes after it. */
export function placeOf(all: readonly Enrolled[], id: string): number {
  let low = 0;
  let high = all.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (all[middle]!.id < id) low = middle + 1;
    else high = middle;
  }
  return low;
}

function enrol(agent: Agent): Enrolled {
  return { id: agent.id, agent, text: foldName(`${agent.id} ${agent.name} ${agent.purpose}`) };
}

function byId(a: Enrolled, b: Enrolled): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}
