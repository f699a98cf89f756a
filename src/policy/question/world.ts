import type { Agent } from '../../model/agent.ts';
import type { Person } from '../../model/person.ts';
import type { PolicyWorld } from '../../model/policy-input.ts';
import type { EntityStore } from '../cedar/value/store.ts';
import {
  CedarRecord,
  EMPTY_RECORD,
  type EntityData,
  EntityRef,
  entityKey,
  NO_TAGS,
  type Value,
} from '../cedar/value/values.ts';
import { ACTION_GROUPS } from '../schema.ts';

/** The entities that do not change from call to call, built once per published policy set. */
export interface World {
  readonly agents: ReadonlyMap<string, EntityRef>;
  readonly people: ReadonlyMap<string, EntityRef>;
  readonly servers: ReadonlyMap<string, EntityRef>;
  readonly actions: ReadonlyMap<string, EntityRef>;
  /** For entities policies name themselves. */
  readonly store: EntityStore;
}

export function buildWorld(world: PolicyWorld): World {
  const all = new Map<string, EntityData>();
  const add = (ref: EntityRef): EntityRef => {
    all.set(ref.key, ref.data as EntityData);
    return ref;
  };
  const people = new Map(world.people.map((person) => [person.id, add(personEntity(person))]));
  const agents = new Map(world.agents.map((agent) => [agent.id, add(agentEntity(agent, people))]));
  const servers = new Map(world.servers.map((server) => [server.id, add(serverEntity(server))]));
  const actions = new Map(
    [...ACTION_GROUPS].map(([id, group]) => [id, add(entity('Action', id, { parents: [entityKey('Action', group)] }))]),
  );
  for (const group of new Set(ACTION_GROUPS.values())) add(entity('Action', group, {}));
  return { agents, people, servers, actions, store: { get: (key) => all.get(key) ?? null } };
}

function agentEntity(agent: Agent, people: ReadonlyMap<string, EntityRef>): EntityRef {
  return entity('Agent', agent.id, {
    parents: agent.groups.map((group) => entityKey('AgentGroup', group)),
    attributes: {
      name: agent.name,
      owner: people.get(agent.owner) ?? new EntityRef('Person', agent.owner, null),
      purpose: agent.purpose,
      archetype: agent.archetype,
      riskTier: agent.riskTier,
      department: agent.department,
    },
  });
}

function personEntity(person: Person): EntityRef {
  return entity('Person', person.id, {
    parents: person.groups.map((group) => entityKey('Group', group)),
    attributes: { name: person.name, email: person.email, department: person.department },
  });
}

function serverEntity(server: PolicyWorld['servers'][number]): EntityRef {
  return entity('Server', server.id, { attributes: { risk: server.risk, environment: server.environment } });
}

/** `null` attributes are left out: a policy tests for them with `has`. */
export function entity(
  type: string,
  id: string,
  given: { readonly parents?: readonly string[]; readonly attributes?: Readonly<Record<string, Value | null>> },
): EntityRef {
  const fields = new Map<string, Value>();
  for (const [name, value] of Object.entries(given.attributes ?? {})) if (value !== null) fields.set(name, value);
  return new EntityRef(type, id, {
    attributes: fields.size === 0 ? EMPTY_RECORD : CedarRecord.of(fields),
    ancestors: new Set(given.parents ?? []),
    tags: NO_TAGS,
  });
}
