import { type Static, Type } from 'typebox';
import type { Finding, Path } from '../source/problem.ts';

const closed = { additionalProperties: false } as const;
const HASH = /^(?:[A-Za-z0-9_-]{43}|[0-9a-f]{64})$/;
const hash = Type.String({
  minLength: 1,
  maxLength: 500,
  description:
    'SHA-256 of a token, as `interlock scim token` prints it: base64url (43 characters) or lower-case hex (64). ${NAME} and ${file:/path} are replaced.',
});

export const ScimSchema = Type.Object(
  {
    tokenSha256: Type.Union([hash, Type.Array(hash, { minItems: 1, maxItems: 4 })], {
      description: 'The token the identity provider sends, as its digest. Several while one replaces the other.',
    }),
  },
  { ...closed, description: 'Provisioning of people and groups at /scim/v2 (SCIM 2.0). Left out: off.' },
);

export const IdentitySchema = Type.Object(
  {
    deprovision: Type.Optional(
      Type.Object(
        {
          tier: Type.Optional(
            Type.Enum(['pause', 'halt'], {
              default: 'halt',
              description:
                'What happens to calls under way of somebody who left: pause lets them finish, halt cuts them.',
            }),
          ),
        },
        { ...closed, description: 'When a person is deactivated or deleted.' },
      ),
    ),
    notify: Type.Optional(
      Type.Object(
        {
          webhook: Type.Optional(
            Type.String({
              pattern: '^https?://[^\\s]+$',
              maxLength: 2_000,
              description:
                'Told by POST, as JSON, when agents lose their owner. Repeated until it answers 2xx, for a week.',
            }),
          ),
        },
        { ...closed, description: 'Whom to tell.' },
      ),
    ),
  },
  { ...closed, description: 'What happens when people leave.' },
);

export interface ScimConfig {
  /** base64url. Empty: off. */
  readonly tokenHashes: readonly string[];
}

export interface LeavingConfig {
  readonly tier: 'pause' | 'halt';
  readonly webhook: string | null;
}

/** `secret` replaces references; what is then no digest is a finding. */
export function resolveScim(
  raw: Static<typeof ScimSchema> | undefined,
  { secret, findings }: { secret: (text: string, path: Path) => string; findings: Finding[] },
): ScimConfig {
  const written = raw === undefined ? [] : [raw.tokenSha256].flat();
  const tokenHashes = written.map((text, i) => {
    const path: Path = Array.isArray(raw?.tokenSha256) ? ['scim', 'tokenSha256', i] : ['scim', 'tokenSha256'];
    const found = secret(text, path).trim();
    if (found !== '' && !HASH.test(found)) {
      const message = 'scim.tokenSha256 is no SHA-256 digest';
      findings.push({ path, at: 'value', message, help: 'make a token and its digest with: interlock scim token' });
    }
    return found.length === 64 ? Buffer.from(found, 'hex').toString('base64url') : found;
  });
  return { tokenHashes: tokenHashes.filter((each) => each !== '') };
}

export function resolveLeaving(raw: Static<typeof IdentitySchema> | undefined): LeavingConfig {
  return { tier: raw?.deprovision?.tier ?? 'halt', webhook: raw?.notify?.webhook ?? null };
}
