import {
  CONSOLE_ROLES,
  type ConsoleRole,
  type ConsoleSettings,
  PERMISSIONS,
  type Permission,
} from '../../model/insight/roles.ts';
import type { Person } from '../../model/person.ts';

const READ = ['read', 'approvals.read'] as const satisfies readonly Permission[];

/** What each role adds. Whoever is signed in has `self`; nobody in a browser has `socket`. */
const ADDS: Readonly<Record<ConsoleRole, readonly Permission[]>> = {
  viewer: READ,
  approver: READ,
  auditor: [...READ, 'read.content'],
  operator: [
    ...READ,
    'read.content',
    'approvals.withdraw',
    'agents.write',
    'locks.write',
    'tools.accept',
    'servers.write',
    'reviews.write',
    'connections.write',
    'credentials.write',
  ],
  'policy-author': [...READ, 'policies.draft'],
  'policy-publisher': [...READ, 'policies.draft', 'policies.publish'],
  'security-admin': PERMISSIONS.filter((permission) => permission !== 'socket'),
};

/** The roles the configuration gives this person, by name or through a group. Pure. */
export function rolesOf(
  person: Pick<Person, 'id' | 'groups'>,
  { roles }: Pick<ConsoleSettings, 'roles'>,
): readonly ConsoleRole[] {
  const held = new Set([`person:${person.id}`, ...person.groups.map((group) => `group:${group}`)]);
  return CONSOLE_ROLES.filter((role) => roles.get(role)?.some((holder) => held.has(holder)) === true);
}

/** What these roles allow together, in the order of PERMISSIONS. Pure. */
export function permissionsOf(roles: readonly ConsoleRole[]): readonly Permission[] {
  const allowed = new Set<Permission>(['self', ...roles.flatMap((role) => ADDS[role])]);
  return PERMISSIONS.filter((permission) => allowed.has(permission));
}
