import type { Agent } from '../../model/agent.ts';
import { AGENT_DEFAULTS } from '../../model/agent.ts';
import { digestJson } from '../../model/canonical.ts';
import { exceeds, type Template } from '../../model/template.ts';
import { foldName } from '../directory/entities.ts';
import type { Directory } from '../directory.ts';
import { thumbprint } from '../proof/keys.ts';
import { type AgentFields, isAgentId } from './fields.ts';
import { RegistryRefused } from './refused.ts';

/** What the configuration file says that the registry must fit in with. */
export interface ConfiguredWorld {
  readonly agents: readonly Agent[];
  readonly templates: readonly Template[];
  readonly servers: readonly string[];
}

/** Everything an agent is checked against. */
export interface World {
  readonly directory: Directory;
  readonly configured: () => ConfiguredWorld;
  readonly template: (id: string) => Template | undefined;
}

/** A new agent of these fields; what a template says stands where nothing else is said. Throws RegistryRefused `invalid`. */
export function makeAgent(
  world: World,
  made: {
    readonly id: string;
    readonly creator: string;
    readonly fields: Partial<AgentFields>;
    readonly nowMs: number;
  },
): Agent {
  const { id, creator, fields, nowMs } = made;
  if (!isAgentId(id)) {
    const help = 'a letter, then up to 31 letters, digits and hyphens, all lower case';
    throw new RegistryRefused('invalid', `"${id}" is no valid id: ${help}`);
  }
  const template = fields.template == null ? undefined : world.template(fields.template);
  const given = template === undefined ? {} : fromTemplate(template, nowMs);
  const agent = { ...AGENT_DEFAULTS, name: id, ...given, ...fields, id, creator, origin: 'registry' as const };
  const missing = (['owner', 'purpose', 'archetype', 'riskTier'] as const).filter((name) => agent[name] === undefined);
  if (missing.length > 0) throw new RegistryRefused('invalid', `${id}: ${missing.join(', ')} missing`);
  return agent as Agent;
}

function fromTemplate(template: Template, nowMs: number): Partial<Agent> {
  const { archetype, riskTier, groups, servers, scopes, lifetimeMs } = template;
  const expiresAtMs = lifetimeMs === null ? null : nowMs + lifetimeMs;
  return { archetype, riskTier, groups, servers, scopes, expiresAtMs };
}

/** What does not fit: people, servers, templates, expiry. Sentences; empty: it may be. */
export function misfits(world: World, agent: Agent, nowMs: number): readonly string[] {
  const { directory } = world;
  const found: string[] = [];
  const owner = directory.person(agent.owner);
  if (owner === undefined) found.push(`owner: nobody knows a person "${agent.owner}"`);
  else if (!owner.active) found.push(`owner: ${agent.owner} is not active`);
  for (const deputy of agent.deputies) {
    if (directory.person(deputy) === undefined) found.push(`deputies: nobody knows a person "${deputy}"`);
  }
  const { servers } = world.configured();
  for (const server of agent.servers ?? []) {
    if (!servers.includes(server)) found.push(`servers: there is no server "${server}"`);
  }
  if (agent.expiresAtMs !== null && agent.expiresAtMs <= nowMs) found.push('expiresAtMs: that time has passed');
  if (agent.template === null) return found;
  const template = world.template(agent.template);
  if (template === undefined) return [...found, `template: there is no template "${agent.template}"`];
  for (const each of exceeds(agent, template, nowMs)) found.push(`template ${template.id}: ${each}`);
  return found;
}

/** What no two agents may have in common. */
export function claimsOf(agent: Agent): readonly string[] {
  const keys = agent.keys.flatMap((key) => [`kid:${key.kid}`, `key:${thumbprint(key)}`]);
  const workloads = agent.workloads.map((each) => `workload:${digestJson({ ...each })}`);
  return [...new Set([...keys, ...workloads])];
}

/** Whether something it claims belongs to an agent of the configuration, which holds no claims in the store. */
export function claimedByFile(world: World, agent: Agent): string | null {
  const claims = new Set(claimsOf(agent));
  if (claims.size === 0) return null;
  for (const other of world.configured().agents) {
    if (other.id !== agent.id && claimsOf(other).some((claim) => claims.has(claim))) return other.id;
  }
  return null;
}

export function provable(agent: Agent): boolean {
  const { keys, workloads, clients, redirectUris } = agent;
  return keys.length + workloads.length + clients.length + redirectUris.length > 0;
}

/**
 * Who gives an order, under one name however it was written, so that nobody passes for two. Somebody who was deprovisioned orders
 * nothing. A name nobody knows (an account of the machine) stays as it is.
 */
export function orderedBy(directory: Directory, by: string): string {
  const person = directory.person(by) ?? directory.personNamed(by);
  if (person === undefined) return foldName(by.trim());
  if (!person.active) throw new RegistryRefused('forbidden', `${person.id} is not active and gives no orders`);
  return person.id;
}
