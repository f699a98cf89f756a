import { isObject, type Json } from '../../../model/json.ts';
import type { RpcRequest } from '../../../model/jsonrpc.ts';
import { metaOf } from '../../../model/mcp.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { ApprovalRow } from '../../../ports/stores.ts';
import type { OnMessage } from '../../../ports/upstream.ts';
import { type Choice, chooseForm, type Situation } from './form.ts';
import { waitingText } from './words.ts';

/** How often a client that gave a progress token hears that its call still waits. */
const BEAT_MS = 10_000;
/** Progress must grow (2025-11-25 and 2026-07-28, progress), also into what the server itself reports afterwards. */
const BEAT_STEP = 0.001;
/** Longer timers overflow in Node. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export interface HeldParts {
  readonly clock: Clock;
  readonly read: (approval: string) => Promise<ApprovalRow | null>;
  readonly holding: Holding;
  readonly warn: (error: unknown, approval: string) => void;
}

export interface Holder {
  readonly message: RpcRequest;
  /** All that is known before the question is. */
  readonly situation: Omit<Situation, 'person' | 'told'>;
  readonly told: (approval: string) => Situation['told'];
  readonly person: (row: ApprovalRow) => Situation['person'];
  readonly deliver: OnMessage;
  /** `null`: as configured. */
  readonly patienceMs: number | null;
}

/** How many calls of this process wait for each question: nobody withdraws what somebody else waits for. */
export class Holding {
  readonly #counts = new Map<string, number>();

  of(approval: string): number {
    return this.#counts.get(approval) ?? 0;
  }

  change(approval: string, by: 1 | -1): void {
    const count = this.of(approval) + by;
    if (count === 0) this.#counts.delete(approval);
    else this.#counts.set(approval, count);
  }
}

/** One call while it may wait for people: tells the client, and says when it has waited long enough. */
export class Held {
  readonly #parts: HeldParts;
  readonly #holder: Holder;
  readonly #enough = new AbortController();
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #startedUs: number;
  #approval: string | null = null;
  #row: ApprovalRow | null = null;
  #beats = 0;
  #ended = false;

  constructor(parts: HeldParts, holder: Holder) {
    this.#parts = parts;
    this.#holder = holder;
    this.#startedUs = parts.clock.monotonicUs();
  }

  /** Aborted when the client is better told than kept waiting. */
  get enough(): AbortSignal {
    return this.#enough.signal;
  }

  readonly parked = (approval: string): void => {
    if (this.#ended) return;
    if (this.#approval !== null) this.#parts.holding.change(this.#approval, -1);
    this.#approval = approval;
    this.#row = null;
    this.#parts.holding.change(approval, 1);
    // Known without looking at the question: nothing is read for it.
    if (this.#choose(approval, null).when === 'at-once') return this.#enough.abort();
    void this.#begin(approval);
  };

  /** The form for the question it waits for, or waited for. */
  choose(approval: string, row: ApprovalRow | null): Choice {
    return this.#choose(approval, row);
  }

  end(): void {
    this.#ended = true;
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
    if (this.#approval !== null) this.#parts.holding.change(this.#approval, -1);
    this.#approval = null;
  }

  async #begin(approval: string): Promise<void> {
    this.#row = await this.#parts.read(approval).catch((error: unknown) => {
      this.#parts.warn(error, approval);
      return null;
    });
    if (this.#ended || this.#approval !== approval) return;
    if (this.#choose(approval, this.#row).when === 'at-once') return this.#enough.abort();
    if (this.#timers.length > 0) return;
    this.#giveUpInTime();
    this.#beat();
    this.#timers.push(setInterval(() => this.#beat(), BEAT_MS));
    for (const timer of this.#timers) timer.unref();
  }

  /** Counted from when the call came in: what was waited before is not waited again. */
  #giveUpInTime(): void {
    const { patienceMs } = this.#holder;
    if (patienceMs === null) return;
    const waitedMs = (this.#parts.clock.monotonicUs() - this.#startedUs) / 1000;
    const leftMs = Math.min(Math.max(0, patienceMs - waitedMs), MAX_TIMER_MS);
    this.#timers.push(setTimeout(() => this.#enough.abort(), leftMs));
  }

  #beat(): void {
    const token = metaOf(this.#holder.message.params).progressToken;
    if (token === undefined || this.#approval === null) return;
    const message = waitingText(this.#row, this.#approval, this.#parts.clock);
    const progress = this.#beats++ * BEAT_STEP;
    const params = { progressToken: token, progress, message };
    this.#holder.deliver({ jsonrpc: '2.0', method: 'notifications/progress', params });
  }

  #choose(approval: string, row: ApprovalRow | null): Choice {
    const { situation, told, person } = this.#holder;
    return chooseForm({ ...situation, told: told(approval), person: row === null ? 'unknown' : person(row) });
  }
}

/** What a client says its person did with a page of ours. */
export function toldBy(answer: Json | undefined): Situation['told'] {
  if (answer === undefined) return 'never';
  return isObject(answer) && (answer.action === 'decline' || answer.action === 'cancel') ? 'declined' : 'told';
}
