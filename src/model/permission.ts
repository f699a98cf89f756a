import type { ToolEffect } from './tool.ts';

/**
 * What people may do by themselves (requirements AZ2, tier one): an agent that acts for somebody is permitted nothing beyond it. Rules
 * grant, they never take away; a call that some rule is about needs one of those to grant it.
 */
export interface Permissions {
  /** Of a call that no rule is about. */
  readonly default: 'deny' | 'permit';
  /** Type of people in the model of relations: `user` makes alice `user:alice`. */
  readonly userType: string;
  /** The groups a person is in, as relations: type `group`, relation `member`. `null`: the model does not see them. */
  readonly membership: { readonly type: string; readonly relation: string } | null;
  readonly rules: readonly PermissionRule[];
}

export interface PermissionRule {
  readonly id: string;
  readonly match: PermissionMatch;
  readonly grant: PermissionGrant;
}

/** What a rule is about; `null` is anything. */
export interface PermissionMatch {
  readonly servers: readonly string[] | null;
  /** `server/tool`, or `server/*`. Resources and prompts are no tools: a rule with tools is not about them. */
  readonly tools: readonly string[] | null;
  /** Resources and prompts are read. */
  readonly effects: readonly ToolEffect[] | null;
}

/** Grants when all of what it names holds. It names something. */
export interface PermissionGrant {
  readonly everyone: boolean;
  /** One of them is enough. */
  readonly groups: readonly string[] | null;
  /** All of them. */
  readonly attributes: Readonly<Record<string, string>> | null;
  /** `customer:{args.customerId}`: the object, with parts from the arguments of the call. */
  readonly relation: { readonly relation: string; readonly object: string } | null;
}
