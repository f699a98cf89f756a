import type { Preview } from '../../approvals/types.ts';
import { argumentProblems } from '../../inventory/arguments.ts';
import type { Action } from '../../model/action.ts';
import { assuranceAtLeast, type Requirement, type ShownRequest } from '../../model/approval.ts';
import type { Caller } from '../../model/caller.ts';
import { Fault } from '../../model/fault.ts';
import type { JsonObject } from '../../model/json.ts';
import type { ApprovalRow } from '../../ports/stores.ts';
import { withArguments } from '../action.ts';
import type { Attempt } from '../attempt.ts';
import { whySignInStopped } from '../beforehand/sign-in.ts';
import type { Gateway } from '../gateway.ts';
import { SessionState } from '../session-facts.ts';
import { context, decide } from '../steps/decide.ts';
import { mayBegin } from '../steps/enter.ts';
import { type Known, resolve } from '../steps/resolve.ts';
import { userRights } from '../tiers/coarse.ts';
import { begin, type Trace } from '../trace.ts';
import { asked, type KeptContext, withSubject } from './question.ts';
import { shownAgain, shownRequest } from './shown.ts';

type Refused = Extract<Preview, { ok: false }>;

interface Recalled {
  readonly trace: Trace;
  readonly known: Known;
  readonly caller: Caller;
}

/**
 * The call of a question, decided again with other arguments: what an approver who changes them would let through, and who else would have
 * to agree. Nothing is sent or counted; the call itself is decided once more when it goes on.
 */
export async function decideAgain(gateway: Gateway, row: ApprovalRow, args: JsonObject): Promise<Preview> {
  const { signIn, undisclosed } = keptOf(row);
  if (signIn === true || undisclosed === true) return no('this has no arguments that could be changed');
  const recalled = recall(gateway, row, args);
  if ('ok' in recalled) return recalled;
  const { trace, known } = recalled;
  if (known.definition === null || known.pin !== keptOf(row).pin)
    return no('the tool is not what it was when the question was asked: let the agent ask anew');
  const problems = argumentProblems(known.definition.inputSchema, args);
  if (problems.length > 0) return no(`the arguments do not fit the tool: ${problems.join('; ')}`);
  const rights = await userRights(gateway, trace.attempt, known);
  const input = context(gateway, trace, { known, entry: { watched: false } });
  const decision = decide(gateway, trace, { known, input, rights });
  if (decision.effect === 'deny')
    return no(`that would be denied${decision.messages.length > 0 ? `: ${decision.messages.join(' ')}` : ''}`);
  const requirement = whoMustAnswer(gateway, row, { trace, known, decision });
  if (typeof requirement === 'string') return no(requirement);
  const now = shownRequest(gateway, trace, { known, decision, entry: { watched: false } });
  const shown = shownAgain(now, JSON.parse(row.request) as ShownRequest);
  return { ok: true, digest: trace.attempt.action.digest, shown, requirement };
}

/** Whether the agent of a question, everybody it acts through and for, may still act, and nothing about the call is locked. */
export function whyStopped(gateway: Gateway, row: ApprovalRow): string | null {
  const { signIn, caller } = keptOf(row);
  if (signIn === true) {
    const known = gateway.recall(caller);
    return known === null ? 'the agent or the person is not there any more' : whySignInStopped(gateway, known);
  }
  const recalled = recall(gateway, row, null);
  if ('ok' in recalled) return recalled.message;
  const { attempt } = recalled.trace;
  return gateway.entitled(attempt.caller) ?? (mayBegin(gateway, attempt) ? null : 'stopped by an operator');
}

/** Those whom it asks now; where policies let the changed call go on by itself, those who were asked about the first. */
function whoMustAnswer(
  gateway: Gateway,
  row: ApprovalRow,
  step: { trace: Trace; known: Known; decision: ReturnType<typeof decide> },
): Requirement | string {
  if (step.decision.effect === 'permit') return row.requirement;
  const now = asked(step.trace, step);
  const isBeforehand = row.kind === 'backchannel';
  const asks = isBeforehand ? withSubject(now.asks, row.agent) : now.asks;
  const resolved = gateway.approvals.required({ ...now, asks });
  if (resolved.kind === 'nobody') return resolved.why;
  if (resolved.kind === 'automatic') return row.requirement;
  // The agent may have asked for more proof than is configured.
  const { assurance } = row.requirement;
  const isEnough = !isBeforehand || assuranceAtLeast(resolved.requirement.assurance, assurance);
  return isEnough ? resolved.requirement : { ...resolved.requirement, assurance };
}

/** The call as it was, with these arguments (`null`: whatever they were; only who and where counts). */
function recall(gateway: Gateway, row: ApprovalRow, args: JsonObject | null): Recalled | Refused {
  const kept = keptOf(row);
  if (kept.caller === undefined) return no('nothing is known of the call it is about');
  // Whoever comes back brings a fresh credential: that the one of the question has expired stops nobody.
  const known = gateway.recall({ ...kept.caller, credential: null, expiresAtMs: Number.MAX_SAFE_INTEGER });
  if (known === null) return no('the agent, or somebody it acts for or through, is not there any more');
  const server = gateway.snapshot().servers.get(kept.server);
  if (server === undefined) return no(`the server ${kept.server} is not configured any more`);
  const frame = { method: kept.method, params: kept.params };
  let action: Action;
  try {
    action = withArguments(frame, args ?? {}, kept.server);
  } catch (error) {
    if (args !== null || !(error instanceof Fault)) return no(error instanceof Fault ? error.message : 'not a call');
    action = { name: kept.method, server: kept.server, target: { kind: 'server' }, args: {}, digest: '', sizeChars: 0 };
  }
  const attempt: Attempt = {
    ...{ surface: kept.surface, caller: known, session: restored(kept), server, action, frame, gone: null },
    release: () => Promise.reject(new Fault('internal', 'a question that is decided again sends nothing')),
  };
  return { trace: begin(gateway, attempt), known: resolve(gateway, attempt), caller: known };
}

function keptOf(row: ApprovalRow): KeptContext {
  return JSON.parse(row.context) as KeptContext;
}

function restored({ session }: KeptContext): SessionState {
  const { id, startedAtMs, toolsCalled, ...counts } = session;
  const state = Object.assign(new SessionState(id, startedAtMs), counts);
  for (const tool of toolsCalled) state.toolsCalled.add(tool);
  return state;
}

function no(message: string): Refused {
  return { ok: false, message };
}
