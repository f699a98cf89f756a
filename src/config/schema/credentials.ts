import { isAbsolute, resolve } from 'node:path';
import { type Static, Type } from 'typebox';
import type { ClientSettings, CredentialSettings, Placement, SecretFrom } from '../../model/credential.ts';

const closed = { additionalProperties: false } as const;
const text = (description: string) => Type.String({ minLength: 1, maxLength: 2000, description });
const url = (description: string) => Type.String({ pattern: '^https?://', maxLength: 2000, description });

export const CREDENTIAL_DEFAULTS = {
  header: 'Authorization',
  template: 'Bearer {secret}',
  ttlMs: 300_000,
  timeoutMs: 10_000,
  subjectTokenType: 'urn:ietf:params:oauth:token-type:jwt',
} as const;

export const SecretFromSchema = Type.Union(
  [
    Type.Object({ file: text('File with the secret and nothing else; read again when it changes.') }, closed),
    Type.Object(
      {
        env: Type.String({
          pattern: '^[A-Za-z_][A-Za-z0-9_]*$',
          description: 'Variable of the gateway’s environment.',
        }),
      },
      closed,
    ),
    Type.Object(
      {
        command: Type.Array(Type.String({ maxLength: 8192 }), {
          minItems: 1,
          maxItems: 64,
          description: 'Program and arguments, run without a shell; its standard output is the secret.',
        }),
        ttlMs: Type.Optional(
          Type.Integer({
            minimum: 1_000,
            maximum: 86_400_000,
            default: CREDENTIAL_DEFAULTS.ttlMs,
            description: 'How long its output is used before it is run again.',
          }),
        ),
        timeoutMs: Type.Optional(
          Type.Integer({
            minimum: 100,
            maximum: 120_000,
            default: CREDENTIAL_DEFAULTS.timeoutMs,
            description: 'It is ended when it takes longer.',
          }),
        ),
      },
      closed,
    ),
  ],
  { description: 'Where a secret is read: a file, a variable, or a command.' },
);

const placement = {
  header: Type.Optional(
    Type.String({
      pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$",
      default: CREDENTIAL_DEFAULTS.header,
      description: 'HTTP servers: the header that carries it.',
    }),
  ),
  env: Type.Optional(
    Type.String({
      pattern: '^[A-Za-z_][A-Za-z0-9_]{0,127}$',
      description: 'stdio servers: the variable that carries it.',
    }),
  ),
  template: Type.Optional(
    Type.String({
      pattern: '\\{secret\\}',
      maxLength: 500,
      description:
        'What is sent; {secret} is replaced. Default: "Bearer {secret}" in a header, "{secret}" in a variable.',
    }),
  ),
};

const clientShape = {
  issuer: Type.Optional(
    url(
      'Issuer of the authorization server (RFC 8414). Left out: the one the server names (RFC 9728), where there is one.',
    ),
  ),
  tokenEndpoint: Type.Optional(url('Its token endpoint, when it publishes no metadata.')),
  clientId: text('What this gateway is registered as there.'),
  clientAuth: Type.Optional(
    Type.Enum(['private_key_jwt', 'client_secret_basic', 'client_secret_post', 'none'], {
      default: 'private_key_jwt',
      description:
        'How the gateway proves itself: with its own key (registered there by its /oauth/jwks), a secret, or not at all.',
    }),
  ),
  clientSecret: Type.Optional(SecretFromSchema),
};
const scope = Type.Optional(text('Scopes to ask for, separated by spaces.'));
const resource = Type.Optional(url('RFC 8707 resource to ask for.'));

const InjectSchema = Type.Object(
  { kind: Type.Literal('inject', { description: 'One secret for everybody.' }), from: SecretFromSchema, ...placement },
  closed,
);
const ExchangeSchema = Type.Object(
  {
    kind: Type.Literal('exchange', { description: 'Token exchange (RFC 8693) per user, agent and task.' }),
    ...clientShape,
    audience: Type.Optional(text('RFC 8693 audience to ask for.')),
    resource,
    scope,
    subjectTokenType: Type.Optional(
      Type.String({
        minLength: 1,
        default: CREDENTIAL_DEFAULTS.subjectTokenType,
        description: 'What the authorization server calls the token this gateway mints for it.',
      }),
    ),
    ...placement,
  },
  closed,
);
const IdJagSchema = Type.Object(
  {
    kind: Type.Literal('id-jag', {
      description: 'An assertion of the organisation’s identity provider, redeemed at the upstream.',
    }),
    idp: Type.Object(clientShape, { ...closed, description: 'The identity provider people sign in at.' }),
    ...clientShape,
    resource,
    scope,
    ...placement,
  },
  closed,
);
const OAuthSchema = Type.Object(
  {
    kind: Type.Literal('oauth', { description: 'Each person connects their own account at /connect/<server>.' }),
    ...clientShape,
    resource,
    scope,
    ...placement,
  },
  closed,
);

export const CredentialsSchema = Type.Union([InjectSchema, ExchangeSchema, IdJagSchema, OAuthSchema], {
  description: 'The credential that calls to this server carry. The agent never sees it.',
});

export const VaultSchema = Type.Object(
  { key: Type.Optional(SecretFromSchema) },
  {
    ...closed,
    description:
      'What is sealed with: 32 random bytes in base64 or hex, the newest on the first line. Left out: <data>/keys/vault.key, made at the first start.',
  },
);

export interface VaultConfig {
  /** `null`: the gateway's own file. */
  readonly key: SecretFrom | null;
}

export type RawCredentials = Static<typeof CredentialsSchema>;
type RawSecretFrom = Static<typeof SecretFromSchema>;
type RawClient = { [K in keyof typeof clientShape]?: Static<(typeof clientShape)[K]> };

export function resolveVault(raw: Static<typeof VaultSchema> | undefined, baseDir: string): VaultConfig {
  return { key: raw?.key === undefined ? null : secretFrom(raw.key, baseDir) };
}

/** `serverUrl`: `null` for a child process. Pure. */
export function resolveCredentials(
  raw: RawCredentials | undefined,
  { serverUrl, baseDir }: { readonly serverUrl: string | null; readonly baseDir: string },
): CredentialSettings | null {
  if (raw === undefined) return null;
  const shared = { placement: placementOf(raw, serverUrl) };
  if (raw.kind === 'inject') return { ...shared, kind: 'inject', from: secretFrom(raw.from, baseDir) };
  const asked = { resource: raw.resource ?? null, scope: raw.scope ?? null };
  const client = clientOf(raw, baseDir);
  switch (raw.kind) {
    case 'exchange': {
      const subjectTokenType = raw.subjectTokenType ?? CREDENTIAL_DEFAULTS.subjectTokenType;
      return { ...shared, ...asked, kind: 'exchange', client, audience: raw.audience ?? null, subjectTokenType };
    }
    case 'id-jag':
      return { ...shared, ...asked, kind: 'id-jag', client, idp: clientOf(raw.idp, baseDir) };
    case 'oauth':
      return { ...shared, ...asked, kind: 'oauth', client, resource: raw.resource ?? serverUrl };
  }
}

function placementOf(raw: RawCredentials, serverUrl: string | null): Placement {
  if (serverUrl === null) return { kind: 'env', name: raw.env ?? '', template: raw.template ?? '{secret}' };
  const name = raw.header ?? CREDENTIAL_DEFAULTS.header;
  return { kind: 'header', name, template: raw.template ?? CREDENTIAL_DEFAULTS.template };
}

function clientOf(raw: RawClient, baseDir: string): ClientSettings {
  return {
    issuer: raw.issuer ?? null,
    tokenEndpoint: raw.tokenEndpoint ?? null,
    clientId: raw.clientId ?? '',
    auth: raw.clientAuth ?? 'private_key_jwt',
    secret: raw.clientSecret === undefined ? null : secretFrom(raw.clientSecret, baseDir),
  };
}

function secretFrom(raw: RawSecretFrom, baseDir: string): SecretFrom {
  if ('file' in raw) return { kind: 'file', path: isAbsolute(raw.file) ? raw.file : resolve(baseDir, raw.file) };
  if ('env' in raw) return { kind: 'env', name: raw.env };
  const { ttlMs = CREDENTIAL_DEFAULTS.ttlMs, timeoutMs = CREDENTIAL_DEFAULTS.timeoutMs } = raw;
  return { kind: 'command', argv: raw.command, ttlMs, timeoutMs };
}
