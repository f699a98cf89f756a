import { createHash } from 'node:crypto';
import type { Person } from '../../../model/person.ts';
import type { Directory } from '../../directory.ts';
import type { IdentityLink } from '../credentials.ts';
import type { Claimed } from './claims.ts';

export type Match =
  | { readonly kind: 'person'; readonly person: Person }
  /** Nobody here yet, and this provider may bring people. */
  | { readonly kind: 'new'; readonly person: Person }
  | { readonly kind: 'refused'; readonly why: Refusal };

/** For the log and the journal. The person is told the same for all but `unverified-email`. */
export type Refusal =
  | 'unknown-person'
  | 'inactive'
  | 'unverified-email'
  | 'linked-otherwise'
  | 'ambiguous'
  | 'stale-view';

export interface Asking {
  readonly issuer: string;
  readonly subject: string;
  readonly claimed: Claimed;
  /** The link this subject has already, if it has. */
  readonly link: IdentityLink | null;
  /** Subjects of this issuer that are linked to a person. */
  readonly linksOf: (person: string) => Promise<readonly IdentityLink[]>;
  readonly provision: 'existing-only' | 'just-in-time';
}

/**
 * Who somebody from an identity provider is here. The link made at the first sign-in decides; before there is one, the name or the verified
 * address does, once. A name that was given to somebody else at the provider opens nothing: that person is linked to another subject.
 */
export async function matchPerson(asking: Asking, directory: Directory): Promise<Match> {
  const { claimed, link, issuer, subject } = asking;
  if (link !== null) return admit(directory.person(link.person), directory);
  const named = claimed.userName === null ? undefined : directory.personNamed(claimed.userName);
  const mailed = claimed.email === null ? undefined : directory.personNamed(claimed.email);
  const byName = named !== undefined && same(named.userName, claimed.userName) ? named : undefined;
  const byMail = mailed !== undefined && same(mailed.email, claimed.email) ? mailed : undefined;
  if (byName !== undefined && byMail !== undefined && byName.id !== byMail.id) return refuse('ambiguous');
  const found = byName ?? byMail;
  if (found !== undefined) {
    const others = await asking.linksOf(found.id);
    if (others.some((each) => each.issuer === issuer && each.subject !== subject)) return refuse('linked-otherwise');
    return admit(found, directory);
  }
  if (claimed.unverifiedEmail && claimed.userName === null) return refuse('unverified-email');
  if (asking.provision === 'existing-only') return refuse('unknown-person');
  // Somebody has the name, only not in a way that proves it is the same person.
  if (named !== undefined || mailed !== undefined) return refuse('ambiguous');
  const userName = claimed.userName ?? claimed.email;
  return userName === null ? refuse('unknown-person') : { kind: 'new', person: newPerson(asking, userName) };
}

function newPerson({ claimed, issuer, subject }: Asking, userName: string): Person {
  const tail = createHash('sha256')
    .update(JSON.stringify([issuer, subject]))
    .digest('hex')
    .slice(0, 8);
  const stem = (userName.split('@')[0] ?? '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '')
    .slice(0, 22);
  return {
    id: `${stem === '' ? 'person' : stem}-${tail}`,
    userName,
    name: claimed.name ?? userName,
    email: claimed.email,
    department: null,
    groups: claimed.groups,
    active: true,
    externalId: null,
    attributes: claimed.attributes,
    origin: 'registry',
  };
}

function admit(person: Person | undefined, directory: Directory): Match {
  if (person === undefined) return refuse('unknown-person');
  const why = directory.whyNoSubject(person.id);
  if (why === 'stale-view') return refuse('stale-view');
  return why === null ? { kind: 'person', person } : refuse('inactive');
}

function refuse(why: Refusal): Match {
  return { kind: 'refused', why };
}

function same(a: string | null, b: string | null): boolean {
  return a !== null && b !== null && a.normalize('NFKC').toLowerCase() === b.normalize('NFKC').toLowerCase();
}
