import { SessionState } from '../../../../gateway/session-facts.ts';
import type { SessionFacts } from '../../../../model/policy-input.ts';
import type { CallFacts, OutcomeRecord } from '../../../../model/record.ts';
import type { ToolLabels } from '../../../../model/tool.ts';
import type { Doubt } from './doubt.ts';

const DAY_MS = 86_400_000;
/** Beyond, those nothing was heard of for a day are forgotten. */
const MAX_SESSIONS = 100_000;

interface Session {
  readonly state: SessionState;
  /** Everything it did was read. */
  readonly whole: boolean;
  touchedMs: number;
}

/** A call that was permitted and whose end was not read yet. */
interface Open {
  readonly session: string | null;
  readonly labels: ToolLabels | null;
  readonly acts: boolean;
}

/** What sessions did and saw, from the records in order, as the gateway noted it at the time. */
export class Sessions {
  readonly #sessions = new Map<string, Session>();
  readonly #open = new Map<string, Open>();
  readonly #asked = new Set<string>();

  /** `sinceMs`: when the first record that was read was written; `null`: it was the first of all. */
  facts(
    record: CallFacts,
    at: { readonly atMs: number; readonly sinceMs: number | null },
    doubt: Doubt,
  ): { readonly facts: SessionFacts; readonly whole: boolean } {
    if (record.session === null) return { facts: new SessionState(null, at.atMs), whole: true };
    const { state, whole } = this.#of(record, at);
    return { facts: whole ? state : doubtful(state, doubt), whole };
  }

  /** Whether this record is of a call that was decided on earlier: when people were asked. */
  isAskedBefore({ call }: CallFacts): boolean {
    return this.#asked.has(call);
  }

  permitted(
    record: CallFacts,
    at: { readonly atMs: number; readonly acts: boolean; readonly labels: ToolLabels | null },
  ): void {
    this.#asked.delete(record.call);
    this.#open.set(record.call, { session: record.session, labels: at.labels, acts: at.acts });
    const session = this.#touch(record.session, at.atMs);
    if (session === undefined || !at.acts) return;
    const tool = record.action === 'tools/call' ? `${record.server}/${record.target}` : null;
    session.state.permitted(tool, at.labels);
  }

  refused(record: CallFacts, atMs: number): void {
    const session = this.#touch(record.session, atMs);
    // The question itself is recorded before anybody is asked; how it ended comes in another record.
    const asks =
      record.decision.code === 'approval-pending' && record.approval === null && !this.#asked.has(record.call);
    if (asks) this.#asked.add(record.call);
    else this.#asked.delete(record.call);
    if (session === undefined) return;
    if (asks) session.state.asked++;
    else session.state.denied++;
  }

  ended({ call, resultDigest }: OutcomeRecord, atMs: number): void {
    const open = this.#open.get(call);
    if (open === undefined) return;
    this.#open.delete(call);
    const session = this.#touch(open.session, atMs);
    if (session === undefined) return;
    if (resultDigest === null) session.state.denied++;
    else if (open.acts) session.state.saw(open.labels);
  }

  /** The gateway started: what was under way is not any more, and sessions with a handshake ended. `~` marks a credential's lifetime. */
  restarted(): void {
    this.#open.clear();
    this.#asked.clear();
    for (const id of this.#sessions.keys()) if (!id.includes('~')) this.#sessions.delete(id);
  }

  #of(record: CallFacts, { atMs, sinceMs }: { readonly atMs: number; readonly sinceMs: number | null }): Session {
    const id = record.session as string;
    const known = this.#sessions.get(id);
    if (known !== undefined) return known;
    if (this.#sessions.size >= MAX_SESSIONS) this.#forget(atMs);
    // A handshake is a session's first act; one without is as old as its credential, which no credential is for longer than a day.
    const whole = id.includes('~')
      ? sinceMs === null || atMs - sinceMs >= DAY_MS
      : record.action === 'initialize' || sinceMs === null;
    const session = { state: new SessionState(id, atMs), whole, touchedMs: atMs };
    this.#sessions.set(id, session);
    return session;
  }

  #touch(id: string | null, atMs: number): Session | undefined {
    const session = id === null ? undefined : this.#sessions.get(id);
    if (session !== undefined) session.touchedMs = atMs;
    return session;
  }

  #forget(nowMs: number): void {
    for (const [id, { touchedMs }] of this.#sessions) if (nowMs - touchedMs > DAY_MS) this.#sessions.delete(id);
  }
}

/** The same facts, each of which says when it is read that it may not be true. */
function doubtful(state: SessionState, doubt: Doubt): SessionFacts {
  return new Proxy(state, {
    get(target, name) {
      if (name !== 'id') doubt.raise('session-began-earlier');
      return Reflect.get(target, name, target);
    },
  });
}
