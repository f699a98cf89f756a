import { hashPassword, whyWeak } from '../../../identity/sign-in/passwords.ts';
import type { Person } from '../../../model/person.ts';
import type { AccountParts } from '../options.ts';
import { invitationPage, onward } from '../pages/sign-in.ts';
import { sendJson, sendPage } from '../web/answer.ts';
import { readForm, readJson, Shown, type Visit } from '../web/visit.ts';
import { nameOfPasskey, readAnswer, recordedKey } from './passkeys.ts';
import { addressOf, admitted, needEmbedded, needPasskeys } from './sign-in.ts';

/** GET /sign-in/invitation/:secret. Looking uses nothing up: programs that preview links look too. */
export async function showInvitation(parts: AccountParts, visit: Visit, secret: string): Promise<void> {
  const person = await invited(parts, visit, secret);
  const passkeys = parts.passkeys.possible;
  sendPage(visit, 200, invitationPage(visit, { person, secret, passkeys, problem: null }));
}

/** POST /sign-in/invitation/:secret/password */
export async function invitationPassword(parts: AccountParts, visit: Visit, secret: string): Promise<void> {
  const form = await readForm(visit);
  const person = await invited(parts, visit, secret);
  const password = form.get('password') ?? '';
  const problem = whyWeak(password, person);
  if (problem !== null) {
    const passkeys = parts.passkeys.possible;
    return sendPage(visit, 400, invitationPage(visit, { person, secret, passkeys, problem }));
  }
  const hash = await hashPassword(password);
  await useUp(parts, secret);
  if (!(await parts.credentials.setPassword(person.id, hash))) throw gone();
  await credentialSet(parts, person, { kind: 'password' });
  await admitted(parts, visit, { person: person.id, amr: ['pwd'], provider: null });
  sendPage(visit, 200, onward('Your password is set', '/account'));
}

/** POST /sign-in/invitation/:secret/passkey/options */
export async function invitationPasskeyOptions(parts: AccountParts, visit: Visit, secret: string): Promise<void> {
  await readJson(visit);
  needPasskeys(parts);
  const person = await invited(parts, visit, secret);
  sendJson(visit, 200, await parts.passkeys.registration({ visit: visit.secret, person }));
}

/** POST /sign-in/invitation/:secret/passkey */
export async function invitationPasskey(parts: AccountParts, visit: Visit, secret: string): Promise<void> {
  const body = await readJson(visit);
  needPasskeys(parts);
  const person = await invited(parts, visit, secret);
  const made = await parts.passkeys.registered({ visit: visit.secret, person }, readAnswer(body));
  if (made === null)
    throw new Shown(400, 'Not registered', 'The passkey could not be verified. Load the page again and repeat.');
  await useUp(parts, secret);
  if (!(await parts.credentials.addPasskey({ ...made, name: nameOfPasskey(body) }))) throw gone();
  await credentialSet(parts, person, { kind: 'passkey', ...recordedKey(made) });
  await admitted(parts, visit, { person: person.id, amr: ['pop', 'user', 'mfa'], provider: null });
  sendJson(visit, 200, { to: '/account' });
}

async function invited(parts: AccountParts, visit: Visit, secret: string): Promise<Person> {
  needEmbedded(parts);
  if (!(await parts.throttle.take('address', addressOf(visit))))
    throw new Shown(429, 'Too many tries', 'Wait a quarter of an hour and open the link again.');
  const invitation = await parts.invitations.look(secret);
  const person = invitation === null ? undefined : parts.directory.person(invitation.person);
  if (person === undefined) throw gone();
  return person;
}

async function useUp(parts: AccountParts, secret: string): Promise<void> {
  if (!(await parts.invitations.consume(secret))) throw gone();
}

type CredentialSet = { readonly kind: 'password' } | ({ readonly kind: 'passkey' } & ReturnType<typeof recordedKey>);

async function credentialSet({ record }: AccountParts, { id }: Person, { kind, ...key }: CredentialSet): Promise<void> {
  await record({ act: `person.${kind}-set`, by: id, reason: 'one-time link', detail: { person: id, ...key } });
}

function gone(): Shown {
  return new Shown(
    410,
    'This link no longer works',
    'It was used, withdrawn, or is too old. Ask whoever sent it for a new one.',
  );
}
