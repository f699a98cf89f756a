import { setImmediate as nextTurn } from 'node:timers/promises';
import { placeOf, rollOf } from '../../../../identity/directory/roll.ts';
import type { Agent } from '../../../../model/agent.ts';
import type { ReachLine } from '../../../../model/insight/agents.ts';
import { Problem } from '../../../../surfaces/admin/problem.ts';
import { abilityOf, type KnownTool, knownTools, whyNotNow } from '../agents/abilities.ts';
import type { InsightParts } from '../parts.ts';

export interface ReachQuestion {
  readonly server: string;
  /** Id of the last agent that was looked at. */
  readonly after: string | null;
  readonly limit: number;
}

/** Pairs of agent and tool worked out for one page, and in one turn of them. */
const MAX_PAIRS = 20_000;
const TURN = 200;
const EXAMPLES = 5;

/** Which agents may call a server's tools, in the order of their ids. A page ends when it is full, or when it was work enough. */
export async function reach(
  parts: InsightParts,
  { server, after, limit }: ReachQuestion,
): Promise<{ readonly items: readonly ReachLine[]; readonly next: string | null }> {
  if (!parts.gateway.snapshot().servers.has(server))
    throw new Problem(404, 'unknown-server', `there is no server "${server}"`);
  const tools = knownTools(parts).filter((tool) => tool.server === server);
  const all = await rollOf(parts.live.directory).ready();
  const items: ReachLine[] = [];
  let pairs = 0;
  const from = after === null ? 0 : placeOf(all, after);
  for (let i = all[from]?.id === after ? from + 1 : from; i < all.length; i++) {
    const { agent } = all[i]!;
    const line = lineOf(parts, agent, tools);
    if (line !== null) items.push(line);
    const before = pairs;
    pairs += mayConnect(agent, server) ? Math.max(1, tools.length) : 0.01;
    if (i + 1 < all.length && (items.length >= limit || pairs >= MAX_PAIRS)) return { items, next: agent.id };
    if (Math.floor(before / TURN) !== Math.floor(pairs / TURN)) await nextTurn();
  }
  return { items, next: null };
}

function mayConnect({ servers, state }: Agent, server: string): boolean {
  return state !== 'decommissioned' && (servers === null || servers.includes(server));
}

function lineOf(parts: InsightParts, agent: Agent, tools: readonly KnownTool[]): ReachLine | null {
  const [first] = tools;
  if (first === undefined || !mayConnect(agent, first.server)) return null;
  const possible = tools.map(abilityOf(parts, { agent, person: null })).filter(({ outcome }) => outcome !== 'never');
  if (possible.length === 0) return null;
  return {
    ...{ agent: agent.id, name: agent.name, owner: agent.owner, notNow: whyNotNow(parts, agent) },
    ownerName: parts.live.directory.person(agent.owner)?.name ?? agent.owner,
    tools: possible.length,
    examples: possible.slice(0, EXAMPLES).map(({ tool }) => tool),
    asking: possible.filter(({ outcome }) => outcome === 'ask').length,
  };
}
