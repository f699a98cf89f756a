import type { Agent } from '../../model/agent.ts';
import type { Acting } from '../../model/caller.ts';
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
  /** The entity of an agent as it is now. The same one as long as neither the agent nor its owner changes. */
  principal(acting: Acting): EntityRef;
  person(person: Person): EntityRef;
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
  const person = remembered(personEntity);
  const servers = new Map(world.servers.map((server) => [server.id, add(serverEntity(server))]));
  const actions = new Map(
    [...ACTION_GROUPS].map(([id, group]) => [id, add(entity('Action', id, { parents: [entityKey('Action', group)] }))]),
  );
  for (const group of new Set(ACTION_GROUPS.values())) add(entity('Action', group, {}));
  const principals = new WeakMap<Agent, { owner: Person | null; ref: EntityRef }>();
  const principal = ({ agent, owner }: Acting): EntityRef => {
    const known = principals.get(agent);
    if (known !== undefined && known.owner === owner) return known.ref;
    const ref = agentEntity(agent, owner === null ? new EntityRef('Person', agent.owner, null) : person(owner));
    principals.set(agent, { owner, ref });
    return ref;
  };
  // Those a policy names itself are looked up by what they were when it was published.
  const named = (key: string): EntityData | null => {
    const separator = key.indexOf('\u0000');
    const type = key.slice(0, separator);
    const id = key.slice(separator + 1);
    const agent = type === 'Agent' ? byId(world.agents).get(id) : undefined;
    if (agent !== undefined)
      return principal({ agent, owner: byId(world.people).get(agent.owner) ?? null }).data ?? null;
    const found = type === 'Person' ? byId(world.people).get(id) : undefined;
    return found === undefined ? null : (person(found).data ?? null);
  };
  return { principal, person, servers, actions, store: { get: (key) => all.get(key) ?? named(key) } };
}

/** Made when a policy first reads something of somebody it names itself; there may be a hundred thousand. */
const indexes = new WeakMap<readonly object[], ReadonlyMap<string, object>>();

function byId<T extends { readonly id: string }>(all: readonly T[]): ReadonlyMap<string, T> {
  let index = indexes.get(all);
  if (index === undefined) indexes.set(all, (index = new Map(all.map((one) => [one.id, one]))));
  return index as ReadonlyMap<string, T>;
}

/** One entity per object: people and agents are replaced, never changed. */
function remembered<T extends object>(make: (one: T) => EntityRef): (one: T) => EntityRef {
  const known = new WeakMap<T, EntityRef>();
  return (one) => {
    let ref = known.get(one);
    if (ref === undefined) known.set(one, (ref = make(one)));
    return ref;
  };
}

function agentEntity(agent: Agent, owner: EntityRef): EntityRef {
  return entity('Agent', agent.id, {
    parents: agent.groups.map((group) => entityKey('AgentGroup', group)),
    attributes: {
      name: agent.name,
      owner,
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
