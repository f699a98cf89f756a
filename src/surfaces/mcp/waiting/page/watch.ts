import type { ApprovalRow } from '../../../../ports/stores.ts';
import type { OnMessage } from '../../../../ports/upstream.ts';
import { Rounds } from '../tasks/rounds.ts';

/** Pages clients were sent to and not told more of; the oldest are forgotten first. */
const MAX_WATCHED = 1_000;
/** Of one question: a client that begins session after session is told in the newest. */
const MAX_TOLD_OF_ONE = 20;

interface Questions {
  get(id: string): Promise<ApprovalRow | null>;
  onChange(listener: () => void): () => void;
}

interface Told {
  readonly elicitationId: string;
  readonly deliver: OnMessage;
}

/**
 * Tells clients that what they opened a page for is over (2025-11-25 elicitation, "Completion Notifications"): those that want to
 * make the call again by themselves. Nothing rests on it: a client that misses it calls again when it likes.
 */
export class Pages {
  readonly #questions: Questions;
  readonly #warn: (error: unknown) => void;
  readonly #watched = new Map<string, readonly Told[]>();
  readonly #unsubscribe: () => void;

  constructor(questions: Questions, warn: (error: unknown) => void) {
    this.#questions = questions;
    this.#warn = warn;
    const rounds = new Rounds(() => this.#look());
    this.#unsubscribe = questions.onChange(() => rounds.ring());
  }

  watch(approval: string, told: Told): void {
    this.#watched.set(approval, [...(this.#watched.get(approval) ?? []), told].slice(-MAX_TOLD_OF_ONE));
    const [oldest] = this.#watched.keys();
    if (this.#watched.size > MAX_WATCHED && oldest !== undefined) this.#watched.delete(oldest);
  }

  close(): void {
    this.#unsubscribe();
    this.#watched.clear();
  }

  async #look(): Promise<void> {
    for (const approval of [...this.#watched.keys()]) {
      const row = await this.#questions.get(approval).catch((error: unknown) => this.#warn(error));
      if (row === undefined || (row !== null && (row.state === 'pending' || !row.recorded))) continue;
      const told = this.#watched.get(approval) ?? [];
      this.#watched.delete(approval);
      for (const { elicitationId, deliver } of told)
        deliver({ jsonrpc: '2.0', method: 'notifications/elicitation/complete', params: { elicitationId } });
    }
  }
}
