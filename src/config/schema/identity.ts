import { Type } from 'typebox';

/** Ids of servers, agents and people: short, lower case, safe in URLs, file names, Cedar and shells. */
export const ID_PATTERN = '^[a-z][a-z0-9-]{0,31}$';

const closed = { additionalProperties: false } as const;
const text = (description: string) => Type.String({ minLength: 1, maxLength: 500, description });
const groups = (description: string) =>
  Type.Optional(
    Type.Array(Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$' }), {
      maxItems: 100,
      uniqueItems: true,
      default: [],
      description,
    }),
  );

export const PersonSchema = Type.Object(
  {
    name: text('Full name, as approvers and records show it.'),
    email: Type.Optional(
      Type.String({ pattern: '^[^@\\s]+@[^@\\s]+$', maxLength: 254, description: 'Where this person is reached.' }),
    ),
    department: Type.Optional(text('Department, readable by policies.')),
    groups: groups('Groups a policy can test with `in Group::"…"`.'),
  },
  { ...closed, description: 'A human who owns agents or answers approvals.' },
);

/** Public members only (RFC 7517, RFC 7518, RFC 8037). Private members are refused by name in the semantic checks. */
export const PublicJwkSchema = Type.Object(
  {
    kty: Type.Enum(['OKP', 'EC', 'RSA'], { description: 'Key type.' }),
    kid: Type.String({ minLength: 1, maxLength: 200, description: 'Key id; unique over all agents.' }),
    alg: Type.Optional(
      Type.Enum(['EdDSA', 'Ed25519', 'ES256', 'ES384', 'PS256', 'RS256'], { description: 'Signature algorithm.' }),
    ),
    use: Type.Optional(Type.Enum(['sig'], { description: 'Signatures only.' })),
    crv: Type.Optional(Type.Enum(['Ed25519', 'P-256', 'P-384'], { description: 'Curve, for OKP and EC.' })),
    x: Type.Optional(Type.String({ description: 'X coordinate or Ed25519 public key, base64url.' })),
    y: Type.Optional(Type.String({ description: 'Y coordinate, base64url.' })),
    n: Type.Optional(Type.String({ description: 'RSA modulus, base64url; at least 2048 bits.' })),
    e: Type.Optional(Type.String({ description: 'RSA exponent, base64url.' })),
  },
  { ...closed, description: 'A public key as JWK. `interlock agents add` makes the pair and writes this part.' },
);

const SCOPE = '^(\\*|[a-z][a-z0-9-]{0,31}):(read|write|destructive|external|credential|all)$';
const scopes = (description: string) =>
  Type.Optional(Type.Array(Type.String({ pattern: SCOPE }), { maxItems: 200, uniqueItems: true, description }));
const people = (description: string) =>
  Type.Optional(
    Type.Array(Type.String({ pattern: ID_PATTERN }), { maxItems: 50, uniqueItems: true, default: [], description }),
  );
const uris = (description: string) =>
  Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 1000 }), {
      maxItems: 50,
      uniqueItems: true,
      default: [],
      description,
    }),
  );

/** What agents of one class may have at most. */
export const TemplateSchema = Type.Object(
  {
    description: Type.Optional(text('What this class of agents is for.')),
    archetype: Type.Enum(['homegrown', 'saas', 'developer_tool'], { description: 'Where its agents come from.' }),
    riskTier: Type.Enum(['low', 'medium', 'high', 'critical'], { description: 'The least tier of its agents.' }),
    groups: groups('The only groups its agents may be in.'),
    servers: Type.Optional(
      Type.Array(Type.String({ pattern: ID_PATTERN }), {
        uniqueItems: true,
        description: 'The only servers. Left out: any.',
      }),
    ),
    scopes: scopes('The most its agents may be granted. Left out: anything.'),
    lifetimeDays: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 3650, description: 'Longest life of its agents. Left out: no end needed.' }),
    ),
    reviewers: people('The only people who approve its agents. Empty: anybody but the requester.'),
    required: Type.Optional(
      Type.Array(Type.Enum(['department', 'deputies', 'expiresAtMs', 'keys', 'workloads', 'servers', 'scopes']), {
        uniqueItems: true,
        default: [],
        description: 'Fields that must not be empty.',
      }),
    ),
    admits: Type.Optional(
      Type.Enum(['no', 'requested', 'active'], {
        default: 'no',
        description: 'Whether a person who signs in with an unknown OAuth client gets such an agent for it.',
      }),
    ),
  },
  { ...closed, description: 'The most that agents of one class may have.' },
);

const BackchannelSchema = Type.Object(
  {
    mode: Type.Enum(['poll', 'ping'], { description: 'It comes back and asks, or is told to come back.' }),
    notificationEndpoint: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 1000,
        description: 'Where it is told, in mode ping: https; a private address also needs oauth.trustedOrigins.',
      }),
    ),
  },
  {
    ...closed,
    description: 'It may ask people beforehand, without a browser (OpenID Connect CIBA). Left out: it may not.',
  },
);

export const AgentSchema = Type.Object(
  {
    name: text('Name people read.'),
    owner: Type.String({ pattern: ID_PATTERN, description: 'The person (a key of `people`) who answers for it.' }),
    purpose: text('What it is for, in one sentence. Shown to approvers and recorded with every call.'),
    archetype: Type.Enum(['homegrown', 'saas', 'developer_tool'], { description: 'Where it comes from.' }),
    riskTier: Type.Enum(['low', 'medium', 'high', 'critical'], { description: 'How much harm it could do.' }),
    department: Type.Optional(text('Department, readable by policies.')),
    groups: groups('Groups a policy can test with `in AgentGroup::"…"`.'),
    servers: Type.Optional(
      Type.Array(Type.String({ pattern: ID_PATTERN }), {
        uniqueItems: true,
        description: 'Servers it may connect to at all. Left out: policy alone decides.',
      }),
    ),
    deputies: people('People (keys of `people`) who may act for the owner.'),
    scopes: scopes('The most it may ever be granted: `<server>:<right>`. Left out: policy alone decides.'),
    expires: Type.Optional(
      Type.String({
        pattern: '^\\d{4}-\\d{2}-\\d{2}(T\\d{2}:\\d{2}(:\\d{2})?Z)?$',
        description: 'From then on it may not act: a date or a time in UTC, e.g. 2027-06-30. Left out: no end.',
      }),
    ),
    state: Type.Optional(
      Type.Enum(['active', 'suspended'], { default: 'active', description: 'A suspended agent is refused.' }),
    ),
    template: Type.Optional(
      Type.String({ pattern: ID_PATTERN, description: 'A key of `templates`; it must not exceed it.' }),
    ),
    workloads: Type.Optional(
      Type.Array(
        Type.Object(
          {
            issuer: Type.String({
              minLength: 1,
              maxLength: 1000,
              description: 'Issuer of the workload token, exactly.',
            }),
            subject: Type.String({ minLength: 1, maxLength: 1000, description: 'Its subject, exactly; a SPIFFE id.' }),
          },
          { ...closed, description: 'A workload identity that proves it.' },
        ),
        { maxItems: 20, default: [], description: 'Workload identities that prove it.' },
      ),
    ),
    clients: uris('OAuth clients that act as it when a person signs in: https URLs of client metadata, or client ids.'),
    redirectUris: uris('Redirect URIs when it is itself an OAuth client.'),
    backchannel: Type.Optional(BackchannelSchema),
    keys: Type.Optional(
      Type.Array(PublicJwkSchema, { maxItems: 10, default: [], description: 'Public keys that prove it.' }),
    ),
    staticToken: Type.Optional(
      Type.Object(
        {
          sha256: Type.String({
            pattern: '^([A-Za-z0-9_-]{43}|[0-9a-f]{64})$',
            description: 'SHA-256 of the token, as base64url (43 characters) or lower-case hex (64).',
          }),
        },
        { ...closed, description: 'Development only; loads only with development.allowStaticTokens. Never proof.' },
      ),
    ),
  },
  { ...closed, description: 'An agent: who it is, who answers for it, and the keys that prove it.' },
);
