import { type Enrolled, placeOf, rollOf } from '../../../../identity/directory/roll.ts';
import { type AgentFilter, matcherOf } from '../../../../identity/registry/many.ts';
import type { Agent } from '../../../../model/agent.ts';
import type { AgentLine } from '../../../../model/insight/agents.ts';
import type { Tier } from '../../../../model/lock.ts';
import type { ActivityBook } from '../../records/record-index.ts';
import { type InsightParts, inTurns, tierOf } from '../parts.ts';

interface SummaryFilter extends AgentFilter {
  /** `any`: whichever tier it is. */
  readonly lock?: Tier | 'any';
}

export interface SummaryQuestion {
  readonly filter: SummaryFilter;
  /** Id of the last one that was seen. */
  readonly after: string | null;
  readonly limit: number;
}

export interface Summaries {
  readonly items: readonly AgentLine[];
  /** Id to go on after. */
  readonly next: string | null;
  /** How many match in all. */
  readonly total: number;
}

/** The list of agents: those that match in the order of their ids, and how many there are. */
export async function summaries(parts: InsightParts, question: SummaryQuestion): Promise<Summaries> {
  const { after, limit } = question;
  const { lock, ...filter } = question.filter;
  const { directory } = parts.live;
  const tier = tierOf(parts.gateway.revocation.locks());
  const all = await rollOf(directory).ready();
  const from = after === null ? 0 : placeOf(all, after);
  const matched = Object.values(question.filter).some((value) => value !== undefined)
    ? await matching(all, [matcherOf(filter), ...(lock === undefined ? [] : [hasLock(tier, lock)])])
    : all;
  const found: Agent[] = [];
  const start = matched === all ? from : placeOf(matched, after ?? '');
  for (let i = matched[start]?.id === after ? start + 1 : start; i < matched.length && found.length <= limit; i++)
    found.push(matched[i]!.agent);
  const page = found.slice(0, limit);
  const used = await parts.activity.activityOf(page.map(({ id }) => id)).catch(() => NOTHING);
  const items = page.map((agent) => ({ ...lineOf(parts, agent, tier(agent)), ...(used.get(agent.id) ?? NEVER) }));
  return { items, next: found.length > limit ? (items.at(-1)?.id ?? null) : null, total: matched.length };
}

const NOTHING: Awaited<ReturnType<ActivityBook['activityOf']>> = new Map();
const NEVER = { lastCallAtMs: null, calls24h: 0 } as const;

type Test = (one: Enrolled) => boolean;

function hasLock(tier: ReturnType<typeof tierOf>, wanted: Tier | 'any'): Test {
  return ({ agent }) => {
    const on = tier(agent);
    return wanted === 'any' ? on !== null : on === wanted;
  };
}

async function matching(all: readonly Enrolled[], tests: readonly Test[]): Promise<readonly Enrolled[]> {
  const found: Enrolled[] = [];
  await inTurns(all, (one) => {
    if (tests.every((test) => test(one))) found.push(one);
  });
  return found;
}

function lineOf({ live }: InsightParts, agent: Agent, lock: Tier | null): Omit<AgentLine, keyof typeof NEVER> {
  const { id, name, owner, department, archetype, riskTier, state, purpose, expiresAtMs, origin } = agent;
  return {
    ...{ id, name, owner, department, archetype, riskTier, state, purpose, expiresAtMs, origin, lock },
    ownerName: live.directory.person(owner)?.name ?? owner,
  };
}
