import type { Clock } from '../../ports/clock.ts';
import type { OAuthStore } from '../../ports/identity-stores.ts';
import type { Directory } from '../directory.ts';
import { keptAs, newSecret } from './secret-text.ts';
import { row } from './sessions.ts';

const KIND = 'Invitation';
const INVITATION_MS = 3 * 86_400_000;

export interface Invitation {
  readonly person: string;
  readonly by: string;
  readonly atMs: number;
}

/** One-time links with which a person sets a first passkey or password. Used up by the one who finishes, not by who looks. */
export class Invitations {
  readonly #store: OAuthStore;
  readonly #directory: Directory;
  readonly #clock: Clock;

  constructor(parts: { readonly store: OAuthStore; readonly directory: Directory; readonly clock: Clock }) {
    this.#store = parts.store;
    this.#directory = parts.directory;
    this.#clock = parts.clock;
  }

  /** The secret part of the link. Earlier links of the same person end: the last one sent is the one that works. */
  async make(person: string, by: string, forMs = INVITATION_MS): Promise<{ secret: string; expiresAtMs: number }> {
    await this.withdraw(person);
    const secret = newSecret();
    const atMs = this.#clock.nowMs();
    const expiresAtMs = atMs + forMs;
    await this.#store.insert(
      row(KIND, keptAs(KIND, secret), { payload: { person, by, atMs }, account: person, expiresAtMs }),
    );
    return { secret, expiresAtMs };
  }

  /** `null`: unknown, expired, used, or its person is not active. All the same to whoever asks. */
  async look(secret: string): Promise<Invitation | null> {
    const kept = await this.#store.find(KIND, keptAs(KIND, secret));
    if (kept === null || kept.consumedAtMs !== null) return null;
    const invitation = kept.payload as unknown as Invitation;
    return this.#directory.whyNoSubject(invitation.person) === null ? invitation : null;
  }

  /** `true` for the first alone. */
  consume(secret: string): Promise<boolean> {
    return this.#store.consume(KIND, keptAs(KIND, secret), this.#clock.nowMs());
  }

  async withdraw(person: string): Promise<void> {
    const open = await this.#store.list({ kind: KIND, account: person, limit: 100 });
    for (const each of open) await this.#store.remove(KIND, each.id);
  }
}
