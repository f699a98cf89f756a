import type { Agent } from '../../model/agent.ts';
import type { Person } from '../../model/person.ts';

/**
 * An agent of the configuration with what the store says happened to it. The file says what it is; the store says who answers for it
 * now and whether it may act. A file that does not call it active is believed as well: neither side can revive what the other stopped.
 */
export function overlayAgent(configured: Agent, stored: Partial<Agent>): Agent {
  const state = configured.state === 'active' ? (stored.state ?? 'active') : configured.state;
  const ends = [configured.expiresAtMs, stored.expiresAtMs ?? null].filter((end) => end !== null);
  return {
    ...configured,
    state,
    owner: stored.owner ?? configured.owner,
    deputies: stored.deputies ?? configured.deputies,
    expiresAtMs: ends.length === 0 ? null : Math.min(...ends),
  };
}

/** A person of the configuration with what the identity provider said later. Groups and attributes of both count. */
export function overlayPerson(configured: Person, stored: Partial<Person>): Person {
  return {
    ...configured,
    userName: stored.userName ?? configured.userName,
    email: stored.email ?? configured.email,
    department: stored.department ?? configured.department,
    active: configured.active && (stored.active ?? true),
    externalId: stored.externalId ?? configured.externalId,
    groups: union(configured.groups, stored.groups ?? []),
    attributes: { ...configured.attributes, ...stored.attributes },
  };
}

export function union(a: readonly string[], b: Iterable<string>): readonly string[] {
  const all = new Set(a);
  for (const each of b) all.add(each);
  return all.size === a.length ? a : [...all];
}

/** The names a person is found by, in the one spelling they are compared in. */
export function namesOf(person: Person): readonly string[] {
  const names = [person.id, person.userName, person.email ?? ''].map(foldName);
  return [...new Set(names)].filter((name) => name !== '');
}

const PLAIN = /^[\x20-\x7e]*$/;

export function foldName(name: string): string {
  // What is plain already needs no normal form, and most names are.
  return (PLAIN.test(name) ? name : name.normalize('NFKC')).toLowerCase();
}
