import { PeopleRoll } from '../../../identity/people/roll.ts';
import type { PersonAccess } from '../../../model/insight/estate.ts';
import type { Person } from '../../../model/person.ts';
import type { PeopleDesk } from '../../../surfaces/admin/routes/people.ts';
import { permissionsOf, rolesOf } from '../../../surfaces/console/roles.ts';
import type { SignIn } from '../../doors/sign-in.ts';
import type { Live } from '../../live.ts';

/** What the people's routes know of the console and of how people sign in. */
export function peopleReading(live: Live, signIn: SignIn): Pick<PeopleDesk, 'roll' | 'roles' | 'access'> {
  const roles = (person: Person) => rolesOf(person, live.config.console);
  return {
    roll: new PeopleRoll(live.directory, () => live.config),
    roles,
    access: async (person) => accessOf(signIn, person, roles(person)),
  };
}

async function accessOf(
  { parts: { credentials, sessions, settings } }: SignIn,
  person: Person,
  roles: PersonAccess['roles'],
): Promise<PersonAccess> {
  const [setAtMs, passkeys, links, open] = await Promise.all([
    credentials.passwordSetAtMs(person.id),
    credentials.passkeys(person.id),
    credentials.links(person.id),
    sessions.list(person.id),
  ]);
  return {
    roles,
    permissions: permissionsOf(roles),
    password: setAtMs === null ? null : { setAtMs },
    passkeys: passkeys.map(({ name, synced, createdAtMs, lastUsedMs }) => ({ name, synced, createdAtMs, lastUsedMs })),
    links: links.map(({ issuer, subject }) => ({ issuer, subject })),
    sessions: open.map(({ authTimeMs, lastSeenMs, amr, provider, userAgent }) => ({
      ...{ startedAtMs: authTimeMs, lastSeenMs, amr, provider, userAgent },
    })),
    invitable: settings().embedded && person.active,
  };
}
