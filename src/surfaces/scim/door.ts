import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../ports/clock.ts';
import { ScimError } from './protocol/error.ts';

export interface ScimDoorOptions {
  /** SHA-256 of each accepted token, base64url. Empty: SCIM is off. */
  readonly tokenHashes: () => readonly string[];
  readonly clock: Clock;
}

const BEARER = /^Bearer ([\x21-\x7e]{20,512})$/i;
/** Wrong tokens from one address before it has to wait, and for how long each counts. */
const WRONG = 10;
const WINDOW_MS = 60_000;
const MAX_ADDRESSES = 10_000;
const MAX_AT_ONCE = 32;

/** Who may speak for the identity provider: whoever has one of the tokens. Before any body is read. */
export class ScimDoor {
  readonly #options: ScimDoorOptions;
  readonly #wrong = new Map<string, { count: number; untilMs: number }>();
  #atOnce = 0;

  constructor(options: ScimDoorOptions) {
    this.#options = options;
  }

  /** ScimError 404 when SCIM is off, 401, 429. */
  check(request: IncomingMessage): void {
    const hashes = this.#options.tokenHashes();
    if (hashes.length === 0) throw new ScimError(404, 'SCIM is off: set scim.tokenSha256');
    const nowMs = this.#options.clock.nowMs();
    const address = request.socket.remoteAddress ?? '';
    const seen = this.#wrong.get(address);
    // A right token passes whoever else guesses from the same address: the provider is never locked out by a stranger.
    if (isOneOf(request.headers.authorization, hashes)) return;
    if (seen !== undefined && seen.untilMs > nowMs && seen.count >= WRONG) {
      throw new ScimError(429, 'too many wrong tokens: wait a minute');
    }
    this.#count(address, nowMs);
    throw new ScimError(401, 'send "Authorization: Bearer <SCIM token>"');
  }

  /** Requests under way are bounded: ScimError 429 above that. */
  async within<T>(work: () => Promise<T>): Promise<T> {
    if (this.#atOnce >= MAX_AT_ONCE) throw new ScimError(429, 'too many requests at once: try again');
    this.#atOnce++;
    try {
      return await work();
    } finally {
      this.#atOnce--;
    }
  }

  #count(address: string, nowMs: number): void {
    if (this.#wrong.size >= MAX_ADDRESSES) {
      for (const [known, { untilMs }] of this.#wrong) if (untilMs <= nowMs) this.#wrong.delete(known);
      if (this.#wrong.size >= MAX_ADDRESSES) this.#wrong.clear();
    }
    const seen = this.#wrong.get(address);
    if (seen === undefined || seen.untilMs <= nowMs) {
      this.#wrong.set(address, { count: 1, untilMs: nowMs + WINDOW_MS });
    } else seen.count++;
  }
}

/** Digests are compared, all of them, each in constant time: the time says nothing of how much of a token is right. */
function isOneOf(header: string | undefined, hashes: readonly string[]): boolean {
  const token = BEARER.exec(header ?? '')?.[1] ?? '';
  const presented = createHash('sha256').update(token).digest();
  let found = false;
  for (const hash of hashes) {
    const expected = Buffer.from(hash, 'base64url');
    if (expected.length === presented.length && timingSafeEqual(expected, presented)) found = true;
  }
  return found && token !== '';
}
