import type { JsonObject } from '../../model/json.ts';
import type { Clock } from '../../ports/clock.ts';
import type { SecretRow, SecretStore } from '../../ports/identity-stores.ts';
import { keptAs } from './secret-text.ts';

const PASSWORD = 'password';
const PASSKEY = 'passkey';
const IDENTITY_LINK = 'identity-link';
export const MAX_PASSKEYS = 20;

/** A public key of an authenticator; nothing in it is secret. */
export interface Passkey {
  /** Credential id, base64url. */
  readonly id: string;
  readonly person: string;
  readonly publicKey: string;
  /** Signature counter; 0 where the authenticator keeps none. */
  readonly counter: number;
  readonly transports: readonly string[];
  /** What its owner calls it. */
  readonly name: string;
  readonly synced: boolean;
  readonly createdAtMs: number;
  readonly lastUsedMs: number | null;
}

/** Somebody at an identity provider is a person here, from the first sign-in on, whatever names change later. */
export interface IdentityLink {
  readonly person: string;
  readonly issuer: string;
  readonly subject: string;
  /** Groups and attributes its last sign-in brought, so that what is gone there goes here. */
  readonly groups: readonly string[];
  readonly attributes: Readonly<Record<string, string>>;
}

/** What people prove themselves with, in the store of secrets. Every write is insert-if-absent or compare-and-set. */
export class Credentials {
  readonly #store: SecretStore;
  readonly #clock: Clock;

  constructor(store: SecretStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  async password(person: string): Promise<string | null> {
    const kept = await this.#store.get(PASSWORD, person);
    return kept === null ? null : (kept.body.hash as string);
  }

  /** `false`: somebody changed it at the same moment. */
  async setPassword(person: string, hash: string): Promise<boolean> {
    const kept = await this.#store.get(PASSWORD, person);
    return this.#put({ kind: PASSWORD, id: person, owner: person, body: { hash } }, kept);
  }

  removePassword(person: string): Promise<boolean> {
    return this.#store.remove(PASSWORD, person);
  }

  async passwordSetAtMs(person: string): Promise<number | null> {
    return (await this.#store.get(PASSWORD, person))?.atMs ?? null;
  }

  async passkey(id: string): Promise<Passkey | null> {
    const kept = await this.#store.get(PASSKEY, id);
    return kept === null ? null : (kept.body as unknown as Passkey);
  }

  async passkeys(person: string): Promise<readonly Passkey[]> {
    const rows = await this.#store.list({ kind: PASSKEY, owner: person, limit: MAX_PASSKEYS * 2 });
    return rows.map((each) => each.body as unknown as Passkey).sort((a, b) => a.createdAtMs - b.createdAtMs);
  }

  /** `false`: that credential is registered already. */
  addPasskey(passkey: Passkey): Promise<boolean> {
    const body = passkey as unknown as JsonObject;
    return this.#put({ kind: PASSKEY, id: passkey.id, owner: passkey.person, body }, null);
  }

  /** Changes one that is still as it was read; `false`: it was used or removed meanwhile. */
  async updatePasskey(before: Passkey, change: Partial<Passkey>): Promise<boolean> {
    const kept = await this.#store.get(PASSKEY, before.id);
    if (kept === null || kept.owner !== before.person || kept.body.counter !== before.counter) return false;
    const body = { ...kept.body, ...change } as unknown as JsonObject;
    return this.#put({ kind: PASSKEY, id: before.id, owner: before.person, body }, kept);
  }

  /** Only one's own. */
  async removePasskey(person: string, id: string): Promise<boolean> {
    const kept = await this.#store.get(PASSKEY, id);
    return kept !== null && kept.owner === person && this.#store.remove(PASSKEY, id);
  }

  async link(issuer: string, subject: string): Promise<IdentityLink | null> {
    const kept = await this.#store.get(IDENTITY_LINK, linkId(issuer, subject));
    return kept === null ? null : (kept.body as unknown as IdentityLink);
  }

  async links(person: string): Promise<readonly IdentityLink[]> {
    const rows = await this.#store.list({ kind: IDENTITY_LINK, owner: person, limit: 100 });
    return rows.map((each) => each.body as unknown as IdentityLink);
  }

  async putLink(link: IdentityLink): Promise<boolean> {
    const id = linkId(link.issuer, link.subject);
    const kept = await this.#store.get(IDENTITY_LINK, id);
    if (kept !== null && kept.owner !== link.person) return false;
    return this.#put({ kind: IDENTITY_LINK, id, owner: link.person, body: link as unknown as JsonObject }, kept);
  }

  /** Everything one person proves themselves with. How many of each. */
  async removeAll(person: string): Promise<{ passwords: number; passkeys: number; links: number }> {
    return {
      passwords: await this.#store.removeOwned(PASSWORD, person),
      passkeys: await this.#store.removeOwned(PASSKEY, person),
      links: await this.#store.removeOwned(IDENTITY_LINK, person),
    };
  }

  #put(what: Pick<SecretRow, 'kind' | 'id' | 'owner' | 'body'>, before: SecretRow | null): Promise<boolean> {
    const version = (before?.version ?? 0) + 1;
    const whole = { ...what, version, expiresAtMs: null, atMs: this.#clock.nowMs() };
    return this.#store.put(whole, before?.version ?? null);
  }
}

function linkId(issuer: string, subject: string): string {
  return keptAs('identity link', JSON.stringify([issuer, subject]));
}
