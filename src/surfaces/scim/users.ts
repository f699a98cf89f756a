import { isMember, sizeOf } from '../../identity/people/groups.ts';
import type { Versioned } from '../../identity/people/people.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Person } from '../../model/person.ts';
import { page } from './find.ts';
import { ScimError } from './protocol/error.ts';
import { applyPatch, readOperations } from './protocol/patch.ts';
import { project, readProjection } from './protocol/projection.ts';
import { etag, type Membership, personFields, userResource } from './resources/user.ts';
import { body, ifMatch, isKnown, listQuery, refuseOtherId, send, sendList, type Visit } from './visit.ts';

/** /Users and /Users/{id} (RFC 7644 section 3). Throws ScimError, PersonRefused, Fault. */
export async function users(visit: Visit): Promise<void> {
  const { id, method } = visit;
  if (id === null) {
    if (method === 'GET') return list(visit);
    if (method === 'POST') return create(visit);
    throw new ScimError(405, 'use GET or POST');
  }
  switch (method) {
    case 'GET':
      return get(visit, id);
    case 'PUT':
      return replace(visit, id);
    case 'PATCH':
      return patch(visit, id);
    case 'DELETE':
      await visit.world.people.remove(id, { who: visit.who, ...ifMatch(visit) });
      return send(visit, 204, null);
    default:
      throw new ScimError(405, 'use GET, PUT, PATCH or DELETE');
  }
}

async function list(visit: Visit): Promise<void> {
  const { world } = visit;
  const asked = listQuery(visit);
  await world.directory.refresh();
  const show = (person: Person): JsonObject =>
    resourceOf(visit, { person, version: world.directory.storedVersion('person', person.id) ?? 0 });
  const { total, found } = await page(world.finder.people(asked.filter), show, asked);
  const shown = found.map((person) => project(show(person), asked.projection));
  sendList(visit, shown, { total, startIndex: asked.startIndex });
}

async function create(visit: Visit): Promise<void> {
  const made = await visit.world.people.create(personFields(await body(visit), null), visit.who);
  send(visit, 201, shown(visit, made));
}

async function get(visit: Visit, id: string): Promise<void> {
  const known = await visit.world.people.get(id);
  if (known === null) throw new ScimError(404, `there is no user "${id}"`);
  if (isKnown(visit, etag(known.version))) return send(visit, 304, null);
  send(visit, 200, shown(visit, known));
}

async function replace(visit: Visit, id: string): Promise<void> {
  const resource = await body(visit);
  refuseOtherId(resource, id);
  const options = { who: visit.who, ...ifMatch(visit) };
  const changed = await visit.world.people.update(id, (before) => personFields(resource, before), options);
  send(visit, 200, shown(visit, changed));
}

async function patch(visit: Visit, id: string): Promise<void> {
  const operations = readOperations(await body(visit));
  const options = { who: visit.who, ...ifMatch(visit) };
  // Again from the start when somebody else changes the person meanwhile.
  const edit = (before: Person) => {
    const resource = applyPatch(resourceOf(visit, { person: before, version: 0 }), operations);
    refuseOtherId(resource, id);
    return personFields(resource, before);
  };
  const changed = await visit.world.people.update(id, edit, options);
  send(visit, 200, shown(visit, changed));
}

function shown(visit: Visit, known: Versioned): JsonObject {
  return project(resourceOf(visit, known), readProjection(visit.query));
}

function resourceOf(visit: Visit, { person, version }: Versioned): JsonObject {
  return userResource({ person, version, groups: memberships(visit, person), baseUrl: visit.baseUrl });
}

/** Groups that are resources here; those the configuration gives somebody are no business of the provider. */
function memberships({ world }: Visit, { id }: Person): readonly Membership[] {
  const found: Membership[] = [];
  for (const name of world.directory.person(id)?.groups ?? []) {
    const group = world.finder.groupNamed(name);
    if (group !== undefined && sizeOf(group) > 0 && isMember(world.directory, group, id)) {
      found.push({ id: group.id, name: group.name });
    }
  }
  return found;
}
