import type { Acting, Caller } from '../../model/caller.ts';
import type { RefusalCode } from '../../model/decision.ts';
import type { CallKeys, Lock } from '../../model/lock.ts';
import type { Attempt } from '../attempt.ts';
import type { Gateway } from '../gateway.ts';

export interface Entered {
  readonly ok: true;
  readonly watched: boolean;
  /** Aborts when a halt reaches this call, or when the caller is gone. */
  signal(): AbortSignal;
  /** The second look, after every wait: `null`, or what stops the call now. */
  again(): Stopped | null;
  leave(): void;
}

export interface Stopped {
  readonly code: RefusalCode;
  readonly lock: Lock | null;
  /** For the record: whose authority has ended. */
  readonly why?: string;
}

/** How many calls each agent has under way. Process-wide, because a process has one gateway. */
const underWay = new WeakMap<Gateway, { total: number; byAgent: Map<string, number> }>();

function callKeys(attempt: Pick<Attempt, 'caller' | 'session' | 'action' | 'server'>): CallKeys {
  const { caller, session, action, server } = attempt;
  return {
    ...callerKeys(caller),
    session: session.id,
    server: server.id,
    tool: action.target.kind === 'tool' ? `${server.id}/${action.target.name}` : null,
  };
}

/** Who and what a caller stands for: itself, the human at the root, everyone between, and the tasks it is bound to. */
function callerKeys(caller: Caller): Pick<CallKeys, 'agent' | 'owner' | 'user' | 'through' | 'tasks'> {
  const { agent, subject, through, taskId, tasks } = caller;
  const inside = tasks.length > 0 ? tasks.map((task) => task.id) : taskId === null ? NONE : [taskId];
  return {
    agent: agent.id,
    owner: agent.owner,
    user: subject,
    through: through.length === 0 ? NONE : through.map(ofAgent),
    tasks: inside,
  };
}

const NONE: readonly never[] = Object.freeze([]);

function ofAgent({ agent: { id, owner } }: Acting): { agent: string; owner: string } {
  return { agent: id, owner };
}

/** Asks the kill switch and takes a place. The place is given back by `leave`, exactly once. */
export function enter(gateway: Gateway, attempt: Attempt): Entered | ({ readonly ok: false } & Stopped) {
  const agent = attempt.caller.agent.id;
  let counts = underWay.get(gateway);
  if (counts === undefined) {
    counts = { total: 0, byAgent: new Map() };
    underWay.set(gateway, counts);
  }
  const ofAgent = counts.byAgent.get(agent) ?? 0;
  if (ofAgent >= gateway.limits.concurrentCallsPerAgent || counts.total >= gateway.limits.concurrentCalls) {
    return { ok: false, code: 'overloaded', lock: null };
  }
  const over = lapsed(gateway, attempt);
  if (over !== null) return { ok: false, ...over };
  const entry = gateway.revocation.enter(callKeys(attempt));
  if (!entry.ok) return { ok: false, code: entry.code, lock: entry.lock };

  const places = counts;
  places.total++;
  places.byAgent.set(agent, ofAgent + 1);
  gateway.meters.inFlight(1);
  let left = false;
  return {
    ok: true,
    watched: entry.watched,
    signal: () => (attempt.gone === null ? entry.signal : AbortSignal.any([entry.signal, attempt.gone])),
    again: () => lapsed(gateway, attempt) ?? stopOf(entry.again()),
    leave: () => {
      if (left) return;
      left = true;
      entry.leave();
      gateway.meters.inFlight(-1);
      places.total--;
      const rest = (places.byAgent.get(agent) ?? 1) - 1;
      if (rest === 0) places.byAgent.delete(agent);
      else places.byAgent.set(agent, rest);
    },
  };
}

/** Whether a call could begin now: asked again by whoever had to wait before sending. */
export function mayBegin(
  gateway: Gateway,
  attempt: Pick<Attempt, 'caller' | 'session' | 'action' | 'server'>,
): boolean {
  if (lapsed(gateway, attempt) !== null) return false;
  const entry = gateway.revocation.enter(callKeys(attempt));
  if (entry.ok) entry.leave();
  return entry.ok;
}

/** Whether a halt is on the agent, its owner, its session or its task: then nothing is opened for it, and nothing kept open. */
export function isHalted(gateway: Gateway, { caller, session }: Pick<Attempt, 'caller' | 'session'>): boolean {
  const entry = gateway.revocation.enter({ ...callerKeys(caller), session: session.id, server: '', tool: null });
  if (entry.ok) entry.leave();
  return !entry.ok && entry.code === 'killed';
}

/** The second look, after every wait. */
export function stopped(entry: Entered): Stopped | null {
  return entry.again();
}

/** The authority behind the call has ended: no lock is needed to stop it. */
function lapsed(gateway: Gateway, { caller }: Pick<Attempt, 'caller'>): Stopped | null {
  const why = gateway.entitled(caller);
  return why === null ? null : { code: 'not-entitled', lock: null, why };
}

function stopOf(lock: Lock | 'stale' | null): Stopped | null {
  if (lock === null) return null;
  if (lock === 'stale') return { code: 'stale-view', lock: null };
  return { code: lock.tier === 'pause' ? 'paused' : 'killed', lock };
}
