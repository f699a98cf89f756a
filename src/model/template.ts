import type { Agent, Archetype, RiskTier } from './agent.ts';
import { coversScope } from './scope.ts';

/** Fields a template can insist on. */
export const REQUIRABLE = ['department', 'deputies', 'expiresAtMs', 'keys', 'workloads', 'servers', 'scopes'] as const;
export type Requirable = (typeof REQUIRABLE)[number];

/** What agents of one class may have at most (requirements ID1). An agent made from it may narrow it, never exceed it. */
export interface Template {
  readonly id: string;
  readonly description: string;
  readonly archetype: Archetype;
  /** The least: an agent may be called riskier, never safer. */
  readonly riskTier: RiskTier;
  /** The only groups; policies give rights to groups. */
  readonly groups: readonly string[];
  /** `null`: any. */
  readonly servers: readonly string[] | null;
  readonly scopes: readonly string[] | null;
  /** The longest an agent may live from the time its end is set. `null`: no end needed. */
  readonly lifetimeMs: number | null;
  /** The only people who approve such an agent. Empty: anybody but the requester. */
  readonly reviewers: readonly string[];
  readonly required: readonly Requirable[];
  /** Whether a person who signs in with an unknown OAuth client gets an agent of this kind for it, and in which state. */
  readonly admits: 'no' | 'requested' | 'active';
  readonly origin: 'configuration' | 'registry';
}

const RANK: Readonly<Record<RiskTier, number>> = { low: 0, medium: 1, high: 2, critical: 3 };
/** Clocks and the time a change takes. */
const SLACK_MS = 60_000;

/** Every way in which an agent has more than its template gives, or lacks what it insists on, in words. Empty: it fits. */
export function exceeds(agent: Agent, template: Template, nowMs: number): readonly string[] {
  const found: string[] = [];
  const say = (wrong: boolean, words: string): void => {
    if (wrong) found.push(words);
  };
  say(agent.archetype !== template.archetype, `archetype is ${agent.archetype}, not ${template.archetype}`);
  const safer = RANK[agent.riskTier] < RANK[template.riskTier];
  say(safer, `riskTier ${agent.riskTier} is lower than ${template.riskTier}`);
  const groups = agent.groups.filter((group) => !template.groups.includes(group));
  say(groups.length > 0, `groups ${groups.join(', ')} are not in it`);
  if (template.servers !== null) {
    const allowed = template.servers;
    const servers = agent.servers?.filter((server) => !allowed.includes(server)) ?? null;
    say(servers === null, 'servers are not limited');
    say(servers !== null && servers.length > 0, `servers ${servers?.join(', ')} are not in it`);
  }
  if (template.scopes !== null) {
    const scopes = agent.scopes?.filter((scope) => !coversScope(template.scopes, scope)) ?? null;
    say(scopes === null, 'scopes are not limited');
    say(scopes !== null && scopes.length > 0, `scopes ${scopes?.join(', ')} are not covered`);
  }
  if (template.lifetimeMs !== null) {
    const end = agent.expiresAtMs;
    say(end === null, 'it has no end (expiresAtMs)');
    const late = end !== null && end > nowMs + template.lifetimeMs + SLACK_MS;
    say(late, `it ends later than ${Math.round(template.lifetimeMs / 3_600_000)} hours from now`);
  }
  for (const field of template.required) {
    const value = agent[field];
    say(value === null || (Array.isArray(value) && value.length === 0), `${field} is required`);
  }
  return found;
}
