/** The tables of identity: text, 64-bit integers and nothing else, for SQLite and PostgreSQL alike. Times are Unix milliseconds. */
export interface IdentitySchema {
  /** The newest version of every entity there ever was; those removed stay, so that their versions go on counting. */
  interlock_entities: {
    kind: string;
    id: string;
    version: number;
    seq: number;
    /** JSON; null: removed. */
    body: string | null;
    at_ms: number;
  };
  /** Names only one living entity of a kind may hold. */
  interlock_entity_keys: { kind: string; name: string; id: string };
  /** Every version of every entity, for ever. What was before is the version before. */
  interlock_entity_history: {
    kind: string;
    id: string;
    version: number;
    seq: number;
    /** JSON; null: removed by this change. */
    body: string | null;
    changed_by: string;
    act: string;
    reason: string;
    at_ms: number;
  };
  interlock_oauth: {
    kind: string;
    id: string;
    /** JSON. */
    payload: string;
    expires_at_ms: number | null;
    consumed_at_ms: number | null;
    grant_id: string | null;
    uid: string | null;
    user_code: string | null;
    account: string | null;
    client: string | null;
    /** When it was first put, for listing. */
    made_at_ms: number;
  };
  interlock_revoked: { kind: string; id: string; issued_until_ms: number; expires_at_ms: number; epoch: number };
  interlock_secrets: {
    kind: string;
    id: string;
    owner: string;
    version: number;
    /** JSON. */
    body: string;
    expires_at_ms: number | null;
    at_ms: number;
  };
  /** Tuples there are, and for a while those that were removed, so that readers who follow the feed see it. */
  interlock_relations: {
    object: string;
    relation: string;
    subject: string;
    seq: number;
    /** 0 or 1. */
    removed: number;
    at_ms: number;
  };
}
