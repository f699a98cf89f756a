import type { AgentChoice, InteractionClient, InteractionDetails } from '../../../oauth/interactions.ts';
import type { Page } from '../web/answer.ts';
import { type Html, html } from '../web/html.ts';
import { shown } from '../web/shown.ts';
import type { Visit, Who } from '../web/visit.ts';
import { archetypeOf, csrfField, initials, note, riskTag, stateTag } from './parts.ts';
import { rightWords } from './scopes.ts';

export const DURATIONS = [
  { id: 'hour', ms: 3_600_000, words: '1 hour' },
  { id: 'day', ms: 86_400_000, words: '1 day' },
  { id: 'month', ms: 30 * 86_400_000, words: '30 days' },
] as const;

export interface ConsentPage {
  readonly details: InteractionDetails;
  readonly who: Who;
  readonly nowMs: number;
  readonly consentMaxMs: number;
  /** Name of a person by id, for owners. */
  readonly personName: (id: string) => string;
  readonly problem: string | null;
}

export function consentPage(visit: Visit, page: ConsentPage): Page {
  const { details, who, problem } = page;
  const { client, agents, uid } = details;
  const base = `/oauth/interaction/${uid}`;
  const trusted = client.registered !== 'dynamic';
  return {
    title: 'Allow access?',
    body: html`<h1>Allow ${whoAsks(page)} to act for you?</h1>
<p class="lead">Everything it does in your name is decided by policy, recorded, and can be stopped by you at any time.</p>
${problem !== null && note('bad', problem)}
${clientCard(client)}
<form method="post" action="${base}/consent">${csrfField(visit)}
<section class="card" aria-labelledby="agent-title"><h2 id="agent-title">${agents.length > 1 ? 'Which agent acts' : 'The agent'}</h2>
${agents.map((choice, i) => agentChoice(choice, { page, only: agents.length === 1, first: i === 0 }))}</section>
<section class="card" aria-labelledby="may-title"><h2 id="may-title">What it may do</h2>
<p class="soft small">Untick what you do not want to allow. You, ${shown(who.person.name)}, are asked again if more is needed.</p>
${details.scopes.map((asked) => serverScopes(asked))}
${details.scopes.length === 0 && html`<p>It asks for no particular right: nothing beyond knowing who you are.</p>`}
${details.protocolScopes.includes('offline_access') && html`<p class="small soft">It also asks to go on while you are away, until the time below is over.</p>`}
</section>
<section class="card"><fieldset><legend>For how long</legend><div class="choices">${durations(page)}</div></fieldset>
<p class="soft small">Nothing is remembered beyond that, and you can end it earlier on your account page.</p></section>
<div class="sticky"><button class="${trusted ? 'main' : ''}">Allow</button><button class="${trusted ? '' : 'main'}" formaction="${base}/deny" formnovalidate>Do not allow</button></div>
</form>`,
  };
}

/** A name is in the title only where somebody here gave it: the client's own could be anybody's. */
function whoAsks({ details }: ConsentPage): string {
  const [first, ...others] = details.agents;
  return first?.agent && others.length === 0 ? shown(first.name) : 'this application';
}

/** Whose word the client is: the one thing a look-alike cannot copy. */
function clientCard(client: InteractionClient): Html {
  const name = shown(client.name);
  const answer = destination(client.redirectUri);
  const facts = html`<dl><dt>Sends the answer to</dt><dd class="mono">${shown(answer, 200)}</dd>${
    client.registered !== 'agent' && html`<dt>Client id</dt><dd class="mono">${shown(client.id, 200)}</dd>`
  }</dl>`;
  if (client.registered === 'agent')
    return html`<section class="card" aria-labelledby="client-title"><div class="head"><h2 id="client-title">Asked by ${name}</h2><span class="tag good">Registered</span></div>
<p class="small soft">Registered with this gateway by the people who run it.</p>${facts}</section>`;
  if (client.registered === 'document')
    return html`<section class="card" aria-labelledby="client-title"><div class="head"><h2 id="client-title">Asked by ${shown(hostOf(client.id))}</h2><span class="tag">Known by its site</span></div>
<p class="small soft">It calls itself “${name}”. Only the site <strong class="mono">${shown(hostOf(client.id))}</strong> is verified; the name is its own word.</p>${facts}</section>`;
  return html`<section class="card" aria-labelledby="client-title"><div class="head"><h2 id="client-title">Asked by an unknown program</h2><span class="tag bad">Not verified</span></div>
${note('bad', html`<strong>Nobody has checked who made this program.</strong> It calls itself “${name}”. Anyone can choose any name. Go on only if you started this yourself, just now.`)}${facts}</section>`;
}

function agentChoice(
  choice: AgentChoice,
  { page, only, first }: { page: ConsentPage; only: boolean; first: boolean },
): Html {
  const { agent } = choice;
  const facts = html`<dl><dt>Purpose</dt><dd>${shown(choice.purpose, 500)}</dd>${
    agent === null
      ? html`<dt>Answered for by</dt><dd>${shown(page.who.person.name)} (you)</dd>`
      : html`<dt>Answered for by</dt><dd>${shown(page.personName(agent.owner))}</dd><dt>Kind</dt><dd>${archetypeOf(agent)}</dd>`
  }</dl>`;
  const tags = html`<span class="tags">${agent === null ? html`<span class="tag warn">New: you become its owner</span>` : html`${riskTag(agent)}${agent.state !== 'active' && stateTag(agent)}`}</span>`;
  if (only)
    return html`<div class="who"><span class="badge" aria-hidden="true">${initials(choice.name)}</span><div><h3>${shown(choice.name)}</h3>${tags}</div></div>
<input type="hidden" name="agent" value="${choice.id}">${facts}`;
  return html`<label class="choice"><input type="radio" name="agent" value="${choice.id}"${first && html` checked`}><span><b>${shown(choice.name)}</b>${tags}<small>${shown(choice.purpose, 300)}</small></span></label>`;
}

function serverScopes({ server, rights }: { readonly server: string; readonly rights: readonly string[] }): Html {
  return html`<fieldset><legend>${server === '*' ? 'On every server' : html`On <span class="mono">${server}</span>`}</legend>
${rights.map((right) => {
  const { title, more, grave } = rightWords(right);
  return html`<label class="choice ${grave ? 'grave' : ''}"><input type="checkbox" name="scope" value="${`${server}:${right}`}" checked><span><b>${title}</b><small>${more}</small></span></label>`;
})}</fieldset>`;
}

function durations({ details, nowMs, consentMaxMs }: ConsentPage): readonly Html[] {
  const longest = Math.min(details.maxUntilMs - nowMs, consentMaxMs);
  const offered = DURATIONS.filter(({ ms }, i) => i === 0 || ms <= longest);
  return offered.map(
    ({ id, words }, i) =>
      html`<label class="choice"><input type="radio" name="duration" value="${id}"${i === 0 && html` checked`}><span><b>${words}</b></span></label>`,
  );
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}

/** Host of a web address; a program on this computer; or the name of an app's own scheme. */
function destination(uri: string): string {
  if (!URL.canParse(uri)) return uri;
  const url = new URL(uri);
  if (['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname)) return 'a program on this computer';
  return url.protocol === 'https:' || url.protocol === 'http:' ? url.origin : `the app that opens ${url.protocol}`;
}
