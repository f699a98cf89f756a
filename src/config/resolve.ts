import { dirname, isAbsolute, join, resolve } from 'node:path';
import { AGENT_DEFAULTS, type PublicJwk } from '../model/agent.ts';
import { PERSON_DEFAULTS, type Person } from '../model/person.ts';
import { type ApprovalWords, parseTemplate } from '../model/sentence.ts';
import type { Template } from '../model/template.ts';
import type { Config, ConfiguredAgent, ServerConfig, StoreConfig, ToolOverride } from './config.ts';
import { resolveApprovals } from './schema/approvals/approvals.ts';
import { resolveNotify } from './schema/approvals/notify.ts';
import { resolveConsole } from './schema/console/console.ts';
import { resolveCredentials, resolveVault } from './schema/credentials.ts';
import { resolveConnections } from './schema/delegation/connections.ts';
import { DEFAULT_LIMITS, type Limits } from './schema/limits.ts';
import { type OAuthConfig, resolveOAuth } from './schema/oauth.ts';
import { resolvePermissions } from './schema/permissions.ts';
import { resolveLeaving, resolveScim } from './schema/scim.ts';
import { resolveActionCredential, SERVER_DEFAULTS } from './schema/server.ts';
import { resolveSignIn } from './schema/sign-in.ts';
import { type ConfigFile, DEFAULTS } from './schema.ts';
import type { Finding, Path } from './source/problem.ts';
import { expandSecrets } from './source/secrets.ts';

export interface Resolved {
  readonly config: Config;
  readonly findings: readonly Finding[];
  /** Secret files that were read. */
  readonly files: readonly string[];
}

/** PEM texts by the name of the key in `listen.tls`. */
export type TlsTexts = { readonly cert: string; readonly key: string } | null;

/**
 * Fills in defaults, makes paths absolute and replaces references. `raw` must satisfy the schema. Relative paths start at
 * the directory of the configuration file, so that it means the same from wherever it is started.
 */
export function resolveConfig(
  raw: ConfigFile,
  file: string,
  outside: { readonly env: Readonly<Record<string, string | undefined>>; readonly tls: TlsTexts },
): Resolved {
  const baseDir = dirname(file);
  const findings: Finding[] = [];
  const files: string[] = [];
  const secret = (text: string, path: Path): string => {
    const expanded = expandSecrets(text, path, { env: outside.env, baseDir });
    findings.push(...expanded.findings);
    files.push(...expanded.files);
    return expanded.text;
  };
  const absolute = (path: string): string => (isAbsolute(path) ? path : resolve(baseDir, path));
  const dataDir = absolute(raw.data ?? DEFAULTS.data);
  const limits: Limits = { ...DEFAULT_LIMITS, ...raw.limits };
  const allowStaticTokens = raw.development?.allowStaticTokens ?? false;

  const config: Config = {
    file,
    listen: resolveListen(raw, outside.tls),
    dataDir,
    store: resolveStore(raw, dataDir, secret),
    vault: resolveVault(raw.vault, baseDir),
    admin: { socket: raw.admin?.socket === undefined ? join(dataDir, 'admin.sock') : absolute(raw.admin.socket) },
    people: Object.entries(raw.people ?? {}).map(resolvePerson),
    agents: Object.entries(raw.agents).map(([id, agent]) => resolveAgent(id, agent, allowStaticTokens)),
    templates: Object.entries(raw.templates ?? {}).map(resolveTemplate),
    development: { allowStaticTokens, anonymousAgent: raw.development?.anonymousAgent ?? null },
    servers: Object.entries(raw.servers).map(([id, server]) =>
      resolveServer(id, server, { limits, baseDir, absolute, secret }),
    ),
    policiesDir: absolute(raw.policies ?? DEFAULTS.policies),
    limits,
    connections: resolveConnections(raw.connections),
    oauth: resolveOAuthSecrets(raw, secret, baseDir),
    signIn: resolveSignIn(raw.signIn, secret),
    console: resolveConsole(raw.console),
    permissions: resolvePermissions(raw.permissions, { absolute, secret }),
    scim: resolveScim(raw.scim, { secret, findings }),
    leaving: resolveLeaving(raw.identity),
    ...resolveOperations(raw, dataDir),
    approvals: {
      ...resolveApprovals(raw.approvals),
      notify: resolveNotify(raw.approvals?.notify, { secret, findings }),
    },
  };
  const { modelFile = null, tuplesFile = null } = config.permissions ?? {};
  files.push(...[modelFile, tuplesFile].filter((path) => path !== null));
  return { config, findings, files };
}

function resolveListen(raw: ConfigFile, tls: TlsTexts): Config['listen'] {
  return {
    host: raw.listen?.host ?? DEFAULTS.host,
    port: raw.listen?.port ?? DEFAULTS.port,
    tls,
    allowedHosts: raw.listen?.allowedHosts ?? [],
    allowedOrigins: raw.listen?.allowedOrigins ?? [],
    publicUrl: raw.listen?.publicUrl?.replace(/\/$/, '') ?? null,
  };
}

type Secret = (text: string, path: Path) => string;

function resolveStore(raw: ConfigFile, dataDir: string, secret: Secret): StoreConfig {
  if (raw.store?.kind === 'postgres') return { kind: 'postgres', url: secret(raw.store.url, ['store', 'url']) };
  return { kind: 'sqlite', file: join(dataDir, 'interlock.db') };
}

function resolveOAuthSecrets(raw: ConfigFile, secret: Secret, baseDir: string): OAuthConfig {
  const token = raw.oauth?.clients?.registration?.initialAccessToken;
  const path: Path = ['oauth', 'clients', 'registration', 'initialAccessToken'];
  return resolveOAuth(raw.oauth, token === undefined ? null : secret(token, path), baseDir);
}

type RawPerson = NonNullable<ConfigFile['people']>[string];

function resolvePerson([id, person]: [string, RawPerson]): Person {
  return {
    ...PERSON_DEFAULTS,
    id,
    userName: id,
    name: person.name,
    email: person.email ?? null,
    department: person.department ?? null,
    groups: person.groups ?? [],
  };
}

export function resolveAgent(
  id: string,
  raw: ConfigFile['agents'][string],
  allowStaticTokens: boolean,
): ConfiguredAgent {
  return {
    ...AGENT_DEFAULTS,
    id,
    name: raw.name,
    owner: raw.owner,
    purpose: raw.purpose,
    archetype: raw.archetype,
    riskTier: raw.riskTier,
    department: raw.department ?? null,
    groups: raw.groups ?? [],
    keys: (raw.keys ?? []) as readonly PublicJwk[],
    servers: raw.servers ?? null,
    deputies: raw.deputies ?? [],
    scopes: raw.scopes ?? null,
    expiresAtMs: raw.expires === undefined ? null : Date.parse(raw.expires),
    state: raw.state ?? 'active',
    template: raw.template ?? null,
    workloads: raw.workloads ?? [],
    clients: raw.clients ?? [],
    redirectUris: raw.redirectUris ?? [],
    backchannel:
      raw.backchannel === undefined
        ? null
        : { mode: raw.backchannel.mode, notificationEndpoint: raw.backchannel.notificationEndpoint ?? null },
    staticTokenSha256:
      allowStaticTokens && raw.staticToken !== undefined ? base64urlDigest(raw.staticToken.sha256) : null,
  };
}

type RawTemplate = NonNullable<ConfigFile['templates']>[string];

export function resolveTemplate([id, raw]: [string, RawTemplate]): Template {
  return {
    id,
    description: raw.description ?? '',
    archetype: raw.archetype,
    riskTier: raw.riskTier,
    groups: raw.groups ?? [],
    servers: raw.servers ?? null,
    scopes: raw.scopes ?? null,
    lifetimeMs: raw.lifetimeDays === undefined ? null : raw.lifetimeDays * 86_400_000,
    reviewers: raw.reviewers ?? [],
    required: raw.required ?? [],
    admits: raw.admits ?? 'no',
    origin: 'configuration',
  };
}

/** `sha256sum` prints hex, `openssl` and Node can print base64url: both are accepted, one form goes on. */
function base64urlDigest(text: string): string {
  return text.length === 64 ? Buffer.from(text, 'hex').toString('base64url') : text;
}

type RawTool = NonNullable<ConfigFile['servers'][string]['tools']>[string];

/** A sentence that cannot be read is a finding of `checkSentences`. */
function resolveTool({ approval, ...labels }: RawTool): ToolOverride {
  const words = approval === undefined ? null : readWords(approval);
  return { ...(labels as ToolOverride), ...(words === null ? {} : { approval: words }) };
}

function readWords({ sentence, touches, undo }: NonNullable<RawTool['approval']>): ApprovalWords | null {
  const says = parseTemplate(sentence);
  const about = touches === undefined ? null : parseTemplate(touches);
  if (!says.ok || about?.ok === false) return null;
  return { sentence: says.template, touches: about?.template ?? null, undo: undo ?? null };
}

interface ServerContext {
  readonly limits: Limits;
  readonly baseDir: string;
  readonly absolute: (path: string) => string;
  readonly secret: Secret;
}

function resolveServer(id: string, raw: ConfigFile['servers'][string], context: ServerContext): ServerConfig {
  const serverUrl = 'url' in raw ? raw.url : null;
  const shared = {
    id,
    credentials: resolveCredentials(raw.credentials, { serverUrl, baseDir: context.baseDir }),
    actionCredential: resolveActionCredential(raw.actionCredential, { id, url: serverUrl }),
    risk: raw.risk ?? SERVER_DEFAULTS.risk,
    environment: raw.environment ?? null,
    timeoutMs: raw.timeoutMs ?? context.limits.requestTimeoutMs,
    trust: raw.trust ?? SERVER_DEFAULTS.trust,
    tools: new Map(Object.entries(raw.tools ?? {}).map(([name, tool]) => [name, resolveTool(tool)])),
  };
  const expand = (field: 'headers' | 'env', values: Readonly<Record<string, string>> = {}): Record<string, string> =>
    Object.fromEntries(Object.entries(values).map(([k, v]) => [k, context.secret(v, ['servers', id, field, k])]));
  if ('url' in raw) return { ...shared, kind: 'http', url: raw.url, headers: expand('headers', raw.headers) };
  return {
    ...shared,
    kind: 'stdio',
    command: raw.command,
    args: raw.args ?? [],
    env: expand('env', raw.env),
    cwd: raw.cwd === undefined ? context.baseDir : context.absolute(raw.cwd),
    maxChildren: raw.maxChildren ?? SERVER_DEFAULTS.maxChildren,
  };
}

function resolveOperations(
  raw: ConfigFile,
  dataDir: string,
): Pick<Config, 'journal' | 'tokens' | 'log' | 'metrics' | 'telemetry'> {
  const metrics = raw.metrics?.listen;
  return {
    journal: {
      ...DEFAULTS.journal,
      ...raw.journal,
      dir: join(dataDir, 'journal'),
      retentionDays: raw.journal?.retentionDays ?? null,
    },
    tokens: { ...DEFAULTS.tokens, ...raw.tokens },
    log: { ...DEFAULTS.log, ...raw.log },
    metrics: {
      enabled: raw.metrics?.enabled ?? true,
      listen: metrics === undefined ? null : { host: metrics.host ?? DEFAULTS.host, port: metrics.port },
    },
    telemetry: { otlpEndpoint: raw.telemetry?.otlpEndpoint ?? null },
  };
}
