import { checkPassword, hashPassword, whyWeak } from '../../../identity/sign-in/passwords.ts';
import type { AccountParts } from '../options.ts';
import { type AccountPage, accountPage } from '../pages/account.ts';
import { onward } from '../pages/sign-in.ts';
import { redirect, sendPage } from '../web/answer.ts';
import { checkStill, cookieNames, readForm, Shown, setCookie, type Visit, type Who } from '../web/visit.ts';
import { isFresh, lacksPasskeySignIn, needFresh, needPasskeySignIn } from './passkeys.ts';
import { needEmbedded } from './sign-in.ts';

type Said = AccountPage['said'];

/** GET /account, and the answer to everything that went wrong there. */
export async function showAccount(parts: AccountParts, visit: Visit, who: Who, said: Said = null): Promise<void> {
  const { directory, interactions, credentials, sessions, brokered, passkeys } = parts;
  const { id } = who.person;
  const keys = await credentials.passkeys(id);
  const page: AccountPage = {
    who,
    agents: directory.agentsOwnedBy(id),
    agentName: (agent) => directory.agent(agent)?.name ?? agent,
    consents: (await interactions?.consentsOf(id)) ?? [],
    brokered: brokered === null ? null : { list: await brokered.list(id), page: brokered.page },
    passkeys: keys,
    passkeySignInFirst: lacksPasskeySignIn(parts, who, keys),
    passwordSetAtMs: await credentials.passwordSetAtMs(id),
    sessions: await sessions.list(id),
    embedded: parts.settings().embedded,
    passkeysPossible: passkeys.possible,
    fresh: isFresh(parts, who),
    said: said ?? saidBefore(visit),
  };
  sendPage(visit, said?.tone === 'bad' ? 400 : 200, accountPage(visit, page));
}

/** What was just done, said after the redirect. Words of ours only: nothing of the address gets into the page. */
const DONE: Readonly<Record<string, string>> = {
  withdrawn: 'Withdrawn. It can do nothing in your name any more.',
  disconnected: 'Disconnected.',
  password: 'Your password is changed. Other browsers are signed out.',
  'passkey-added': 'The passkey is added.',
  'passkey-removed': 'The passkey is removed.',
  'signed-out': 'That browser is signed out.',
};

function saidBefore(visit: Visit): Said {
  const done = visit.query.get('done');
  return done !== null && Object.hasOwn(DONE, done) ? { tone: 'good', text: DONE[done] as string } : null;
}

/** POST /account/consents/withdraw */
export async function withdrawConsent(parts: AccountParts, visit: Visit, who: Who): Promise<void> {
  const id = (await readForm(visit)).get('id') ?? '';
  // Ending does not wait for its record: a full disk must not keep a consent alive.
  const ended = (await parts.interactions?.withdraw(who.person.id, id)) ?? false;
  if (!ended) return showAccount(parts, visit, who, { tone: 'bad', text: 'There is no such consent any more.' });
  await recordBy(parts, who, 'consent.withdraw', { grant: id });
  redirect(visit, '/account?done=withdrawn');
}

/** POST /account/connections/remove */
export async function removeConnection(parts: AccountParts, visit: Visit, who: Who): Promise<void> {
  const id = (await readForm(visit)).get('id') ?? '';
  const removed = (await parts.brokered?.remove(who.person.id, id)) ?? false;
  if (!removed) return showAccount(parts, visit, who, { tone: 'bad', text: 'There is no such connection any more.' });
  await recordBy(parts, who, 'person.disconnect', { connection: id });
  redirect(visit, '/account?done=disconnected');
}

/** POST /account/password */
export async function changePassword(parts: AccountParts, visit: Visit, who: Who): Promise<void> {
  const form = await readForm(visit);
  needEmbedded(parts);
  needFresh(parts, who);
  const { credentials, sessions, throttle } = parts;
  const { person, session } = who;
  const stored = await credentials.password(person.id);
  if (stored !== null) {
    if (!(await throttle.take('person', person.userName.normalize('NFKC').toLowerCase())))
      throw new Shown(429, 'Too many tries', 'Wait a quarter of an hour and try again.');
    if (!(await checkPassword(form.get('old') ?? '', stored)).ok)
      return showAccount(parts, visit, who, {
        tone: 'bad',
        text: 'The present password is not right. Nothing was changed.',
      });
  }
  const password = form.get('password') ?? '';
  const problem = whyWeak(password, person);
  if (problem !== null) return showAccount(parts, visit, who, { tone: 'bad', text: problem });
  const hash = await hashPassword(password);
  // Hashing waits for its turn: a reset meanwhile must not be undone by it.
  await checkStill(visit);
  if ((await credentials.password(person.id)) !== stored)
    throw new Shown(409, 'Not changed', 'It was changed meanwhile. Open your account page again.');
  await recordBy(parts, who, 'person.password-set', { person: person.id });
  if (!(await credentials.setPassword(person.id, hash)))
    throw new Shown(
      409,
      'Not changed',
      'It was changed somewhere else at the same moment. Open your account page again.',
    );
  await sessions.endAll(person.id, session.id);
  redirect(visit, '/account?done=password');
}

/** POST /account/passkeys/remove */
export async function removePasskey(parts: AccountParts, visit: Visit, who: Who): Promise<void> {
  const id = (await readForm(visit)).get('id') ?? '';
  needFresh(parts, who);
  await needPasskeySignIn(parts, who);
  if (!(await parts.credentials.removePasskey(who.person.id, id)))
    return showAccount(parts, visit, who, { tone: 'bad', text: 'There is no such passkey any more.' });
  await recordBy(parts, who, 'person.passkey-removed', { passkey: id });
  redirect(visit, '/account?done=passkey-removed');
}

/** POST /account/sessions/end */
export async function endSession(parts: AccountParts, visit: Visit, who: Who): Promise<void> {
  const id = (await readForm(visit)).get('id') ?? '';
  await parts.sessions.endOne(who.person.id, id);
  redirect(visit, '/account?done=signed-out');
}

/** POST /account/sessions/end-all */
export async function endAllSessions(parts: AccountParts, visit: Visit, who: Who): Promise<void> {
  await readForm(visit);
  await parts.sessions.endAll(who.person.id);
  await recordBy(parts, who, 'person.sign-out-everywhere', {});
  leave(visit);
  sendPage(visit, 200, onward('Signed out everywhere', '/sign-in'));
}

/** POST /sign-out: here, and at the provider where it has a way to. */
export async function signOut(parts: AccountParts, visit: Visit): Promise<void> {
  await readForm(visit);
  const { who } = visit;
  if (who !== null) await parts.sessions.endOne(who.person.id, who.session.id);
  leave(visit);
  const door = parts.providers().find(({ id }) => id === who?.session.provider);
  const there = (await door?.provider.signOutUrl(null, `${visit.origin}/sign-in`)) ?? null;
  sendPage(visit, 200, onward('Signed out', there ?? '/sign-in'));
}

function leave(visit: Visit): void {
  const names = cookieNames(visit.origin);
  setCookie(visit, names.session, null);
  setCookie(visit, names.visit, null);
}

async function recordBy(parts: AccountParts, who: Who, act: string, detail: Record<string, string>): Promise<void> {
  await parts.record({ act, by: who.person.id, reason: 'account page', detail });
}
