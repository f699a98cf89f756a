import { CredentialRefused } from '../../../identity/proof/jws.ts';
import type { SigningKeys } from '../../../identity/proof/keys.ts';
import type { Agent } from '../../../model/agent.ts';
import type { Person } from '../../../model/person.ts';
import { OAuthRefused } from '../../answer.ts';
import { readOwnIdToken } from '../../assertions/own-id-token.ts';
import type { Form } from '../../form.ts';
import type { TokenEndpointOptions } from '../../grants/context.ts';

const HINTS = ['login_hint', 'id_token_hint', 'login_hint_token'] as const;
const MAX_HINT_CHARS = 320;

export interface Hinting {
  readonly form: Form;
  readonly agent: Agent;
  readonly nowMs: number;
}

/**
 * The person who is meant (CIBA Core section 7.1): exactly one hint, and somebody who may be acted for now. `null`: nobody is, or
 * somebody inactive. Throws OAuthRefused.
 */
export async function hintedPerson(
  options: Pick<TokenEndpointOptions, 'directory' | 'resources' | 'isLocked'>,
  keys: SigningKeys,
  hinting: Hinting,
): Promise<Person | null> {
  const given = HINTS.filter((name) => hinting.form.get(name) !== null);
  if (given.length !== 1) throw new OAuthRefused('invalid_request', 'send exactly one of login_hint and id_token_hint');
  if (given[0] === 'login_hint_token')
    throw new OAuthRefused('invalid_request', 'login_hint_token is not supported: send login_hint or id_token_hint');
  const hint = hinting.form.get(given[0] as string) as string;
  const person =
    given[0] === 'login_hint'
      ? named(options, hint)
      : options.directory.person(await subjectOf(options, keys, hinting));
  if (person === undefined || options.directory.whyNoSubject(person.id) === 'person-inactive') return null;
  if (options.directory.whyNoSubject(person.id) !== null)
    throw new OAuthRefused('temporarily_unavailable', 'try again in a moment');
  if (options.isLocked({ person: person.id }))
    throw new OAuthRefused('access_denied', 'nothing may be done for this person now');
  return person;
}

/** A person's id, user name or e-mail address. */
function named({ directory }: Pick<TokenEndpointOptions, 'directory'>, hint: string): Person | undefined {
  return hint.length > MAX_HINT_CHARS ? undefined : (directory.person(hint) ?? directory.personNamed(hint));
}

/** An ID token of our own, given to this agent or a client that acts as it. It may have expired: it says who, not since when. */
async function subjectOf(
  { resources }: Pick<TokenEndpointOptions, 'resources'>,
  keys: SigningKeys,
  { form, agent, nowMs }: Hinting,
): Promise<string> {
  const shown = { token: form.get('id_token_hint') as string, clients: [agent.id, ...agent.clients], nowMs };
  try {
    return (await readOwnIdToken(keys, { ...shown, issuer: resources().issuer, asHint: true })).sub;
  } catch (error) {
    if (error instanceof CredentialRefused)
      throw new OAuthRefused('invalid_request', `id_token_hint: ${error.message}`);
    throw error;
  }
}
