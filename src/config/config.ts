import type { Agent } from '../model/agent.ts';
import type { ApprovalRules } from '../model/approval-rules.ts';
import type { Connection } from '../model/connection.ts';
import type { CredentialSettings } from '../model/credential.ts';
import type { ConsoleSettings } from '../model/insight/roles.ts';
import type { Person } from '../model/person.ts';
import type { FactMapping } from '../model/policy-input.ts';
import type { ApprovalWords } from '../model/sentence.ts';
import type { Template } from '../model/template.ts';
import type { DataClass, ToolEffect } from '../model/tool.ts';
import type { NotifyConfig } from './schema/approvals/notify.ts';
import type { VaultConfig } from './schema/credentials.ts';
import type { Limits } from './schema/limits.ts';
import type { OAuthConfig } from './schema/oauth.ts';
import type { PermissionsConfig } from './schema/permissions.ts';
import type { LeavingConfig, ScimConfig } from './schema/scim.ts';
import type { ActionCredentialConfig } from './schema/server.ts';
import type { SignInConfig } from './schema/sign-in.ts';

/** A loaded configuration: every default filled in, every path absolute, every secret resolved. Never changed. */
export interface Config {
  /** Absolute path of the file it came from. */
  readonly file: string;
  readonly listen: ListenConfig;
  readonly dataDir: string;
  readonly store: StoreConfig;
  readonly vault: VaultConfig;
  readonly admin: { readonly socket: string };
  readonly people: readonly Person[];
  readonly agents: readonly ConfiguredAgent[];
  readonly templates: readonly Template[];
  readonly development: { readonly allowStaticTokens: boolean; readonly anonymousAgent: string | null };
  readonly servers: readonly ServerConfig[];
  readonly policiesDir: string;
  readonly approvals: ApprovalRules & { readonly notify: NotifyConfig };
  readonly limits: Limits;
  readonly journal: JournalConfig;
  readonly tokens: { readonly ttlMs: number; readonly maxTtlMs: number };
  readonly connections: readonly Connection[];
  readonly oauth: OAuthConfig;
  readonly signIn: SignInConfig;
  readonly console: ConsoleSettings;
  /** `null`: people's own rights are not looked at. */
  readonly permissions: PermissionsConfig | null;
  readonly scim: ScimConfig;
  /** What happens when people leave. */
  readonly leaving: LeavingConfig;
  readonly log: { readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly format: 'auto' | 'json' | 'pretty' };
  readonly metrics: {
    readonly enabled: boolean;
    readonly listen: { readonly host: string; readonly port: number } | null;
  };
  readonly telemetry: { readonly otlpEndpoint: string | null };
}

export interface ListenConfig {
  readonly host: string;
  readonly port: number;
  /** PEM texts, read and checked while loading. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  /** Without a final slash. `null`: clients use host and port. */
  readonly publicUrl: string | null;
}

export type StoreConfig =
  | { readonly kind: 'sqlite'; readonly file: string }
  | { readonly kind: 'postgres'; readonly url: string };

export interface JournalConfig {
  readonly dir: string;
  readonly segmentBytes: number;
  /** `null`: kept forever. */
  readonly retentionDays: number | null;
  readonly checkpointIntervalMs: number;
  readonly minFreeBytes: number;
  /** What records hold of what agents were answered. */
  readonly results: 'digest' | 'keep';
}

export interface ConfiguredAgent extends Agent {
  /** base64url SHA-256 of its development token; `null` unless development.allowStaticTokens. */
  readonly staticTokenSha256: string | null;
}

/** Labels and fact mappings an operator gave a tool; absent members are decided by annotations and defaults. */
export interface ToolOverride {
  readonly effect?: ToolEffect;
  readonly dataClass?: DataClass;
  readonly reversible?: boolean;
  readonly untrustedOutput?: boolean;
  readonly facts?: FactMapping;
  /** What people who are asked read. */
  readonly approval?: ApprovalWords;
}

interface ServerShared {
  readonly id: string;
  /** What calls to it carry. `null`: nothing of their own. */
  readonly credentials: CredentialSettings | null;
  /** What its tools verify. `null`: nothing. */
  readonly actionCredential: ActionCredentialConfig | null;
  readonly risk: 'low' | 'medium' | 'high';
  readonly environment: string | null;
  /** Of one call; `limits.requestTimeoutMs` unless the server has its own. */
  readonly timeoutMs: number;
  readonly trust: 'first-use' | 'review';
  /** By tool name; the key `*` is for every other tool. */
  readonly tools: ReadonlyMap<string, ToolOverride>;
}

export interface HttpServerConfig extends ServerShared {
  readonly kind: 'http';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface StdioServerConfig extends ServerShared {
  readonly kind: 'stdio';
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly maxChildren: number;
}

export type ServerConfig = HttpServerConfig | StdioServerConfig;

/** Where clients reach the gateway: the public URL, or scheme, host and port. Without a final slash. */
export function gatewayUrl(listen: ListenConfig): string {
  if (listen.publicUrl !== null) return listen.publicUrl;
  const any = listen.host === '0.0.0.0' || listen.host === '::';
  const host = any ? 'localhost' : listen.host.includes(':') ? `[${listen.host}]` : listen.host;
  return `${listen.tls === null ? 'http' : 'https'}://${host}:${listen.port}`;
}

export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase();
  return bare === 'localhost' || bare === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(bare);
}
