import type { Passkey } from '../../../identity/sign-in/credentials.ts';
import { isObject, type JsonObject } from '../../../model/json.ts';
import { passkeyThumbprint } from '../../../model/passkey.ts';
import type { AccountParts } from '../options.ts';
import { sendJson } from '../web/answer.ts';
import { checkStill, readJson, Shown, type Visit, type Who } from '../web/visit.ts';
import { needPossible } from './sign-in.ts';

/** How long ago a person may have signed in to change what they sign in with. */
const FRESH_MS = 15 * 60_000;

/**
 * Who has passkeys makes and removes one after signing in with one: a password somebody was tricked out of must not grow into a signature.
 * Where people sign in with their organisation, its word is all there is.
 */
export async function needPasskeySignIn(parts: AccountParts, who: Who): Promise<void> {
  if (!lacksPasskeySignIn(parts, who, await parts.credentials.passkeys(who.person.id))) return;
  throw new Shown(
    403,
    'Sign in with a passkey first',
    'You have passkeys: whoever adds or removes one signs in with one. If you have lost yours, ask an operator to reset how you sign in.',
    { href: '/sign-in?again=1&return=/account', words: 'Sign in with a passkey' },
  );
}

export function lacksPasskeySignIn(parts: AccountParts, { session }: Who, passkeys: readonly Passkey[]): boolean {
  return passkeys.length > 0 && parts.settings().embedded && !session.amr.includes('pop');
}

/** POST /account/passkeys/options */
export async function newPasskeyOptions(parts: AccountParts, visit: Visit, who: Who): Promise<void> {
  await readJson(visit);
  needPossible(parts);
  needFresh(parts, who);
  await needPasskeySignIn(parts, who);
  sendJson(visit, 200, await parts.passkeys.registration({ visit: who.session.id, person: who.person }));
}

/** POST /account/passkeys */
export async function newPasskey(parts: AccountParts, visit: Visit, who: Who): Promise<void> {
  const body = await readJson(visit);
  needPossible(parts);
  needFresh(parts, who);
  await needPasskeySignIn(parts, who);
  const { person, session } = who;
  const made = await parts.passkeys.registered({ visit: session.id, person }, readAnswer(body));
  if (made === null)
    throw new Shown(
      400,
      'Not registered',
      'The passkey could not be verified, or there are too many. Load the page again and repeat.',
    );
  const name = nameOfPasskey(body);
  await parts.record({
    act: 'person.passkey-set',
    by: person.id,
    reason: 'account page',
    detail: { person: person.id, name, ...recordedKey(made) },
  });
  await checkStill(visit);
  if (!(await parts.credentials.addPasskey({ ...made, name })))
    throw new Shown(409, 'Not registered', 'This passkey is registered already.');
  sendJson(visit, 200, { to: '/account?done=passkey-added#sign-in' });
}

/** What a signature is matched with later: which credential, and which key. */
export function recordedKey({ id, publicKey }: Pick<Passkey, 'id' | 'publicKey'>): {
  readonly credential: string;
  readonly thumbprint: string;
} {
  return { credential: id, thumbprint: passkeyThumbprint(publicKey) };
}

export function readAnswer(body: JsonObject): JsonObject {
  const { answer } = body;
  if (!isObject(answer))
    throw new Shown(400, 'This is not what was asked for', 'The answer of the authenticator is missing.');
  return answer;
}

export function nameOfPasskey(body: JsonObject): string {
  const name = typeof body.name === 'string' ? body.name.trim().slice(0, 60) : '';
  return name === '' ? 'Passkey' : name;
}

export function isFresh({ clock }: Pick<AccountParts, 'clock'>, { session }: Who): boolean {
  return clock.nowMs() - (session.provenMs ?? session.authTimeMs) < FRESH_MS;
}

/** Whoever finds an open browser cannot make a way in of their own. */
export function needFresh(parts: AccountParts, who: Who): void {
  if (!isFresh(parts, who))
    throw new Shown(403, 'Sign in again first', 'You signed in a while ago. Sign in again to change how you sign in.');
}
