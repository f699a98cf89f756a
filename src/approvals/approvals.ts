import { Fault } from '../model/fault.ts';
import { vote, whetherMayAnswer } from './answering.ts';
import { keysFor } from './approvers/keys.ts';
import { ask, met, open, resolve, resume, use } from './asking.ts';
import type { ApprovalsOptions, State } from './options.ts';
import { withdrawRow } from './outcome/record.ts';
import { recoverApprovals } from './outcome/recover.ts';
import { forget, sweep } from './outcome/sweep.ts';
import type { Approvals } from './types.ts';
import { makeWaitingRoom } from './waiting-room.ts';

export type { ApprovalsLog, ApprovalsOptions, OutcomeJournal, StandingBook } from './options.ts';
export type { ApprovalOutcome, ApprovalRequest, Approvals, Ballot, Preview, Voted } from './types.ts';

const MAX_WAITERS = 1_000;
const PENDING_PER_AGENT = 50;
const REQUEST_BYTES = 2 * 1024 * 1024;
const SWEEP_MS = 2_000;

/** Questions to people about exact actions, shared by every gateway on one store. */
export function openApprovals(options: ApprovalsOptions): Approvals {
  const { store, clock, log } = options;
  const state: State = {
    ...options,
    room: makeWaitingRoom({ store, maxWaiters: options.maxWaiters ?? MAX_WAITERS, log }),
    pendingPerAgent: options.maxPendingPerAgent ?? PENDING_PER_AGENT,
    requestBytes: options.maxRequestBytes ?? REQUEST_BYTES,
  };
  const sweeping = sweeper(state, options.sweepMs ?? SWEEP_MS);
  if (options.recovers !== true) sweeping.start();
  return {
    ask: (request, signal, onParked) => ask(state, { request, signal, onParked: onParked ?? (() => {}) }),
    open: (request) => open(state, request),
    required: (asked) => resolve(state, asked),
    met: (asked, signed, requestedAtMs) => met(state, asked, { signed, requestedAtMs }),
    resume: (id, request) => resume(state, id, request),
    use: (id, digest, call) => use(state, id, { digest, call }),
    vote(id, ballot) {
      if (ballot.person.trim() === '') throw new Fault('invalid-params', 'an answer needs the name of who gives it');
      return vote(state, id, ballot);
    },
    mayAnswer: (row, person) => whetherMayAnswer(state, row, person),
    preview: (row, args) => options.again(row, args),
    async withdraw(id, by, reason) {
      const row = await store.get(id);
      return row !== null && withdrawRow(state, row, { by, reason });
    },
    get: (id) => store.get(id),
    list: (filter) => store.list(filter),
    listFor: (person, filter) =>
      store.list({
        ...filter,
        keys: keysFor(person, options.people, { rules: options.rules(), nowMs: clock.nowMs() }),
      }),
    count: (filter) => store.count(filter),
    async recover(remembered) {
      const reopened = await recoverApprovals(state, remembered);
      sweeping.start();
      return reopened;
    },
    forget: () => forget(state),
    onChange: (listener) => store.onChange(listener),
    close() {
      sweeping.stop();
      state.room.close();
    },
  };
}

/** One sweep at a time; the next begins when its turn comes after the last has ended. Started once at most, and not after it was stopped. */
function sweeper(state: State, everyMs: number): { start(): void; stop(): void } {
  let going = false;
  let timer: NodeJS.Timeout | null = null;
  let stopped = false;
  const turn = (): void => {
    if (going) return;
    going = true;
    void sweep(state).finally(() => {
      going = false;
    });
  };
  return {
    start() {
      if (stopped || timer !== null) return;
      timer = setInterval(turn, everyMs);
      timer.unref();
    },
    stop() {
      stopped = true;
      if (timer !== null) clearInterval(timer);
    },
  };
}
