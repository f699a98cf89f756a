import { realDisk } from '../../../../adapters/disk/real.ts';
import { readJournal } from '../../../../audit/read/read-journal.ts';
import type { Config } from '../../../../config/config.ts';
import { rollOf } from '../../../../identity/directory/roll.ts';
import type { Agent } from '../../../../model/agent.ts';
import type { Standing } from '../../../../model/approval.ts';
import type { Drill } from '../../../../model/insight/overview.ts';
import type { Person } from '../../../../model/person.ts';
import type { PinRow } from '../../../../ports/stores.ts';
import { rolesOf } from '../../../../surfaces/console/roles.ts';
import { abilityOf, type KnownTool, knownTools } from '../agents/abilities.ts';
import { DAY_MS, firstBy, type InsightParts, inTurns, RISKIEST } from '../parts.ts';
import { secretsOf } from '../secrets.ts';
import { approversOf } from './approvers.ts';

/** Agents whose activity and permissions are looked at one by one; the riskiest first. */
export const LOOKED_AT = 5_000;
/** Pairs of agent and tool that are worked out: half a second of turns at most. */
const MAX_PAIRS = 50_000;
const TURN = 100;
export const UNUSED_MS = 30 * DAY_MS;

/** Everything the checks look at, read once. */
export interface Facts {
  readonly nowMs: number;
  readonly config: Config;
  readonly active: readonly Agent[];
  readonly ownerless: readonly Agent[];
  /** Of the first `LOOKED_AT`. `null`: the records do not reach back far enough to say. */
  readonly unused: readonly Agent[] | null;
  readonly recordsSinceMs: number;
  /** A policy without conditions lets them do something destructive, external or to credentials, and none asks anybody. */
  readonly unasked: readonly { readonly agent: string; readonly tool: string }[];
  /** How many of the active agents were looked at for that. */
  readonly lookedAt: number;
  readonly staticTokens: number;
  readonly quarantined: readonly PinRow[];
  readonly approvers: { readonly people: readonly Person[]; readonly without: readonly Person[] };
  readonly admins: readonly Person[];
  readonly standing: readonly Standing[];
  readonly lastDrill: Drill | null;
}

export interface PostureParts extends InsightParts {
  readonly drills: () => Promise<readonly Drill[]>;
}

export async function gather(parts: PostureParts): Promise<Facts> {
  const { live, gateway, questions } = parts;
  const nowMs = gateway.clock.nowMs();
  const agents = await agentsNow(parts);
  const byRisk = await firstBy(agents.active, ({ riskTier }) => RISKIEST.indexOf(riskTier), LOOKED_AT);
  const [{ unused, recordsSinceMs }, risky, approvers, admins, [lastDrill = null]] = await Promise.all([
    unusedOf(parts, byRisk, nowMs),
    unaskedOf(parts, byRisk),
    passkeysOf(parts, agents.active),
    adminsOf(parts),
    parts.drills(),
  ]);
  return {
    ...{ nowMs, config: live.config, ...agents, unused, recordsSinceMs, ...risky, approvers, admins, lastDrill },
    staticTokens: live.staticTokens.size,
    quarantined: live.config.servers
      .flatMap(({ id }) => gateway.inventory.pins(id))
      .filter(({ state }) => state === 'quarantined'),
    standing: questions.standing.list().filter(({ state, notAfterMs }) => state === 'active' && notAfterMs > nowMs),
  };
}

async function agentsNow({ live }: InsightParts): Promise<Pick<Facts, 'active' | 'ownerless'>> {
  const { directory } = live;
  const active: Agent[] = [];
  const ownerless: Agent[] = [];
  await inTurns(await rollOf(directory).ready(), ({ agent }) => {
    if (agent.state === 'active') active.push(agent);
    const owned = directory.person(agent.owner)?.active === true;
    if (agent.state === 'orphaned' || (agent.state === 'active' && !owned)) ownerless.push(agent);
  });
  return { active, ownerless };
}

async function unusedOf(
  { live, activity }: InsightParts,
  agents: readonly Agent[],
  nowMs: number,
): Promise<Pick<Facts, 'unused' | 'recordsSinceMs'>> {
  const recordsSinceMs = await firstRecordMs(live.config.journal.dir, nowMs);
  if (nowMs - recordsSinceMs < UNUSED_MS) return { unused: null, recordsSinceMs };
  const unused: Agent[] = [];
  for (let i = 0; i < agents.length; i += 500) {
    const some = agents.slice(i, i + 500);
    const used = await activity.activityOf(some.map(({ id }) => id));
    unused.push(...some.filter(({ id }) => nowMs - (used.get(id)?.lastCallAtMs ?? 0) > UNUSED_MS));
  }
  return { unused, recordsSinceMs };
}

/** When the oldest record that is kept was made. */
async function firstRecordMs(dir: string, nowMs: number): Promise<number> {
  for await (const { time } of readJournal(dir, { disk: realDisk })) return Date.parse(time);
  return nowMs;
}

const RISKY: ReadonlySet<string> = new Set(['destructive', 'external', 'credential']);

async function unaskedOf(parts: InsightParts, byRisk: readonly Agent[]): Promise<Pick<Facts, 'unasked' | 'lookedAt'>> {
  const tools = knownTools(parts).filter(({ labels, pin }) => pin === 'pinned' && RISKY.has(labels.effect));
  const agents = byRisk.slice(0, tools.length === 0 ? byRisk.length : Math.floor(MAX_PAIRS / tools.length));
  const unasked: { agent: string; tool: string }[] = [];
  if (tools.length > 0)
    await inTurns(
      agents,
      (agent) => {
        const tool = firstUnasked(parts, agent, tools);
        if (tool !== undefined) unasked.push({ agent: agent.id, tool: `${tool.server}/${tool.tool}` });
      },
      Math.max(1, Math.floor(TURN / tools.length)),
    );
  return { unasked, lookedAt: agents.length };
}

function firstUnasked(parts: InsightParts, agent: Agent, tools: readonly KnownTool[]): KnownTool | undefined {
  const ability = abilityOf(parts, { agent, person: null });
  return tools.find((tool) => {
    const { outcome, policies } = ability(tool);
    if (outcome === 'never' || outcome === 'ask') return false;
    return policies.some(({ effect, holds }) => effect === 'permit' && holds === 'always');
  });
}

/** Who answers when a policy or a route asks, and who of them has no passkey. */
async function passkeysOf(parts: InsightParts, active: readonly Agent[]): Promise<Facts['approvers']> {
  const people = await approversOf(parts, active);
  const withPasskey = new Set<string>();
  for await (const { owner } of secretsOf(parts.stores.secrets, 'passkey')) withPasskey.add(owner);
  return { people, without: people.filter(({ id }) => !withPasskey.has(id)) };
}

async function adminsOf({ live }: InsightParts): Promise<readonly Person[]> {
  const { console: settings } = live.config;
  const admins: Person[] = [];
  await inTurns([...live.directory.people()], (person) => {
    if (person.active && rolesOf(person, settings).includes('security-admin')) admins.push(person);
  });
  return admins;
}
