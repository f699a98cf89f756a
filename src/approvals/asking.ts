import { randomUUID } from 'node:crypto';
import { type Assurance, assuranceAtLeast, type Requirement, type SentencePart } from '../model/approval.ts';
import { canonicalize } from '../model/canonical.ts';
import { bug, Fault } from '../model/fault.ts';
import type { Json } from '../model/json.ts';
import type { ApprovalRow } from '../ports/stores.ts';
import { keysOf } from './approvers/keys.ts';
import { candidates, progress } from './approvers/progress.ts';
import { resolveAsk } from './approvers/resolve.ts';
import { at, givenOf } from './counting.ts';
import type { State } from './options.ts';
import { withdrawRow } from './outcome/record.ts';
import { covers } from './standing/covers.ts';
import { mayStand, mayVary } from './standing/offers.ts';
import type { ApprovalOutcome, ApprovalRequest, Asked, Opened, Signed } from './types.ts';

const EARLY_TIMER_MS = 5;

export interface Asking {
  readonly request: ApprovalRequest;
  readonly signal: AbortSignal;
  readonly onParked: (id: string) => void;
}

/** Joins or makes the request and waits for its answer. Faults: see `Approvals.ask`. */
export async function ask(state: State, asking: Asking): Promise<ApprovalOutcome> {
  const { clock, room } = state;
  const { request } = asking;
  const deadlineUs = clock.monotonicUs() + state.rules().waitMs * 1000;
  let waitedFor: string | null = null;
  for (;;) {
    asking.signal.throwIfAborted();
    const standing = standingFor(state, request);
    if (standing !== null) return standing;
    // It waited with others for one answer, and one of them went on with it: nobody is asked the same again for the rest.
    if (waitedFor !== null && (await isUsed(state, waitedFor))) return { outcome: 'used', id: waitedFor };
    const opened = await open(state, request);
    if (opened.kind === 'automatic') return { outcome: 'automatic', rule: opened.rule };
    if (opened.kind === 'nobody') return { outcome: 'nobody', why: opened.why };
    let { row } = opened;
    if (row.state === 'pending' || !row.recorded) {
      asking.onParked(row.id);
      // Timers may fire a moment early; a request must be over when it is called expired.
      const untilExpiryMs = row.expiresAtMs - clock.nowMs() + EARLY_TIMER_MS;
      const leftMs = Math.min((deadlineUs - clock.monotonicUs()) / 1000, untilExpiryMs);
      row = await room.wait(row, leftMs, asking.signal);
      waitedFor = row.id;
    }
    const outcome = await settle(state, request, row);
    if (outcome !== null) return outcome;
  }
}

/** What one question came to, for the call that comes back for it. Nobody is asked, whatever it came to. */
export async function resume(state: State, id: string, request: ApprovalRequest): Promise<ApprovalOutcome> {
  const row = await state.store.get(id);
  if (row === null || !isOf(row, request)) return { outcome: 'expired', id };
  const outcome = await settle(state, request, row);
  if (outcome !== null) return outcome;
  const now = await state.store.get(id);
  return { outcome: now?.state === 'withdrawn' ? 'withdrawn' : now?.state === 'consumed' ? 'used' : 'expired', id };
}

function isOf(row: ApprovalRow, request: ApprovalRequest): boolean {
  const members = ['kind', 'agent', 'subject', 'task', 'chain', 'digest'] as const;
  return members.every((member) => row[member] === request[member]);
}

async function isUsed(state: State, id: string): Promise<boolean> {
  return (await state.store.get(id))?.state === 'consumed';
}

/** The request that is open for exactly this, or a new one. One that asks other people than would be asked now is withdrawn first. */
export async function open(state: State, request: ApprovalRequest): Promise<Opened> {
  const shown = show(state, request);
  for (;;) {
    const resolved = resolve(state, request);
    if (resolved.kind === 'automatic') return { kind: 'automatic', rule: resolved.rule };
    if (resolved.kind === 'nobody') return { kind: 'nobody', why: resolved.why };
    const requirement = withProof(resolved.requirement, request.assurance ?? null);
    const row = await requestOrJoin(state, request, {
      requirement,
      shown,
      ttlMs: request.ttlMs ?? resolved.expireMs,
    });
    // Policies or the organisation changed since it was asked: one person's word is not another's.
    const same = row.state === 'denied' || row.proposal !== null || sameRequirement(row.requirement, requirement);
    if (same) return { kind: 'request', row };
    await withdrawRow(state, row, { by: 'interlock', reason: 'who must be asked has changed' });
  }
}

/** At least as configured; at least as whoever asks wants it. */
function withProof(requirement: Requirement, assurance: Assurance | null): Requirement {
  const more = assurance !== null && !assuranceAtLeast(requirement.assurance, assurance);
  return more ? { ...requirement, assurance } : requirement;
}

export function resolve(state: State, { asks, facts, starters, subject }: Asked): ReturnType<typeof resolveAsk> {
  return resolveAsk(asks, { facts, rules: state.rules(), starters, subject });
}

/** Whether these people's answers are enough for what is asked now. */
export function met(state: State, asked: Asked, of: { signed: readonly Signed[]; requestedAtMs: number }): boolean {
  const resolved = resolve(state, asked);
  if (resolved.kind !== 'asks') return resolved.kind === 'automatic';
  return isMetBy(state, resolved.requirement, of);
}

/** With the proof that is asked for now: a weaker one may have been enough when they answered. */
function isMetBy(
  state: State,
  requirement: Requirement,
  { signed, requestedAtMs }: { signed: readonly Signed[]; requestedAtMs: number },
): boolean {
  const proven = signed.filter(({ assurance }) => assuranceAtLeast(assurance, requirement.assurance));
  return progress(requirement, proven, at(state, requestedAtMs)).met;
}

/** Uses up an approved request whose approvers may still answer for it. */
export async function use(state: State, id: string, of: { digest: string; call: string }): Promise<ApprovalRow | null> {
  const row = await state.store.get(id);
  if (row === null || row.state !== 'approved') return null;
  if (!isMetBy(state, row.requirement, { signed: givenOf(row), requestedAtMs: row.requestedAtMs })) {
    // Somebody who approved has left, or was moved, before it was used.
    await withdrawRow(state, row, { by: 'interlock', reason: 'who approved it may not do so any more' });
    return null;
  }
  const { journal, clock, store } = state;
  return store.consume(id, of.digest, { journal: journal.id, call: of.call, nowMs: clock.nowMs() });
}

/** What a row means for this call; null: somebody else used it up, or it was withdrawn: ask anew. */
async function settle(state: State, request: ApprovalRequest, row: ApprovalRow): Promise<ApprovalOutcome | null> {
  const { id } = row;
  if (!row.recorded) return { outcome: 'pending', id };
  switch (row.state) {
    case 'approved': {
      // The store compares the digest of THIS call: an approval of anything else stays untouched.
      const used = await use(state, id, { digest: request.digest, call: request.call });
      if (used === null) return row.expiresAtMs <= state.clock.nowMs() ? { outcome: 'expired', id } : null;
      return {
        ...{ outcome: 'approved', id, signed: givenOf(used), requestedAtMs: used.requestedAtMs },
        arguments: used.proposal?.arguments ?? null,
        digest: used.proposal?.digest ?? used.digest,
      };
    }
    case 'denied':
      return { outcome: 'denied', id, by: row.answeredBy ?? '', reason: row.answerReason ?? '' };
    case 'expired':
      return { outcome: 'expired', id };
    case 'withdrawn':
      return { outcome: 'withdrawn', id };
    case 'consumed':
      return null;
    case 'pending':
      return { outcome: row.expiresAtMs <= state.clock.nowMs() ? 'expired' : 'pending', id };
  }
}

/** An earlier answer that covers this call, by people who could approve it now. From memory. */
function standingFor(state: State, request: ApprovalRequest): ApprovalOutcome | null {
  if (!state.rules().standing.enabled || request.kind !== 'call') return null;
  const { agent, subject, session, task, pin, shown } = request;
  // What no record may hold, or what nobody was shown, is nothing anybody could let through before.
  if (!mayStand(shown)) return null;
  const nowMs = state.clock.nowMs();
  for (const standing of state.standing.of(agent)) {
    const call = {
      ...{ agent, subject, session, task, pin, nowMs, server: shown.server, target: shown.target ?? '' },
      ...{ args: shown.arguments, amount: shown.amount },
    };
    if (standing.chain !== request.chain || !covers(standing, call)) continue;
    if (standing.free.length > 0 && !mayVary(shown)) continue;
    const resolved = resolve(state, request);
    if (resolved.kind !== 'asks') return null;
    const { createdAtMs, assurance } = standing;
    const signed = standing.signers.map((person) => ({ person, atMs: createdAtMs, assurance }));
    if (!isMetBy(state, resolved.requirement, { signed, requestedAtMs: createdAtMs })) continue;
    return { outcome: 'standing', id: standing.id, signed };
  }
  return null;
}

function sameRequirement(a: Requirement, b: Requirement): boolean {
  return canonicalize(a as unknown as Json) === canonicalize(b as unknown as Json);
}

interface Making {
  readonly requirement: Requirement;
  readonly shown: string;
  readonly ttlMs: number;
}

async function requestOrJoin(state: State, request: ApprovalRequest, making: Making): Promise<ApprovalRow> {
  const nowMs = state.clock.nowMs();
  const { kind, digest, agent, subject, session, task, chain } = request;
  const { requirement, shown, ttlMs } = making;
  const fresh: ApprovalRow = {
    ...{ id: randomUUID(), kind, digest, agent, subject, session, task, chain, requirement },
    ...{ state: 'pending', version: 1, recorded: true, request: shown, context: JSON.stringify(request.context) },
    askWhom: [...new Set(request.asks.map(({ text }) => text))],
    ...{ proposal: null, answers: [], escalated: 0, requestedAtMs: nowMs, expiresAtMs: nowMs + ttlMs },
    ...{ answeredBy: null, answerReason: null, answeredAtMs: null, receipt: null, consumedBy: null },
  };
  const joined = await state.store.requestOrJoin(fresh, {
    keys: keysOf(requirement),
    search: searchText(request, fresh.id),
    // Everybody there is may be gone through for it: only for a request that is made, not for each that joins one.
    get notices() {
      return state.notices(fresh, 'asked', candidates(requirement, at(state, nowMs)));
    },
    maxPendingPerAgent: state.pendingPerAgent,
  });
  if (joined !== null) {
    const { row } = joined;
    if (row.digest !== digest || row.agent !== agent) bug('the store joined a request for something else');
    return row;
  }
  throw new Fault(
    'overloaded',
    `${state.pendingPerAgent} of this agent's calls already wait for a person; none more is taken until some are answered`,
  );
}

const MAX_SEARCHED_CHARS = 2_000;

/** What people look for a request by. */
function searchText({ shown, subject }: ApprovalRequest, id: string): string {
  const name = shown.subject?.name ?? '';
  const said = shown.sentence.map(partText).join('');
  const target = `${shown.server}/${shown.target ?? ''}`;
  return [id, shown.agent.id, shown.agent.name, target, subject ?? '', name, said]
    .join('\n')
    .replaceAll('\0', '')
    .slice(0, MAX_SEARCHED_CHARS)
    .toWellFormed();
}

function partText(part: SentencePart): string {
  if ('text' in part) return part.text;
  return typeof part.value === 'string' ? part.value : JSON.stringify(part.value);
}

/** What people are shown, as kept. Fault: `too-large`. */
function show(state: State, { shown }: ApprovalRequest): string {
  const text = JSON.stringify(shown);
  if (Buffer.byteLength(text) <= state.requestBytes) return text;
  throw new Fault('too-large', `a call of more than ${state.requestBytes} bytes cannot be shown to a person`);
}
