import type { Seal } from '../../identity/ring/seal.ts';
import type { Agent } from '../../model/agent.ts';
import { isObject, type JsonObject } from '../../model/json.ts';
import type { Clock } from '../../ports/clock.ts';
import type { SecretRow, SecretStore } from '../../ports/identity-stores.ts';
import type { ApprovalRow } from '../../ports/stores.ts';
import type { WebFetch } from '../../ports/web.ts';
import type { NewPing } from './options.ts';

const KIND = 'backchannel-ping';
const FIRST_WAIT_MS = 5_000;
const LONGEST_WAIT_MS = 60_000;
/** After the request itself is over: who is told late still learns that it is. */
const KEEP_MS = 300_000;
const PAGE = 100;
const TIMEOUT_MS = 5_000;
const MAX_ANSWER_BYTES = 4_096;

export interface PingsOptions {
  readonly store: SecretStore;
  readonly seal: Seal;
  readonly clock: Clock;
  readonly web: WebFetch;
  readonly agents: () => { get(id: string): Agent | undefined };
  readonly approval: (id: string) => Promise<ApprovalRow | null>;
  /** `fields` hold no secret. */
  readonly onFailed: (error: unknown, fields: { readonly agent: string; readonly approval: string }) => void;
}

interface Kept {
  readonly agent: string;
  readonly approval: string;
  readonly overAtMs: number;
  readonly attempts: number;
  readonly dueMs: number;
  readonly sealed: JsonObject;
}

/**
 * Agents on their way to hear that a request was decided (OpenID Connect CIBA Core section 10.2): kept from before the request is answered
 * until the agent was told, or the request has long been over; across restarts, at least once. What is told is sealed.
 */
export class Pings {
  readonly #options: PingsOptions;
  #going: Promise<number> | null = null;
  #again = false;

  constructor(options: PingsOptions) {
    this.#options = options;
  }

  /** Durable when it resolves. */
  async put({ id, agent, approval, authReqId, notificationToken, expiresAtMs }: NewPing): Promise<void> {
    const { store, seal, clock } = this.#options;
    const sealed = seal.seal(JSON.stringify({ authReqId, notificationToken }), about(id));
    const kept: Kept = { agent, approval, overAtMs: expiresAtMs, attempts: 0, dueMs: 0, sealed };
    const row = { kind: KIND, id, owner: agent, version: 1, body: { ...kept }, atMs: clock.nowMs() };
    await store.put({ ...row, expiresAtMs: expiresAtMs + KEEP_MS }, null);
  }

  /** Tells everybody whose request is decided. One run at a time; what happens meanwhile is looked at by the next. How many were told. */
  deliver(): Promise<number> {
    if (this.#going !== null) {
      this.#again = true;
      return this.#going;
    }
    this.#going = this.#run().finally(() => {
      this.#going = null;
    });
    return this.#going;
  }

  async #run(): Promise<number> {
    let told = 0;
    do {
      this.#again = false;
      for (let after: string | undefined; ; ) {
        const rows = await this.#options.store.list({
          kind: KIND,
          limit: PAGE,
          ...(after === undefined ? {} : { after }),
        });
        for (const row of rows) if (await this.#one(row)) told++;
        after = rows.at(-1)?.id;
        if (rows.length < PAGE) break;
      }
    } while (this.#again);
    return told;
  }

  /** Never rejects: one that cannot be read keeps no other from being told. */
  async #one(row: SecretRow): Promise<boolean> {
    const kept = row.body as unknown as Kept;
    try {
      if (!(await this.#take(row, kept))) return false;
      await this.#tell(row.id, kept);
      await this.#options.store.remove(KIND, row.id);
      return true;
    } catch (error) {
      this.#options.onFailed(error, { agent: kept.agent, approval: kept.approval });
      return false;
    }
  }

  /** A gateway that takes one writes when it is due next first: no other tells meanwhile. */
  async #take(row: SecretRow, kept: Kept): Promise<boolean> {
    const { store, clock } = this.#options;
    const nowMs = clock.nowMs();
    if (kept.dueMs > nowMs || !(await this.#decided(kept, nowMs))) return false;
    const waitMs = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** kept.attempts);
    const body = { ...kept, attempts: kept.attempts + 1, dueMs: nowMs + waitMs };
    return store.put({ ...row, version: row.version + 1, body }, row.version);
  }

  async #decided({ approval, overAtMs }: Kept, nowMs: number): Promise<boolean> {
    if (overAtMs <= nowMs) return true;
    const row = await this.#options.approval(approval);
    // An answer counts once it is on record.
    return row === null || (row.state !== 'pending' && row.recorded);
  }

  /** Redirects are not followed (section 10.2). Rejects when it did not arrive. */
  async #tell(id: string, { agent: agentId, sealed }: Kept): Promise<void> {
    const { seal, web, agents } = this.#options;
    const opened = JSON.parse(seal.open(sealed, about(id)) ?? 'null') as unknown;
    const endpoint = agents().get(agentId)?.backchannel?.notificationEndpoint ?? null;
    // Nobody to tell any more, or nothing that could be told.
    if (endpoint === null || !isObject(opened)) return;
    const { status } = await web(endpoint, {
      method: 'POST',
      headers: { authorization: `Bearer ${opened.notificationToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ auth_req_id: opened.authReqId }),
      timeoutMs: TIMEOUT_MS,
      maxBytes: MAX_ANSWER_BYTES,
    });
    if (status < 200 || status >= 300) throw new Error(`the agent answered ${status}`);
  }
}

function about(id: string): string {
  return `interlock backchannel ping\n${id}`;
}
