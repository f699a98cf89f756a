import type { Connection } from '../../credentials/credentials.ts';
import type { Owner } from '../../credentials/oauth/tokens.ts';
import type { Person } from '../../model/person.ts';
import { csrfField, when } from '../account/pages/parts.ts';
import type { Page } from '../account/web/answer.ts';
import { html } from '../account/web/html.ts';
import { shown } from '../account/web/shown.ts';
import type { Visit } from '../account/web/visit.ts';

export interface ConnectPage {
  readonly server: string;
  readonly person: Person;
  readonly owner: Owner;
  readonly issuer: string | null;
  readonly scope: string | null;
  readonly connection: Connection | null;
}

/** Says what will happen before anybody is sent anywhere. */
export function connectPage(visit: Visit, page: ConnectPage): Page {
  const { server, person, owner, issuer, scope, connection } = page;
  const agent = owner.startsWith('agent:') ? owner.slice('agent:'.length) : '';
  const fields = html`${csrfField(visit)}<input type="hidden" name="agent" value="${agent}">`;
  const forWhom =
    agent === '' ? html`agents that act for you` : html`the agent <strong>${shown(agent)}</strong>, acting for itself,`;
  const title = `Connect ${server}`;
  return {
    title,
    body: html`<h1>${title}</h1><div class="card">
<p>You are signed in as <strong>${shown(person.name)}</strong>. You will go to <strong>${hostOf(issuer)}</strong> and sign in with the account that ${forWhom} may use at <strong>${server}</strong>.</p>
${scope !== null && html`<p>It will be asked for: <code>${shown(scope, 500)}</code></p>`}
<p>Agents never see its password or its tokens. They stay sealed in this gateway, and policies decide every use. You can take it back here at any time.</p>
${connection?.connectedAtMs != null && html`<p>Connected since ${when(connection.connectedAtMs)}.</p>`}
<form method="post" action="/connect/${server}">${fields}<button>${connection === null ? 'Connect' : 'Connect again'}</button></form>
${connection !== null && html`<form method="post" action="/connect/${server}/withdraw">${fields}<button class="quiet">Disconnect</button></form>`}
</div>`,
  };
}

export function listPage(person: Person, servers: readonly string[], connected: ReadonlySet<string>): Page {
  const title = 'Connected accounts';
  const rows = servers.map(
    (server) =>
      html`<li><a href="/connect/${server}">${server}</a>: ${connected.has(server) ? 'connected' : 'not connected'}</li>`,
  );
  const none = html`<p>No server here needs an account of yours.</p>`;
  return {
    title,
    body: html`<h1>${title}</h1><div class="card"><p>Signed in as <strong>${shown(person.name)}</strong>.</p>${rows.length === 0 ? none : html`<ul>${rows}</ul>`}</div>`,
  };
}

function hostOf(issuer: string | null): string {
  return issuer !== null && URL.canParse(issuer) ? new URL(issuer).host : 'its sign-in page';
}
