import type { NotAlive } from '../../../../identity/directory.ts';
import type { Action } from '../../../../model/action.ts';
import type { Agent } from '../../../../model/agent.ts';
import { ALONE, type Caller } from '../../../../model/caller.ts';
import type { PolicyPart, ToolPermission } from '../../../../model/insight/agents.ts';
import type { Person } from '../../../../model/person.ts';
import { coversScope, scopeNeeded } from '../../../../model/scope.ts';
import type { ToolLabels } from '../../../../model/tool.ts';
import type { Foreseen } from '../../../../policy/foresee/foresee.ts';
import type { PolicySet } from '../../../../policy/policy-set.ts';
import { type InsightParts, tierOf } from '../parts.ts';

/** One tool as the inventory has it now. */
export interface KnownTool {
  readonly server: string;
  readonly tool: string;
  readonly labels: ToolLabels;
  readonly pin: 'pinned' | 'quarantined';
}

export function knownTools({ gateway }: Pick<InsightParts, 'gateway'>): readonly KnownTool[] {
  const { inventory } = gateway;
  return inventory.known().map(({ server, name, labels }) => {
    return {
      server,
      tool: name,
      labels,
      pin: inventory.resolve(server, name).state === 'pinned' ? 'pinned' : 'quarantined',
    };
  });
}

/** Whoever an answer is about: the agent, and the person it would act for. */
export interface Asker {
  readonly agent: Agent;
  readonly person: Person | null;
}

/**
 * What will be decided about one tool, whatever the call: the tiers in the order they count, then the policies. Everything is the one set
 * of rules in force; nothing is remembered.
 */
export function abilityOf(parts: InsightParts, asker: Asker): (tool: KnownTool) => ToolPermission {
  const { gateway } = parts;
  const { policies } = gateway.snapshot();
  const caller = callerOf(parts, asker);
  return (known) => {
    const { server, tool, labels, pin } = known;
    const foreseen = policies.foresee(caller, actionOn(known), labels);
    const limit = limitOf(parts, asker, known);
    return {
      ...{ server, tool, pin, effect: labels.effect, dataClass: labels.dataClass },
      outcome: limit === null ? foreseen.outcome : 'never',
      policies: foreseen.parts.map((part): PolicyPart => {
        const { policy: id, effect, file, line, holds } = part;
        return { id, effect, file, line, holds };
      }),
      why: limit ?? whyOf(foreseen),
    };
  };
}

/** Only whether: for many agents. Cheaper than all about it. */
export function couldCall(parts: InsightParts, asker: Asker, policies: PolicySet): (tool: KnownTool) => boolean {
  const caller = callerOf(parts, asker);
  return (known) =>
    limitOf(parts, asker, known) === null &&
    policies.foresee(caller, actionOn(known), known.labels).outcome !== 'never';
}

function callerOf({ live }: InsightParts, { agent, person }: Asker): Caller {
  const owner = live.directory.person(agent.owner) ?? null;
  const proof = { method: 'token', credentialId: '', expiresAtMs: 0 } as const;
  return { ...ALONE, ...proof, agent, owner, person, subject: person?.id ?? null };
}

function actionOn({ server, tool }: KnownTool): Action {
  return { name: 'tools/call', server, target: { kind: 'tool', name: tool }, args: {}, digest: '', sizeChars: 0 };
}

/** What stands before every policy. `null`: nothing does. */
function limitOf({ gateway }: InsightParts, { agent, person }: Asker, known: KnownTool): string | null {
  const { server, tool, labels, pin } = known;
  if (agent.servers !== null && !agent.servers.includes(server)) return `It may not connect to ${server}.`;
  if (pin === 'quarantined') return 'The definition of the tool is held back until somebody accepts it.';
  const needed = scopeNeeded(server, labels.effect);
  if (!coversScope(agent.scopes, needed)) return `It may be granted ${scopesText(agent)}, not ${needed}.`;
  if (person === null) return null;
  if (!person.active) return `${person.name} is deactivated.`;
  if (!gateway.rights.couldPermit({ person, labels, server, tool })) return `${person.name} may not do this themself.`;
  return null;
}

function scopesText({ scopes }: Agent): string {
  return scopes === null || scopes.length === 0 ? 'nothing' : scopes.join(', ');
}

const WHY: Readonly<Record<NonNullable<Foreseen['why']>, string>> = {
  forbidden: 'A policy forbids it, whatever the arguments.',
  fails: 'A policy fails on it, and what fails is denied.',
  'no-permit': 'No policy permits it.',
  unknown: 'The server or its labels are not known to the policies in force.',
};

/** Facts of the context as people say them; what is not named here comes from the arguments. */
const FACTS: Readonly<Record<string, string>> = {
  ...{ session: 'what its session did before', usage: 'how much it is used', server: 'the server' },
  ...{ subject: 'whom it acts for', through: 'through whom it was asked', watched: 'whether it is watched' },
  ...{ task: 'its task', taskBound: 'its task', authMethod: 'how it proved itself' },
  ...{ now: 'the time', hour: 'the time', weekday: 'the time' },
};

function whyOf({ why, facts, outcome }: Foreseen): string | null {
  if (why !== null) return WHY[why];
  if (outcome === 'always' || facts.length === 0) return null;
  const named = [...new Set(facts.map((fact) => FACTS[fact] ?? 'the arguments'))];
  const last = named.pop();
  return `It depends on ${named.length === 0 ? last : `${named.join(', ')} and ${last}`}.`;
}

const NOT_ALIVE: Readonly<Record<NotAlive, string>> = {
  'unknown-agent': 'There is no such agent.',
  'not-active': 'It is not active.',
  expired: 'Its time is over.',
  'unknown-owner': 'Nobody knows its owner.',
  'owner-inactive': 'Its owner is deactivated.',
  'stale-view': 'The store cannot be read: nobody is vouched for.',
};

/** Why nothing of what an agent may do works now. `null`: it does. */
export function whyNotNow({ live, gateway }: InsightParts, agent: Agent): string | null {
  const why = live.directory.whyNotAlive(agent.id, gateway.clock.nowMs());
  if (why !== null) return why === 'not-active' ? `It is ${agent.state}.` : NOT_ALIVE[why];
  const tier = tierOf(gateway.revocation.locks())(agent);
  return tier === 'halt' ? 'It is stopped.' : tier === 'pause' ? 'It is paused.' : null;
}
