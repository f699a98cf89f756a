import type { JsonObject } from './json.ts';

/** A human: owns agents, answers approvals, and is the root of a delegation chain (requirements ID3). */
export interface Person {
  /** Stable; what records, policies (`Person::"…"`) and agents' `owner` say. */
  readonly id: string;
  /** The name at the identity provider (SCIM `userName`); unique, compared without case. The id where nobody said otherwise. */
  readonly userName: string;
  readonly name: string;
  readonly email: string | null;
  readonly department: string | null;
  /** Names of groups, from the configuration, from SCIM groups it is a member of, and from its identity provider. */
  readonly groups: readonly string[];
  /** `false`: deprovisioned. Nothing is done on this person's authority, nor by an agent this person owns. */
  readonly active: boolean;
  /** The identity provider's own id (SCIM `externalId`). */
  readonly externalId: string | null;
  /** Attributes rights and policies may test: title, costCenter, clearance, … Flat text values. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly origin: 'configuration' | 'registry';
}

export const PERSON_DEFAULTS = Object.freeze({
  email: null,
  department: null,
  groups: [],
  active: true,
  externalId: null,
  attributes: {},
  origin: 'configuration',
} as const satisfies Partial<Person>);

/** A group of people, as the identity provider provisions it (SCIM). Its name is what policies and rights test. */
export interface Group {
  readonly id: string;
  readonly name: string;
  readonly externalId: string | null;
  /** Ids of people. */
  readonly members: readonly string[];
}

/** How a person proves who they are to the embedded provider. Never leaves the store; `body` is this, as JSON. */
export type PersonCredential = JsonObject;
