import type { Agent } from './agent.ts';
import type { Person } from './person.ts';
import type { Task } from './task.ts';

/** RFC 8693 `act`. */
export interface Actor {
  readonly id: string;
  readonly kind: 'agent' | 'person' | 'service';
}

/** An agent and the human who answers for it, as known now. */
export interface Acting {
  readonly agent: Agent;
  /** `null`: nobody knows that person. */
  readonly owner: Person | null;
}

/** One action people approved before the credential was issued (OpenID Connect CIBA): it lets exactly that one through, once. */
export interface ApprovedAction {
  /** Id of the approval, which the call uses up. */
  readonly approval: string;
  /** Digest of the action (model/action.ts), or of what was told of it (gateway/tiers/approved.ts). */
  readonly digest: string;
}

/** Everything a credential rests on: revoking any of these ends it (ports/identity-stores.ts, RevokedKind). */
export interface Credential {
  readonly jti: string;
  readonly agentId: string;
  readonly clientId: string;
  readonly subject: string | null;
  readonly chain: readonly Actor[];
  readonly grant: string | null;
  readonly txn: string | null;
  readonly taskId: string | null;
  readonly issuedAtMs: number;
  /** The key of the gateway that signed it. */
  readonly signedBy: string;
}

/** An authenticated caller: the answer of every authenticator. Its `agent` is the one that acts now. */
export interface Caller extends Acting {
  /** The human at the root, on whose authority. `null` when no human is: the agent, or the first agent of the chain, acts on its own. */
  readonly subject: string | null;
  /** The subject as known now; `null` exactly when `subject` is. */
  readonly person: Person | null;
  /**
   * Every actor from the one that acts now (first) to the first after the root; where no human is at the root, the agent at the root
   * comes last. Empty when the agent acts alone and for itself.
   */
  readonly chain: readonly Actor[];
  /** The other agents of the chain as registered now, in the order of `chain`. */
  readonly through: readonly Acting[];
  /** How it proved itself; copied into every record. `static-development` is never proof. */
  readonly method: 'token' | 'dpop' | 'static-development';
  /** Opaque id of the credential (never the credential). */
  readonly credentialId: string;
  /** What it can be revoked by. `null`: nothing but its agent's registration. */
  readonly credential: Credential | null;
  readonly expiresAtMs: number;
  /** What the credential is limited to (model/scope.ts). `null`: no limit of its own. */
  readonly scopes: readonly string[] | null;
  /** The task the agent declared or is bound to. */
  readonly taskId: string | null;
  /** The terms of the task it is bound to, and those of the tasks that one is part of, innermost first. Empty: bound to none. */
  readonly tasks: readonly Task[];
  /** One id for everything that follows from one root authorization (draft-ietf-oauth-transaction-tokens `txn`). */
  readonly txn: string | null;
  /** What it may do once beyond its scopes. `null`: nothing. */
  readonly approved: ApprovedAction | null;
}

/** What a caller has that acts alone, for itself, without limits of its own. */
export const ALONE = Object.freeze({
  owner: null,
  subject: null,
  credential: null,
  person: null,
  chain: [],
  through: [],
  scopes: null,
  taskId: null,
  tasks: [],
  txn: null,
  approved: null,
} as const satisfies Partial<Caller>);

/** A caller by ids, as it is kept with a question to people. */
export interface KeptCaller
  extends Pick<
    Caller,
    'subject' | 'chain' | 'method' | 'credentialId' | 'credential' | 'expiresAtMs' | 'scopes' | 'taskId' | 'txn'
  > {
  readonly agent: string;
  readonly through: readonly string[];
  readonly tasks: readonly string[];
}

export function keptCaller(caller: Caller): KeptCaller {
  const { subject, chain, method, credentialId, credential, expiresAtMs, scopes, taskId, txn } = caller;
  return {
    ...{ subject, chain, method, credentialId, credential, expiresAtMs, scopes, taskId, txn },
    agent: caller.agent.id,
    through: caller.through.map((acting) => acting.agent.id),
    tasks: caller.tasks.map((task) => task.id),
  };
}
