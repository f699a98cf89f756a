import type { Action } from '../../model/action.ts';
import type { Agent } from '../../model/agent.ts';
import { ALONE, type Caller } from '../../model/caller.ts';
import type { Decision } from '../../model/decision.ts';
import { Fault } from '../../model/fault.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Person } from '../../model/person.ts';
import { toAction } from '../action.ts';
import type { Attempt } from '../attempt.ts';
import type { Gateway, RightsAnswer, ServerEntry } from '../gateway.ts';
import { CLIENT_REQUESTS, type MethodSpec } from '../methods.ts';
import { SessionState } from '../session-facts.ts';
import { context, decide, denial } from '../steps/decide.ts';
import { type Entered, enter } from '../steps/enter.ts';
import { refuse } from '../steps/refuse.ts';
import { type Known, resolve } from '../steps/resolve.ts';
import { coarse, userRights } from '../tiers/coarse.ts';
import { couldPermit } from '../tiers/everyone.ts';
import { begin, type Trace } from '../trace.ts';

/** One tool call an agent wants approved before it makes it, for a person. */
export interface Beforehand {
  readonly agent: Agent;
  readonly owner: Person | null;
  readonly person: Person;
  readonly server: string;
  readonly tool: string;
  /** As the call will carry them. `null`: it will carry none, or they are not disclosed. */
  readonly arguments: JsonObject | null;
  readonly disclosed: boolean;
}

export interface Weighed {
  readonly trace: Trace;
  readonly known: Known;
  readonly decision: Decision;
  readonly watched: boolean;
}

const CALL = 'tools/call';
const NOT_ASKED: RightsAnswer = { permit: true, rule: null, why: 'asked with the arguments, when the call is made' };

/**
 * Decides a call that is not made yet, by every tier there is. Nothing is sent or counted. `null`: it is denied, and that is on record.
 * The token that may come of it is good for this one action, so that its scopes are no limit here; those of the agent are.
 */
export async function weigh(gateway: Gateway, asked: Beforehand): Promise<Weighed | null> {
  const server = gateway.snapshot().servers.get(asked.server);
  if (server === undefined) return null;
  const trace = begin(gateway, attemptOf(gateway, asked, server));
  const known = resolve(gateway, trace.attempt);
  const entry = enter(gateway, trace.attempt);
  if (!entry.ok) {
    await refuse(gateway, trace, { known, ...entry });
    return null;
  }
  try {
    const decision = await decideBeforehand(gateway, trace, { known, entry, disclosed: asked.disclosed });
    if (decision.effect !== 'deny') return { trace, known, decision, watched: entry.watched };
    await refuse(gateway, trace, { known, decision });
    return null;
  } finally {
    entry.leave();
  }
}

interface Deciding {
  readonly known: Known;
  readonly entry: Entered;
  readonly disclosed: boolean;
}

async function decideBeforehand(
  gateway: Gateway,
  trace: Trace,
  { known, entry, disclosed }: Deciding,
): Promise<Decision> {
  if (!disclosed) return decideUndisclosed(gateway, trace, { known, entry });
  const rights = await userRights(gateway, trace.attempt, known);
  const input = context(gateway, trace, { known, entry });
  return decide(gateway, trace, { known, input, rights });
}

/**
 * Arguments nobody has seen cannot be decided on: what no arguments could make permitted is denied, the rest is decided when the call is
 * made. Then whoever a policy asks for besides the person is asked as well.
 */
function decideUndisclosed(gateway: Gateway, trace: Trace, { known, entry }: Omit<Deciding, 'disclosed'>): Decision {
  const { caller, action } = trace.attempt;
  const { version } = gateway.snapshot().policies;
  const input = context(gateway, trace, { known, entry });
  const { code, answers } = coarse(gateway, input, { known, rights: NOT_ASKED });
  trace.tiers = { ...answers, policy: null };
  if (code !== null) return denial(version, `interlock#${code}`);
  if (known.state !== 'known')
    return denial(version, known.state === 'quarantined' ? 'interlock#quarantined' : 'interlock#unknown-target');
  if (!couldPermit(gateway, { caller, action, labels: known.labels })) return denial(version, 'interlock#never');
  return { ...denial(version, 'interlock#undisclosed'), effect: 'permit' };
}

function attemptOf(gateway: Gateway, asked: Beforehand, server: ServerEntry): Attempt {
  const { agent, owner, person, tool } = asked;
  const caller: Caller = {
    ...ALONE,
    ...{ agent, owner, person, subject: person.id, chain: [{ id: agent.id, kind: 'agent' }] },
    ...{ method: 'token', credentialId: 'backchannel', expiresAtMs: Number.MAX_SAFE_INTEGER },
  };
  const params = { name: tool, ...(asked.arguments === null ? {} : { arguments: asked.arguments }) };
  const frame = { method: CALL, params };
  const action: Action = toAction(frame, CLIENT_REQUESTS.get(CALL) as MethodSpec, server.id);
  return {
    ...{
      surface: 'backchannel',
      caller,
      session: new SessionState(null, gateway.clock.nowMs()),
      server,
      action,
      frame,
    },
    release: () => Promise.reject(new Fault('internal', 'what is asked beforehand sends nothing')),
    gone: null,
  };
}
