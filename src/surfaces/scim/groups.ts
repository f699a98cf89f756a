import { isPart, wholeGroup } from '../../identity/people/groups.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Group } from '../../model/person.ts';
import { page } from './find.ts';
import { ScimError } from './protocol/error.ts';
import { readOperations } from './protocol/patch.ts';
import { type Projection, project, readProjection, shows } from './protocol/projection.ts';
import { groupEdit, groupFields, groupResource } from './resources/group.ts';
import { etag } from './resources/user.ts';
import { body, ifMatch, isKnown, listQuery, refuseOtherId, send, sendList, type Visit } from './visit.ts';

/** /Groups and /Groups/{id} (RFC 7644 section 3). Throws ScimError, PersonRefused, Fault. */
export async function groups(visit: Visit): Promise<void> {
  const { id, method } = visit;
  if (id === null) {
    if (method === 'GET') return list(visit);
    if (method === 'POST') return create(visit);
    throw new ScimError(405, 'use GET or POST');
  }
  if (isPart(id)) throw new ScimError(404, `there is no group "${id}"`);
  switch (method) {
    case 'GET':
      return get(visit, id);
    case 'PUT':
      return replace(visit, id);
    case 'PATCH':
      return patch(visit, id);
    case 'DELETE':
      await visit.world.groups.remove(id, { who: visit.who, ...ifMatch(visit) });
      return send(visit, 204, null);
    default:
      throw new ScimError(405, 'use GET, PUT, PATCH or DELETE');
  }
}

async function list(visit: Visit): Promise<void> {
  const { directory, finder } = visit.world;
  const asked = listQuery(visit);
  await directory.refresh();
  const { total, found } = await page(finder.groups(asked.filter), (group) => resourceOf(visit, group, ALL), asked);
  const shown = found.map((group) => resourceOf(visit, group, asked.projection));
  sendList(visit, shown, { total, startIndex: asked.startIndex });
}

async function create(visit: Visit): Promise<void> {
  const { group } = await visit.world.groups.create(groupFields(await body(visit)), visit.who);
  send(visit, 201, resourceOf(visit, group, readProjection(visit.query)));
}

async function get(visit: Visit, id: string): Promise<void> {
  const known = await visit.world.groups.get(id);
  if (known === null) throw new ScimError(404, `there is no group "${id}"`);
  if (isKnown(visit, etag(known.version))) return send(visit, 304, null);
  send(visit, 200, resourceOf(visit, known.group, readProjection(visit.query)));
}

async function replace(visit: Visit, id: string): Promise<void> {
  const resource = await body(visit);
  refuseOtherId(resource, id);
  const options = { who: visit.who, ...ifMatch(visit) };
  const { group } = await visit.world.groups.update(id, groupFields(resource), options);
  send(visit, 200, resourceOf(visit, group, readProjection(visit.query)));
}

/** Answered without a body: with one, adding one member to a group of many would list them all. */
async function patch(visit: Visit, id: string): Promise<void> {
  const operations = readOperations(await body(visit));
  for (const { path, value, op } of operations) {
    if (path.schema !== null || path.attribute.toLowerCase() !== 'id') continue;
    if (op === 'remove' || value !== id) throw new ScimError(400, 'id cannot be changed', 'mutability');
  }
  const { directory, groups: all } = visit.world;
  const edit = groupEdit(operations, () => wholeGroup(directory, id)?.members ?? []);
  const { version } = await all.update(id, edit, { who: visit.who, ...ifMatch(visit) });
  visit.response.setHeader('etag', etag(version));
  send(visit, 204, null);
}

const ALL: Projection = { only: null, without: [] };

function resourceOf(visit: Visit, { id }: Group, projection: Projection): JsonObject {
  const { directory } = visit.world;
  const withMembers = shows(projection, 'members');
  const group = withMembers ? wholeGroup(directory, id) : directory.group(id);
  const version = directory.storedVersion('group', id);
  if (group === undefined || version === null) throw new ScimError(404, `there is no group "${id}"`);
  const nameOf = withMembers ? (person: string) => directory.person(person)?.name ?? null : null;
  return project(groupResource({ group, version, baseUrl: visit.baseUrl, nameOf }), projection);
}
