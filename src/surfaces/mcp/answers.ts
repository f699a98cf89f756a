import type { CallResult, Refusal } from '../../gateway/attempt.ts';
import { type ActionTarget, targetName } from '../../model/action.ts';
import { FAULTS, Fault } from '../../model/fault.ts';
import { isObject, type Json, type JsonObject } from '../../model/json.ts';
import { failure, type RequestId, type RpcResponse, success } from '../../model/jsonrpc.ts';
import { visibleText } from '../../model/visible.ts';
import type { UpstreamReply } from '../../ports/upstream.ts';

/** JSON-RPC codes of refusals: the implementation-defined range of MCP 2026-07-28 ("Error codes", -32000 to -32019). */
const DENIED = -32003;
const APPROVAL_PENDING = -32004;
const STOPPED = -32005;

/** A call the token's scopes do not cover. The handler says so with a challenge that names what more to ask for. */
export class ScopeMissing extends Fault {
  readonly scope: string;

  constructor(scope: string) {
    super('forbidden', `The access token does not cover this action: it needs ${scope}`);
    this.scope = scope;
  }
}

/**
 * How a refusal is told to an agent: what happened, what would be allowed, whether to try again. Never which policy, never who
 * else exists. A refused tool call is a tool result, because models read results and clients swallow errors.
 */
export function answerRefusal(
  id: RequestId,
  refusal: Refusal,
  target: ActionTarget,
  waiting: StillWaiting | null = null,
): UpstreamReply {
  // Said in the head of the answer, where clients look for it (RFC 6750 section 3.1; MCP authorization, "Scope Challenge Handling").
  if (refusal.scope !== null) throw new ScopeMissing(refusal.scope);
  if (refusal.hidden) return reply(unknownTarget(id, target));
  const text = `${explain(refusal)}${waiting === null ? '' : whereAnswered(waiting)}`;
  const data = {
    code: refusal.code,
    call: refusal.call,
    ...(refusal.approval === null ? {} : { approval: refusal.approval }),
    ...(waiting === null ? {} : waiting.handle),
  };
  if (target.kind === 'tool' && refusal.code !== 'overloaded') {
    return reply(
      success(id, {
        resultType: 'complete',
        content: [{ type: 'text', text }],
        isError: true,
        ...(waiting?.structured === true ? { structuredContent: data } : {}),
        _meta: { 'interlock/refusal': data },
      }),
    );
  }
  return reply(failure(id, { code: rpcCode(refusal), message: text, data }));
}

/** A question that is open: what an agent needs to come back for it, and whoever it acts for to answer it. */
export interface StillWaiting {
  readonly handle: JsonObject & { readonly page: string };
  /** How long it can be answered, in words. */
  readonly left: string;
  /** The tool promises no structure of its own, so that the handle can stand there as well. */
  readonly structured: boolean;
}

function whereAnswered({ handle, left }: StillWaiting): string {
  return ` It can be answered within ${left} at ${handle.page}`;
}

/**
 * Says before a result that people let something else through than was asked: what they sent is data, on one line, and stands for
 * itself. The agent finds the same in `_meta`.
 */
export function withApproval(response: RpcResponse, approval: Approved): RpcResponse {
  if (approval === null || !('result' in response)) return response;
  const { id, changed } = approval;
  const { result } = response;
  const meta = isObject(result._meta) ? result._meta : {};
  const _meta = { ...meta, 'interlock/approval': { id, ...(changed === null ? {} : { changed }) } };
  if (changed === null || !Array.isArray(result.content)) return { ...response, result: { ...result, _meta } };
  const text = `A person changed the arguments: ${visibleText(JSON.stringify(changed))}`;
  const content = [{ type: 'text', text }, ...(result.content as Json[])];
  return { ...response, result: { ...result, content, _meta } };
}

type Approved = Extract<CallResult, { kind: 'answered' }>['approval'];

/** The protocol's own answer to a name that does not exist; the same text whether it is hidden or absent. */
export function unknownTarget(id: RequestId, target: ActionTarget): RpcResponse {
  const name = targetName(target) ?? '';
  switch (target.kind) {
    case 'tool':
      return failure(id, { code: -32602, message: `Unknown tool: ${name}` });
    case 'prompt':
      return failure(id, { code: -32602, message: `Unknown prompt: ${name}` });
    case 'resource':
      return failure(id, { code: -32602, message: 'Resource not found', data: { uri: name } });
    case 'server':
      return failure(id, { code: -32601, message: 'Method not found' });
  }
}

export function answerFault(id: RequestId | null, fault: Fault): UpstreamReply {
  const row = FAULTS[fault.code];
  return { response: failure(id, { code: row.rpc, message: fault.message }), httpStatus: row.http };
}

function rpcCode(refusal: Refusal): number {
  if (refusal.fault !== null) return FAULTS[refusal.fault.code].rpc;
  switch (refusal.code) {
    case 'approval-pending':
      return APPROVAL_PENDING;
    case 'killed':
    case 'paused':
    case 'stale-view':
      return STOPPED;
    case 'overloaded':
      return FAULTS.overloaded.rpc;
    case 'journal-unavailable':
    case 'upstream-unavailable':
    case 'internal':
      return -32603;
    default:
      return DENIED;
  }
}

/** One or two plain sentences. `@reason` texts were written by the operator for the agent to read. */
function explain(refusal: Refusal): string {
  const why = refusal.decision.messages.join(' ');
  switch (refusal.code) {
    case 'approval-pending':
      return `This action needs a human's approval (request ${refusal.approval}). It was not carried out. Make exactly the same call again later: it goes through once the request is approved.${gap(why)}`;
    case 'approval-denied':
      return `A human denied this action (request ${refusal.approval})${quoted(refusal.said)}. It was not carried out. Do not repeat it; ask the person you act for how to go on.`;
    case 'approval-expired':
      return `Nobody answered the approval request in time. The action was not carried out. Making the same call again asks anew.`;
    case 'approval-withdrawn':
      return `The approval request for this action was withdrawn before anybody's answer was used (request ${refusal.approval}). The action was not carried out. If it is still needed, making the same call again asks anew.`;
    case 'approval-used':
      return `An identical call made at the same time went on with this approval (request ${refusal.approval}); this one was not carried out. If it is meant a second time, making the same call again asks anew.`;
    case 'nobody-to-ask':
      return `This action needs a human's approval, and there is nobody who could give it. It was not carried out. Repeating it will not help until an operator says who is asked.`;
    case 'not-entitled':
      return `The authority for this action has ended: this agent, the person it acts for, or an agent between them may no longer act. The action was not carried out. Do not repeat it.`;
    case 'user-rights':
      return `The person you act for may not do this themself, so you may not do it for them. The action was not carried out. Repeating it will not help.`;
    case 'outside-task':
      return `This is outside the task you were given: its tools, its data, its budget or its time. The action was not carried out. Ask for a task that covers it.`;
    case 'killed':
      return `An operator has stopped this agent's action. Do not repeat it; wait for a human to release it.`;
    case 'paused':
      return `An operator has paused this. The action was not carried out. It can be tried again after a human releases it.`;
    case 'stale-view':
    case 'journal-unavailable':
      return `The gateway cannot check or record actions right now, so it refuses them. The action was not carried out. Try again in a minute.`;
    case 'quarantined':
      return `This tool's definition is being held for review by an operator and cannot be called until it is accepted. The action was not carried out.`;
    case 'overloaded':
      return `Too many calls are under way. The action was not carried out. Try again when some have finished.`;
    case 'upstream-unavailable':
      return refusal.fault === null
        ? 'The server did not answer.'
        : `${refusal.fault.message}.${mayHaveHappened(refusal.fault)}`;
    case 'internal':
      return `The gateway failed while handling this call (${refusal.call}).`;
    default:
      return `Denied by policy. The action was not carried out.${gap(why) || ' Nothing permits this agent to do it. Repeating it will not help; ask the person you act for.'}`;
  }
}

function mayHaveHappened(fault: Fault): string {
  return 'sent' in fault && fault.sent === false
    ? ' The action was not carried out.'
    : ' It is not known whether the action was carried out: check before repeating it.';
}

/** What a person typed, on one line, so that nothing in it passes for the gateway's own words. */
function quoted(text: string): string {
  return text === '' ? '' : `: “${visibleText(text)}”`;
}

function gap(text: string): string {
  return text === '' ? '' : ` ${text}`;
}

function reply(response: RpcResponse): UpstreamReply {
  return { response, httpStatus: null };
}
