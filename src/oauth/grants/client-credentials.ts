import { randomUUID } from 'node:crypto';
import { makeTask } from '../../identity/delegation/tasks.ts';
import { thumbprint } from '../../identity/proof/keys.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Task } from '../../model/task.ts';
import { type HttpAnswer, OAuthRefused } from '../answer.ts';
import { askedResources, askedScopes, authenticateClient, ownScopes } from './client.ts';
import { type GrantRequest, issue, type TokenEndpointOptions } from './context.ts';
import { type AskedDetails, DELEGATION_TYPE, readDetails, TASK_TYPE } from './details.ts';

/**
 * An access token for an agent that acts for itself and proves itself with a signed assertion (RFC 6749 section 4.4, RFC 7523 section
 * 2.2, RFC 8707), limited to scopes and bound to a task where it asks for that.
 */
export async function clientCredentials(options: TokenEndpointOptions, request: GrantRequest): Promise<HttpAnswer> {
  const { nowMs, dpopJkt } = request;
  const details = readDetails(request.form.get('authorization_details'));
  const { agent, key, taskId: declared } = await authenticateClient(options, request);
  const scopes = ownScopes(agent, askedScopes(request));
  const asked = askedResources(options, request, agent);
  const audiences = asked.length === 0 ? [options.resources().aggregate] : asked;
  const task = await newTask(options, { details, agent: agent.id, subject: null, parent: null, nowMs });
  const bound = task ?? registered(options, { id: declared, agent: agent.id, nowMs });
  const ttlMs = Math.min(options.lifetimes().tokenMs, (bound?.notAfterMs ?? Number.POSITIVE_INFINITY) - nowMs);
  return issue(
    options,
    {
      ...{ agentId: agent.id, subject: null, chain: [], audiences, scopes, nowMs, ttlMs, dpopJkt },
      ...{ taskId: bound?.id ?? declared, taskBound: bound !== null, maxUses: details.maxUses },
      keyThumbprint: thumbprint(key),
    },
    () => grantedDetails(bound, details.maxUses),
  );
}

/**
 * The registered task an assertion declares: the token is bound to it. `null`: it names none, and what it says is a label only. Throws
 * OAuthRefused where it is over, or was given to somebody else.
 */
function registered(
  { directory }: TokenEndpointOptions,
  { id, agent, nowMs }: { id: string | null; agent: string; nowMs: number },
): Task | null {
  const task = id === null ? undefined : directory.task(id);
  if (task === undefined) return null;
  if (task.agent !== agent || task.subject !== null || task.state !== 'open' || task.notAfterMs <= nowMs)
    throw new OAuthRefused('invalid_request', 'the task the assertion declares is over, or not of this agent');
  return task;
}

export interface NewTask {
  readonly details: AskedDetails;
  readonly agent: string;
  readonly subject: string | null;
  readonly parent: Task | null;
  readonly nowMs: number;
}

/** Registers the task that was asked for; `null`: none was. Recorded before it is there. Throws OAuthRefused. */
export async function newTask(options: TokenEndpointOptions, asked: NewTask): Promise<Task | null> {
  const { details, agent, subject, parent, nowMs } = asked;
  if (details.task === null) return null;
  const made = makeTask(details.task, { id: `task-${randomUUID()}`, agent, subject, parent, by: agent, nowMs });
  if (!made.ok) throw new OAuthRefused('invalid_authorization_details', `authorization_details: ${made.why}`);
  const { task } = made;
  const detail = {
    ...task,
    tools: [...task.tools],
    dataClasses: task.dataClasses === null ? null : [...task.dataClasses],
  };
  await options.record({
    act: 'task.create',
    by: agent,
    reason: task.purpose,
    detail: detail as unknown as JsonObject,
  });
  if (!(await options.addTask(task, agent))) throw new Error('a task of this id exists already');
  return task;
}

/** What was granted of `authorization_details` (RFC 9396 section 7). */
export function grantedDetails(task: Task | null, maxUses: number | null): JsonObject {
  const granted: JsonObject[] = [];
  if (task !== null)
    granted.push({
      type: TASK_TYPE,
      task: task.id,
      ...{ purpose: task.purpose, tools: [...task.tools] },
      ...(task.dataClasses === null ? {} : { data_classes: [...task.dataClasses] }),
      ...(task.maxCalls === null ? {} : { max_calls: task.maxCalls }),
      ...(task.maxAmount === null ? {} : { max_amount: task.maxAmount / 10_000 }),
      not_after: Math.floor(task.notAfterMs / 1000),
    });
  if (maxUses !== null) granted.push({ type: DELEGATION_TYPE, max_uses: maxUses });
  return granted.length === 0 ? {} : { authorization_details: granted };
}
