import type { Json } from '../../model/json.ts';
import type { Clock } from '../../ports/clock.ts';
import type { SecretRow, SecretStore } from '../../ports/identity-stores.ts';
import { type KeyRing, type KeySource, parseKeys } from './keys.ts';
import { keyOf, seal, unseal, VaultFault } from './seal.ts';

/** Everything the vault keeps. A kind that is not here cannot be sealed: rotation would miss it. */
export const VAULT_KINDS = ['upstream-token', 'connect-state', 'idp-token', 'vault-check'] as const;
export type VaultKind = (typeof VAULT_KINDS)[number];

/** What is known of a row without opening it. */
export interface VaultRow {
  readonly kind: VaultKind;
  readonly id: string;
  readonly owner: string;
  readonly version: number;
  readonly expiresAtMs: number | null;
  readonly atMs: number;
}

export interface OpenedRow extends VaultRow {
  readonly secret: Json;
}

export type NewRow = Pick<OpenedRow, 'kind' | 'id' | 'owner' | 'expiresAtMs' | 'secret'>;

/** Secrets sealed at rest (AES-256-GCM). Every write is a compare-and-set; what cannot be opened is a VaultFault, never a guess. */
export interface Vault {
  /** Expired rows are not found. */
  get(kind: VaultKind, id: string): Promise<OpenedRow | null>;
  /** `expected`: the version read, `null`: must not exist. `false`: somebody else was first. */
  put(row: NewRow, expected: number | null): Promise<boolean>;
  /** Inserts or replaces, whatever was there. */
  set(row: NewRow): Promise<void>;
  /** `true` for the first who removes it: good for what may be used once. */
  remove(kind: VaultKind, id: string): Promise<boolean>;
  removeOwned(kind: VaultKind, owner: string): Promise<number>;
  /** In order of id, from after `after`; nothing is opened. */
  list(filter: { kind: VaultKind; owner?: string; limit: number; after?: string }): Promise<readonly VaultRow[]>;
  prune(): Promise<number>;
  onChange(ring: () => void): () => void;
  status(): Promise<VaultStatus>;
  /** Reads the keys again and re-seals whatever is not under the newest. Interrupted, it goes on where it was. */
  rotate(options: { readonly addKey: boolean; readonly signal?: AbortSignal }): Promise<Rotated>;
}

export interface VaultStatus {
  readonly newestKey: string;
  /** Ids of all keys this gateway has, newest first. */
  readonly keys: readonly string[];
  /** Rows by the key they were sealed with. A key none are left of may be removed. */
  readonly rows: Readonly<Record<string, number>>;
  /** Whether the gateway makes its keys itself. */
  readonly ownKeys: boolean;
}

export interface Rotated {
  readonly newestKey: string;
  readonly resealed: number;
  /** Rows that cannot be opened, by kind and id. They stay as they are. */
  readonly unreadable: readonly { readonly kind: string; readonly id: string; readonly why: string }[];
}

export interface VaultOptions {
  readonly store: SecretStore;
  readonly keys: KeySource;
  readonly clock: Clock;
}

const MAX_TRIES = 50;
const PAGE = 500;
/** One row whose opening proves at the start that the configured key is the right one. */
const CHECK = { kind: 'vault-check', id: 'key', owner: 'interlock', expiresAtMs: null, secret: 'vault' } as const;

/** Throws what to do when there is no usable key, or the store was sealed with another. */
export async function openVault(options: VaultOptions): Promise<Vault> {
  const vault = new SealedVault(options, parseKeys(await options.keys.read()));
  await vault.check();
  return vault;
}

class SealedVault implements Vault {
  readonly #store: SecretStore;
  readonly #source: KeySource;
  readonly #clock: Clock;
  #keys: KeyRing;

  constructor({ store, keys, clock }: VaultOptions, ring: KeyRing) {
    this.#store = store;
    this.#source = keys;
    this.#clock = clock;
    this.#keys = ring;
  }

  async check(): Promise<void> {
    if ((await this.get(CHECK.kind, CHECK.id)) === null) await this.put(CHECK, null);
  }

  async get(kind: VaultKind, id: string): Promise<OpenedRow | null> {
    const row = await this.#store.get(kind, id);
    if (row === null || isOver(row, this.#clock.nowMs())) return null;
    return { ...facts(row, kind), secret: await this.#open(row) };
  }

  async put(row: NewRow, expected: number | null): Promise<boolean> {
    const version = (expected ?? 0) + 1;
    const body = seal(this.#keys.newest, { ...row, version }, row.secret);
    const { kind, id, owner, expiresAtMs } = row;
    return this.#store.put({ kind, id, owner, version, body, expiresAtMs, atMs: this.#clock.nowMs() }, expected);
  }

  async set(row: NewRow): Promise<void> {
    for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
      const old = await this.#store.get(row.kind, row.id);
      if (await this.put(row, old?.version ?? null)) return;
    }
    throw new Error(`the vault row ${row.kind} "${row.id}" is changed by others all the time`);
  }

  remove(kind: VaultKind, id: string): Promise<boolean> {
    return this.#store.remove(kind, id);
  }

  removeOwned(kind: VaultKind, owner: string): Promise<number> {
    return this.#store.removeOwned(kind, owner);
  }

  async list(filter: { kind: VaultKind; owner?: string; limit: number; after?: string }): Promise<readonly VaultRow[]> {
    const nowMs = this.#clock.nowMs();
    const rows = await this.#store.list(filter);
    return rows.filter((row) => !isOver(row, nowMs)).map((row) => facts(row, filter.kind));
  }

  prune(): Promise<number> {
    return this.#store.prune(this.#clock.nowMs());
  }

  onChange(ring: () => void): () => void {
    return this.#store.onChange(ring);
  }

  async status(): Promise<VaultStatus> {
    const rows: Record<string, number> = {};
    for await (const row of this.#all()) {
      const key = keyOf(row.body) ?? 'none';
      rows[key] = (rows[key] ?? 0) + 1;
    }
    const keys = [...this.#keys.byId.keys()];
    return { newestKey: this.#keys.newest.id, keys, rows, ownKeys: this.#source.add !== null };
  }

  async rotate({ addKey, signal }: { addKey: boolean; signal?: AbortSignal }): Promise<Rotated> {
    if (addKey) {
      if (this.#source.add === null) {
        throw new Error('the key comes from the configuration: put a new one in front of it (vault.key), then rotate');
      }
      await this.#source.add();
    }
    await this.#reread();
    const unreadable: { kind: string; id: string; why: string }[] = [];
    let resealed = 0;
    for await (const row of this.#all()) {
      signal?.throwIfAborted();
      try {
        if (await this.#reseal(row)) resealed++;
      } catch (error) {
        if (!(error instanceof VaultFault)) throw error;
        unreadable.push({ kind: row.kind, id: row.id, why: error.message });
      }
    }
    return { newestKey: this.#keys.newest.id, resealed, unreadable };
  }

  /** Whoever changed the row meanwhile may have sealed it with an older key: looked at again until it is right. */
  async #reseal(first: SecretRow): Promise<boolean> {
    let row: SecretRow | null = first;
    for (let attempt = 0; attempt < MAX_TRIES && row !== null; attempt++) {
      if (keyOf(row.body) === this.#keys.newest.id) return attempt > 0;
      const secret = await this.#open(row);
      const version = row.version + 1;
      const body = seal(this.#keys.newest, { ...row, version }, secret);
      if (await this.#store.put({ ...row, version, body }, row.version)) return true;
      row = await this.#store.get(row.kind, row.id);
    }
    return false;
  }

  async *#all(): AsyncGenerator<SecretRow> {
    for (const kind of VAULT_KINDS) {
      let after: string | undefined;
      for (;;) {
        const page: readonly SecretRow[] = await this.#store.list({
          kind,
          limit: PAGE,
          ...(after === undefined ? {} : { after }),
        });
        yield* page;
        if (page.length < PAGE) break;
        after = page.at(-1)?.id;
      }
    }
  }

  /** Another gateway may have rotated: a key that is not known is looked for once more where the keys are. */
  async #open(row: SecretRow): Promise<Json> {
    try {
      return unseal(this.#keys.byId, row, row.body);
    } catch (error) {
      if (!(error instanceof VaultFault) || error.why !== 'unknown-key') throw error;
      await this.#reread();
      return unseal(this.#keys.byId, row, row.body);
    }
  }

  async #reread(): Promise<void> {
    this.#keys = parseKeys(await this.#source.read());
  }
}

function isOver(row: SecretRow, nowMs: number): boolean {
  return row.expiresAtMs !== null && row.expiresAtMs <= nowMs;
}

function facts({ id, owner, version, expiresAtMs, atMs }: SecretRow, kind: VaultKind): VaultRow {
  return { kind, id, owner, version, expiresAtMs, atMs };
}
