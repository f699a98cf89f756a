import { type Static, Type } from 'typebox';
import type { TrustedIssuer } from '../../model/issuer.ts';
import {
  type IdentityAssertion,
  IdentityAssertionSchema,
  IssuerSchema,
  resolveIdentityAssertions,
  resolveIssuers,
} from './delegation/issuers.ts';
import { ID_PATTERN } from './identity.ts';

const closed = { additionalProperties: false } as const;
const DAY_MS = 86_400_000;
const HOST = '^(\\*\\.)?[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$';

export const OAUTH_DEFAULTS = {
  unregistered: 'refuse',
  basicRights: ['read'],
  consentDays: 30,
  refreshDays: 14,
  keyRotationDays: 90,
  backchannel: { expireSeconds: 300, maxExpireSeconds: 3_600, intervalSeconds: 5, perMinute: 10 },
} as const;

const hosts = (description: string) =>
  Type.Optional(Type.Array(Type.String({ pattern: HOST }), { maxItems: 200, uniqueItems: true, description }));
const days = (maximum: number, fallback: number, description: string) =>
  Type.Optional(Type.Integer({ minimum: 1, maximum, default: fallback, description }));

const ClientsSchema = Type.Object(
  {
    unregistered: Type.Optional(
      Type.Enum(['refuse', 'per-user'], {
        default: OAUTH_DEFAULTS.unregistered,
        description:
          'A client no agent lists under `clients`: refuse it, or register an agent for each person who consents, owned by that person.',
      }),
    ),
    documents: Type.Optional(
      Type.Object(
        {
          enabled: Type.Optional(Type.Boolean({ default: true, description: 'Accept URLs as client ids.' })),
          hosts: hosts('Hosts such a URL may be on; `*.example.com` for those below. Left out: any public host.'),
        },
        { ...closed, description: 'Clients whose id is the URL of their metadata (Client ID Metadata Documents).' },
      ),
    ),
    registration: Type.Optional(
      Type.Object(
        {
          enabled: Type.Optional(Type.Boolean({ default: false, description: 'Let clients register themselves.' })),
          initialAccessToken: Type.Optional(
            Type.String({
              minLength: 1,
              description: 'They must present this token. ${NAME} and ${file:/path} are replaced.',
            }),
          ),
          redirectHosts: hosts(
            'Hosts their redirect URIs may be on, besides loopback addresses. Left out: any https address, and app schemes.',
          ),
        },
        { ...closed, description: 'Dynamic client registration (RFC 7591).' },
      ),
    ),
  },
  { ...closed, description: 'Which programs may ask people to sign in.' },
);

const seconds = (minimum: number, maximum: number, of: { readonly default: number; readonly description: string }) =>
  Type.Optional(Type.Integer({ minimum, maximum, ...of }));

const { backchannel: BACKCHANNEL } = OAUTH_DEFAULTS;
const BackchannelSchema = Type.Object(
  {
    expireSeconds: seconds(10, 86_400, {
      default: BACKCHANNEL.expireSeconds,
      description: 'How long a person has to answer when the agent names no time.',
    }),
    maxExpireSeconds: seconds(10, 86_400, {
      default: BACKCHANNEL.maxExpireSeconds,
      description: 'The longest an agent may ask for (`requested_expiry`).',
    }),
    intervalSeconds: seconds(1, 60, {
      default: BACKCHANNEL.intervalSeconds,
      description: 'How long an agent waits between two looks.',
    }),
    perMinute: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 100,
        default: BACKCHANNEL.perMinute,
        description: 'Requests one agent may make of one person in a minute.',
      }),
    ),
  },
  { ...closed, description: 'Agents asking people beforehand, without a browser (OpenID Connect CIBA).' },
);

export const OAuthSchema = Type.Object(
  {
    clients: Type.Optional(ClientsSchema),
    basicRights: Type.Optional(
      Type.Array(Type.Enum(['read', 'write', 'destructive', 'external', 'credential', 'all']), {
        minItems: 1,
        uniqueItems: true,
        default: [...OAUTH_DEFAULTS.basicRights],
        description:
          'Rights a client is told to ask for first, and gets when it names none. The rest it asks for when it needs it.',
      }),
    ),
    consentDays: days(365, OAUTH_DEFAULTS.consentDays, 'The longest a person’s consent may last.'),
    refreshDays: days(365, OAUTH_DEFAULTS.refreshDays, 'A refresh token that is not used for so long is good no more.'),
    keyRotationDays: Type.Optional(
      Type.Union([Type.Integer({ minimum: 1, maximum: 3650 }), Type.Null()], {
        default: OAUTH_DEFAULTS.keyRotationDays,
        description: 'How often the signing key is replaced. null: only by `interlock keys rotate`.',
      }),
    ),
    issuers: Type.Optional(
      Type.Record(Type.String({ pattern: ID_PATTERN }), IssuerSchema, {
        ...closed,
        default: {},
        description: 'Issuers whose workload tokens or ID-JAGs are taken, by a name of your own.',
      }),
    ),
    identityAssertions: Type.Optional(
      Type.Array(IdentityAssertionSchema, {
        maxItems: 200,
        default: [],
        description: 'To which authorization servers agents may carry people’s identity (ID-JAG). Left out: none.',
      }),
    ),
    backchannel: Type.Optional(BackchannelSchema),
    trustedOrigins: Type.Optional(
      Type.Array(Type.String({ pattern: '^https?://[^/?#]+$' }), {
        maxItems: 100,
        uniqueItems: true,
        default: [],
        description:
          'Origins that may be fetched although they are private, loopback or http: your own identity provider, a client document on the intranet.',
      }),
    ),
  },
  { ...closed, description: 'People signing in to let agents act for them.' },
);

export interface OAuthConfig {
  readonly unregistered: 'refuse' | 'per-user';
  /** `hosts: null`: any. */
  readonly documents: { readonly enabled: boolean; readonly hosts: readonly string[] | null };
  readonly registration: {
    readonly enabled: boolean;
    readonly initialAccessToken: string | null;
    readonly redirectHosts: readonly string[] | null;
  };
  readonly basicRights: readonly string[];
  readonly consentMs: number;
  readonly refreshMs: number;
  /** `null`: only by hand. */
  readonly keyRotationMs: number | null;
  readonly backchannel: {
    readonly expireMs: number;
    readonly maxExpireMs: number;
    readonly intervalMs: number;
    readonly perMinute: number;
  };
  readonly trustedOrigins: readonly string[];
  readonly issuers: readonly TrustedIssuer[];
  readonly identityAssertions: readonly IdentityAssertion[];
}

/** `token` is the initial access token with its references replaced. */
export function resolveOAuth(
  raw: Static<typeof OAuthSchema> | undefined,
  token: string | null,
  baseDir = '.',
): OAuthConfig {
  const { unregistered, documents, registration } = raw?.clients ?? {};
  const rotation = raw?.keyRotationDays === undefined ? OAUTH_DEFAULTS.keyRotationDays : raw.keyRotationDays;
  return {
    unregistered: unregistered ?? OAUTH_DEFAULTS.unregistered,
    documents: { enabled: documents?.enabled ?? true, hosts: documents?.hosts ?? null },
    registration: {
      enabled: registration?.enabled ?? false,
      initialAccessToken: token,
      redirectHosts: registration?.redirectHosts ?? null,
    },
    basicRights: raw?.basicRights ?? OAUTH_DEFAULTS.basicRights,
    consentMs: (raw?.consentDays ?? OAUTH_DEFAULTS.consentDays) * DAY_MS,
    refreshMs: (raw?.refreshDays ?? OAUTH_DEFAULTS.refreshDays) * DAY_MS,
    keyRotationMs: rotation === null ? null : rotation * DAY_MS,
    backchannel: resolveBackchannel(raw?.backchannel),
    trustedOrigins: raw?.trustedOrigins ?? [],
    issuers: resolveIssuers(raw?.issuers, baseDir),
    identityAssertions: resolveIdentityAssertions(raw?.identityAssertions),
  };
}

function resolveBackchannel(raw: Static<typeof BackchannelSchema> | undefined): OAuthConfig['backchannel'] {
  const { expireSeconds, maxExpireSeconds, intervalSeconds, perMinute } = { ...BACKCHANNEL, ...raw };
  const maxExpireMs = maxExpireSeconds * 1000;
  const expireMs = Math.min(expireSeconds * 1000, maxExpireMs);
  return { expireMs, maxExpireMs, intervalMs: intervalSeconds * 1000, perMinute };
}
