import type { Person } from '../../../model/person.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { ProviderAnswer } from '../../../ports/identity-provider.ts';
import type { ChangeAct, DirectoryStore } from '../../../ports/identity-stores.ts';
import type { Directory } from '../../directory.ts';
import { bodyOf, keysOf, knownPerson } from '../../people/person-body.ts';
import type { Credentials, IdentityLink } from '../credentials.ts';
import { type Claimed, type ClaimMapping, readClaims } from './claims.ts';
import { matchPerson, type Refusal } from './match.ts';

const TRIES = 3;

/** How answers of one provider are read. */
export interface ProviderRules {
  readonly id: string;
  readonly mapping: ClaimMapping;
  readonly provision: 'existing-only' | 'just-in-time';
}

export interface ProviderSignInParts {
  readonly directory: Directory;
  readonly store: DirectoryStore;
  readonly credentials: Credentials;
  readonly clock: Clock;
}

export type Admitted =
  | { readonly ok: true; readonly person: Person; readonly made: boolean }
  | { readonly ok: false; readonly why: Refusal | 'conflict' };

/** Lets in whom a verified answer is about: finds or makes the person, links the subject to it, and takes over groups and attributes. */
export async function admitFromProvider(
  parts: ProviderSignInParts,
  rules: ProviderRules,
  answer: Pick<ProviderAnswer, 'issuer' | 'subject' | 'claims'>,
): Promise<Admitted> {
  const { directory, credentials } = parts;
  const { issuer, subject } = answer;
  const claimed = readClaims(answer.claims, rules.mapping);
  const link = await credentials.link(issuer, subject);
  const linksOf = (person: string) => credentials.links(person);
  const match = await matchPerson({ issuer, subject, claimed, link, linksOf, provision: rules.provision }, directory);
  if (match.kind === 'refused') return { ok: false, why: match.why };
  const by = { by: `provider:${rules.id}`, atMs: parts.clock.nowMs() };
  if (match.kind === 'new' && !(await make(parts, match.person, by))) return { ok: false, why: 'conflict' };
  const known = link ?? { person: match.person.id, issuer, subject, groups: [], attributes: {} };
  if (match.kind === 'person' && !(await takeOver(parts, { person: match.person, claimed, known }, by)))
    return { ok: false, why: 'conflict' };
  const { groups, attributes } = claimed;
  if (!(await credentials.putLink({ ...known, groups, attributes }))) return { ok: false, why: 'conflict' };
  const person = directory.person(match.person.id);
  // Somebody may have deactivated the person while all this was written.
  if (person === undefined || !person.active) return { ok: false, why: 'inactive' };
  return { ok: true, person, made: match.kind === 'new' };
}

type By = Pick<ChangeAct, 'by' | 'atMs'>;

async function make({ store, directory }: ProviderSignInParts, person: Person, by: By): Promise<boolean> {
  const done = await store.apply(
    [
      {
        kind: 'person',
        id: person.id,
        body: bodyOf(person),
        expected: null,
        unique: keysOf(person),
      },
    ],
    { ...by, act: 'person.create', reason: 'first sign-in' },
  );
  await directory.refresh();
  return done.ok;
}

interface TakenOver {
  readonly person: Person;
  readonly claimed: Claimed;
  readonly known: IdentityLink;
}

/** What the provider said last time and no longer says goes; what others said stays. Nothing is written when nothing changed. */
async function takeOver(parts: ProviderSignInParts, { person, claimed, known }: TakenOver, by: By): Promise<boolean> {
  const { store, directory } = parts;
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const base = knownPerson(await store.get('person', person.id), directory, person.id);
    if (base === null || !base.person.active) return false;
    const groups = replaced(base.person.groups, known.groups, claimed.groups);
    const attributes = replacedPairs(base.person.attributes, known.attributes, claimed.attributes);
    if (sameJson(groups, base.person.groups) && sameJson(attributes, base.person.attributes)) return true;
    const body = bodyOf({ ...base.person, groups, attributes });
    const unique = base.expected === null ? { unique: keysOf(person) } : {};
    const done = await store.apply([{ kind: 'person', id: person.id, body, expected: base.expected, ...unique }], {
      ...by,
      act: 'person.claims',
      reason: 'sign-in',
    });
    if (done.ok) {
      await directory.refresh();
      return true;
    }
    if (done.why === 'unique') return false;
  }
  return false;
}

function replaced(now: readonly string[], before: readonly string[], after: readonly string[]): readonly string[] {
  const gone = new Set(before);
  return [...new Set([...now.filter((each) => !gone.has(each)), ...after])].sort();
}

function replacedPairs(
  now: Readonly<Record<string, string>>,
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const kept = Object.entries(now).filter(([name, value]) => before[name] !== value);
  return Object.fromEntries([...kept, ...Object.entries(after)].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function sameJson(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
