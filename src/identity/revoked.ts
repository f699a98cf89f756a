import type { Credential } from '../model/caller.ts';
import type { Clock } from '../ports/clock.ts';
import type { RevokedKind, RevokedRow, RevokedStore } from '../ports/identity-stores.ts';

/** What is revoked, now, in memory. One mutable view per process, fed from the store. */
export interface Revoked {
  /**
   * Whether a token, its consent, its agents, its subject, its client, its task or its root was revoked after it was issued. Constant
   * time for a chain of bounded length; `true` also while the view is older than its bound.
   */
  isRevoked(claims: Credential, nowMs: number): boolean;
  /** The same for something that is no token, such as a consent behind a refresh token. */
  has(kind: RevokedKind, id: string, issuedAtMs: number): boolean;
  /** Writes to the store, and resolves once this process refuses. Other processes follow within the bound. */
  revoke(rows: readonly RevokedRow[]): Promise<void>;
  /** Grows with every change: whoever keeps an answer keeps this number with it. */
  readonly version: number;
  readonly stale: boolean;
  refresh(): Promise<void>;
  onChange(listener: () => void): () => void;
  close(): void;
}

export interface RevokedOptions {
  readonly store: RevokedStore;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
  /** Default 250. */
  readonly heartbeatMs?: number;
  /** Older than this, the view vouches for nothing. Default 2,000. */
  readonly maxAgeMs?: number;
}

const FORGET_EVERY = 1_000;

/** Opens the view: resolves once it has read everything there is. Rejects when the store cannot be read. */
export async function openRevoked(options: RevokedOptions): Promise<Revoked> {
  const view = new RevokedView(options);
  await view.refresh();
  view.follow();
  return view;
}

class RevokedView implements Revoked {
  readonly #options: RevokedOptions;
  /** `kind:id` to the time until which what was issued is refused, and when that can be forgotten. */
  readonly #rows = new Map<string, { readonly untilMs: number; readonly expiresAtMs: number }>();
  readonly #listeners = new Set<() => void>();
  #epoch = 0;
  #verifiedUs = Number.NEGATIVE_INFINITY;
  #version = 0;
  #reading: Promise<void> | null = null;
  #queued: Promise<void> | null = null;
  #closers: (() => void)[] = [];
  #sinceForget = 0;

  constructor(options: RevokedOptions) {
    this.#options = options;
  }

  get version(): number {
    return this.#version;
  }

  get stale(): boolean {
    const { clock, maxAgeMs = 2_000 } = this.#options;
    return clock.monotonicUs() - this.#verifiedUs > maxAgeMs * 1000;
  }

  isRevoked(claims: Credential, nowMs: number): boolean {
    if (this.stale) return true;
    if (this.#rows.size === 0) return false;
    const { jti, grant, agentId, clientId, subject, taskId, txn, chain, issuedAtMs } = claims;
    this.#forget(nowMs);
    if (this.has('token', jti, issuedAtMs) || this.has('agent', agentId, issuedAtMs)) return true;
    if (this.has('client', clientId, issuedAtMs)) return true;
    if (grant !== null && this.has('grant', grant, issuedAtMs)) return true;
    if (subject !== null && this.has('subject', subject, issuedAtMs)) return true;
    if (taskId !== null && this.has('task', taskId, issuedAtMs)) return true;
    if (txn !== null && this.has('txn', txn, issuedAtMs)) return true;
    return chain.some(({ id, kind }) => this.has(kind === 'person' ? 'subject' : 'agent', id, issuedAtMs));
  }

  has(kind: RevokedKind, id: string, issuedAtMs: number): boolean {
    const row = this.#rows.get(`${kind}:${id}`);
    return row !== undefined && issuedAtMs <= row.untilMs;
  }

  async revoke(rows: readonly RevokedRow[]): Promise<void> {
    if (rows.length === 0) return;
    await this.#options.store.revoke(rows);
    // Here at once, whatever the feed does.
    this.#take(rows);
    await this.refresh();
  }

  /** Resolves when a read that began after this call was taken over. */
  refresh(): Promise<void> {
    if (this.#reading === null) return this.#start();
    // The one that runs may have begun too early; one more is enough for everybody who asks meanwhile.
    this.#queued ??= this.#reading
      .catch(() => {})
      .then(() => {
        this.#queued = null;
        return this.#start();
      });
    return this.#queued;
  }

  follow(): void {
    const quietly = (): void => void this.refresh().catch(this.#options.onError);
    const timer = setInterval(() => {
      if (this.#reading === null) quietly();
    }, this.#options.heartbeatMs ?? 250);
    timer.unref();
    this.#closers = [this.#options.store.onChange(quietly), () => clearInterval(timer)];
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    for (const close of this.#closers.splice(0)) close();
  }

  #start(): Promise<void> {
    const reading = this.#read().finally(() => {
      if (this.#reading === reading) this.#reading = null;
    });
    this.#reading = reading;
    return reading;
  }

  async #read(): Promise<void> {
    // What is read was true no earlier than when the read began.
    const startedUs = this.#options.clock.monotonicUs();
    const { epoch, rows } = await this.#options.store.since(this.#epoch);
    if (epoch < this.#epoch) {
      throw new Error('the store of revocations went back in time: it was restored or replaced. Restart to go on');
    }
    this.#epoch = epoch;
    this.#take(rows);
    this.#verifiedUs = startedUs;
  }

  #take(rows: readonly RevokedRow[]): void {
    let changed = false;
    for (const { kind, id, issuedUntilMs, expiresAtMs } of rows) {
      const key = `${kind}:${id}`;
      const known = this.#rows.get(key);
      if (known !== undefined && known.untilMs >= issuedUntilMs && known.expiresAtMs >= expiresAtMs) continue;
      const untilMs = Math.max(issuedUntilMs, known?.untilMs ?? 0);
      this.#rows.set(key, { untilMs, expiresAtMs: Math.max(expiresAtMs, known?.expiresAtMs ?? 0) });
      changed = true;
    }
    if (!changed) return;
    this.#version++;
    for (const listener of this.#listeners) listener();
  }

  /** Now and then, what has expired is dropped: the answer to one question never waits for more than that. */
  #forget(nowMs: number): void {
    if (++this.#sinceForget < Math.max(FORGET_EVERY, this.#rows.size)) return;
    this.#sinceForget = 0;
    for (const [key, { expiresAtMs }] of this.#rows) if (expiresAtMs <= nowMs) this.#rows.delete(key);
  }
}
