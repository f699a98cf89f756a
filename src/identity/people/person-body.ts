import type { JsonObject } from '../../model/json.ts';
import { PERSON_DEFAULTS, type Person } from '../../model/person.ts';
import type { EntityRow } from '../../ports/identity-stores.ts';
import { foldName, namesOf } from '../directory/entities.ts';
import type { Directory } from '../directory.ts';
import { PersonRefused } from './refused.ts';

/** Attributes that begin with this are ours: nobody outside can set, change or remove them. */
const RESERVED = 'interlock.';
/** On an inactive person whose deprovisioning has begun and not ended: who, why, when, as JSON (`Leaving`). */
const LEAVING = `${RESERVED}leaving`;
/** On a person of the configuration that the identity provider deleted: the file still has it, the store holds it down. */
const REMOVED = `${RESERVED}removed`;

const SAFE_ID = /^[a-z0-9][a-z0-9._@-]{0,127}$/;
const MAX_ATTRIBUTES = 50;
const MAX_GROUPS = 100;

/** Why somebody has to go, kept with the person until everything they held is ended. */
export interface Leaving {
  readonly by: string;
  readonly reason: string;
  readonly how: 'deactivated' | 'deleted';
  readonly atMs: number;
}

/** What can be said of a person from outside. What is left out stays as it is. */
export type PersonFields = Partial<Omit<Person, 'id' | 'origin'>>;

/** A person as the store has it, for changing. `expected`: for compare-and-set. */
export interface KnownPerson {
  readonly person: Person;
  readonly expected: number | null;
  /** What `meta.version` says; 0: only the configuration knows this person. */
  readonly version: number;
}

/**
 * What a change starts from: the stored row, or the person of the configuration without the groups it has there, which the directory
 * adds whenever it is asked. `null`: nobody knows this id.
 */
export function knownPerson(row: EntityRow | null, directory: Directory, id: string): KnownPerson | null {
  if (row !== null && row.body !== null) {
    const person = { ...PERSON_DEFAULTS, ...row.body } as unknown as Person;
    return { person, expected: row.version, version: row.version };
  }
  const configured = directory.person(id);
  if (configured === undefined || configured.origin !== 'configuration') return null;
  return { person: { ...configured, groups: [] }, expected: null, version: 0 };
}

/** The person after a change: id, origin and what is ours are never taken from outside. Throws PersonRefused `invalid`. */
export function changed(before: Person, fields: PersonFields, leaving: Leaving): Person {
  const attributes = { ...before.attributes, ...kept(before.attributes) };
  if (fields.attributes !== undefined) {
    for (const key of Object.keys(attributes)) if (!key.startsWith(RESERVED)) delete attributes[key];
    for (const [key, value] of Object.entries(fields.attributes)) {
      if (!key.startsWith(RESERVED)) attributes[key] = value;
    }
  }
  const after = { ...before, ...fields, id: before.id, origin: before.origin };
  if (after.active) {
    delete attributes[LEAVING];
    delete attributes[REMOVED];
  } else if (before.active || leaving.how === 'deleted') attributes[LEAVING] = JSON.stringify(leaving);
  const person = { ...after, attributes };
  check(person);
  return person;
}

function kept(attributes: Person['attributes']): Record<string, string> {
  return Object.fromEntries(Object.entries(attributes).filter(([key]) => key.startsWith(RESERVED)));
}

/** Everything is ended: the mark goes. A deleted person of the configuration is marked as such instead. */
export function settled(person: Person, how: Leaving['how']): Person {
  const { [LEAVING]: _done, ...attributes } = person.attributes;
  return { ...person, attributes: how === 'deleted' ? { ...attributes, [REMOVED]: 'true' } : attributes };
}

export function leavingOf(person: Person): Leaving | null {
  const text = person.attributes[LEAVING];
  if (text === undefined) return null;
  try {
    return JSON.parse(text) as Leaving;
  } catch {
    return { by: 'unknown', reason: 'deprovisioned', how: 'deactivated', atMs: 0 };
  }
}

/** The identity provider deleted this person; only the configuration still names it. */
export function isRemoved(person: Person): boolean {
  return person.attributes[REMOVED] !== undefined || leavingOf(person)?.how === 'deleted';
}

/** Without what is ours: for showing. */
export function shownAttributes(person: Person): Record<string, string> {
  return Object.fromEntries(Object.entries(person.attributes).filter(([key]) => !key.startsWith(RESERVED)));
}

export function bodyOf(person: Person): JsonObject {
  return { ...person } as unknown as JsonObject;
}

/** One namespace for ids, user names and addresses: nobody is found by a name that is another's. */
export function keysOf(person: Person): readonly string[] {
  return namesOf(person);
}

/** The id a new person gets, or the shape of one: the caller looks whether it was ever used. */
export function idFor(userName: string): string | null {
  const id = foldName(userName);
  return SAFE_ID.test(id) ? id : null;
}

function check(person: Person): void {
  text(person.userName, 'userName', 256);
  text(person.name, 'name', 500);
  if (person.email !== null) {
    text(person.email, 'email', 254);
    if (!/^[^@\s]+@[^@\s]+$/.test(person.email))
      throw new PersonRefused('invalid', `"${person.email}" is no e-mail address`);
  }
  if (person.department !== null) text(person.department, 'department', 500);
  if (person.externalId !== null) text(person.externalId, 'externalId', 256);
  if (typeof person.active !== 'boolean') throw new PersonRefused('invalid', 'active must be true or false');
  if (person.groups.length > MAX_GROUPS) throw new PersonRefused('invalid', `at most ${MAX_GROUPS} groups`);
  for (const group of person.groups) text(group, 'group', 256);
  const attributes = Object.entries(person.attributes);
  if (attributes.length > MAX_ATTRIBUTES) throw new PersonRefused('invalid', `at most ${MAX_ATTRIBUTES} attributes`);
  for (const [key, value] of attributes) {
    text(key, 'attribute name', 100);
    if (value !== '') text(value, key, key.startsWith(RESERVED) ? 8_000 : 1_000);
  }
}

/** Names are compared, shown and recorded: nothing invisible, nothing endless. Also used for groups. */
export function text(value: unknown, what: string, max: number): void {
  if (typeof value !== 'string' || value.trim() === '') throw new PersonRefused('invalid', `${what} must be a text`);
  if (value.length > max) throw new PersonRefused('invalid', `${what} is longer than ${max} characters`);
  if (/[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u.test(value)) {
    throw new PersonRefused('invalid', `${what} holds characters that cannot be seen`);
  }
}
