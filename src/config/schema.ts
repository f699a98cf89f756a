import { type Static, Type } from 'typebox';
import { ApprovalsSchema } from './schema/approvals/approvals.ts';
import { ConsoleSchema } from './schema/console/console.ts';
import { VaultSchema } from './schema/credentials.ts';
import { ConnectionSchema } from './schema/delegation/connections.ts';
import { AgentSchema, ID_PATTERN, PersonSchema, TemplateSchema } from './schema/identity.ts';
import { LimitsSchema } from './schema/limits.ts';
import { OAuthSchema } from './schema/oauth.ts';
import { PermissionsSchema } from './schema/permissions.ts';
import { IdentitySchema, ScimSchema } from './schema/scim.ts';
import { ServerSchema } from './schema/server.ts';
import { SignInSchema } from './schema/sign-in.ts';

const closed = { additionalProperties: false } as const;
const id = Type.String({ pattern: ID_PATTERN });
const port = (options: { default?: number; description: string }) =>
  Type.Integer({ minimum: 0, maximum: 65_535, ...options });
const ms = (minimum: number, maximum: number, options: { default: number; description: string }) =>
  Type.Optional(Type.Integer({ minimum, maximum, ...options }));

/** Every default that is not a limit. The schema shows them, `resolve.ts` applies them. */
export const DEFAULTS = {
  host: '127.0.0.1',
  port: 7700,
  data: './.interlock',
  policies: './policies',
  journal: { segmentBytes: 33_554_432, checkpointIntervalMs: 900, minFreeBytes: 104_857_600, results: 'digest' },
  tokens: { ttlMs: 600_000, maxTtlMs: 3_600_000 },
  log: { level: 'info', format: 'auto' },
} as const;

const ListenSchema = Type.Object(
  {
    host: Type.Optional(Type.String({ minLength: 1, default: DEFAULTS.host, description: 'Address to listen on.' })),
    port: Type.Optional(port({ default: DEFAULTS.port, description: 'Port; 0 takes a free one.' })),
    tls: Type.Optional(
      Type.Object(
        {
          cert: Type.String({ minLength: 1, description: 'PEM file with the certificate chain.' }),
          key: Type.String({ minLength: 1, description: 'PEM file with the private key.' }),
        },
        { ...closed, description: 'Serve https. Paths are relative to this file.' },
      ),
    ),
    allowedHosts: Type.Optional(
      Type.Array(Type.String({ pattern: '^[A-Za-z0-9.:\\[\\]-]+$' }), {
        uniqueItems: true,
        default: [],
        description: 'Host header values accepted besides the loopback names, `host` and the host of `publicUrl`.',
      }),
    ),
    allowedOrigins: Type.Optional(
      Type.Array(Type.String({ pattern: '^https?://[^/]+$' }), {
        uniqueItems: true,
        default: [],
        description: 'Origins of web pages that may call the gateway. Default: none but its own.',
      }),
    ),
    publicUrl: Type.Optional(
      Type.String({
        pattern: '^https?://[^/?#]+/?$',
        description: 'How clients reach it, when that differs from host and port (a reverse proxy).',
      }),
    ),
  },
  { ...closed, description: 'Where agents connect.' },
);

const StoreSchema = Type.Union(
  [
    Type.Object({ kind: Type.Literal('sqlite', { description: 'A file in the data directory.' }) }, closed),
    Type.Object(
      {
        kind: Type.Literal('postgres', { description: 'A PostgreSQL server, for more than one gateway.' }),
        url: Type.String({ minLength: 1, description: 'postgres:// URL. ${NAME} and ${file:/path} are replaced.' }),
      },
      closed,
    ),
  ],
  { default: { kind: 'sqlite' }, description: 'Where locks, pins and approvals are kept.' },
);

const DevelopmentSchema = Type.Object(
  {
    allowStaticTokens: Type.Optional(
      Type.Boolean({ default: false, description: 'Let agents use `staticToken`. Every record says so.' }),
    ),
    anonymousAgent: Type.Optional(
      Type.String({
        pattern: ID_PATTERN,
        description: 'Callers without credentials are this agent. Loopback only, and only with allowStaticTokens.',
      }),
    ),
  },
  { ...closed, description: 'Conveniences that are never safe outside a developer’s machine.' },
);

const JournalSchema = Type.Object(
  {
    segmentBytes: Type.Optional(
      Type.Integer({
        minimum: 65_536,
        maximum: 1_073_741_824,
        default: DEFAULTS.journal.segmentBytes,
        description: 'Size at which a new segment file is started.',
      }),
    ),
    retentionDays: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 36_500, description: 'Older segments are removed. Left out: kept forever.' }),
    ),
    checkpointIntervalMs: ms(100, 60_000, {
      default: DEFAULTS.journal.checkpointIntervalMs,
      description: 'At most this long between signed checkpoints while records arrive.',
    }),
    minFreeBytes: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: Number.MAX_SAFE_INTEGER,
        default: DEFAULTS.journal.minFreeBytes,
        description: 'Below this much free disk, calls are refused before the disk is full.',
      }),
    ),
    results: Type.Optional(
      Type.Enum(['digest', 'keep'], {
        default: DEFAULTS.journal.results,
        description:
          'What a record holds of what the agent was answered: its digest, or all of it up to 16,384 characters. ' +
          'Data that no record holds as an argument is not held as a result either.',
      }),
    ),
  },
  { ...closed, description: 'The record of every call, in <data>/journal.' },
);

const OperationsSchemas = {
  log: Type.Optional(
    Type.Object(
      {
        level: Type.Optional(
          Type.Enum(['debug', 'info', 'warn', 'error'], {
            default: DEFAULTS.log.level,
            description: 'Least severity shown.',
          }),
        ),
        format: Type.Optional(
          Type.Enum(['auto', 'json', 'pretty'], {
            default: DEFAULTS.log.format,
            description: 'auto: pretty on a terminal, JSON lines elsewhere.',
          }),
        ),
      },
      { ...closed, description: 'The gateway’s own log, on stderr. Not the journal.' },
    ),
  ),
  metrics: Type.Optional(
    Type.Object(
      {
        enabled: Type.Optional(Type.Boolean({ default: true, description: 'Serve Prometheus metrics at /metrics.' })),
        listen: Type.Optional(
          Type.Object(
            {
              host: Type.Optional(Type.String({ minLength: 1, default: DEFAULTS.host, description: 'Address.' })),
              port: port({ description: 'Port.' }),
            },
            { ...closed, description: 'A port of its own. Left out: only on the admin socket.' },
          ),
        ),
      },
      { ...closed, description: 'Prometheus metrics.' },
    ),
  ),
  telemetry: Type.Optional(
    Type.Object(
      {
        otlpEndpoint: Type.Optional(
          Type.String({
            pattern: '^https?://',
            description: 'OTLP/HTTP traces endpoint. Left out: no traces are sent.',
          }),
        ),
      },
      { ...closed, description: 'OpenTelemetry traces; off by default.' },
    ),
  ),
};

/** The shape of `interlock.yaml`. Nothing unknown is accepted anywhere. */
export const ConfigSchema = Type.Object(
  {
    $schema: Type.Optional(Type.String({ description: 'Ignored; some editors look for the schema here.' })),
    listen: Type.Optional(ListenSchema),
    data: Type.Optional(
      Type.String({
        minLength: 1,
        default: DEFAULTS.data,
        description: 'Directory for journal, keys, store and socket.',
      }),
    ),
    store: Type.Optional(StoreSchema),
    vault: Type.Optional(VaultSchema),
    admin: Type.Optional(
      Type.Object(
        {
          socket: Type.Optional(Type.String({ minLength: 1, description: 'Unix socket; default <data>/admin.sock.' })),
        },
        { ...closed, description: 'How the command line reaches a running gateway.' },
      ),
    ),
    people: Type.Optional(
      Type.Record(Type.String({ pattern: ID_PATTERN }), PersonSchema, {
        ...closed,
        default: {},
        description: 'People by id.',
      }),
    ),
    templates: Type.Optional(
      Type.Record(id, TemplateSchema, { ...closed, default: {}, description: 'Classes of agents by id.' }),
    ),
    agents: Type.Record(id, AgentSchema, { ...closed, description: 'Agents by id.' }),
    development: Type.Optional(DevelopmentSchema),
    servers: Type.Record(id, ServerSchema, {
      ...closed,
      description: 'MCP servers by id: agents reach them at /mcp/<id>.',
    }),
    policies: Type.Optional(
      Type.String({ minLength: 1, default: DEFAULTS.policies, description: 'Folder of .cedar files.' }),
    ),
    approvals: Type.Optional(ApprovalsSchema),
    limits: Type.Optional(LimitsSchema),
    journal: Type.Optional(JournalSchema),
    tokens: Type.Optional(
      Type.Object(
        {
          ttlMs: ms(10_000, 86_400_000, {
            default: DEFAULTS.tokens.ttlMs,
            description: 'Life of a token the gateway mints for a registered key.',
          }),
          maxTtlMs: ms(10_000, 86_400_000, {
            default: DEFAULTS.tokens.maxTtlMs,
            description: 'Longest life accepted for a token or assertion an agent signs itself.',
          }),
        },
        { ...closed, description: 'Short-lived access tokens.' },
      ),
    ),
    connections: Type.Optional(
      Type.Record(Type.String({ pattern: ID_PATTERN }), ConnectionSchema, {
        ...closed,
        default: {},
        description: 'Which agent may hand work to which, by id.',
      }),
    ),
    oauth: Type.Optional(OAuthSchema),
    signIn: Type.Optional(SignInSchema),
    console: Type.Optional(ConsoleSchema),
    permissions: Type.Optional(PermissionsSchema),
    scim: Type.Optional(ScimSchema),
    identity: Type.Optional(IdentitySchema),
    ...OperationsSchemas,
  },
  { ...closed, title: 'Interlock configuration', description: 'interlock.yaml' },
);

export type ConfigFile = Static<typeof ConfigSchema>;

/** The JSON Schema editors use (`interlock.schema.json`), as text with a final line break. */
export function configJsonSchema(): string {
  const schema = { $schema: 'https://json-schema.org/draft/2020-12/schema', ...ConfigSchema };
  return `${JSON.stringify(schema, null, 2)}\n`;
}
