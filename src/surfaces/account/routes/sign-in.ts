import { checkPassword, hashPassword, TooBusy } from '../../../identity/sign-in/passwords.ts';
import type { SignedIn } from '../../../identity/sign-in/sessions.ts';
import { isObject } from '../../../model/json.ts';
import type { AccountParts } from '../options.ts';
import { onward, type SignInPage, signInPage } from '../pages/sign-in.ts';
import { redirect, sendJson, sendPage } from '../web/answer.ts';
import { cookieNames, readForm, readJson, returnPath, Shown, setCookie, type Visit } from '../web/visit.ts';

const TOO_MANY = 'Too many tries. Wait a quarter of an hour, or use a passkey.';
/** The same for every reason: whoever asks learns nothing about who exists. */
const WRONG = 'The name or the password is not right.';

export function showSignIn(
  parts: AccountParts,
  visit: Visit,
  more: Partial<SignInPage> & { status?: number } = {},
): void {
  const back = more.back ?? returnPath(visit.query.get('return'));
  const { embedded } = parts.settings();
  sendPage(
    visit,
    more.status ?? 200,
    signInPage(visit, {
      back,
      embedded,
      passkeys: parts.passkeys.possible,
      providers: parts.providers().map(({ provider }) => provider),
      problem: null,
      name: '',
      again: false,
      ...more,
    }),
  );
}

/** GET /sign-in: straight on for who is signed in already, unless they are asked to prove it anew. */
export function signIn(parts: AccountParts, visit: Visit): void {
  const again = visit.query.get('again') === '1';
  if (visit.who !== null && !again) return redirect(visit, returnPath(visit.query.get('return')));
  showSignIn(parts, visit, { again });
}

/** POST /sign-in/password */
export async function passwordSignIn(parts: AccountParts, visit: Visit): Promise<void> {
  const form = await readForm(visit);
  needEmbedded(parts);
  const name = (form.get('name') ?? '').trim().slice(0, 254);
  const back = returnPath(form.get('return'));
  const { directory, credentials, throttle } = parts;
  const folded = name.normalize('NFKC').toLowerCase();
  const allowed = (await throttle.take('address', addressOf(visit))) && (await throttle.take('person', folded));
  if (!allowed) return showSignIn(parts, visit, { back, name, problem: TOO_MANY, status: 429 });
  const person = directory.personNamed(name);
  const stored = person === undefined ? null : await credentials.password(person.id);
  const password = form.get('password') ?? '';
  const checked = await checkPassword(password, stored).catch((error: unknown) => {
    if (error instanceof TooBusy) throw new Shown(503, 'Busy', 'Many people are signing in. Try again in a moment.');
    throw error;
  });
  // Checking waits for its turn: what was removed or changed meanwhile opens nothing.
  const same = person !== undefined && (await credentials.password(person.id)) === stored;
  if (!checked.ok || !same || directory.whyNoSubject(person.id) !== null) {
    parts.log.warn({ name, address: addressOf(visit) }, 'a sign-in with a password failed');
    return showSignIn(parts, visit, { back, name, problem: WRONG, status: 401 });
  }
  await throttle.forget('person', folded);
  if (checked.again) await credentials.setPassword(person.id, await hashPassword(password));
  await admitted(parts, visit, { person: person.id, amr: ['pwd'], provider: null });
  sendPage(visit, 200, onward('Signed in', back));
}

/** POST /sign-in/passkey/options */
export async function passkeyOptions(parts: AccountParts, visit: Visit): Promise<void> {
  await readJson(visit);
  needPasskeys(parts);
  if (!(await parts.throttle.take('challenge', addressOf(visit)))) throw new Shown(429, 'Too many tries', TOO_MANY);
  sendJson(visit, 200, await parts.passkeys.authentication(visit.secret));
}

/** POST /sign-in/passkey */
export async function passkeySignIn(parts: AccountParts, visit: Visit): Promise<void> {
  const body = await readJson(visit);
  needPasskeys(parts);
  if (!(await parts.throttle.take('address', addressOf(visit)))) throw new Shown(429, 'Too many tries', TOO_MANY);
  const { answer } = body;
  const person = isObject(answer) ? await parts.passkeys.authenticated(visit.secret, answer) : null;
  if (person === null || parts.directory.whyNoSubject(person) !== null) {
    parts.log.warn({ address: addressOf(visit) }, 'a sign-in with a passkey failed');
    throw new Shown(401, 'Not signed in', 'This passkey does not open this gateway. It may have been removed.');
  }
  await admitted(parts, visit, { person, amr: ['pop', 'user', 'mfa'], provider: null });
  sendJson(visit, 200, { to: returnPath(typeof body.return === 'string' ? body.return : null) });
}

/** A new session in this browser, and the end of the one it had. */
export async function admitted(parts: AccountParts, visit: Visit, who: Omit<SignedIn, 'userAgent'>): Promise<void> {
  const { sessions, record } = parts;
  const names = cookieNames(visit.origin);
  await record({
    act: 'person.sign-in',
    by: who.person,
    reason: who.provider === null ? 'signed in here' : `signed in at ${who.provider}`,
    detail: { amr: [...who.amr], provider: who.provider, address: addressOf(visit) },
  });
  if (visit.who !== null) await sessions.endOne(visit.who.person.id, visit.who.session.id);
  const secret = await sessions.start({ ...who, userAgent: visit.request.headers['user-agent'] ?? '' });
  setCookie(visit, names.session, secret);
  setCookie(visit, names.visit, null);
}

export function addressOf(visit: Visit): string {
  return visit.request.socket.remoteAddress ?? 'unknown';
}

export function needEmbedded(parts: AccountParts): void {
  if (!parts.settings().embedded)
    throw new Shown(
      404,
      'Not here',
      'This gateway has no passwords or passkeys of its own. Sign in with your organisation.',
    );
}

export function needPasskeys(parts: AccountParts): void {
  needEmbedded(parts);
  needPossible(parts);
}

/** Where people sign in elsewhere, a passkey opens nothing here, and signs what its owner approves. */
export function needPossible(parts: AccountParts): void {
  if (!parts.passkeys.possible)
    throw new Shown(404, 'Not here', 'Passkeys need a host name, and this gateway is opened by an address.');
}
