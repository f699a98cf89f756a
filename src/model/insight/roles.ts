/**
 * What somebody may do in the console. Roles only add up; whoever has none may sign in and answer what they are asked, nothing else.
 * viewer: sees everything but the arguments and results of calls. auditor: sees everything, changes nothing, downloads evidence.
 * operator: stops and releases, accepts tools, registers and changes agents. policy-author: drafts and replays policies.
 * policy-publisher: publishes and rolls back. security-admin: everything of the former, people, keys, vault, kill of everything.
 */
export const CONSOLE_ROLES = [
  'viewer',
  'approver',
  'auditor',
  'operator',
  'policy-author',
  'policy-publisher',
  'security-admin',
] as const;
export type ConsoleRole = (typeof CONSOLE_ROLES)[number];

/** `console` of the configuration. */
export interface ConsoleSettings {
  readonly enabled: boolean;
  /** Each `person:<id>` or `group:<name>`. */
  readonly roles: ReadonlyMap<ConsoleRole, readonly string[]>;
  readonly separatePolicyDuties: boolean;
  readonly policies: 'edit' | 'read-only';
}

/** What one route needs. Each route names exactly one. */
export const PERMISSIONS = [
  /** Anybody signed in. */
  'self',
  /** Agents, servers, tools, sessions, decisions: everything but the content of calls. */
  'read',
  /** Arguments and results of calls, receipts, the journal itself. */
  'read.content',
  'approvals.read',
  /** In the console's own words; a passkey's answer is given on the page of the request. */
  'approvals.withdraw',
  'agents.write',
  'locks.write',
  /** Of `all`. Stepped up. */
  'locks.everything',
  'tools.accept',
  'servers.write',
  'reviews.write',
  'connections.write',
  'people.write',
  'policies.draft',
  /** Stepped up. */
  'policies.publish',
  /** Keys and vault. Stepped up. */
  'keys.write',
  'credentials.write',
  /** Only over the socket: what the gateway's own user does. */
  'socket',
] as const;
export type Permission = (typeof PERMISSIONS)[number];

/** GET /v1/me */
export interface Me {
  readonly id: string;
  readonly name: string;
  readonly email: string | null;
  readonly roles: readonly ConsoleRole[];
  readonly permissions: readonly Permission[];
  /** Sent with every request that changes something, as `x-csrf-token`. */
  readonly csrf: string;
  readonly signedInAtMs: number;
  /** When the session ends whatever happens, and when it ends if nothing does. */
  readonly endsAtMs: number;
  readonly idleMs: number;
  /** Whether a step-up with a passkey is possible: they have one, and the origin allows it. */
  readonly canStepUp: boolean;
  /** Whether whoever drafts a policy may not publish it. */
  readonly separatePolicyDuties: boolean;
  readonly version: string;
}
