import type { Directory } from '../../identity/directory.ts';
import type { Credentials } from '../../identity/sign-in/credentials.ts';
import type { Invitations } from '../../identity/sign-in/invitations.ts';
import type { PersonSessions } from '../../identity/sign-in/sessions.ts';
import { Fault } from '../../model/fault.ts';
import type { AccountParts } from './options.ts';

/** Operators help people in; they never learn or choose what somebody proves themselves with. */
export interface CredentialDesk {
  /** A one-time link for an active person. Faults: `not-found`, `forbidden`. */
  invite(person: string, who: Acting): Promise<{ readonly url: string; readonly expiresAtMs: number }>;
  /** Removes every password, passkey and link to a provider, and signs out everywhere. Faults: `not-found`. */
  reset(person: string, who: Acting): Promise<Removed>;
}

export interface Acting {
  readonly by: string;
  readonly reason: string;
}

export interface Removed {
  readonly passwords: number;
  readonly passkeys: number;
  readonly links: number;
  readonly sessions: number;
}

export interface CredentialDeskParts {
  readonly directory: Directory;
  readonly credentials: Credentials;
  readonly invitations: Invitations;
  readonly sessions: PersonSessions;
  readonly record: AccountParts['record'];
  readonly origin: () => string;
  readonly embedded: () => boolean;
}

export function credentialDesk(parts: CredentialDeskParts): CredentialDesk {
  const { directory, credentials, invitations, sessions, record } = parts;
  const personOf = (id: string) => {
    const person = directory.person(id);
    if (person === undefined) throw new Fault('not-found', `nobody here has the id "${id}"`);
    return person;
  };
  return {
    async invite(id, { by, reason }) {
      const person = personOf(id);
      if (!person.active) throw new Fault('forbidden', `${id} is deactivated: activate the person first`);
      if (!parts.embedded())
        throw new Fault(
          'forbidden',
          'people sign in at the identity provider here: set signIn.embedded to invite them',
        );
      await record({ act: 'person.invite', by, reason, detail: { person: id } });
      const { secret, expiresAtMs } = await invitations.make(id, by);
      return { url: `${parts.origin()}/sign-in/invitation/${secret}`, expiresAtMs };
    },
    async reset(id, { by, reason }) {
      personOf(id);
      await record({ act: 'person.reset-credentials', by, reason, detail: { person: id } });
      await invitations.withdraw(id);
      // Sessions first: one that is still open could set a new password where there is none to ask for.
      const ended = await sessions.endAll(id);
      const removed = await credentials.removeAll(id);
      return { ...removed, sessions: ended + (await sessions.endAll(id)) };
    },
  };
}
