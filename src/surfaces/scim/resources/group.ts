import type { GroupEdit } from '../../../identity/people/groups.ts';
import { isObject, type Json, type JsonObject } from '../../../model/json.ts';
import type { Group } from '../../../model/person.ts';
import { ScimError } from '../protocol/error.ts';
import { type Filter, matches } from '../protocol/filter.ts';
import type { PatchOperation } from '../protocol/patch.ts';
import { GROUP_SCHEMA, member } from '../protocol/path.ts';
import { etag, textOf } from './user.ts';

export interface ShownGroup {
  readonly group: Group;
  readonly version: number;
  readonly baseUrl: string;
  /** `null`: members are left out. */
  readonly nameOf: ((personId: string) => string | null) | null;
}

/** The Group resource of RFC 7643 section 4.2. */
export function groupResource({ group, version, baseUrl, nameOf }: ShownGroup): JsonObject {
  const members = group.members.flatMap((value) => {
    const display = nameOf?.(value) ?? null;
    return display === null
      ? []
      : [{ value, display, type: 'User', $ref: `${baseUrl}/Users/${encodeURIComponent(value)}` }];
  });
  return {
    schemas: [GROUP_SCHEMA],
    id: group.id,
    ...(group.externalId === null ? {} : { externalId: group.externalId }),
    displayName: group.name,
    ...(nameOf === null ? {} : { members }),
    meta: {
      resourceType: 'Group',
      location: `${baseUrl}/Groups/${encodeURIComponent(group.id)}`,
      version: etag(version),
    },
  };
}

/** What a Group resource says. ScimError `invalidValue`. */
export function groupFields(resource: JsonObject): Pick<Group, 'name' | 'externalId' | 'members'> {
  const name = textOf(resource, 'displayName');
  if (name === null) throw new ScimError(400, 'displayName is required', 'invalidValue');
  return { name, externalId: textOf(resource, 'externalId'), members: memberIds(member(resource, 'members')) };
}

function memberIds(value: Json | undefined): readonly string[] {
  if (value === undefined || value === null) return [];
  const list = Array.isArray(value) ? (value as readonly Json[]) : [value];
  return list.map((each) => {
    const id = isObject(each) ? textOf(each, 'value') : typeof each === 'string' ? each : null;
    if (id === null) throw new ScimError(400, 'a member needs a value', 'invalidValue');
    return id;
  });
}

/** What operations mean for a group, said as who comes and who goes: a group of many is never read to add one to it. */
export function groupEdit(operations: readonly PatchOperation[], members: () => readonly string[]): GroupEdit {
  const fields: { name?: string; externalId?: string | null } = {};
  let all: Set<string> | null = null;
  const add = new Set<string>();
  const drop = new Set<string>();
  const come = (id: string): void => {
    (all ?? add).add(id);
    drop.delete(id);
  };
  const go = (id: string): void => {
    if (all !== null) all.delete(id);
    else drop.add(id);
    add.delete(id);
  };
  for (const operation of operations) {
    const { op, path, filter, value } = operation;
    const attribute = path.schema === null ? path.attribute.toLowerCase() : '';
    if (attribute === 'members') {
      const now = (): readonly string[] => [...(all ?? members()), ...add].filter((id) => !drop.has(id));
      if (filter !== null) {
        if (op !== 'remove') throw new ScimError(400, 'add members by a list of values', 'invalidPath');
        for (const id of hits(filter, now)) go(id);
      } else if (op === 'add') memberIds(value).forEach(come);
      else if (op === 'remove' && value !== undefined && value !== null) memberIds(value).forEach(go);
      else all = new Set(op === 'replace' ? memberIds(value) : []);
    } else if (op !== 'remove' && attribute === 'displayname') {
      fields.name = groupFields({ displayName: value as Json }).name;
    } else if (attribute === 'externalid') {
      fields.externalId = op === 'remove' ? null : textOf({ externalId: value as Json }, 'externalId');
    }
  }
  return { ...fields, ...(all === null ? { add: [...add], drop: [...drop] } : { members: [...(all as Set<string>)] }) };
}

function hits(filter: Filter, members: () => readonly string[]): readonly string[] {
  const { kind } = filter;
  if (kind === 'compare' && filter.op === 'eq' && filter.path.attribute.toLowerCase() === 'value') {
    return [String(filter.value)];
  }
  return members().filter((value) => matches(filter, { value }, 'members'));
}
