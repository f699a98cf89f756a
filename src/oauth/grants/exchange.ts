import { type Authority, handOn } from '../../identity/delegation/narrow.ts';
import type { ProvenAgent } from '../../identity/proof/assertion.ts';
import { CredentialRefused } from '../../identity/proof/jws.ts';
import { thumbprint } from '../../identity/proof/keys.ts';
import type { AccessClaims } from '../../identity/tokens.ts';
import type { Task } from '../../model/task.ts';
import { type HttpAnswer, OAuthRefused } from '../answer.ts';
import { askedResources, askedScopes, authenticateClient } from './client.ts';
import { grantedDetails, newTask } from './client-credentials.ts';
import { ACCESS_TOKEN, type GrantRequest, issue, type TokenEndpointOptions } from './context.ts';
import { readDetails } from './details.ts';

export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const TOKEN_TYPES: readonly (string | null)[] = [ACCESS_TOKEN, 'urn:ietf:params:oauth:token-type:jwt'];
const MAX_CLAIMS_TRIED = 1_000;
const MAX_TASK_LEVELS = 8;

/**
 * Token exchange (RFC 8693; requirements CR2, CN3): the agent that asks takes over, narrower, what the presented token says, for the
 * human at its root and through everybody in its chain. The exchange is on record before the new token is handed out, so that an auditor
 * can join every hop by `txn`.
 */
export async function tokenExchange(options: TokenEndpointOptions, request: GrantRequest): Promise<HttpAnswer> {
  const { form, nowMs, dpopJkt } = request;
  const wanted = form.get('requested_token_type');
  if (wanted !== null && !TOKEN_TYPES.includes(wanted))
    throw new OAuthRefused('invalid_request', 'requested_token_type must be an access token');
  const details = readDetails(form.get('authorization_details'));
  const proven = await authenticateClient(options, request);
  const { agent } = proven;
  const claims = await presented(options, request, proven);
  const held = authorityOf(options, claims);
  const scopes = askedScopes(request);
  const resources = askedResources(options, request, agent);
  const ttlMs = options.lifetimes().tokenMs;
  const rules = {
    ...{ directory: options.directory, resources: options.resources() },
    ...{ isLocked: options.isLocked, maxDepth: options.maxDepth() },
  };
  const answer = handOn(rules, held, { to: agent, scopes, resources, ttlMs, nowMs });
  if (!answer.ok) throw new OAuthRefused(answer.error, answer.description);
  const { authority, connection } = answer;
  await spendUse(options, claims);
  // What is taken of a token with so many uses is one of them, to whomever it goes: it is handed on once more at most.
  const maxUses = claims.maxUses === null ? details.maxUses : 1;
  if (details.task !== null && held.tasks.length >= MAX_TASK_LEVELS)
    throw new OAuthRefused('invalid_authorization_details', `a task has at most ${MAX_TASK_LEVELS} levels`);
  const parent = held.tasks[0] ?? null;
  const part = await newTask(options, { details, agent: agent.id, subject: authority.subject, parent, nowMs });
  const task = part ?? parent;
  const expiresAtMs = Math.min(authority.expiresAtMs, task?.notAfterMs ?? Number.POSITIVE_INFINITY);
  return issue(
    options,
    {
      ...{ agentId: agent.id, subject: authority.subject, chain: authority.chain },
      ...{ audiences: authority.audiences, scopes: authority.scopes, nowMs, ttlMs: expiresAtMs - nowMs, dpopJkt },
      ...{ txn: claims.txn, grant: claims.grant, keyThumbprint: thumbprint(proven.key), maxUses },
      ...{ taskId: task?.id ?? claims.taskId, taskBound: task !== null },
    },
    async (minted) => {
      await options.record({
        act: 'token.exchange',
        by: agent.id,
        reason: task?.purpose ?? agent.purpose,
        detail: {
          ...{ parent: claims.jti, child: minted.jti, txn: minted.txn, connection, subject: authority.subject },
          from: claims.agentId,
          to: agent.id,
          chain: authority.chain.map(({ id, kind }) => ({ id, kind })),
          scopes: authority.scopes === null ? null : [...authority.scopes],
          resources: [...authority.audiences],
          task: task?.id ?? null,
          expiresAtMs,
        },
      });
      return { issued_token_type: ACCESS_TOKEN, ...grantedDetails(part, maxUses) };
    },
  );
}

/** The token whose authority is handed on, and the actor's own where one was sent (RFC 8693 section 2.1). Throws OAuthRefused. */
async function presented(
  options: TokenEndpointOptions,
  { form, nowMs, dpopJkt }: GrantRequest,
  { agent }: ProvenAgent,
): Promise<AccessClaims> {
  const subject = form.get('subject_token');
  if (subject === null || !TOKEN_TYPES.includes(form.get('subject_token_type')))
    throw new OAuthRefused('invalid_request', `send subject_token and subject_token_type=${ACCESS_TOKEN}`);
  const claims = await good(options, { token: subject, name: 'subject_token', nowMs });
  // A bound token is of use to whoever holds its key: only that agent narrows it, and proves it.
  if (claims.dpopJkt !== null && (claims.dpopJkt !== dpopJkt || claims.agentId !== agent.id))
    throw new OAuthRefused(
      'invalid_request',
      'subject_token is bound to a key: only its holder may exchange it, with a proof',
    );
  const actor = form.get('actor_token');
  if (actor === null) {
    if (form.get('actor_token_type') !== null)
      throw new OAuthRefused('invalid_request', 'actor_token_type without actor_token');
    return claims;
  }
  if (!TOKEN_TYPES.includes(form.get('actor_token_type')))
    throw new OAuthRefused('invalid_request', `actor_token_type must be ${ACCESS_TOKEN}`);
  const acting = await good(options, { token: actor, name: 'actor_token', nowMs });
  if (acting.agentId !== agent.id)
    throw new OAuthRefused('invalid_request', 'actor_token must be the own token of the agent that asks');
  return claims;
}

interface Shown {
  readonly token: string;
  readonly name: string;
  readonly nowMs: number;
}

async function good(options: TokenEndpointOptions, { token, name, nowMs }: Shown): Promise<AccessClaims> {
  try {
    const claims = await options.tokens.verify(token, nowMs);
    if (!options.isRevoked(claims, nowMs) && holdsKey(options, claims)) return claims;
  } catch (error) {
    if (!(error instanceof CredentialRefused)) throw error;
    throw new OAuthRefused('invalid_request', `${name}: ${error.message}`);
  }
  throw new OAuthRefused('invalid_request', `${name} has been revoked`);
}

/** A token dies with the key that obtained it. */
function holdsKey({ directory }: TokenEndpointOptions, { agentId, keyThumbprint }: AccessClaims): boolean {
  if (keyThumbprint === null) return true;
  return directory.agent(agentId)?.keys.some((key) => thumbprint(key) === keyThumbprint) ?? false;
}

function authorityOf(options: TokenEndpointOptions, claims: AccessClaims): Authority {
  const tasks = claims.taskBound && claims.taskId !== null ? tasksOf(options, claims.taskId) : [];
  const { agentId, subject, chain, scopes, audiences, expiresAtMs } = claims;
  return { agentId, subject, chain, scopes, audiences, expiresAtMs, tasks };
}

/** Innermost first. Throws OAuthRefused where one is gone. */
function tasksOf({ directory }: TokenEndpointOptions, id: string): readonly Task[] {
  const tasks: Task[] = [];
  for (let next: string | null = id; next !== null; ) {
    const task = directory.task(next);
    if (task === undefined || tasks.includes(task)) throw new OAuthRefused('invalid_request', 'the task is over');
    tasks.push(task);
    next = task.parent;
  }
  return tasks;
}

/** Takes one of the uses a token has, by inserting its number where nobody has: of fifty at once, as many succeed as there are uses. */
async function spendUse({ replay }: TokenEndpointOptions, claims: AccessClaims): Promise<void> {
  if (claims.maxUses === null) return;
  for (let use = 0; use < Math.min(claims.maxUses, MAX_CLAIMS_TRIED); use++) {
    if (await replay.claim(`exchange:${claims.jti}:${use}`, claims.expiresAtMs)) return;
  }
  throw new OAuthRefused('invalid_request', 'subject_token was exchanged as often as it may be');
}
