import { MIN_LENGTH } from '../../../identity/sign-in/passwords.ts';
import type { Person } from '../../../model/person.ts';
import type { Page } from '../web/answer.ts';
import { type Html, html } from '../web/html.ts';
import { shown } from '../web/shown.ts';
import type { Visit } from '../web/visit.ts';
import { alertPlace, csrfField, note } from './parts.ts';

export interface SignInPage {
  readonly back: string;
  readonly embedded: boolean;
  readonly passkeys: boolean;
  readonly providers: readonly { readonly id: string; readonly name: string }[];
  /** What went wrong the last time. */
  readonly problem: string | null;
  /** What was typed as the name then. */
  readonly name: string;
  /** Why somebody who is signed in is asked again. */
  readonly again: boolean;
}

export function signInPage(visit: Visit, page: SignInPage): Page {
  const own = page.embedded ? [page.passkeys && passkeyButton(visit, page), passwordForm(visit, page)] : [];
  const ways = [...page.providers.map((each) => providerLink(each, page)), ...own].filter((way) => way !== false);
  return {
    title: 'Sign in',
    body: html`<h1>Sign in</h1>
<p class="lead">${
      page.again ? 'This step needs to know that it is you, now.' : 'to see and decide what agents may do in your name.'
    }</p>
<div class="card">
${page.problem !== null && note('bad', page.problem)}${alertPlace()}
${ways.length === 0 && note('warn', 'Nobody can sign in here: no identity provider is configured, and the embedded one is off.')}
${ways.map((way, i) => html`${i > 0 && html`<div class="or">or</div>`}${way}`)}
</div>
${
  page.embedded &&
  html`<p class="soft small">No password or passkey yet, or lost it? Ask whoever runs this gateway for a one-time link.${
    !page.passkeys &&
    html` Passkeys need a host name; this gateway is opened by an address. Its operator can set <code>listen.publicUrl</code>.`
  }</p>`
}`,
  };
}

function providerLink(provider: { readonly id: string; readonly name: string }, { back, again }: SignInPage): Html {
  const query = new URLSearchParams({ return: back, ...(again ? { again: '1' } : {}) });
  return html`<a class="button main full" href="/sign-in/with/${provider.id}?${query.toString()}">Continue with ${provider.name}</a>`;
}

function passkeyButton(visit: Visit, { back, providers }: SignInPage): Html {
  return html`<button type="button" class="full ${providers.length === 0 ? 'main' : ''}" data-passkey="sign-in" data-base="/sign-in/passkey" data-csrf="${visit.csrf}" data-return="${back}">Sign in with a passkey</button>`;
}

function passwordForm(visit: Visit, { back, name }: SignInPage): Html {
  return html`<form method="post" action="/sign-in/password">${csrfField(visit)}<input type="hidden" name="return" value="${back}">
<label for="name">User name or e-mail address</label>
<input type="text" id="name" name="name" value="${name}" autocomplete="username webauthn" autocapitalize="none" spellcheck="false" required maxlength="254">
<label for="password">Password</label>
<input type="password" id="password" name="password" autocomplete="current-password" required maxlength="512">
<button class="full">Sign in with password</button></form>`;
}

export interface InvitationPage {
  readonly person: Person;
  readonly secret: string;
  readonly passkeys: boolean;
  readonly problem: string | null;
}

export function invitationPage(visit: Visit, { person, secret, passkeys, problem }: InvitationPage): Page {
  const base = `/sign-in/invitation/${secret}`;
  return {
    title: 'Set up your sign-in',
    body: html`<h1>Hello, ${shown(person.name)}</h1>
<p class="lead">Choose how you sign in from now on, as <strong>${shown(person.userName)}</strong>. This link works once.</p>
<div class="card">
${problem !== null && note('bad', problem)}${alertPlace()}
${
  passkeys &&
  html`<h2>Passkey</h2><p class="soft small">Your fingerprint, face or device PIN. Nothing to remember, nothing to steal.</p>
${passkeyNameField()}
<button type="button" class="main full" data-passkey="register" data-base="${base}/passkey" data-csrf="${visit.csrf}">Create a passkey</button>
<div class="or">or</div>`
}
<h2>Password</h2>
<form method="post" action="${base}/password">${csrfField(visit)}<input type="text" name="name" value="${person.userName}" autocomplete="username" hidden>
${newPasswordFields()}
<button class="full ${passkeys ? '' : 'main'}">Set the password</button></form>
</div>`,
  };
}

export function passkeyNameField(): Html {
  return html`<label for="passkey-name">Name of this passkey</label>
<input type="text" id="passkey-name" maxlength="60" placeholder="Laptop" autocomplete="off">`;
}

export function newPasswordFields(): Html {
  return html`<label for="new-password">New password</label>
<input type="password" id="new-password" name="password" autocomplete="new-password" required minlength="${MIN_LENGTH}" maxlength="512" aria-describedby="password-rule">
<p class="hint" id="password-rule">At least ${MIN_LENGTH} characters. A few unrelated words are best.</p>`;
}

/** A page with one message and one way on. */
export function messagePage(
  title: string,
  body: Html | string,
  on?: { readonly href: string; readonly words: string },
): Page {
  return {
    title,
    body: html`<h1>${title}</h1><div class="card"><p>${body}</p>${on !== undefined && html`<p><a class="button" href="${on.href}">${on.words}</a></p>`}</div>`,
  };
}

/** For after a form: goes on by itself, and has a link for where it does not. */
export function onward(title: string, to: string): Page {
  return { ...messagePage(title, 'One moment…', { href: to, words: 'Continue' }), goTo: to };
}
