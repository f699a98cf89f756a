import type { JsonObject } from '../../model/json.ts';
import type { Person } from '../../model/person.ts';
import type { Clock } from '../../ports/clock.ts';
import type { OAuthRow, OAuthStore } from '../../ports/identity-stores.ts';
import type { Directory } from '../directory.ts';
import { keptAs, newSecret } from './secret-text.ts';

const SESSION = 'PersonSession';
/** When it was last used, in a row of its own: to write it can never bring back a session that was ended meanwhile. */
const SEEN = 'PersonSessionSeen';
const MAX_LISTED = 200;

/** How somebody proved who they are (RFC 8176 values in `amr`). */
export interface SignedIn {
  readonly person: string;
  readonly amr: readonly string[];
  /** Id of the identity provider that vouched; `null`: signed in here. */
  readonly provider: string | null;
  /** When they proved who they are, where that was before this session began. */
  readonly provenMs?: number;
  /** What the browser says it is; shown to the person, believed by nobody. */
  readonly userAgent: string;
}

export interface PersonSession extends SignedIn {
  /** Hash of what the cookie carries. Safe to show. */
  readonly id: string;
  readonly authTimeMs: number;
  readonly lastSeenMs: number;
}

export interface PersonSessionsOptions {
  readonly store: OAuthStore;
  readonly directory: Directory;
  readonly clock: Clock;
  readonly lifetimes: () => { readonly idleMs: number; readonly absoluteMs: number };
  /** Whether everything of this person that began then was cut off since. */
  readonly isCut?: (person: string, sinceMs: number) => boolean;
}

/** Who is signed in, in which browser. The secret is in the browser's cookie and nowhere else. */
export class PersonSessions {
  readonly #options: PersonSessionsOptions;

  constructor(options: PersonSessionsOptions) {
    this.#options = options;
  }

  /** A new session under a new secret, whatever the browser carried before. Returns the secret. */
  async start(signedIn: SignedIn): Promise<string> {
    const { store, clock, lifetimes } = this.#options;
    const nowMs = clock.nowMs();
    const secret = newSecret();
    const id = keptAs(SESSION, secret);
    const payload = { ...signedIn, userAgent: signedIn.userAgent.slice(0, 300), authTimeMs: nowMs };
    await this.#see(id, signedIn.person);
    await store.put(
      row(SESSION, id, { payload, account: signedIn.person, expiresAtMs: nowMs + lifetimes().absoluteMs }),
    );
    return secret;
  }

  /**
   * `null`: there is none, it is too old, nobody used it for too long, or its person is active no longer; the last ends it.
   * `unattended`: a page asks by itself, which is no use of it.
   */
  async find(
    secret: string,
    { unattended = false } = {},
  ): Promise<{ readonly session: PersonSession; readonly person: Person } | null> {
    if (!/^[\w-]{43}$/.test(secret)) return null;
    const { store, directory, clock, lifetimes } = this.#options;
    const id = keptAs(SESSION, secret);
    const [kept, seen] = await Promise.all([store.find(SESSION, id), store.find(SEEN, id)]);
    if (kept === null || seen === null) return null;
    const session = { ...(kept.payload as unknown as Omit<PersonSession, 'id'>), id, lastSeenMs: lastSeen(seen) };
    const person = directory.person(session.person);
    const cut = this.#options.isCut?.(session.person, session.authTimeMs) === true;
    if (person === undefined || !person.active || cut) {
      await this.#remove(id);
      return null;
    }
    // A view that cannot be trusted says nothing about anybody: no entry, but no end either.
    if (directory.whyNoSubject(session.person) !== null) return null;
    // The lifetimes of now, should the configuration have made them shorter since.
    const nowMs = clock.nowMs();
    const { idleMs, absoluteMs } = lifetimes();
    if (nowMs - session.authTimeMs >= absoluteMs || nowMs - session.lastSeenMs >= idleMs) return null;
    if (!unattended && nowMs - session.lastSeenMs > Math.min(60_000, idleMs / 10)) await this.#see(id, session.person);
    return { session, person };
  }

  async end(secret: string): Promise<void> {
    await this.#remove(keptAs(SESSION, secret));
  }

  /** Newest first. */
  async list(person: string): Promise<readonly PersonSession[]> {
    const { store } = this.#options;
    const rows = await store.list({ kind: SESSION, account: person, limit: MAX_LISTED });
    const listed = await Promise.all(
      rows.map(async (kept) => {
        const seen = await store.find(SEEN, kept.id);
        if (seen === null) return [];
        return [{ ...(kept.payload as unknown as PersonSession), id: kept.id, lastSeenMs: lastSeen(seen) }];
      }),
    );
    return listed.flat();
  }

  /** One of a person's own; somebody else's is not touched. */
  async endOne(person: string, id: string): Promise<boolean> {
    const kept = await this.#options.store.find(SESSION, id);
    if (kept === null || kept.account !== person) return false;
    await this.#remove(id);
    return true;
  }

  /** All of a person's sessions but one. How many. */
  async endAll(person: string, except: string | null = null): Promise<number> {
    const { store } = this.#options;
    let ended = 0;
    for (;;) {
      const rows = await store.list({ kind: SESSION, account: person, limit: MAX_LISTED });
      const others = rows.filter((each) => each.id !== except);
      for (const each of others) await this.#remove(each.id);
      ended += others.length;
      if (rows.length < MAX_LISTED || others.length === 0) return ended;
    }
  }

  async #see(id: string, account: string): Promise<void> {
    const { store, clock, lifetimes } = this.#options;
    const nowMs = clock.nowMs();
    await store.put(row(SEEN, id, { payload: { atMs: nowMs }, account, expiresAtMs: nowMs + lifetimes().idleMs }));
  }

  async #remove(id: string): Promise<void> {
    await this.#options.store.remove(SESSION, id);
    await this.#options.store.remove(SEEN, id);
  }
}

function lastSeen(seen: OAuthRow): number {
  return seen.payload.atMs as number;
}

/** A row of the sign-in in the store of short-lived things. */
export function row(
  kind: string,
  id: string,
  rest: { readonly payload: object; readonly account: string | null; readonly expiresAtMs: number },
): OAuthRow {
  const none = { consumedAtMs: null, grantId: null, uid: null, userCode: null, client: null };
  return { kind, id, ...none, ...rest, payload: rest.payload as JsonObject };
}
