import { covers, serverResource } from '../../identity/resources.ts';
import type { Agent } from '../../model/agent.ts';
import { Fault } from '../../model/fault.ts';
import type { Person } from '../../model/person.ts';
import type { ApprovalRow } from '../../ports/stores.ts';
import { errorAnswer, type HttpAnswer, OAuthRefused, tokenAnswer } from '../answer.ts';
import { readForm } from '../form.ts';
import {
  askedResources,
  askedScopes,
  authenticateClient,
  ownScopes,
  refuseOtherAuthentication,
} from '../grants/client.ts';
import type { TokenEndpointOptions, TokenRequest } from '../grants/context.ts';
import { readAction } from './asked/action.ts';
import { hintedPerson } from './asked/hint.ts';
import { parametersOf } from './asked/signed.ts';
import { readTerms, type Terms } from './asked/terms.ts';
import { type AskedAction, BACKCHANNEL_PATH, type BackchannelOptions, type BackchannelQuestion } from './options.ts';
import { keep, newAuthReqId, type StoredRequest } from './stored.ts';

const MAX_SCOPE_CHARS = 2_000;
const MINUTE_MS = 60_000;

export type BackchannelEndpoint = (request: TokenRequest) => Promise<HttpAnswer>;

/** POST /oauth/bc-authorize (OpenID Connect CIBA Core section 7). Always answers; never rejects. */
export function backchannelEndpoint(
  options: TokenEndpointOptions,
  backchannel: BackchannelOptions,
): BackchannelEndpoint {
  return async (request) => {
    try {
      return await handle(options, backchannel, request);
    } catch (error) {
      return answerTo(options, error);
    }
  };
}

/** Section 13: 403 where it was denied at once. */
function answerTo({ onError }: TokenEndpointOptions, error: unknown): HttpAnswer {
  if (error instanceof OAuthRefused) {
    const answer = errorAnswer(error);
    return error.error === 'access_denied' ? { ...answer, status: 403 } : answer;
  }
  if (error instanceof Fault && error.code === 'too-large')
    return errorAnswer(new OAuthRefused('invalid_request', error.message));
  if (error instanceof Fault && error.code === 'overloaded')
    return errorAnswer(new OAuthRefused('temporarily_unavailable', error.message));
  onError(error);
  return errorAnswer(new OAuthRefused('temporarily_unavailable', 'nobody could be asked; try again'));
}

async function handle(
  options: TokenEndpointOptions,
  backchannel: BackchannelOptions,
  request: TokenRequest,
): Promise<HttpAnswer> {
  if (request.method !== 'POST') throw new OAuthRefused('invalid_request', 'use POST', { allow: 'POST' });
  refuseOtherAuthentication(request.authorization);
  const sent = readForm(request.contentType, request.body);
  const nowMs = options.clock.nowMs();
  const endpoint = `${options.resources().issuer}${BACKCHANNEL_PATH}`;
  const { agent } = await authenticateClient(options, { form: sent, nowMs }, endpoint);
  if (agent.backchannel === null)
    throw new OAuthRefused(
      'unauthorized_client',
      'this agent may not ask people beforehand: its registration has no backchannel',
    );
  if (options.isLocked({ agent })) throw new OAuthRefused('unauthorized_client', 'this agent is stopped');
  const form = await parametersOf(options, sent, { agent, nowMs });
  const terms = readTerms(form, agent, backchannel.settings());
  const action = readAction(form.get('authorization_details'));
  const scopes = boundedScopes(ownScopes(agent, askedScopes({ form })) ?? [], action);
  const resources = resourcesFor(options, askedResources(options, { form }, agent), action);
  const person = await hintedPerson(options, backchannel.keys, { form, agent, nowMs });
  await takeTurn(options, backchannel, { agent, person });
  if (person === null) throw new OAuthRefused('unknown_user_id', 'the hint leads to nobody who can be asked');
  const { bindingMessage, assurance } = terms;
  const question = { agent, person, scopes, resources, action, bindingMessage, assurance };
  return asked(backchannel, { terms, nowMs, question: { ...question, ttlMs: terms.expiryMs } });
}

/** What is approved must fit into a token, and nothing else may be in it: who is asked about an action is asked about no rights. Throws OAuthRefused. */
function boundedScopes(scopes: readonly string[], action: AskedAction | null): readonly string[] {
  if (action !== null && scopes.length > 0)
    throw new OAuthRefused(
      'invalid_scope',
      'with authorization_details scope names no rights: ask for those in a request of their own',
    );
  if (scopes.join(' ').length <= MAX_SCOPE_CHARS) return scopes;
  throw new OAuthRefused('invalid_scope', `scope names rights of more than ${MAX_SCOPE_CHARS} characters`);
}

/** Where the token will be good: for one action, at its server alone unless more was asked for. Throws OAuthRefused. */
function resourcesFor(
  { resources }: TokenEndpointOptions,
  asked: readonly string[],
  action: AskedAction | null,
): readonly string[] {
  if (action === null) return asked.length > 0 ? asked : [resources().aggregate];
  const own = serverResource(resources(), action.server);
  if (asked.length === 0) return [own];
  if (covers(resources(), asked, own)) return asked;
  throw new OAuthRefused('invalid_target', 'resource must cover the server of the action');
}

/**
 * A person is asked so often in a minute by one agent, and no more, however many requests come at once; nor does an agent find out faster
 * who there is.
 */
async function takeTurn(
  { replay, clock }: TokenEndpointOptions,
  { settings }: BackchannelOptions,
  { agent, person }: { agent: Agent; person: Person | null },
): Promise<void> {
  const window = Math.floor(clock.nowMs() / MINUTE_MS);
  const turns = settings().perMinute;
  for (let turn = 0; turn < turns; turn++) {
    const name = `backchannel:${JSON.stringify([agent.id, person?.id ?? null])}:${window}:${turn}`;
    if (await replay.claim(name, (window + 1) * MINUTE_MS)) return;
  }
  throw new OAuthRefused('temporarily_unavailable', `a person is asked ${turns} times in a minute at most; wait`, {
    'retry-after': '60',
  });
}

interface Asking {
  readonly question: BackchannelQuestion;
  readonly terms: Terms;
  readonly nowMs: number;
}

async function asked(backchannel: BackchannelOptions, { question, terms, nowMs }: Asking): Promise<HttpAnswer> {
  const answer = await backchannel.ask(question);
  if (!answer.ok) throw new OAuthRefused('access_denied', answer.why);
  const { row } = answer;
  if (row.state === 'denied') throw new OAuthRefused('access_denied', 'this was denied already');
  const authReqId = newAuthReqId();
  const request = storedFrom(question, { row, terms, nowMs, intervalMs: backchannel.settings().intervalMs });
  const id = await keep(backchannel.store, authReqId, {
    agent: question.agent.id,
    person: question.person.id,
    request,
  });
  const { notificationToken } = terms;
  if (notificationToken !== null)
    await backchannel.announce({
      ...{ id, agent: question.agent.id, approval: row.id, authReqId, notificationToken },
      expiresAtMs: request.expiresAtMs,
    });
  return tokenAnswer({
    auth_req_id: authReqId,
    expires_in: Math.max(1, Math.floor((request.expiresAtMs - nowMs) / 1000)),
    interval: request.intervalMs / 1000,
  });
}

interface Storing {
  readonly row: ApprovalRow;
  readonly terms: Terms;
  readonly nowMs: number;
  readonly intervalMs: number;
}

/** One that joins a request for the same action ends with it. */
function storedFrom(
  { scopes, resources, action }: BackchannelQuestion,
  { row, terms, nowMs, intervalMs }: Storing,
): StoredRequest {
  return {
    ...{ approval: row.id, scopes, resources, action, requestedAtMs: nowMs, intervalMs, polledAtMs: null },
    expiresAtMs: Math.min(nowMs + terms.expiryMs, row.expiresAtMs),
  };
}
