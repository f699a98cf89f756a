import type { PersonFields } from '../../../identity/people/person-body.ts';
import { shownAttributes } from '../../../identity/people/person-body.ts';
import { isObject, type Json, type JsonObject } from '../../../model/json.ts';
import type { Person } from '../../../model/person.ts';
import { ScimError } from '../protocol/error.ts';
import { ENTERPRISE_SCHEMA, member, USER_SCHEMA } from '../protocol/path.ts';

/** Texts of the core schema that are kept under their own name, among the person's attributes. */
export const PLAIN = [
  'nickName',
  'profileUrl',
  'title',
  'userType',
  'preferredLanguage',
  'locale',
  'timezone',
] as const;
export const NAMES = ['givenName', 'familyName', 'middleName', 'honorificPrefix', 'honorificSuffix'] as const;
export const ENTERPRISE = ['employeeNumber', 'costCenter', 'organization', 'division'] as const;

export interface Membership {
  readonly id: string;
  readonly name: string;
}

export interface Shown {
  readonly person: Person;
  readonly version: number;
  readonly groups: readonly Membership[];
  /** Of the whole SCIM interface, without a final slash. */
  readonly baseUrl: string;
}

/** The User resource of RFC 7643 section 4.1: what is kept of it. Passwords are never kept, nor shown. */
export function userResource({ person, version, groups, baseUrl }: Shown): JsonObject {
  const attributes = shownAttributes(person);
  const enterprise = enterpriseOf(person, attributes);
  const name = pick(attributes, NAMES);
  const formatted = [name.givenName, name.familyName].filter((part) => part !== undefined).join(' ');
  return {
    schemas: enterprise === null ? [USER_SCHEMA] : [USER_SCHEMA, ENTERPRISE_SCHEMA],
    id: person.id,
    ...(person.externalId === null ? {} : { externalId: person.externalId }),
    userName: person.userName,
    ...(formatted === '' ? {} : { name: { formatted, ...name } }),
    displayName: person.name,
    ...pick(attributes, PLAIN),
    active: person.active,
    ...(person.email === null
      ? {}
      : { emails: [{ value: person.email, type: attributes.emailType ?? 'work', primary: true }] }),
    groups: groups.map(({ id, name: display }) => {
      return { value: id, display, type: 'direct', $ref: `${baseUrl}/Groups/${encodeURIComponent(id)}` };
    }),
    ...(enterprise === null ? {} : { [ENTERPRISE_SCHEMA]: enterprise }),
    meta: {
      resourceType: 'User',
      location: `${baseUrl}/Users/${encodeURIComponent(person.id)}`,
      version: etag(version),
    },
  };
}

export function etag(version: number): string {
  return `W/"${version}"`;
}

function enterpriseOf(person: Person, attributes: Readonly<Record<string, string>>): JsonObject | null {
  const found = {
    ...pick(attributes, ENTERPRISE),
    ...(person.department === null ? {} : { department: person.department }),
    ...(attributes.manager === undefined ? {} : { manager: { value: attributes.manager } }),
  };
  return Object.keys(found).length === 0 ? null : found;
}

function pick(attributes: Readonly<Record<string, string>>, names: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of names) if (attributes[name] !== undefined) found[name] = attributes[name];
  return found;
}

/**
 * What a User resource says of a person. Whatever is not kept is ignored (RFC 7644 section 3.3): groups, id, meta and passwords among
 * it. Attributes the operator gave apart from SCIM stay. ScimError `invalidValue`.
 */
export function personFields(
  resource: JsonObject,
  before: Person | null,
): PersonFields & { readonly userName: string } {
  const userName = textOf(resource, 'userName');
  if (userName === null) throw new ScimError(400, 'userName is required', 'invalidValue');
  const name = objectOf(resource, 'name');
  const enterprise = objectOf(resource, ENTERPRISE_SCHEMA);
  const attributes: Record<string, string> = { ...others(before), ...texts(resource, PLAIN), ...texts(name, NAMES) };
  Object.assign(attributes, texts(enterprise, ENTERPRISE));
  const manager = managerOf(enterprise);
  if (manager !== null) attributes.manager = manager;
  const email = emailOf(member(resource, 'emails'));
  if (email !== null && email.type !== 'work') attributes.emailType = email.type;
  return {
    userName,
    name: displayName({ resource, attributes, formatted: textOf(name, 'formatted'), before }) ?? userName,
    email: email?.value ?? null,
    department: textOf(enterprise, 'department'),
    externalId: textOf(resource, 'externalId'),
    active: activeOf(member(resource, 'active'), before),
    attributes,
  };
}

/** Attributes SCIM does not know. */
function others(before: Person | null): Record<string, string> {
  const ours: ReadonlySet<string> = new Set([...PLAIN, ...NAMES, ...ENTERPRISE, 'manager', 'emailType']);
  return Object.fromEntries(Object.entries(before?.attributes ?? {}).filter(([name]) => !ours.has(name)));
}

interface Naming {
  readonly resource: JsonObject;
  readonly attributes: Readonly<Record<string, string>>;
  readonly formatted: string | null;
  readonly before: Person | null;
}

/** A name made of its parts follows when the parts change. */
function displayName({ resource, attributes, formatted, before }: Naming): string | null {
  const parts = partsOf(attributes);
  const said = textOf(resource, 'displayName');
  const derived = before !== null && said === before.name && said === (partsOf(before.attributes) ?? before.userName);
  return said !== null && !derived ? said : (parts ?? formatted ?? said);
}

function partsOf({ givenName, familyName }: Readonly<Record<string, string>>): string | null {
  const parts = [givenName, familyName].filter((part) => part !== undefined && part !== '');
  return parts.length === 0 ? null : parts.join(' ');
}

/** `"False"` is what Microsoft Entra sends. Anything that is neither is refused: nobody stays active by a misspelling. */
function activeOf(value: Json | undefined, before: Person | null): boolean {
  if (value === undefined || value === null) return before?.active ?? true;
  if (typeof value === 'boolean') return value;
  const word = typeof value === 'string' ? value.trim().toLowerCase() : '';
  if (word === 'true' || word === 'false') return word === 'true';
  throw new ScimError(400, 'active must be true or false', 'invalidValue');
}

/** One address is kept: the primary one, else the one for work, else the first. */
function emailOf(value: Json | undefined): { value: string; type: string } | null {
  if (value === undefined || value === null) return null;
  if (!Array.isArray(value)) throw new ScimError(400, 'emails must be a list', 'invalidValue');
  const all = (value as readonly Json[]).filter(isObject).filter((each) => textOf(each, 'value') !== null);
  const chosen =
    all.find((each) => String(member(each, 'primary')).toLowerCase() === 'true') ??
    all.find((each) => textOf(each, 'type')?.toLowerCase() === 'work') ??
    all[0];
  if (chosen === undefined) return null;
  return { value: textOf(chosen, 'value') as string, type: textOf(chosen, 'type') ?? 'work' };
}

function managerOf(enterprise: JsonObject): string | null {
  const manager = member(enterprise, 'manager');
  if (typeof manager === 'string') return manager === '' ? null : manager;
  return isObject(manager) ? textOf(manager, 'value') : null;
}

function texts(from: JsonObject, names: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of names) {
    const value = textOf(from, name);
    if (value !== null) found[name] = value;
  }
  return found;
}

function objectOf(from: JsonObject, name: string): JsonObject {
  const value = member(from, name);
  if (value === undefined || value === null) return {};
  if (!isObject(value)) throw new ScimError(400, `${name} must be an object`, 'invalidValue');
  return value;
}

/** `null` for what is absent or empty: both providers send empty texts for what they do not know. */
export function textOf(from: JsonObject, name: string): string | null {
  const value = member(from, name);
  if (value === undefined || value === null || value === '') return null;
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new ScimError(400, `${name} must be a text`, 'invalidValue');
}
