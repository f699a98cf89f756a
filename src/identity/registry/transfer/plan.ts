import type { Agent } from '../../../model/agent.ts';
import { readFields } from '../fields.ts';
import { RegistryRefused } from '../refused.ts';
import { claimsOf, makeAgent, misfits, provable, type World } from '../world.ts';
import type { Row } from './read.ts';

/** What a line would do. */
export interface Planned {
  readonly line: number;
  readonly id: string;
  readonly what: 'make' | 'change' | 'same' | 'refuse';
  /** Why it is refused; for a change the names of the fields. */
  readonly reasons: readonly string[];
  /** What it would be. `null` where it is refused. */
  readonly agent: Agent | null;
}

/** One file, line by line, against the world as it is. Holds what the lines before it took. */
export class Planner {
  readonly #world: World;
  readonly #nowMs: number;
  readonly #by: string;
  readonly #lines = new Map<string, number>();
  readonly #claims = new Map<string, string>();

  constructor(world: World, how: { readonly by: string; readonly nowMs: number }) {
    this.#world = world;
    this.#by = how.by;
    this.#nowMs = how.nowMs;
    for (const agent of [...world.directory.agents()])
      for (const claim of claimsOf(agent)) this.#claims.set(claim, agent.id);
  }

  plan(row: Row): Planned {
    const { line, id } = row;
    const earlier = this.#lines.get(id);
    if (earlier !== undefined) return refuse(row, [`"${id}" stands in line ${earlier} already`]);
    this.#lines.set(id, line);
    const { fields, problems } = readFields(row.fields);
    if (problems.length > 0) return refuse(row, problems);
    const there = this.#world.directory.agent(id);
    if (there !== undefined) return this.#existing(row, there, fields);
    if (this.#world.directory.storedOne('agent', id) !== undefined)
      return refuse(row, [`there was an agent "${id}" that was stopped`]);
    try {
      const made = makeAgent(this.#world, { id, creator: this.#by, fields, nowMs: this.#nowMs });
      const agent: Agent = { ...made, state: provable(made) ? 'active' : 'approved' };
      if (row.state !== null && row.state !== agent.state && row.state !== 'active')
        return refuse(row, [`state: a new agent is ${agent.state}; ${row.state} is reached by its own command`]);
      return this.#fits(row, agent, 'make');
    } catch (error) {
      if (error instanceof RegistryRefused) return refuse(row, [error.message]);
      throw error;
    }
  }

  #existing(row: Row, there: Agent, fields: Partial<Agent>): Planned {
    const changed = Object.entries(fields).filter(
      ([name, value]) => JSON.stringify(value) !== JSON.stringify(there[name as keyof Agent]),
    );
    if (row.state !== null && row.state !== there.state)
      return refuse(row, [`state: it is ${there.state}, and ${row.state} is reached by its own command`]);
    const { line, id } = row;
    if (changed.length === 0) return { line, id, what: 'same', reasons: [], agent: there };
    if (there.origin === 'configuration') return refuse(row, ['it stands in interlock.yaml: change it there']);
    if (there.state === 'decommissioned') return refuse(row, ['it is decommissioned for good']);
    if ('owner' in fields && fields.owner !== there.owner && there.state === 'orphaned')
      return refuse(row, ['it is orphaned: reassign it']);
    const agent = { ...there, ...Object.fromEntries(changed) } as Agent;
    return this.#fits(
      row,
      agent,
      'change',
      changed.map(([name]) => name),
    );
  }

  #fits(row: Row, agent: Agent, what: 'make' | 'change', reasons: readonly string[] = []): Planned {
    const wrong = [...misfits(this.#world, agent, this.#nowMs)];
    for (const claim of claimsOf(agent)) {
      const holder = this.#claims.get(claim);
      if (holder !== undefined && holder !== agent.id) wrong.push(`a key or workload of it belongs to ${holder}`);
    }
    if (wrong.length > 0) return refuse(row, wrong);
    for (const claim of claimsOf(agent)) this.#claims.set(claim, agent.id);
    return { line: row.line, id: row.id, what, reasons, agent };
  }
}

function refuse({ line, id }: Row, reasons: readonly string[]): Planned {
  return { line, id, what: 'refuse', reasons, agent: null };
}
