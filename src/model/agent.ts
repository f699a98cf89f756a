/** Who acts (requirements ID1). Agents come from the configuration file and from the registry of the identity issue. */
export type Archetype = 'homegrown' | 'saas' | 'developer_tool';
export type RiskTier = 'low' | 'medium' | 'high' | 'critical';

export interface Agent {
  readonly id: string;
  readonly name: string;
  /** A named human who answers for it. */
  readonly owner: string;
  readonly purpose: string;
  readonly archetype: Archetype;
  readonly riskTier: RiskTier;
  readonly department: string | null;
  /** Free labels a policy can test with `in AgentGroup::"…"`. */
  readonly groups: readonly string[];
  /** Public keys (JWK with kid) that prove it. */
  readonly keys: readonly PublicJwk[];
  /** Server ids it may connect to at all. `null`: policy alone decides. */
  readonly servers: readonly string[] | null;
}

export interface PublicJwk {
  readonly kty: string;
  readonly kid: string;
  readonly alg?: string;
  readonly crv?: string;
  readonly x?: string;
  readonly y?: string;
  readonly n?: string;
  readonly e?: string;
}

export interface Person {
  readonly id: string;
  readonly name: string;
  readonly email: string | null;
  readonly department: string | null;
  readonly groups: readonly string[];
}

/** RFC 8693 `act`: outermost first, the current actor. */
export interface Actor {
  readonly id: string;
  readonly kind: 'agent' | 'person' | 'service';
}

/** An authenticated caller: the answer of every authenticator, the seam for the OAuth server. */
export interface Caller {
  readonly agent: Agent;
  /** On whose authority. `null` when the agent acts on its own. */
  readonly subject: string | null;
  /** Everyone between the subject and the agent, outermost (current actor) first. */
  readonly chain: readonly Actor[];
  /** How it proved itself; copied into every record. `static-development` is never proof. */
  readonly method: 'token' | 'static-development';
  /** Opaque id of the credential (never the credential). */
  readonly credentialId: string;
  readonly expiresAtMs: number;
  readonly taskId: string | null;
}
