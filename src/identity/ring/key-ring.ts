import type { JWK } from 'jose';
import type { PublicJwk } from '../../model/agent.ts';
import type { Clock } from '../../ports/clock.ts';
import type { SecretRow, SecretStore } from '../../ports/identity-stores.ts';
import { newPrivateJwk, type SigningKey, type SigningKeys, signingKeyOf } from '../proof/keys.ts';
import type { Seal } from './seal.ts';

const KIND = 'signing-key';
const OWNER = 'gateway';
const MAX_KEYS = 50;
const HEARTBEAT_MS = 5_000;

/** How the keys of one ring follow each other. */
export interface RingTimes {
  /** From publication to the first signature: longer than anybody may remember the key set, so that nobody meets an unknown key. */
  readonly publishMs: number;
  /** From the last signature to removal: longer than anything it signed lives. */
  readonly retainMs: number;
  /** A key that has signed for so long is followed by another. `null`: only when somebody says so. */
  readonly rotateMs: number | null;
}

export interface RingKey {
  readonly kid: string;
  readonly state: 'next' | 'current' | 'retired';
  readonly createdAtMs: number;
  readonly signsFromMs: number;
  /** When another took over. `null`: none did yet. */
  readonly signsUntilMs: number | null;
  /** When it leaves the key set, and what it signed dies. */
  readonly goneAtMs: number | null;
}

/**
 * The gateway's signing keys, shared by every process on one store. Which key signs is decided by time alone, so that all processes
 * change at the same moment without talking: the key that began to sign last, of those whose time has come.
 */
export interface KeyRing extends SigningKeys {
  /** Grows with every key that comes, begins to sign, or goes. */
  readonly version: number;
  /** The private part of the current key, for a library that signs by itself. */
  currentPrivateJwk(): JWK;
  list(): readonly RingKey[];
  /** Publishes a new key that signs from now + publishMs, or at once. The kid. A key that waits already is not followed by another. */
  rotate(options?: { readonly immediately?: boolean }): Promise<string>;
  /** Takes a key out now: what it signed is refused from then on. `false`: there is none, or it is the one that signs. */
  remove(kid: string): Promise<boolean>;
  refresh(): Promise<void>;
  close(): void;
}

export interface KeyRingOptions {
  readonly store: SecretStore;
  readonly seal: Seal;
  readonly clock: Clock;
  readonly times: RingTimes;
  /** The first key of an empty ring. */
  readonly first: () => Promise<JWK>;
  readonly onError: (error: unknown) => void;
}

/** Opens the ring, making its first key where there is none. Rejects when it holds keys this machine cannot open. */
export async function openKeyRing(options: KeyRingOptions): Promise<KeyRing> {
  const ring = new StoredRing(options);
  await ring.refresh();
  if (ring.list().length === 0) await ring.begin();
  ring.follow();
  return ring;
}

interface Held {
  readonly key: SigningKey;
  readonly privateJwk: JWK;
  readonly createdAtMs: number;
  readonly signsFromMs: number;
}

class StoredRing implements KeyRing {
  readonly #options: KeyRingOptions;
  /** In the order in which they begin to sign. */
  #held: readonly Held[] = [];
  #version = 0;
  #currentKid = '';
  readonly #reported = new Set<string>();
  #closers: (() => void)[] = [];

  constructor(options: KeyRingOptions) {
    this.#options = options;
  }

  get version(): number {
    this.#current();
    return this.#version;
  }

  current(): SigningKey {
    return this.#current().key;
  }

  currentPrivateJwk(): JWK {
    return this.#current().privateJwk;
  }

  find(kid: string): PublicJwk | undefined {
    return this.#present().find(({ key }) => key.kid === kid)?.key.publicJwk;
  }

  published(): readonly PublicJwk[] {
    return this.#present().map(({ key }) => key.publicJwk);
  }

  list(): readonly RingKey[] {
    const nowMs = this.#options.clock.nowMs();
    const current = this.#held.findLast(({ signsFromMs }) => signsFromMs <= nowMs);
    return this.#present().map((held) => {
      const { key, createdAtMs, signsFromMs } = held;
      const state = signsFromMs > nowMs ? 'next' : held === current ? 'current' : 'retired';
      const signsUntilMs = this.#untilMs(held);
      const goneAtMs = signsUntilMs === null ? null : signsUntilMs + this.#options.times.retainMs;
      return { kid: key.kid, state, createdAtMs, signsFromMs, signsUntilMs, goneAtMs };
    });
  }

  async rotate({ immediately = false } = {}): Promise<string> {
    await this.refresh();
    const waiting = this.list().find(({ state }) => state === 'next');
    if (waiting !== undefined && !immediately) return waiting.kid;
    const nowMs = this.#options.clock.nowMs();
    const kid = await this.#add(await newPrivateJwk(), immediately ? nowMs : nowMs + this.#options.times.publishMs);
    await this.refresh();
    return kid;
  }

  async remove(kid: string): Promise<boolean> {
    await this.refresh();
    if (this.current().kid === kid || this.find(kid) === undefined) return false;
    const removed = await this.#options.store.remove(KIND, kid);
    await this.refresh();
    return removed;
  }

  /** Two processes that begin at the same time both add a key; from the next read on both use the later one and verify with both. */
  async begin(): Promise<void> {
    await this.#add(await this.#options.first(), this.#options.clock.nowMs());
    await this.refresh();
  }

  async refresh(): Promise<void> {
    const rows = await this.#options.store.list({ kind: KIND, limit: MAX_KEYS });
    const opened = await Promise.all(rows.map((row) => this.#open(row)));
    const held = opened.filter((one) => one !== null);
    if (rows.length > 0 && held.length === 0) {
      throw new Error(
        'the signing keys in the store were sealed by another gateway: copy its <data>/keys/ring.key to this machine',
      );
    }
    const names = (all: readonly Held[]) => all.map(({ key, signsFromMs }) => `${key.kid} ${signsFromMs}`).join();
    const sorted = held.sort((a, b) => a.signsFromMs - b.signsFromMs || (a.key.kid < b.key.kid ? -1 : 1));
    if (names(sorted) === names(this.#held)) return;
    this.#held = sorted;
    this.#version++;
  }

  follow(): void {
    const { store, onError } = this.#options;
    const beat = (): void => void this.#tend().catch(onError);
    const timer = setInterval(beat, HEARTBEAT_MS);
    timer.unref();
    this.#closers = [store.onChange(() => void this.refresh().catch(onError)), () => clearInterval(timer)];
  }

  close(): void {
    for (const close of this.#closers.splice(0)) close();
  }

  /** Looks again, takes out what is gone, and lets a new key follow one that has signed long enough. */
  async #tend(): Promise<void> {
    await this.refresh();
    const nowMs = this.#options.clock.nowMs();
    const { times, store } = this.#options;
    for (const held of this.#held) {
      if (this.#isGone(held, nowMs)) await store.remove(KIND, held.key.kid);
    }
    const keys = this.list();
    const current = keys.find(({ state }) => state === 'current');
    const due = times.rotateMs !== null && current !== undefined && nowMs - current.signsFromMs >= times.rotateMs;
    if (!due || keys.some(({ state }) => state === 'next')) return;
    // One process makes the successor: whoever claims the turn first.
    const turn = { kind: `${KIND}-turn`, id: current.kid, owner: OWNER, version: 1, body: {} };
    if (await store.put({ ...turn, expiresAtMs: nowMs + times.retainMs, atMs: nowMs }, null)) await this.rotate();
  }

  #present(): readonly Held[] {
    const nowMs = this.#options.clock.nowMs();
    return this.#held.filter((held) => !this.#isGone(held, nowMs));
  }

  #current(): Held {
    const nowMs = this.#options.clock.nowMs();
    const current = this.#held.findLast(({ signsFromMs }) => signsFromMs <= nowMs) ?? this.#held[0];
    if (current === undefined) throw new Error('the key ring is empty');
    if (current.key.kid !== this.#currentKid) {
      this.#currentKid = current.key.kid;
      this.#version++;
    }
    return current;
  }

  #untilMs(held: Held): number | null {
    return this.#held[this.#held.indexOf(held) + 1]?.signsFromMs ?? null;
  }

  #isGone(held: Held, nowMs: number): boolean {
    const untilMs = this.#untilMs(held);
    return untilMs !== null && untilMs + this.#options.times.retainMs <= nowMs;
  }

  async #add(privateJwk: JWK, signsFromMs: number): Promise<string> {
    const { store, seal, clock } = this.#options;
    const { kid, publicJwk } = await signingKeyOf(privateJwk);
    const atMs = clock.nowMs();
    const body = {
      publicJwk: { ...publicJwk },
      signsFromMs,
      sealed: seal.seal(JSON.stringify(privateJwk), about(kid, signsFromMs)),
    };
    // Not the first: the very same key is there already, put by another process of this machine.
    await store.put({ kind: KIND, id: kid, owner: OWNER, version: 1, body, expiresAtMs: null, atMs }, null);
    return kid;
  }

  /**
   * A row nobody with the sealing key wrote is no key of ours: it is neither published nor used, however it got there. The kid must be
   * that of the private key itself.
   */
  async #open(row: SecretRow): Promise<Held | null> {
    const known = this.#held.find(({ key }) => key.kid === row.id);
    const { signsFromMs } = row.body;
    if (known !== undefined && known.signsFromMs === signsFromMs) return known;
    const text =
      typeof signsFromMs === 'number' ? this.#options.seal.open(row.body.sealed, about(row.id, signsFromMs)) : null;
    if (text === null) return this.#report(row.id);
    const privateJwk = JSON.parse(text) as JWK;
    const key = await signingKeyOf(privateJwk);
    if (key.kid !== row.id) return this.#report(row.id);
    return { key, privateJwk, createdAtMs: row.atMs, signsFromMs: signsFromMs as number };
  }

  #report(kid: string): null {
    if (!this.#reported.has(kid)) {
      this.#reported.add(kid);
      this.#options.onError(
        new Error(`the signing key ${kid} in the store was not sealed by this gateway: it is not used`),
      );
    }
    return null;
  }
}

function about(kid: string, signsFromMs: number): string {
  return `interlock signing key\n${kid}\n${signsFromMs}`;
}
