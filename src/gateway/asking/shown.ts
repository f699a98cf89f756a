import { targetName } from '../../model/action.ts';
import type { ShownRequest } from '../../model/approval.ts';
import { canonicalize } from '../../model/canonical.ts';
import type { Decision } from '../../model/decision.ts';
import type { JsonObject } from '../../model/json.ts';
import { resolvePointer } from '../../model/pointer.ts';
import { type ApprovalWords, plainSentence, renderTemplate } from '../../model/sentence.ts';
import type { Gateway } from '../gateway.ts';
import type { Entered } from '../steps/enter.ts';
import { whyUnrecorded } from '../steps/record.ts';
import type { Known } from '../steps/resolve.ts';
import type { Trace } from '../trace.ts';
import { originsOf } from './origins.ts';

export interface Asking {
  readonly known: Known;
  readonly decision: Decision;
  readonly entry: Pick<Entered, 'watched'>;
}

/**
 * Everything the people who are asked are shown, from what the gateway itself knows: the caller, the operator's words and labels, the
 * session. Of what the agent wrote there are the arguments and what is quoted from them; of what a server says about itself, nothing.
 * Arguments of a restricted tool are in it: people see what they sign. Whoever keeps it decides what of it goes into a record.
 */
export function shownRequest(_gateway: Gateway, trace: Trace, step: Asking): ShownRequest {
  const { caller, action, server } = trace.attempt;
  const { known, decision } = step;
  const { agent, person, subject } = caller;
  return {
    call: trace.call,
    agent: { id: agent.id, name: agent.name, owner: agent.owner, riskTier: agent.riskTier, ...ownerName(caller.owner) },
    subject: subject === null ? null : { id: subject, name: person?.name ?? subject },
    chain: caller.chain,
    purpose: agent.purpose,
    task: taskOf(trace),
    action: action.name,
    server: server.id,
    target: targetName(action.target),
    arguments: action.args,
    ...alsoSent(trace),
    ...saying(trace, known),
    effect: known.labels?.effect ?? null,
    reversible: known.labels?.reversible ?? null,
    dataClass: known.labels?.dataClass ?? null,
    ...factsOf(trace),
    policy: { reasons: decision.reasons, messages: decision.messages, version: decision.policyVersion },
    session: sessionOf(trace),
    watched: step.entry.watched,
    unrecorded: whyUnrecorded(action.target, known, decision),
  };
}

/**
 * What is shown of a call that is decided again with other arguments: its session is the one that asked, a value nobody changed came from
 * where it came from, and one that somebody changed came from them.
 */
export function shownAgain(now: ShownRequest, before: ShownRequest): ShownRequest {
  const known = new Map(before.origins.map((origin) => [origin.at, origin]));
  const same = (at: string): boolean => {
    const [was, is] = [resolvePointer(before.arguments, at), resolvePointer(now.arguments, at)];
    return was !== undefined && is !== undefined && canonicalize(was) === canonicalize(is);
  };
  const origins = now.origins.map((origin) => {
    const was = same(origin.at) ? known.get(origin.at) : undefined;
    return was ?? { at: origin.at, from: 'not-looked' as const, source: null };
  });
  return { ...now, call: before.call, session: before.session, watched: before.watched, origins };
}

/** What reaches the server besides the target and the arguments: it is signed as well, so it is shown as well. */
function alsoSent({ attempt: { action, frame } }: Trace): Pick<ShownRequest, 'also'> {
  // Of a call on no target, everything is shown as its arguments.
  if (action.target.kind === 'server') return {};
  const { name: _name, uri: _uri, arguments: _shown, _meta: _unsigned, ...also } = (frame.params ?? {}) as JsonObject;
  return Object.keys(also).length === 0 ? {} : { also };
}

function ownerName(owner: { readonly name: string } | null): { readonly ownerName?: string } {
  return owner === null ? {} : { ownerName: owner.name };
}

function taskOf({ attempt: { caller } }: Trace): ShownRequest['task'] {
  if (caller.taskId === null) return null;
  const terms = caller.tasks.find((task) => task.id === caller.taskId);
  return { id: caller.taskId, purpose: terms?.purpose ?? null };
}

type Saying = Pick<ShownRequest, 'sentence' | 'reviewed' | 'touches' | 'undo'>;

function saying({ attempt: { action, server } }: Trace, known: Known): Saying {
  const { target, args } = action;
  const words: ApprovalWords | undefined =
    target.kind === 'tool' ? (server.words.get(target.name) ?? server.words.get('*')) : undefined;
  if (words !== undefined) {
    return {
      sentence: renderTemplate(words.sentence, args),
      reviewed: true,
      touches: words.touches === null ? null : renderTemplate(words.touches, args),
      undo: words.undo,
    };
  }
  const plain = {
    action: action.name,
    server: server.id,
    tool: target.kind === 'tool' ? target.name : null,
    other: target.kind === 'tool' ? null : targetName(target),
    effect: known.labels?.effect ?? null,
    reversible: known.labels?.reversible ?? null,
  };
  return { sentence: plainSentence(plain), reviewed: false, touches: null, undo: null };
}

type Facts = Pick<ShownRequest, 'environment' | 'amount' | 'currency' | 'mapped' | 'origins'>;

function factsOf({ attempt, facts }: Trace): Facts {
  const { action, server, session } = attempt;
  const mapping =
    action.target.kind === 'tool' ? (server.facts.get(action.target.name) ?? server.facts.get('*')) : undefined;
  return {
    // As policies see it: the argument where one is mapped, else that of the server.
    environment: facts.environment ?? server.environment,
    amount: facts.amount,
    currency: facts.currency,
    mapped: mapping ?? {},
    origins: originsOf(action.args, session.memory, { mapping, calls: session.calls }),
  };
}

function sessionOf({ attempt: { session } }: Trace): ShownRequest['session'] {
  return {
    id: session.id,
    startedAtMs: session.startedAtMs,
    calls: session.calls,
    denied: session.denied,
    asked: session.asked,
    readUntrusted: session.readUntrusted,
    // A copy: what is shown does not change with what happens next.
    recent: session.memory.calls.map((call) => ({ ...call })),
  };
}
