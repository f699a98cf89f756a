import type { JsonObject } from '../../model/json.ts';
import type { Clock } from '../../ports/clock.ts';
import type { SecretRow, SecretStore } from '../../ports/identity-stores.ts';
import type { GhostNotice } from './deprovision.ts';

const KIND = 'ghost-notice';
const KEEP_MS = 7 * 86_400_000;
const FIRST_WAIT_MS = 30_000;
const LONGEST_WAIT_MS = 3_600_000;
const PAGE = 100;

export interface OutboxOptions {
  readonly store: SecretStore;
  readonly clock: Clock;
  /** Sends one notice; rejects when it did not arrive. `null`: nobody is to be told, and nothing is kept. */
  readonly post: () => ((notice: GhostNotice) => Promise<void>) | null;
  readonly onError: (error: unknown, noticeId: string) => void;
}

/** Notices on their way: kept until they arrived or a week has passed, across restarts. At least once; the notice's id tells repeats. */
export class Outbox {
  readonly #options: OutboxOptions;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** Durable when it resolves; once per id. Delivery is tried at once, and not waited for. */
  async put(notice: GhostNotice): Promise<void> {
    if (this.#options.post() === null) return;
    const atMs = this.#options.clock.nowMs();
    await this.#options.store.put(this.#row(notice, { version: 1, attempts: 0, dueMs: atMs }), null);
    void this.deliver().catch((error: unknown) => this.#options.onError(error, notice.id));
  }

  /** Sends everything that is due. A gateway that takes one writes when it is due next first: no other sends it meanwhile. */
  async deliver(): Promise<number> {
    const { store, clock, post, onError } = this.#options;
    const send = post();
    if (send === null) return 0;
    let sent = 0;
    for (const row of await store.list({ kind: KIND, limit: PAGE })) {
      const { notice, attempts, dueMs } = row.body as unknown as Kept;
      if (dueMs > clock.nowMs()) continue;
      const waitMs = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempts);
      const next = { version: row.version + 1, attempts: attempts + 1, dueMs: clock.nowMs() + waitMs };
      if (!(await store.put({ ...this.#row(notice, next), expiresAtMs: row.expiresAtMs }, row.version))) continue;
      try {
        await send(notice);
        await store.remove(KIND, row.id);
        sent++;
      } catch (error) {
        onError(error, notice.id);
      }
    }
    return sent;
  }

  #row(notice: GhostNotice, { version, attempts, dueMs }: Omit<Kept, 'notice'> & { version: number }): SecretRow {
    const atMs = this.#options.clock.nowMs();
    const body = { notice, attempts, dueMs } as unknown as JsonObject;
    return { kind: KIND, id: notice.id, owner: notice.person, version, body, expiresAtMs: atMs + KEEP_MS, atMs };
  }
}

interface Kept {
  readonly notice: GhostNotice;
  readonly attempts: number;
  readonly dueMs: number;
}
