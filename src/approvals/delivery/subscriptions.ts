import { sha256Base64url } from '../../model/canonical.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Clock } from '../../ports/clock.ts';
import type { SecretRow, SecretStore } from '../../ports/identity-stores.ts';
import type { PushSubscription } from '../../ports/notify.ts';

const KIND = 'push-subscription';
const PER_PERSON = 10;
const PAGE = 500;
const MAX_ENDPOINT = 1_000;

export interface SubscriptionOptions {
  readonly store: SecretStore;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

/**
 * Browsers people are reached in. One belongs to whoever subscribed in it last; of one person's more than ten the oldest goes. Who has any
 * is kept in memory, because messages are planned without waiting; other gateways' changes come with the store's bell.
 */
export class PushSubscriptions {
  readonly #options: SubscriptionOptions;
  #people: ReadonlySet<string> = new Set();
  #reading: Promise<void> | null = null;
  #stale = false;
  readonly #stop: () => void;

  constructor(options: SubscriptionOptions) {
    this.#options = options;
    this.#stop = options.store.onChange(() => void this.refresh());
  }

  isSubscribed(person: string): boolean {
    return this.#people.has(person);
  }

  /** Reads again who has any; bells that ring meanwhile are one more reading. Never rejects. */
  refresh(): Promise<void> {
    this.#stale = true;
    this.#reading ??= this.#readWhileStale().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  async of(person: string): Promise<readonly PushSubscription[]> {
    const rows = await this.#options.store.list({ kind: KIND, owner: person, limit: 2 * PER_PERSON });
    return rows.map(({ body }) => body as unknown as PushSubscription);
  }

  /** Durable when it resolves. Repeating it changes nothing. */
  async add(person: string, subscription: PushSubscription): Promise<void> {
    const { store, clock } = this.#options;
    const id = idOf(subscription.endpoint);
    for (let attempt = 0; attempt < 5; attempt++) {
      const before = await store.get(KIND, id);
      const row: SecretRow = {
        ...{ kind: KIND, id, owner: person, version: (before?.version ?? 0) + 1, expiresAtMs: null },
        body: { ...subscription } as unknown as JsonObject,
        atMs: clock.nowMs(),
      };
      if (await store.put(row, before?.version ?? null)) break;
    }
    const all = [...(await store.list({ kind: KIND, owner: person, limit: 10 * PER_PERSON }))];
    const old = all.sort((a, b) => b.atMs - a.atMs || (a.id < b.id ? -1 : 1)).slice(PER_PERSON);
    for (const each of old) await store.remove(KIND, each.id);
    await this.refresh();
  }

  /** `false`: it was no browser of theirs. */
  async remove(person: string, endpoint: string): Promise<boolean> {
    const { store } = this.#options;
    const id = idOf(endpoint);
    if ((await store.get(KIND, id))?.owner !== person) return false;
    const removed = await store.remove(KIND, id);
    await this.refresh();
    return removed;
  }

  /** For somebody who leaves. How many. */
  async removeAll(person: string): Promise<number> {
    const removed = await this.#options.store.removeOwned(KIND, person);
    await this.refresh();
    return removed;
  }

  close(): void {
    this.#stop();
  }

  async #readWhileStale(): Promise<void> {
    while (this.#stale) {
      this.#stale = false;
      try {
        this.#people = await this.#read();
      } catch (error) {
        this.#options.onError(error);
        return;
      }
    }
  }

  async #read(): Promise<ReadonlySet<string>> {
    const people = new Set<string>();
    let after: string | undefined;
    for (;;) {
      const page = { kind: KIND, limit: PAGE, ...(after === undefined ? {} : { after }) };
      const rows = await this.#options.store.list(page);
      for (const { owner } of rows) people.add(owner);
      if (rows.length < PAGE) return people;
      after = rows.at(-1)?.id;
    }
  }
}

/**
 * What a browser sent (Push API, `PushSubscription.toJSON()`). A text says what is wrong with it. `trusted`: origins the operator named,
 * which may be http.
 */
export function readSubscription(value: JsonObject, trusted: readonly string[]): PushSubscription | string {
  const { endpoint, keys } = value;
  if (typeof endpoint !== 'string' || endpoint.length > MAX_ENDPOINT || !URL.canParse(endpoint))
    return 'the endpoint is no address';
  const url = new URL(endpoint);
  const secure = url.protocol === 'https:' || trusted.includes(url.origin);
  if (!secure || url.username !== '' || url.password !== '') return 'the endpoint is not https';
  const { p256dh, auth } = (typeof keys === 'object' && keys !== null ? keys : {}) as Readonly<Record<string, unknown>>;
  if (!isBytes(p256dh, 65) || !isBytes(auth, 16)) return 'the keys are not those of a browser';
  return { endpoint: url.href, p256dh, auth };
}

function isBytes(text: unknown, size: number): text is string {
  if (typeof text !== 'string' || !/^[A-Za-z0-9_-]{1,100}={0,2}$/.test(text)) return false;
  return Buffer.from(text, 'base64url').length === size;
}

function idOf(endpoint: string): string {
  return sha256Base64url(URL.canParse(endpoint) ? new URL(endpoint).href : endpoint);
}
