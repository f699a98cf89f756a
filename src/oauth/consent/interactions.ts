import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Provider } from 'oidc-provider';
import type { Person } from '../../model/person.ts';
import { coversScope, isScope, PROTOCOL_SCOPES } from '../../model/scope.ts';
import {
  type AgentChoice,
  type Agreed,
  type AskedScopes,
  type InteractionClient,
  type InteractionDetails,
  InteractionGone,
  InteractionRefused,
  type Interactions,
} from '../interactions.ts';
import type { ProviderOptions } from '../provider/options.ts';
import type { PeopleServer } from '../provider/provider.ts';
import { agentsFor, consentsOf, endGrant, endSessions, keepConsent, whyNotGood } from './consents.ts';

type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>;
type Exchange = readonly [IncomingMessage, ServerResponse];

const MAX_TEXT = 200;

/** Sign-in and consent over the provider's own interactions (interactions.ts says what each does). */
export function openInteractions(options: ProviderOptions, server: PeopleServer): Interactions {
  const parts: Parts = { options, server };
  return {
    details: (...exchange) => describe(parts, exchange),
    async login(request, response, { personId, amr, acr, authTimeMs }) {
      const interaction = await find(parts, [request, response]);
      if (interaction.prompt.name !== 'login') throw new InteractionRefused('this is not the moment to sign in');
      if (authTimeMs < freshAfterMs(interaction)) throw new InteractionRefused('sign in again to go on');
      if (options.directory.whyNoSubject(personId) !== null) throw new InteractionRefused('this account is not active');
      const login = {
        accountId: personId,
        amr: [...amr],
        ts: Math.floor(authTimeMs / 1000),
        ...(acr === null ? {} : { acr }),
      };
      await server.provider().interactionFinished(request, response, { login });
    },
    consent: (request, response, agreed) => consent(parts, [request, response], agreed),
    async deny(request, response, reason = 'the person did not agree') {
      await find(parts, [request, response]);
      const result = { error: 'access_denied', error_description: printable(reason) };
      await server.provider().interactionFinished(request, response, result, { mergeWithLastSubmission: false });
    },
    async consentsOf(personId) {
      const all = await consentsOf(options, personId);
      return all.filter(({ grantId, atMs }) => !options.revoked.has('grant', grantId, atMs));
    },
    async withdraw(personId, grantId) {
      const mine = (await consentsOf(options, personId)).some((one) => one.grantId === grantId);
      if (mine) await endGrant(options, grantId);
      return mine;
    },
    async withdrawAll(personId) {
      const all = await consentsOf(options, personId);
      for (const { grantId } of all) await endGrant(options, grantId);
      await endSessions(options, personId);
      return all.length;
    },
  };
}

interface Parts {
  readonly options: ProviderOptions;
  readonly server: PeopleServer;
}

async function find({ server }: Parts, [request, response]: Exchange): Promise<Interaction> {
  try {
    return await server.provider().interactionDetails(request, response);
  } catch (error) {
    if ((error as Error).name === 'SessionNotFound') throw new InteractionGone(error);
    throw error;
  }
}

async function describe(parts: Parts, exchange: Exchange): Promise<InteractionDetails> {
  const { options } = parts;
  const interaction = await find(parts, exchange);
  const { params, prompt, session } = interaction;
  const consenting = prompt.name === 'consent';
  const person = consenting ? (options.directory.person(session?.accountId ?? '') ?? null) : null;
  const client = await clientOf(parts, interaction);
  const asked = texts(params.scope, ' ');
  return {
    uid: interaction.uid,
    prompt: consenting ? 'consent' : 'login',
    client,
    person,
    agents: person === null ? [] : choices(options, client, person),
    scopes: byServer(asked.filter(isScope)),
    protocolScopes: asked.filter((scope) => PROTOCOL_SCOPES.has(scope)),
    resources: texts(params.resource),
    loginHint: typeof params.login_hint === 'string' ? params.login_hint.slice(0, MAX_TEXT) : null,
    freshAfterMs: freshAfterMs(interaction),
    maxUntilMs: options.clock.nowMs() + options.settings().consentMs,
    expiresAtMs: interaction.exp * 1000,
  };
}

/** `prompt=login` and `max_age` (OpenID Connect Core section 3.1.2.1) want a sign-in that began after they asked. */
function freshAfterMs({ prompt, iat }: Interaction): number {
  const anew = prompt.reasons.some((reason) => reason === 'login_prompt' || reason === 'max_age');
  return anew ? iat * 1000 : 0;
}

async function clientOf({ server, options }: Parts, { params }: Interaction): Promise<InteractionClient> {
  const id = String(params.client_id);
  const client = await server.provider().Client.find(id);
  if (client === undefined) throw new InteractionGone();
  const { clientName, clientUri, logoUri } = client;
  return {
    id,
    name: (clientName ?? id).slice(0, MAX_TEXT),
    uri: clientUri ?? null,
    logo: logoUri ?? null,
    redirectUri: String(params.redirect_uri),
    registered: options.directory.agent(id) !== undefined ? 'agent' : id.startsWith('https:') ? 'document' : 'dynamic',
  };
}

/** Those the client may act as; where there are none and the operator allows it, one that consenting would register. */
function choices(options: ProviderOptions, client: InteractionClient, person: Person): readonly AgentChoice[] {
  const known = agentsFor(options, client.id, person.id).map((agent) => ({
    id: agent.id,
    name: agent.name,
    purpose: agent.purpose,
    agent,
  }));
  if (options.settings().unregistered !== 'per-user' || client.registered === 'agent') return known;
  // Somebody else's agent for this client is not this person's: under `per-user`, everybody has their own.
  const own = known.filter(({ agent }) => agent.owner === person.id || !isPersonal(agent.clients, agent.archetype));
  const fresh = { id: '', name: client.name, purpose: `acts for ${person.name} from ${client.name}`, agent: null };
  return own.length > 0 ? own : [fresh];
}

/** What `per-user` registers: a developer tool that one client acts as. */
function isPersonal(clients: readonly string[], archetype: string): boolean {
  return archetype === 'developer_tool' && clients.length === 1;
}

async function consent(parts: Parts, exchange: Exchange, agreed: Agreed): Promise<void> {
  const { options, server } = parts;
  const interaction = await find(parts, exchange);
  const details = await describe(parts, exchange);
  if (details.prompt !== 'consent' || details.person === null) throw new InteractionRefused('nobody is signed in');
  const { person, client } = details;
  const noSubject = options.directory.whyNoSubject(person.id);
  if (noSubject !== null) throw new InteractionRefused('this account is not active');
  const agentId = await chosenAgent(options, details, person, agreed.agentId);
  const nowMs = options.clock.nowMs();
  const untilMs = Math.min(agreed.untilMs, details.maxUntilMs);
  if (untilMs <= nowMs) throw new InteractionRefused('the consent must end later than now');
  const asked = texts(interaction.params.scope, ' ').filter(isScope);
  const scopes = asked.filter((scope) => coversScope(agreed.scopes, scope));
  const resources = details.resources.filter((resource) => agreed.resources.includes(resource));
  if (scopes.length === 0 || resources.length === 0) throw new InteractionRefused('nothing was agreed to');

  // A consent of its own each time: it ends by itself, and another installation of the same program has another.
  const exp = Math.floor(untilMs / 1000);
  const grant = new (server.provider().Grant)({ accountId: person.id, clientId: client.id });
  Object.assign(grant, { exp });
  grant.addOIDCScope(['openid', ...details.protocolScopes].join(' '));
  const refused = asked.filter((scope) => !scopes.includes(scope));
  for (const resource of details.resources) {
    const granted = resources.includes(resource);
    if (granted) grant.addResourceScope(resource, scopes.join(' '));
    const not = granted ? refused : asked;
    if (not.length > 0) grant.rejectResourceScope(resource, not.join(' '));
  }
  const grantId = await grant.save();
  const kept = { grantId, agentId, clientId: client.id, clientName: client.name, scopes, resources };
  const stored = { ...kept, atMs: nowMs, untilMs: exp * 1000, personId: person.id };
  await keepConsent(options, stored);
  const why = whyNotGood(options, stored);
  if (why !== null) throw new InteractionRefused(`this cannot be allowed now: ${why}`);
  await server.provider().interactionFinished(...exchange, { consent: { grantId } }, { mergeWithLastSubmission: true });
}

async function chosenAgent(
  options: ProviderOptions,
  details: InteractionDetails,
  ...[person, wanted]: [Person, string | undefined]
): Promise<string> {
  const choice = wanted === undefined ? details.agents[0] : details.agents.find(({ id }) => id === wanted);
  if (choice === undefined) {
    throw new InteractionRefused(
      'this application is not registered here: ask who runs the gateway to add it to an agent, under `clients`',
    );
  }
  if (choice.agent !== null) return choice.id;
  const admitted = await options.admit(details.client, person);
  if (admitted === null) throw new InteractionRefused('this application may not be registered for you');
  return admitted.id;
}

function byServer(scopes: readonly string[]): readonly AskedScopes[] {
  const servers = new Map<string, string[]>();
  for (const scope of scopes) {
    const [server, right] = scope.split(':') as [string, string];
    servers.set(server, [...(servers.get(server) ?? []), right]);
  }
  return [...servers].map(([server, rights]) => ({ server, rights }));
}

function texts(value: unknown, separator?: string): readonly string[] {
  if (typeof value === 'string')
    return separator === undefined ? [value] : value.split(separator).filter((part) => part !== '');
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

/** RFC 6749 section 4.1.2.1. */
function printable(text: string): string {
  return text.slice(0, MAX_TEXT).replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, '?');
}
