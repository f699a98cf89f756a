import { getEventListeners } from 'node:events';
import type { Placement } from '../model/credential.ts';
import { noCredential } from '../model/credential.ts';
import { UpstreamFault } from '../model/fault.ts';
import type { Clock } from '../ports/clock.ts';
import type { CredentialHolder, UpstreamCredential } from '../ports/upstream.ts';

/** Who and what a credential is for. `null`: it is not bound to one. */
export interface HolderOf {
  readonly server: string;
  readonly person: string | null;
  readonly agent: string | null;
  readonly task: string | null;
}

export interface Fetched {
  readonly credential: UpstreamCredential;
  /** Wall clock; from then on it is fetched anew. */
  readonly freshUntilMs: number;
}

/** Gets a credential. `refused`: the text of the secret the server answered 401 to. Rejects with an UpstreamFault, `sent: false`. */
export type FetchCredential = (refused: string | null) => Promise<Fetched>;

export interface HeldOptions {
  readonly key: string;
  readonly of: HolderOf;
  readonly clock: Clock;
  readonly obtain: FetchCredential;
  readonly onFailure: (of: HolderOf, error: unknown) => void;
}

/** A credential refused again so soon after it was renewed is not renewed once more: the server would not take that one either. */
const REFUSED_AGAIN_MS = 10_000;
/** A source that fails is left alone for so long; whoever asks meanwhile hears the same. */
const FAILED_MS = 1_000;

/** One holder's credential in memory: fetched once however many ask, handed out without waiting while it is fresh. */
export class Held implements CredentialHolder {
  readonly key: string;
  readonly of: HolderOf;
  readonly #options: HeldOptions;
  readonly #withdrawn = new AbortController();
  #now: Fetched | null = null;
  #generation = 0;
  #fetching: Promise<UpstreamCredential> | null = null;
  #refusedAtMs = Number.NEGATIVE_INFINITY;
  #failure: { readonly fault: UpstreamFault; readonly untilMs: number } | null = null;

  constructor(options: HeldOptions) {
    this.key = options.key;
    this.of = options.of;
    this.#options = options;
  }

  get withdrawn(): AbortSignal {
    return this.#withdrawn.signal;
  }

  /** Whether some link carries it now. */
  get carried(): boolean {
    return getEventListeners(this.#withdrawn.signal, 'abort').length > 0;
  }

  get fresh(): boolean {
    return this.current() !== null;
  }

  current(): UpstreamCredential | null {
    const now = this.#now;
    return now !== null && now.freshUntilMs > this.#options.clock.nowMs() ? now.credential : null;
  }

  /** Somebody waits for it. */
  get fetching(): boolean {
    return this.#fetching !== null;
  }

  renew(refused: UpstreamCredential | null): Promise<UpstreamCredential> {
    const nowMs = this.#options.clock.nowMs();
    const current = this.current();
    // Somebody else was refused as well, and has renewed it already.
    if (current !== null && current !== refused) return Promise.resolve(current);
    if (this.#withdrawn.signal.aborted)
      return Promise.reject(noCredential('The credential for this server was withdrawn'));
    if (this.#fetching !== null) return this.#fetching;
    if (this.#failure !== null && this.#failure.untilMs > nowMs) return Promise.reject(this.#failure.fault);
    if (refused !== null) {
      if (nowMs - this.#refusedAtMs < REFUSED_AGAIN_MS)
        return Promise.reject(noCredential('The server refuses the credential it was given; an operator must look'));
      this.#refusedAtMs = nowMs;
    }
    const fetching = this.#obtain(refused?.secrets[0] ?? null).finally(() => {
      this.#fetching = null;
    });
    this.#fetching = fetching;
    return fetching;
  }

  async #obtain(refused: string | null): Promise<UpstreamCredential> {
    const { obtain, clock, onFailure, of } = this.#options;
    const generation = this.#generation;
    try {
      const fetched = await obtain(refused);
      // Withdrawn while it was fetched: it must not come back to life.
      if (this.#withdrawn.signal.aborted) throw noCredential('The credential for this server was withdrawn');
      // Forgotten while it was fetched: good for the call that waited, looked up anew by the next.
      if (generation === this.#generation) this.#now = fetched;
      this.#failure = null;
      return fetched.credential;
    } catch (error) {
      this.#now = null;
      if (error instanceof UpstreamFault && error.detail === undefined) throw error;
      onFailure(of, error);
      const fault =
        error instanceof UpstreamFault
          ? error
          : noCredential('No credential for this server could be obtained; an operator must look');
      this.#failure = { fault, untilMs: clock.nowMs() + FAILED_MS };
      throw fault;
    }
  }

  /** What is stored may have changed: the next call looks again. */
  forget(): void {
    this.#generation++;
    this.#now = null;
  }

  withdraw(): void {
    this.#now = null;
    this.#withdrawn.abort();
  }
}

const VALUE = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

/** The secret as the server wants it. Throws when a header could not carry it. */
export function place(placement: Placement, secret: string): UpstreamCredential {
  const value = placement.template.replaceAll('{secret}', () => secret);
  if (placement.kind === 'env') {
    if (value.includes('\0'))
      throw new Error(`the secret for ${placement.name} has characters no environment can carry`);
    return { headers: [], env: { [placement.name]: value }, secrets: [secret] };
  }
  if (!VALUE.test(value)) throw new Error(`the secret for ${placement.name} has characters no header can carry`);
  return { headers: [placement.name.toLowerCase(), value], env: {}, secrets: [secret] };
}
