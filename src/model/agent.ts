/** Who acts (requirements ID1). Agents come from the configuration file and from the registry. */
export type Archetype = 'homegrown' | 'saas' | 'developer_tool';
export type RiskTier = 'low' | 'medium' | 'high' | 'critical';

/** requested -> approved -> active <-> suspended; orphaned when its owner is gone; decommissioned is the end. Only `active` may act. */
export type AgentState = 'requested' | 'approved' | 'active' | 'suspended' | 'orphaned' | 'decommissioned';
export const AGENT_STATES: readonly AgentState[] = [
  'requested',
  'approved',
  'active',
  'suspended',
  'orphaned',
  'decommissioned',
];

export interface Agent {
  readonly id: string;
  readonly name: string;
  /** A named human who answers for it: the id of a person. */
  readonly owner: string;
  /** People who may act for the owner. */
  readonly deputies: readonly string[];
  /** Who registered it; `configuration` for those of the configuration file. */
  readonly creator: string;
  readonly purpose: string;
  readonly archetype: Archetype;
  readonly riskTier: RiskTier;
  readonly department: string | null;
  /** Free labels a policy can test with `in AgentGroup::"…"`. */
  readonly groups: readonly string[];
  readonly state: AgentState;
  /** From then on it may not act. `null`: no end. */
  readonly expiresAtMs: number | null;
  /** Public keys (JWK with kid) that prove it. */
  readonly keys: readonly PublicJwk[];
  /** Workload identities that prove it (SPIFFE JWT-SVID, any OIDC workload token). */
  readonly workloads: readonly Workload[];
  /** OAuth client ids (its own id apart) that act as this agent when a person signs in: client metadata URLs, registered clients. */
  readonly clients: readonly string[];
  /** Redirect URIs when the agent itself is an OAuth client of the authorization code grant. */
  readonly redirectUris: readonly string[];
  /** How it asks people beforehand, without a browser (OpenID Connect CIBA). `null`: it may not. */
  readonly backchannel: Backchannel | null;
  /** Server ids it may connect to at all. `null`: policy alone decides. */
  readonly servers: readonly string[] | null;
  /** The most it may ever be granted (model/scope.ts). `null`: policy alone decides. */
  readonly scopes: readonly string[] | null;
  /** The template it was made from. */
  readonly template: string | null;
  /** Agents of the configuration file are changed there; what happens to them (orphaned, suspended) is kept in the store. */
  readonly origin: 'configuration' | 'registry';
}

/** OpenID Connect CIBA section 4: how an agent hears that its request was answered. */
export interface Backchannel {
  /** `poll`: it comes back and asks; `ping`: it is told to come back. */
  readonly mode: 'poll' | 'ping';
  /** Where it is told. `null` exactly where it polls. */
  readonly notificationEndpoint: string | null;
}

/** A workload token's issuer and subject, both compared exactly. For SPIFFE the subject is the SPIFFE id. */
export interface Workload {
  readonly issuer: string;
  readonly subject: string;
}

/** What an agent has when nobody said otherwise. */
export const AGENT_DEFAULTS = Object.freeze({
  deputies: [],
  creator: 'configuration',
  department: null,
  groups: [],
  state: 'active',
  expiresAtMs: null,
  keys: [],
  workloads: [],
  clients: [],
  redirectUris: [],
  backchannel: null,
  servers: null,
  scopes: null,
  template: null,
  origin: 'configuration',
} as const satisfies Partial<Agent>);

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
