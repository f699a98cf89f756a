import type { AgentPermissions, ToolPermission } from '../../../../model/insight/agents.ts';
import { Problem } from '../../../../surfaces/admin/problem.ts';
import { type InsightParts, inTurns } from '../parts.ts';
import { abilityOf, knownTools, whyNotNow } from './abilities.ts';

/** Each takes some microseconds. */
const TURN = 200;

/** What an agent can do, tool by tool, on its own or for a person. */
export async function permissions(
  parts: InsightParts,
  of: { readonly agent: string; readonly subject: string | null },
): Promise<AgentPermissions> {
  const { directory } = parts.live;
  const agent = directory.agent(of.agent);
  if (agent === undefined) throw new Problem(404, 'unknown-agent', `there is no agent "${of.agent}"`);
  const person = of.subject === null ? null : directory.person(of.subject);
  if (person === undefined) throw new Problem(404, 'unknown-person', `there is no person "${of.subject}"`);
  const ability = abilityOf(parts, { agent, person });
  const tools: ToolPermission[] = [];
  await inTurns(knownTools(parts), (tool) => tools.push(ability(tool)), TURN);
  return {
    ...{ agent: agent.id, subject: person?.id ?? null, notNow: whyNotNow(parts, agent) },
    policyVersion: parts.gateway.snapshot().policies.version,
    tools: tools.sort(byName),
  };
}

function byName(a: ToolPermission, b: ToolPermission): number {
  const left = `${a.server}/${a.tool}`;
  const right = `${b.server}/${b.tool}`;
  return left < right ? -1 : left > right ? 1 : 0;
}
