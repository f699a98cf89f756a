import type { Agent } from '../../model/agent.ts';
import { foldName } from '../directory/entities.ts';
import { type Enrolled, placeOf, type Roll, rollOf } from '../directory/roll.ts';
import type { Directory } from '../directory.ts';
import { RegistryRefused } from './refused.ts';
import type { Registry } from './registry.ts';
import { orderedBy } from './world.ts';
import { patchChange, readKnown, type Who, write } from './writing.ts';

/** Which agents; everything given must hold. */
export interface AgentFilter {
  readonly owner?: string;
  readonly state?: Agent['state'];
  readonly department?: string;
  readonly riskTier?: Agent['riskTier'];
  readonly archetype?: Agent['archetype'];
  readonly template?: string;
  readonly origin?: Agent['origin'];
  /** In id, name or purpose, without case. */
  readonly search?: string;
  /** Ends at or before that time. */
  readonly expiresBeforeMs?: number;
}

/** Whether an agent is one of those. What is searched for is folded once. */
export function matcherOf(filter: AgentFilter): (one: Pick<Enrolled, 'agent' | 'text'>) => boolean {
  const { search, expiresBeforeMs, ...exact } = filter;
  const wanted = Object.entries(exact).filter(([, value]) => value !== undefined) as [keyof typeof exact, unknown][];
  const folded = search === undefined ? null : foldName(search);
  return ({ agent, text }) => {
    for (const [name, value] of wanted) if (agent[name] !== value) return false;
    if (expiresBeforeMs !== undefined && (agent.expiresAtMs === null || agent.expiresAtMs > expiresBeforeMs))
      return false;
    return folded === null || text.includes(folded);
  };
}

/** Agents in the order of their ids, page by page. */
export class AgentList {
  readonly #roll: Roll;

  constructor(directory: Directory) {
    this.#roll = rollOf(directory);
  }

  /** At most `limit` after the id `after`; `next` is the id to go on after, `null`: there are no more. `also`: must hold besides. */
  page(
    filter: AgentFilter,
    {
      after = '',
      limit,
      also = () => true,
    }: { readonly after?: string; readonly limit: number; readonly also?: (agent: Agent) => boolean },
  ): { readonly agents: readonly Agent[]; readonly next: string | null } {
    const { all } = this.#roll;
    const matches = matcherOf(filter);
    const agents: Agent[] = [];
    const from = placeOf(all, after);
    for (let i = all[from]?.id === after ? from + 1 : from; i < all.length; i++) {
      const one = all[i]!;
      if (!matches(one) || !also(one.agent)) continue;
      if (agents.length === limit) return { agents, next: agents.at(-1)!.id };
      agents.push(one.agent);
    }
    return { agents, next: null };
  }

  all(filter: AgentFilter): readonly Agent[] {
    return this.page(filter, { limit: Number.MAX_SAFE_INTEGER }).agents;
  }
}

/** What one transaction of the store takes. */
export const BATCH = 1_000;
const ROUNDS = 5;

/** Every agent of one owner to another, a thousand at a time. Who is changed by somebody else meanwhile is read again. */
export async function reassignAll(
  registry: Registry,
  move: { readonly from: string; readonly to: string; readonly resume: boolean },
  who: Who,
): Promise<{ readonly reassigned: readonly string[]; readonly left: readonly string[] }> {
  const { directory } = registry.world;
  const by = orderedBy(directory, who.by);
  const done: string[] = [];
  const waiting = (): readonly Agent[] =>
    directory.agentsOwnedBy(move.from).filter((agent) => agent.state !== 'decommissioned');
  for (let round = 0; round < ROUNDS && waiting().length > 0; round++) {
    const all = waiting().map(({ id }) => id);
    for (let i = 0; i < all.length; i += BATCH) {
      const ids = all.slice(i, i + BATCH);
      try {
        const known = await Promise.all(ids.map((id) => readKnown(registry.parts, id)));
        const changes = known.map((each) => patchChange(each, registry.reassigned(each.agent, move.to, move.resume)));
        const detail = { ...move, agents: ids };
        await write(registry.parts, { act: 'agent.reassign', who: { by, reason: who.reason }, changes, detail });
        done.push(...ids);
      } catch (error) {
        if (!(error instanceof RegistryRefused) || error.why !== 'lost') throw error;
      }
    }
  }
  return { reassigned: done.sort(), left: waiting().map(({ id }) => id) };
}
