import type { JsonObject } from '../model/json.ts';

/**
 * What identity keeps. Two adapters: SQLite and PostgreSQL. Every write is insert-if-absent or compare-and-set; the loser is told.
 */
export interface IdentityStores {
  readonly directory: DirectoryStore;
  readonly oauth: OAuthStore;
  readonly revoked: RevokedStore;
  readonly secrets: SecretStore;
  readonly relations: RelationStore;
}

export type EntityKind =
  | 'agent'
  | 'person'
  | 'group'
  | 'connection'
  | 'task'
  | 'template'
  | 'review'
  | 'review-item'
  | 'standing-approval';

/** The newest version of one entity. `body: null` is a tombstone: it was removed. */
export interface EntityRow {
  readonly kind: EntityKind;
  readonly id: string;
  /** 1 for the first; grows by one with every change of this entity. A removed and re-made entity goes on counting. */
  readonly version: number;
  /** Position in the feed of all changes, in the order they were committed. Unique, growing, not dense. */
  readonly seq: number;
  readonly body: JsonObject | null;
  readonly atMs: number;
}

export interface EntityChange {
  readonly kind: EntityKind;
  readonly id: string;
  /** `null` removes it. */
  readonly body: JsonObject | null;
  /** The version it was read at; `null`: must not exist (or be removed). */
  readonly expected: number | null;
  /**
   * Keys no other entity of this kind may hold, such as a SCIM userName in lower case. Replaces those it held; absent: it keeps
   * them. A removed entity holds none.
   */
  readonly unique?: readonly string[];
}

export interface ChangeAct {
  readonly by: string;
  /** Short stable word: `agent.suspend`, `person.deactivate`, … */
  readonly act: string;
  readonly reason: string;
  readonly atMs: number;
}

export type ApplyResult =
  | { readonly ok: true; readonly rows: readonly EntityRow[] }
  /** Nothing was changed. `exists`: there is one; `version`: it was changed since; `missing`: there is none; `unique`: another holds the key. */
  | {
      readonly ok: false;
      readonly kind: EntityKind;
      readonly id: string;
      readonly why: 'exists' | 'version' | 'missing' | 'unique';
    };

export interface HistoryRow extends ChangeAct {
  readonly kind: EntityKind;
  readonly id: string;
  readonly version: number;
  readonly seq: number;
  /** What it was before and after; `null`: there was none. */
  readonly before: JsonObject | null;
  readonly after: JsonObject | null;
}

/** Agents, people, groups and what joins them: versioned, with the history of every change and a feed of all changes. */
export interface DirectoryStore {
  /** All of the changes in one transaction, each with its history row, or none. At most 1,000 at once; each entity at most once. */
  apply(changes: readonly EntityChange[], act: ChangeAct): Promise<ApplyResult>;
  get(kind: EntityKind, id: string): Promise<EntityRow | null>;
  /** Newest version of everything changed after `seq`, in order of `seq`, tombstones included. */
  changesSince(seq: number, limit: number): Promise<readonly EntityRow[]>;
  /** Newest first. `beforeSeq` pages on. */
  history(filter: {
    readonly kind?: EntityKind;
    readonly id?: string;
    readonly beforeSeq?: number;
    readonly limit: number;
  }): Promise<readonly HistoryRow[]>;
  /** Doorbell: some process changed something. */
  onChange(ring: () => void): () => void;
}

/** What the authorization server keeps between requests: sessions, interactions, grants, codes, refresh tokens, clients. */
export interface OAuthRow {
  /** The provider's model name: `AuthorizationCode`, `RefreshToken`, `Session`, … */
  readonly kind: string;
  readonly id: string;
  readonly payload: JsonObject;
  readonly expiresAtMs: number | null;
  readonly consumedAtMs: number | null;
  readonly grantId: string | null;
  readonly uid: string | null;
  readonly userCode: string | null;
  /** Account (person) and client it belongs to, for listing and ending what somebody holds. */
  readonly account: string | null;
  readonly client: string | null;
}

export interface OAuthStore {
  /** Insert or replace; never clears `consumedAtMs` of a row that was consumed. */
  put(row: OAuthRow): Promise<void>;
  /** `false`: it is there already (and unexpired). For single-use things. */
  insert(row: OAuthRow): Promise<boolean>;
  /** Expired rows are not found. */
  find(kind: string, id: string): Promise<OAuthRow | null>;
  findBy(kind: string, by: 'uid' | 'userCode', value: string): Promise<OAuthRow | null>;
  /**
   * Compare-and-set on the whole payload, of a row that is neither consumed nor expired. `false`: somebody else was first, or there is
   * none.
   */
  change(kind: string, id: string, payload: { readonly from: JsonObject; readonly to: JsonObject }): Promise<boolean>;
  /** `true` for the first, `false` for everyone after, and when there is none. */
  consume(kind: string, id: string, atMs: number): Promise<boolean>;
  remove(kind: string, id: string): Promise<boolean>;
  /** Everything that came from one grant. How many rows. */
  removeGrant(grantId: string): Promise<number>;
  /** Newest first; at least one of `account`, `client` or `grantId`, or a `kind`. */
  list(filter: {
    readonly kind?: string;
    readonly account?: string;
    readonly client?: string;
    readonly grantId?: string;
    readonly limit: number;
  }): Promise<readonly OAuthRow[]>;
  prune(nowMs: number): Promise<number>;
}

/** What a credential can be revoked by. */
export type RevokedKind = 'token' | 'grant' | 'agent' | 'subject' | 'task' | 'txn' | 'client';

/** Every credential of `kind` `id` issued at or before `issuedUntilMs` is refused. Forgotten after `expiresAtMs`: by then all have expired. */
export interface RevokedRow {
  readonly kind: RevokedKind;
  readonly id: string;
  readonly issuedUntilMs: number;
  readonly expiresAtMs: number;
}

export interface RevokedStore {
  /** Keeps the later of two times. One transaction. */
  revoke(rows: readonly RevokedRow[]): Promise<void>;
  /** Unexpired rows with their epoch after `epoch`, and the epoch to go on from. */
  since(epoch: number): Promise<{ readonly epoch: number; readonly rows: readonly RevokedRow[] }>;
  onChange(ring: () => void): () => void;
  prune(nowMs: number): Promise<number>;
}

/** Sealed by its owner before it gets here, or public: a person's password hash and passkeys, brokered upstream credentials, signing keys. */
export interface SecretRow {
  readonly kind: string;
  readonly id: string;
  /** Whose it is, for listing and ending what somebody holds. */
  readonly owner: string;
  readonly version: number;
  readonly body: JsonObject;
  readonly expiresAtMs: number | null;
  readonly atMs: number;
}

export interface SecretStore {
  get(kind: string, id: string): Promise<SecretRow | null>;
  /** `version` is the new one. `expected`: the version read, `null`: must not exist. `false`: somebody else was first. */
  put(row: SecretRow, expected: number | null): Promise<boolean>;
  remove(kind: string, id: string): Promise<boolean>;
  list(filter: {
    readonly kind: string;
    readonly owner?: string;
    readonly limit: number;
    readonly after?: string;
  }): Promise<readonly SecretRow[]>;
  /** Every secret of one owner and kind. How many. */
  removeOwned(kind: string, owner: string): Promise<number>;
  prune(nowMs: number): Promise<number>;
  onChange(ring: () => void): () => void;
}

/** A relationship (OpenFGA): `document:1` `viewer` `user:alice` | `group:eng#member` | `user:*`. */
export interface RelationTuple {
  readonly object: string;
  readonly relation: string;
  readonly subject: string;
}

export interface RelationStore {
  /** Writes and deletes in one transaction; at most 10,000 at once. Writing what is there and deleting what is not is no error. */
  apply(change: {
    readonly writes: readonly RelationTuple[];
    readonly deletes: readonly RelationTuple[];
  }): Promise<void>;
  /**
   * Tuples changed after `seq`, in order, with whether they are there now, and the `seq` and `floor` to go on from; a reader
   * begins with 0 and 0. `restart`: removals after that `seq` were forgotten meanwhile (see `prune`; the `floor` is up to
   * where): drop everything and begin again.
   */
  changesSince(
    seq: number,
    floor: number,
    limit: number,
  ): Promise<{
    readonly seq: number;
    readonly floor: number;
    readonly changes: readonly (RelationTuple & { readonly removed: boolean })[];
    readonly restart: boolean;
  }>;
  /** Forgets removals that are a day old. How many. */
  prune(nowMs: number): Promise<number>;
  onChange(ring: () => void): () => void;
}
