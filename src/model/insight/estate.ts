import type { Agent } from '../agent.ts';
import type { Json } from '../json.ts';
import type { Finding, PinState, ToolDefinition, ToolEffect } from '../tool.ts';
import type { ConsoleRole, Permission } from './roles.ts';

/** GET /v1/servers/lines and, with more, /v1/servers/:id. */
export interface ServerLine {
  readonly id: string;
  readonly kind: 'http' | 'stdio';
  /** The address without anything secret; the command of a child process, its arguments only for those who may see content. */
  readonly where: string;
  readonly environment: string | null;
  readonly risk: 'low' | 'medium' | 'high';
  readonly trust: 'first-use' | 'review';
  readonly state: 'unknown' | 'up' | 'down';
  readonly sinceMs: number | null;
  readonly lastError: string | null;
  readonly links: number;
  readonly restarts: number;
  readonly pinned: number;
  readonly quarantined: number;
  /** What calls to it carry: a secret of the configuration, an account somebody connected, a token exchanged for each caller. */
  readonly credentials: 'inject' | 'oauth' | 'exchange' | 'id-jag' | null;
}

export interface ServerView extends ServerLine {
  readonly timeoutMs: number;
  readonly dropped: number;
  /** Its tools verify a credential of each single action. */
  readonly actionCredential: boolean;
  /** The last lines of standard error; `null`: none, or the viewer may not see content. */
  readonly stderrTail: string | null;
}

/** GET /v1/tools: newest sighting of each tool, those that wait first. */
export interface ToolLine {
  readonly server: string;
  readonly tool: string;
  /** From the definition in force, else from the one that waits. */
  readonly title: string | null;
  readonly state: PinState;
  readonly effect: ToolEffect;
  readonly dataClass: string;
  readonly labelsFrom: LabelView['from'];
  /** `new`: it was never accepted. */
  readonly waits: 'new' | 'changed' | null;
  readonly findings: readonly Finding['code'][];
  readonly seenHash: string;
  readonly seenAtMs: number;
}

/** Where one label came from: this tool in the configuration, every tool of its server there, the server's hints, its effect, the strictest. */
export interface LabelView {
  readonly name: 'effect' | 'dataClass' | 'reversible' | 'untrustedOutput';
  readonly value: string | boolean;
  readonly from: 'tool' | 'server' | 'annotations' | 'effect' | 'default';
}

/** GET /v1/servers/:id/tools/:tool */
export interface ToolView {
  readonly server: string;
  readonly tool: string;
  readonly state: PinState;
  /** `false`: the server must change it first; nobody can accept it. */
  readonly acceptable: boolean;
  readonly acceptedHash: string | null;
  readonly accepted: ToolDefinition | null;
  readonly seenHash: string;
  readonly seen: ToolDefinition;
  readonly seenAtMs: number;
  readonly findings: readonly Finding[];
  readonly labels: readonly LabelView[];
  /** Accepted against seen, by JSON pointer; at most 200. A side that is absent was not there. */
  readonly differences: readonly { readonly at: string; readonly before?: Json; readonly after?: Json }[];
}

/** GET /v1/people/:id/access: how somebody gets in and what they hold. Counts and names, never anything secret. */
export interface PersonAccess {
  readonly roles: readonly ConsoleRole[];
  readonly permissions: readonly Permission[];
  readonly password: { readonly setAtMs: number } | null;
  readonly passkeys: readonly {
    readonly name: string;
    readonly synced: boolean;
    readonly createdAtMs: number;
    readonly lastUsedMs: number | null;
  }[];
  /** Identity providers that vouch for them. */
  readonly links: readonly { readonly issuer: string; readonly subject: string }[];
  readonly sessions: readonly {
    readonly startedAtMs: number;
    readonly lastSeenMs: number;
    readonly amr: readonly string[];
    readonly provider: string | null;
    readonly userAgent: string;
  }[];
  /** Whether they can be invited: people sign in here, not only at a provider. */
  readonly invitable: boolean;
}

/** GET /v1/people: by name; and, with their agents, /v1/people/:id. */
export interface PersonLine {
  readonly id: string;
  readonly userName: string;
  readonly name: string;
  readonly email: string | null;
  readonly department: string | null;
  readonly groups: readonly string[];
  readonly active: boolean;
  readonly externalId: string | null;
  readonly origin: 'configuration' | 'registry';
  readonly attributes: Readonly<Record<string, string>>;
  /** On the way out: what they held is still being ended. */
  readonly leaving: boolean;
  readonly agentCount: number;
  readonly orphanedCount: number;
  readonly roles: readonly ConsoleRole[];
}

export interface PersonView extends PersonLine {
  /** The first thousand. */
  readonly agents: readonly Pick<Agent, 'id' | 'name' | 'state' | 'riskTier'>[];
}

/** How far a campaign is: in every line of GET /v1/reviews, and in GET /v1/reviews/:id. */
export interface ReviewProgress {
  readonly total: number;
  readonly waiting: number;
  readonly byOutcome: Readonly<Record<string, number>>;
}

/** GET /v1/reviews/:id/items: what a reviewer decides on, as it is now; `null`s: the agent is gone. */
export interface ReviewLine<Decision = unknown> {
  readonly agent: string;
  readonly name: string | null;
  readonly owner: string | null;
  readonly ownerName: string | null;
  readonly purpose: string | null;
  readonly riskTier: string | null;
  readonly state: string | null;
  readonly servers: readonly string[] | null;
  readonly scopes: readonly string[] | null;
  readonly groups: readonly string[];
  readonly expiresAtMs: number | null;
  /** Agents of the configuration are narrowed there: they cannot be reduced here. */
  readonly origin: Agent['origin'] | null;
  /** Who may decide. */
  readonly reviewers: readonly string[];
  readonly decision: Decision | null;
}

/** GET /v1/settings: the configuration in force, as far as it is nobody's secret. Changed in the file, never here. */
export interface SettingsView {
  readonly file: string;
  readonly doors: readonly { readonly name: string; readonly where: string; readonly note: string }[];
  readonly limits: readonly {
    readonly name: string;
    readonly value: number;
    readonly unit: 'bytes' | 'ms' | 'count' | 'levels';
    readonly default: number;
    readonly what: string;
  }[];
  /** `key`: where it stands in the file. */
  readonly facts: readonly {
    readonly group: string;
    readonly name: string;
    readonly value: string;
    readonly key: string;
  }[];
  readonly roles: readonly { readonly role: ConsoleRole; readonly holders: readonly RoleHolder[] }[];
}

/** As the configuration names them. `people`: how many of them there are now. */
export interface RoleHolder {
  readonly kind: 'person' | 'group';
  readonly id: string;
  readonly people: number;
}

/** GET /v1/credentials: something the gateway sends in place of agents. Never the secret itself. */
export interface BrokeredCredential {
  /** Sealed in the vault, or fetched and only in memory. */
  readonly where: 'vault' | 'memory';
  readonly kind: 'inject' | 'oauth' | 'exchange' | 'id-jag';
  readonly server: string;
  /** Whose it is. All three `null`: everybody's. */
  readonly person: string | null;
  readonly agent: string | null;
  readonly task: string | null;
  /** Who connected it. */
  readonly by: string | null;
  readonly issuer: string | null;
  readonly scope: string | null;
  readonly connectedAtMs: number | null;
  readonly changedAtMs: number | null;
  /** `false`: the row was tampered with, or its key is missing. */
  readonly readable: boolean;
}
