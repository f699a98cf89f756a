import { randomUUID } from 'node:crypto';
import { bug, Fault } from '../model/fault.ts';
import type { JsonObject } from '../model/json.ts';
import type { Clock } from '../ports/clock.ts';
import type { ApprovalRow, ApprovalState, ApprovalStore } from '../ports/stores.ts';
import { makeWaitingRoom, type WaitingRoom } from './waiting-room.ts';

export interface ApprovalsOptions {
  readonly store: ApprovalStore;
  readonly clock: Clock;
  /** How long one `ask` waits for a person before it answers `pending`. Default 120000. */
  readonly waitMs?: number;
  /** Calls waiting in this process at once; one more does not wait and is told `pending`. Default 1000. */
  readonly maxWaiters?: number;
  /** Unanswered requests of one agent in the store; one more is refused. Default 50. */
  readonly maxPendingPerAgent?: number;
  /** The request as shown to people, UTF-8. Default 2 MiB: every call the gateway accepts fits. */
  readonly maxRequestBytes?: number;
  /** How often requests whose time is over are marked as expired. Default 5000. */
  readonly sweepMs?: number;
  readonly log?: ApprovalsLog;
}

export interface ApprovalsLog {
  error(fields: object, message: string): void;
}

/** One exact action that needs a person. */
export interface ApprovalRequest {
  /** Id of the call that asks, for whoever reads the request. */
  readonly call: string;
  readonly agent: string;
  readonly session: string | null;
  /** Digest of the exact action; an approval is good for nothing else. */
  readonly digest: string;
  readonly askWhom: readonly string[];
  /** Who, what, why: shown to the approver. */
  readonly summary: JsonObject;
  /** How long the request can be answered, and its answer used. */
  readonly ttlMs: number;
}

type ApprovalOutcome =
  /** One person's answer, used up by this call and no other. */
  | { readonly outcome: 'approved'; readonly id: string; readonly by: string }
  | { readonly outcome: 'denied'; readonly id: string; readonly by: string; readonly reason: string }
  | { readonly outcome: 'expired'; readonly id: string }
  /** No answer yet: the agent comes back with the same call and joins the same request. */
  | { readonly outcome: 'pending'; readonly id: string };

export interface Approvals {
  /**
   * Joins the request open for (agent, session, digest), or makes one, and waits for its answer. `onParked` is told the
   * id of each request this call begins to wait for.
   * Rejects with the signal's reason when it is aborted; the request stays, and a retry joins it.
   * Faults: `overloaded` (too many unanswered requests of this agent), `too-large`, `internal` (the store failed).
   */
  ask(request: ApprovalRequest, signal: AbortSignal, onParked?: (id: string) => void): Promise<ApprovalOutcome>;
  /** `false`: unknown, already answered, or expired. */
  answer(
    id: string,
    answer: { readonly state: 'approved' | 'denied'; readonly by: string; readonly reason: string },
  ): Promise<boolean>;
  get(id: string): Promise<ApprovalRow | null>;
  /** Newest first. */
  list(filter: { readonly state?: ApprovalState; readonly limit: number }): Promise<readonly ApprovalRow[]>;
  /** Everybody who waits is told `pending`. */
  close(): void;
}

const EARLY_TIMER_MS = 5;

interface State {
  readonly store: ApprovalStore;
  readonly clock: Clock;
  readonly room: WaitingRoom;
  readonly waitMs: number;
  readonly maxPendingPerAgent: number;
  readonly maxRequestBytes: number;
}

export function openApprovals(options: ApprovalsOptions): Approvals {
  const { store, clock, log } = options;
  const room = makeWaitingRoom({ store, maxWaiters: options.maxWaiters ?? 1_000, log });
  const state: State = {
    store,
    clock,
    room,
    waitMs: options.waitMs ?? 120_000,
    maxPendingPerAgent: options.maxPendingPerAgent ?? 50,
    maxRequestBytes: options.maxRequestBytes ?? 2 * 1024 * 1024,
  };
  const sweep = (): void => {
    store.expire(clock.nowMs()).catch((error) => log?.error({ err: error }, 'expired approvals could not be swept'));
  };
  const timer = setInterval(sweep, options.sweepMs ?? 5_000);
  timer.unref();
  return {
    ask: (request, signal, onParked) => ask(state, { request, signal, onParked: onParked ?? (() => {}) }),
    async answer(id, { state: to, by, reason }) {
      if (by.trim() === '') throw new Fault('invalid-params', 'an answer needs the name of who gives it');
      const answered = await store.answer(id, { state: to, by, reason, nowMs: clock.nowMs() });
      if (answered) room.look(id);
      return answered;
    },
    get: (id) => store.get(id),
    list: (filter) => store.list(filter),
    close() {
      clearInterval(timer);
      room.close();
    },
  };
}

interface Asking {
  readonly request: ApprovalRequest;
  readonly signal: AbortSignal;
  readonly onParked: (id: string) => void;
}

async function ask(state: State, asking: Asking): Promise<ApprovalOutcome> {
  const { clock, room } = state;
  const deadlineUs = clock.monotonicUs() + state.waitMs * 1000;
  const shown = show(state, asking.request);
  for (;;) {
    asking.signal.throwIfAborted();
    let row = await requestOrJoin(state, asking.request, shown);
    if (row.state === 'pending') {
      asking.onParked(row.id);
      // Timers may fire a moment early; a request must be over when it is called expired.
      const untilExpiryMs = row.expiresAtMs - clock.nowMs() + EARLY_TIMER_MS;
      const leftMs = Math.min((deadlineUs - clock.monotonicUs()) / 1000, untilExpiryMs);
      row = await room.wait(row, leftMs, asking.signal);
    }
    const outcome = await settle(state, asking.request, row);
    if (outcome !== null) return outcome;
  }
}

/** What a row means for this call; null: somebody else used it up, ask anew. */
async function settle(state: State, request: ApprovalRequest, row: ApprovalRow): Promise<ApprovalOutcome | null> {
  const { id } = row;
  const nowMs = state.clock.nowMs();
  switch (row.state) {
    case 'approved':
      // The store compares the digest of THIS call: an approval of anything else stays untouched.
      if (await state.store.consume(id, request.digest, nowMs)) {
        // Policies changed since it was asked: one person's word is not another's. It is used up, and the right one is asked.
        if (row.askWhom.join() !== request.askWhom.join()) return null;
        return { outcome: 'approved', id, by: row.answeredBy ?? '' };
      }
      return row.expiresAtMs <= state.clock.nowMs() ? { outcome: 'expired', id } : null;
    case 'denied':
      return { outcome: 'denied', id, by: row.answeredBy ?? '', reason: row.answerReason ?? '' };
    case 'expired':
      return { outcome: 'expired', id };
    case 'consumed':
      return null;
    case 'pending':
      return { outcome: row.expiresAtMs <= nowMs ? 'expired' : 'pending', id };
  }
}

async function requestOrJoin(state: State, request: ApprovalRequest, shown: string): Promise<ApprovalRow> {
  const nowMs = state.clock.nowMs();
  const fresh: ApprovalRow = {
    id: randomUUID(),
    digest: request.digest,
    agent: request.agent,
    session: request.session,
    askWhom: request.askWhom,
    state: 'pending',
    request: shown,
    requestedAtMs: nowMs,
    expiresAtMs: nowMs + request.ttlMs,
    answeredBy: null,
    answerReason: null,
    answeredAtMs: null,
  };
  const row = await state.store.requestOrJoin(fresh, state.maxPendingPerAgent);
  if (row !== null) {
    if (row.digest !== request.digest || row.agent !== request.agent)
      bug('the store joined a request for something else');
    return row;
  }
  throw new Fault(
    'overloaded',
    `${state.maxPendingPerAgent} of this agent's calls already wait for a person; none more is taken until some are answered`,
  );
}

/** Two texts, side by side: what asks, and what it is about. Neither can pass for the other. */
function show(state: State, { call, summary }: ApprovalRequest): string {
  const text = JSON.stringify({ call, summary });
  if (Buffer.byteLength(text) <= state.maxRequestBytes) return text;
  throw new Fault('too-large', `a call of more than ${state.maxRequestBytes} bytes cannot be shown to a person`);
}
