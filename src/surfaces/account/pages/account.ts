import type { Passkey } from '../../../identity/sign-in/credentials.ts';
import type { PersonSession } from '../../../identity/sign-in/sessions.ts';
import type { Agent } from '../../../model/agent.ts';
import type { Consent } from '../../../oauth/interactions.ts';
import type { BrokeredConnection } from '../options.ts';
import type { Page } from '../web/answer.ts';
import { type Html, html } from '../web/html.ts';
import { shown } from '../web/shown.ts';
import type { Visit, Who } from '../web/visit.ts';
import { alertPlace, archetypeOf, csrfField, initials, note, riskTag, stateTag, when } from './parts.ts';
import { scopeWords } from './scopes.ts';
import { newPasswordFields, passkeyNameField } from './sign-in.ts';

export interface AccountPage {
  readonly who: Who;
  readonly agents: readonly Agent[];
  readonly agentName: (id: string) => string;
  readonly consents: readonly Consent[];
  readonly brokered: { readonly list: readonly BrokeredConnection[]; readonly page: string | null } | null;
  readonly passkeys: readonly Passkey[];
  readonly passwordSetAtMs: number | null;
  readonly sessions: readonly PersonSession[];
  readonly embedded: boolean;
  readonly passkeysPossible: boolean;
  readonly fresh: boolean;
  /** Passkeys are added and removed by whoever signed in with one, and they did not. */
  readonly passkeySignInFirst: boolean;
  readonly said: { readonly tone: 'good' | 'bad'; readonly text: string } | null;
}

export function accountPage(visit: Visit, page: AccountPage): Page {
  const { person } = page.who;
  return {
    title: 'Your account',
    wide: true,
    body: html`<div class="who"><span class="badge" aria-hidden="true">${initials(person.name)}</span><div><h1>${shown(person.name)}</h1><p class="soft">${shown(person.userName)}${person.email !== null && person.email !== person.userName && ` · ${shown(person.email)}`}</p></div></div>
${page.said !== null && note(page.said.tone, page.said.text)}
${consentsCard(visit, page)}
${agentsCard(page)}
${page.brokered !== null && brokeredCard(visit, page.brokered)}
${(page.embedded || page.passkeysPossible) && signInCard(visit, page)}
${sessionsCard(visit, page)}`,
  };
}

function card(id: string, title: string, rest: { readonly lead: string; readonly body: Html }): Html {
  return html`<section class="card" id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2><p class="soft small">${rest.lead}</p>${rest.body}</section>`;
}

function consentsCard(visit: Visit, { consents, agentName }: AccountPage): Html {
  const items = consents.map(
    (consent) => html`<li><div class="what"><h3>${shown(agentName(consent.agentId))}</h3>
<p class="small soft">through ${shown(consent.clientName)}${consent.clientName !== consent.clientId && html` <span class="mono">(${shown(consent.clientId, 80)})</span>`}</p>
<p class="tags">${consent.scopes.map((scope) => html`<span class="tag">${scopeWords(scope)}</span>`)}${consent.scopes.length === 0 && html`<span class="tag">Knows who you are, no more</span>`}</p>
<p class="small soft">Since ${when(consent.atMs)}, until ${when(consent.untilMs)}</p></div>
<form method="post" action="/account/consents/withdraw">${csrfField(visit)}<input type="hidden" name="id" value="${consent.grantId}"><button class="danger quiet" aria-label="Withdraw what you allowed ${shown(agentName(consent.agentId))} through ${shown(consent.clientName)}">Withdraw</button></form></li>`,
  );
  const body =
    consents.length === 0 ? empty('You have allowed no agent to act for you.') : html`<ul class="list">${items}</ul>`;
  return card('allowed', 'What you allowed', {
    lead: 'Withdrawing takes effect at once: the next call is refused.',
    body,
  });
}

function agentsCard({ agents }: AccountPage): Html {
  const items = agents.map(
    (agent) => html`<li><div class="what"><h3>${shown(agent.name)}</h3><p class="small">${shown(agent.purpose, 300)}</p>
<p class="tags">${stateTag(agent)}${riskTag(agent)}<span class="tag">${archetypeOf(agent)}</span></p></div><span class="mono small soft">${agent.id}</span></li>`,
  );
  const body = agents.length === 0 ? empty('You answer for no agent.') : html`<ul class="list">${items}</ul>`;
  return card('agents', 'Your agents', { lead: 'Agents you answer for.', body });
}

function brokeredCard(visit: Visit, { list, page }: NonNullable<AccountPage['brokered']>): Html {
  const items = list.map(
    (
      each,
    ) => html`<li><div class="what"><h3>${shown(each.server)}</h3><p class="small soft">${each.account !== null && html`as ${shown(each.account)}, `}since ${when(each.sinceMs)}</p></div>
<form method="post" action="/account/connections/remove">${csrfField(visit)}<input type="hidden" name="id" value="${each.id}"><button class="danger quiet" aria-label="Disconnect ${shown(each.server)}">Disconnect</button></form></li>`,
  );
  const body = html`${list.length === 0 ? empty('Nothing is connected.') : html`<ul class="list">${items}</ul>`}${page !== null && html`<p><a class="button quiet" href="${page}">Connect a server</a></p>`}`;
  return card('connections', 'Your accounts elsewhere', {
    lead: 'The gateway uses them for you. No agent ever sees their credentials.',
    body,
  });
}

function signInCard(visit: Visit, page: AccountPage): Html {
  const { passkeys, passwordSetAtMs, fresh, passkeysPossible, passkeySignInFirst } = page;
  const keys = passkeys.map(
    (
      each,
    ) => html`<li><div class="what"><h3>${shown(each.name, 60)}</h3><p class="small soft">Added ${when(each.createdAtMs)}${each.lastUsedMs !== null && html`, last used ${when(each.lastUsedMs)}`}${each.synced && ', kept by your password manager'}</p></div>
${!passkeySignInFirst && html`<form method="post" action="/account/passkeys/remove">${csrfField(visit)}<input type="hidden" name="id" value="${each.id}"><button class="danger quiet" aria-label="Remove the passkey ${shown(each.name, 60)}">Remove</button></form>`}</li>`,
  );
  const change = html`${
    passkeySignInFirst &&
    html`<p><a class="button quiet" href="/sign-in?again=1&amp;return=/account">Sign in with a passkey to add or remove one</a></p>`
  }${
    passkeysPossible &&
    !passkeySignInFirst &&
    html`<details><summary>Add a passkey</summary>${alertPlace()}${passkeyNameField()}
<button type="button" class="main" data-passkey="register" data-base="/account/passkeys" data-csrf="${visit.csrf}">Create a passkey</button></details>`
  }
${page.embedded && passwordForm(visit, page)}`;
  const body = html`${passkeys.length === 0 ? empty('No passkey yet.') : html`<ul class="list">${keys}</ul>`}
${page.embedded && html`<p class="small soft">${passwordSetAtMs === null ? 'You have no password here.' : html`Password set ${when(passwordSetAtMs)}.`}</p>`}
${
  fresh
    ? change
    : html`<p><a class="button quiet" href="/sign-in?again=1&amp;return=/account">Sign in again to change ${page.embedded ? 'how you sign in' : 'your passkeys'}</a></p>`
}`;
  const [title, lead] = page.embedded
    ? [
        'How you sign in',
        'Passkeys are safer than passwords: nobody can trick you out of one. They also sign what you approve.',
      ]
    : ['Your passkeys', 'They sign what you approve. You sign in with your organisation.'];
  return card('sign-in', title, { lead, body });
}

function passwordForm(visit: Visit, { passwordSetAtMs, who }: AccountPage): Html {
  return html`<details><summary>${passwordSetAtMs === null ? 'Set a password' : 'Change the password'}</summary>
<form method="post" action="/account/password">${csrfField(visit)}<input type="text" name="name" value="${who.person.userName}" autocomplete="username" hidden>
${
  passwordSetAtMs !== null &&
  html`<label for="old-password">Present password</label><input type="password" id="old-password" name="old" autocomplete="current-password" required maxlength="512">`
}
${newPasswordFields()}<button class="main">Save the password</button></form></details>`;
}

function sessionsCard(visit: Visit, { sessions, who }: AccountPage): Html {
  const items = sessions.map(
    (
      each,
    ) => html`<li><div class="what"><h3>${browserOf(each.userAgent)}${each.id === who.session.id && html` <span class="tag good">This browser</span>`}</h3>
<p class="small soft">Signed in ${when(each.authTimeMs)}${each.provider !== null && ` through ${each.provider}`}, last seen ${when(each.lastSeenMs)}</p></div>
${
  each.id !== who.session.id &&
  html`<form method="post" action="/account/sessions/end">${csrfField(visit)}<input type="hidden" name="id" value="${each.id}"><button class="quiet" aria-label="Sign out ${browserOf(each.userAgent)}">Sign out</button></form>`
}</li>`,
  );
  const body = html`<ul class="list">${items}</ul><form method="post" action="/account/sessions/end-all">${csrfField(visit)}<p><button class="danger quiet">Sign out everywhere</button></p></form>`;
  return card('sessions', 'Where you are signed in', { lead: 'Browsers that are signed in as you.', body });
}

function empty(text: string): Html {
  return html`<p class="empty">${text}</p>`;
}

/** Two words from what a browser says of itself; a claim, nothing more. */
function browserOf(userAgent: string): string {
  const browser = /Edg\//.test(userAgent)
    ? 'Edge'
    : /Firefox\//.test(userAgent)
      ? 'Firefox'
      : /Chrome\//.test(userAgent)
        ? 'Chrome'
        : /Safari\//.test(userAgent)
          ? 'Safari'
          : 'A browser';
  const system = /Android/.test(userAgent)
    ? 'Android'
    : /iPhone|iPad/.test(userAgent)
      ? 'iOS'
      : /Windows/.test(userAgent)
        ? 'Windows'
        : /Mac OS/.test(userAgent)
          ? 'macOS'
          : /Linux/.test(userAgent)
            ? 'Linux'
            : null;
  return system === null ? browser : `${browser} on ${system}`;
}
