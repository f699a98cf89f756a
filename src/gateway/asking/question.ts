import type { ApprovalRequest, Asked } from '../../approvals/types.ts';
import { keptCaller } from '../../model/caller.ts';
import type { Decision } from '../../model/decision.ts';
import type { JsonObject } from '../../model/json.ts';
import type { SessionFacts } from '../../model/policy-input.ts';
import type { Gateway } from '../gateway.ts';
import type { Known } from '../steps/resolve.ts';
import type { Trace } from '../trace.ts';
import { shownRequest } from './shown.ts';

interface Step {
  readonly known: Known;
  readonly decision: Decision;
}

/** The call as a question to people: who must answer, what they see, and what is needed to decide again. */
export function question(
  gateway: Gateway,
  trace: Trace,
  step: Step & { readonly entry: { readonly watched: boolean } },
): ApprovalRequest {
  const { caller, session, action } = trace.attempt;
  return {
    ...{ kind: 'call', call: trace.call, agent: caller.agent.id, session: session.id, task: caller.taskId },
    ...asked(trace, step),
    chain: JSON.stringify(caller.chain.map(({ kind, id }) => [kind, id])),
    digest: action.digest,
    shown: shownRequest(gateway, trace, step),
    pin: step.known.pin,
    context: kept(trace, step.known) as unknown as JsonObject,
    ttlMs: null,
  };
}

/** What decides who must answer. */
export function asked(trace: Trace, { known, decision }: Step): Asked {
  const { caller, server } = trace.attempt;
  const owners = [caller, ...caller.through].map((acting) => acting.agent.owner);
  const { labels } = known;
  return {
    subject: caller.subject,
    asks: decision.asks ?? [],
    facts: {
      amount: trace.facts.amount,
      currency: trace.facts.currency,
      environment: trace.facts.environment ?? server.environment,
      dataClass: labels?.dataClass ?? null,
      effect: labels?.effect ?? null,
    },
    starters: [...new Set(caller.subject === null ? owners : [caller.subject, ...owners])],
  };
}

/** Who is asked about a call beforehand: the person it is for, first. */
export function withSubject(asks: Asked['asks'], agent: string): Asked['asks'] {
  return [{ text: SUBJECT, agent }, ...asks.filter(({ text }) => text !== SUBJECT)];
}

const SUBJECT = 'subject';

/** Everything a later decision about the same call with other arguments needs. Never shown. */
export interface KeptContext {
  readonly caller: ReturnType<typeof keptCaller>;
  readonly surface: string;
  readonly server: string;
  readonly method: string;
  /** Without the arguments. */
  readonly params: JsonObject;
  readonly pin: string | null;
  readonly session: KeptSession;
  /** A person lets an agent act for them (beforehand/sign-in.ts): there is no call, and nothing but `caller` is kept. */
  readonly signIn?: true;
  /** The arguments were not shown to anybody. */
  readonly undisclosed?: true;
}

type KeptSession = Omit<SessionFacts, 'toolsCalled'> & { readonly toolsCalled: readonly string[] };

function kept(trace: Trace, known: Known): KeptContext {
  const { caller, session, server, frame, surface } = trace.attempt;
  const { arguments: _shown, _meta: _dropped, ...params } = (frame.params ?? {}) as JsonObject;
  return {
    ...{ caller: keptCaller(caller), surface, server: server.id, method: frame.method, params, pin: known.pin },
    session: keptSession(session),
  };
}

function keptSession(facts: SessionFacts): KeptSession {
  const { id, startedAtMs, calls, denied, asked: questions, reads, writes, destructive, external } = facts;
  const { readUntrusted, highestDataClass } = facts;
  return {
    ...{ id, startedAtMs, calls, denied, asked: questions, reads, writes, destructive, external },
    ...{ readUntrusted, highestDataClass, toolsCalled: [...facts.toolsCalled] },
  };
}
