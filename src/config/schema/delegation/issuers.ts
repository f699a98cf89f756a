import { resolve } from 'node:path';
import { type Static, Type } from 'typebox';
import type { PublicJwk } from '../../../model/agent.ts';
import type { IssuerKeySource, TrustedIssuer } from '../../../model/issuer.ts';
import { ID_PATTERN, PublicJwkSchema } from '../identity.ts';

const closed = { additionalProperties: false } as const;
const url = (description: string) => Type.String({ pattern: '^https?://[^?#\\s]+$', maxLength: 1000, description });
const texts = (description: string) =>
  Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 1000 }), {
      maxItems: 100,
      uniqueItems: true,
      default: [],
      description,
    }),
  );

export const ISSUER_DEFAULTS = { maxLifetimeMs: 3_600_000 } as const;

export const IssuerSchema = Type.Object(
  {
    issuer: Type.String({
      pattern: '^(https?|spiffe)://[^?#\\s]+$',
      maxLength: 1000,
      description: '`iss`, exactly as it is written there; for JWT-SVIDs the trust domain, spiffe://example.org.',
    }),
    enabled: Type.Optional(Type.Boolean({ default: true, description: 'false: nothing of it is believed.' })),
    proves: Type.Array(Type.Enum(['workload', 'id-jag']), {
      minItems: 1,
      uniqueItems: true,
      description: 'What it is believed about: workloads (agents list them under `workloads`), or people (ID-JAG).',
    }),
    jwksUri: Type.Optional(url('Where its keys are. Left out with `keys` and `keysFile`: its metadata says.')),
    keysFile: Type.Optional(
      Type.String({ minLength: 1, description: 'JWK set or SPIFFE bundle; read again when it misses a key.' }),
    ),
    keys: Type.Optional(Type.Array(PublicJwkSchema, { minItems: 1, maxItems: 20, description: 'Its public keys.' })),
    audiences: texts('Values accepted as `aud` of a workload token, besides the token endpoint and our issuer.'),
    maxLifetimeMs: Type.Optional(
      Type.Integer({
        minimum: 10_000,
        maximum: 86_400_000,
        default: ISSUER_DEFAULTS.maxLifetimeMs,
        description: 'How far ahead its assertions may expire.',
      }),
    ),
    singleUse: Type.Optional(
      Type.Boolean({
        default: true,
        description: 'Each assertion is good once. false where workloads keep a token until it expires.',
      }),
    ),
    person: Type.Optional(
      Type.Enum(['aud-sub', 'sub', 'email'], {
        default: 'aud-sub',
        description:
          'How its ID-JAGs name a person: our id in aud_sub; sub, as our id or SCIM externalId; or e-mail address.',
      }),
    ),
  },
  { ...closed, description: 'Somebody whose word about workloads or people is believed.' },
);

export const IdentityAssertionSchema = Type.Object(
  {
    agent: Type.String({ pattern: ID_PATTERN, description: 'Agent that may carry a person’s identity there.' }),
    audience: url('Issuer of the authorization server it is for.'),
    clientId: Type.String({ minLength: 1, maxLength: 500, description: 'What the agent is called there.' }),
    resources: texts('Resources there it may ask for.'),
    scopes: texts('The most it may ask for there, in that server’s words.'),
  },
  { ...closed, description: 'ID-JAGs this gateway issues as the identity provider.' },
);

type RawIssuer = Static<typeof IssuerSchema>;

export function resolveIssuers(
  raw: Readonly<Record<string, RawIssuer>> | undefined,
  baseDir: string,
): readonly TrustedIssuer[] {
  return Object.values(raw ?? {}).map((one) => ({
    issuer: one.issuer,
    enabled: one.enabled ?? true,
    proves: one.proves,
    keys: keysOf(one, baseDir),
    audiences: one.audiences ?? [],
    maxLifetimeMs: one.maxLifetimeMs ?? ISSUER_DEFAULTS.maxLifetimeMs,
    singleUse: one.singleUse ?? true,
    person: one.person ?? 'aud-sub',
  }));
}

function keysOf({ keys, keysFile, jwksUri }: RawIssuer, baseDir: string): IssuerKeySource {
  if (keys !== undefined) return { kind: 'inline', keys: keys as readonly PublicJwk[] };
  if (keysFile !== undefined) return { kind: 'file', path: resolve(baseDir, keysFile) };
  return jwksUri === undefined ? { kind: 'discovery' } : { kind: 'url', url: jwksUri };
}

export type IdentityAssertion = Required<Static<typeof IdentityAssertionSchema>>;

export function resolveIdentityAssertions(
  raw: readonly Static<typeof IdentityAssertionSchema>[] | undefined,
): readonly IdentityAssertion[] {
  return (raw ?? []).map((one) => ({ ...one, resources: one.resources ?? [], scopes: one.scopes ?? [] }));
}
