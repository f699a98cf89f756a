import { randomBytes } from 'node:crypto';
import type { Gateway } from '../../gateway/gateway.ts';
import { SessionState } from '../../gateway/session-facts.ts';
import type { Caller } from '../../model/caller.ts';
import { Fault } from '../../model/fault.ts';
import type { Peer } from './peer/client/context.ts';
import { Streams } from './streams.ts';

/** A client session of the revisions that have them. Belongs to the agent that opened it and the person it acted for, whatever credential is shown later. */
export interface McpSession {
  readonly id: string;
  readonly endpoint: string;
  readonly agent: string;
  /** On whose authority and within which task it was opened; nobody else's request ever finds it. */
  readonly subject: string | null;
  readonly task: string | null;
  /** Everybody it was opened through. */
  readonly chain: string;
  readonly state: SessionState;
  readonly streams: Streams;
  readonly peer: Peer;
  readonly startedAtMs: number;
  /** The caller of the newest request: on whose credential unsolicited requests of the server are decided. */
  caller: Caller;
  protocolVersion: string;
  lastSeenMs: number;
  inFlight: number;
}

/** The task that binds a caller; one that is only declared binds nobody. */
export function boundTask({ tasks }: Caller): string | null {
  return tasks[0]?.id ?? null;
}

/** Everybody on whose authority it goes on, in one text. */
export function chainOf({ chain }: Caller): string {
  return JSON.stringify(chain.map(({ kind, id }) => [kind, id]));
}

function boundTo(session: McpSession, caller: Caller): boolean {
  return session.task === boundTask(caller) && session.chain === chainOf(caller);
}

function isOf(session: McpSession, caller: Caller): boolean {
  const { agent, subject } = caller;
  return session.agent === agent.id && session.subject === subject && boundTo(session, caller);
}

/** All sessions: bounded in all and per agent, ended when idle, found only by their own agent on their own endpoint. */
export class Sessions {
  readonly #gateway: Gateway;
  readonly #byId = new Map<string, McpSession>();
  /** Sessions and those being opened: whoever is admitted has their place already. */
  readonly #perAgent = new Map<string, number>();
  #places = 0;

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
  }

  /** 192 random bits; nobody can be found by guessing. */
  static newId(): string {
    return randomBytes(24).toString('base64url');
  }

  /** Takes a place, given back by `end` or, when the session never comes to be, by `giveUp`. */
  admit(agent: string): void {
    this.#checkRoom(agent);
    this.#places++;
    this.#perAgent.set(agent, (this.#perAgent.get(agent) ?? 0) + 1);
  }

  giveUp(agent: string): void {
    this.#places--;
    const rest = (this.#perAgent.get(agent) ?? 1) - 1;
    if (rest === 0) this.#perAgent.delete(agent);
    else this.#perAgent.set(agent, rest);
  }

  #checkRoom(agent: string): void {
    const { limits } = this.#gateway;
    if (this.#places >= limits.sessions || (this.#perAgent.get(agent) ?? 0) >= limits.sessionsPerAgent) {
      this.sweep();
      if (this.#places >= limits.sessions || (this.#perAgent.get(agent) ?? 0) >= limits.sessionsPerAgent) {
        throw new Fault(
          'overloaded',
          'Too many sessions are open: end some, or raise limits.sessions / limits.sessionsPerAgent',
        );
      }
    }
  }

  add(session: McpSession): void {
    this.#byId.set(session.id, session);
  }

  /** Another agent's session, another endpoint's and none at all look the same. */
  find(id: string, caller: Caller, endpoint: string): McpSession {
    const session = this.#byId.get(id);
    if (session === undefined || !isOf(session, caller) || session.endpoint !== endpoint) {
      throw new Fault('unknown-session', 'Session not found: start a new one with initialize');
    }
    session.lastSeenMs = this.#gateway.clock.nowMs();
    return session;
  }

  async end(session: McpSession, why: string): Promise<void> {
    if (!this.#byId.delete(session.id)) return;
    this.giveUp(session.agent);
    session.streams.close();
    this.#gateway.usage.forgetSession(session.id);
    await session.peer
      .close(why)
      .catch((error: unknown) => this.#gateway.log.warn({ err: error }, 'an upstream did not close cleanly'));
  }

  sweep(): void {
    const oldest = this.#gateway.clock.nowMs() - this.#gateway.limits.idleSessionMs;
    for (const session of this.#byId.values()) {
      if (session.lastSeenMs < oldest && session.inFlight === 0) void this.end(session, 'idle');
    }
  }

  all(): readonly McpSession[] {
    return [...this.#byId.values()];
  }

  get busy(): number {
    let busy = 0;
    for (const session of this.#byId.values()) busy += session.inFlight;
    return busy;
  }

  get size(): number {
    return this.#byId.size;
  }
}
