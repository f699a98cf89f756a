import { type Static, Type } from 'typebox';
import { ID_PATTERN } from './identity.ts';

const closed = { additionalProperties: false } as const;
const MINUTE_MS = 60_000;

const SIGN_IN_DEFAULTS = {
  session: { idleMs: 60 * MINUTE_MS, absoluteMs: 24 * 60 * MINUTE_MS },
  scopes: ['openid', 'profile', 'email'],
  provision: 'existing-only',
} as const;

const claim = (description: string) => Type.Optional(Type.String({ minLength: 1, maxLength: 200, description }));

const ProviderSchema = Type.Object(
  {
    issuer: Type.String({
      pattern: '^https?://[^?#]+$',
      maxLength: 500,
      description: 'Issuer of the OpenID Connect provider, exactly as it writes it. http only on loopback.',
    }),
    name: Type.Optional(
      Type.String({ minLength: 1, maxLength: 60, description: 'What the button says; default: the id.' }),
    ),
    clientId: Type.String({ minLength: 1, maxLength: 500, description: 'The id of this gateway at the provider.' }),
    clientSecret: Type.Optional(
      Type.String({ minLength: 1, description: 'Its secret there. ${NAME} and ${file:/path} are replaced.' }),
    ),
    privateKey: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'Instead of a secret: its private key (PKCS#8 PEM), usually ${file:/path}; for private_key_jwt.',
      }),
    ),
    keyId: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'kid of privateKey.' })),
    scopes: Type.Optional(
      Type.Array(Type.String({ pattern: '^[\\x21\\x23-\\x5B\\x5D-\\x7E]+$' }), {
        maxItems: 50,
        uniqueItems: true,
        default: [...SIGN_IN_DEFAULTS.scopes],
        description: 'Scopes asked for; openid is always among them.',
      }),
    ),
    claims: Type.Optional(
      Type.Object(
        {
          userName: claim(
            'Claim compared with the userName of people. Left out: they are found by verified e-mail address.',
          ),
          groups: claim('Claim with names of groups; a dot goes into an object (realm_access.roles).'),
          attributes: Type.Optional(
            Type.Record(
              Type.String({ pattern: '^[A-Za-z][A-Za-z0-9_.-]{0,63}$' }),
              Type.String({ minLength: 1, maxLength: 200 }),
              {
                ...closed,
                maxProperties: 50,
                default: {},
                description: 'Claims by the attribute of the person they become.',
              },
            ),
          ),
        },
        { ...closed, description: 'What its claims mean.' },
      ),
    ),
    trustEmail: Type.Optional(
      Type.Boolean({
        default: false,
        description:
          'Believe every e-mail address it states, also without email_verified. Only where people cannot choose theirs.',
      }),
    ),
    provision: Type.Optional(
      Type.Enum(['existing-only', 'just-in-time'], {
        default: SIGN_IN_DEFAULTS.provision,
        description: 'just-in-time: whoever signs in there for the first time becomes a person here.',
      }),
    ),
  },
  { ...closed, description: 'An OpenID Connect provider. Its redirect URI: <public URL>/sign-in/callback/<id>.' },
);

export const SignInSchema = Type.Object(
  {
    embedded: Type.Optional(
      Type.Boolean({
        description: 'Passwords and passkeys of the gateway’s own. Default: on while no provider is configured.',
      }),
    ),
    session: Type.Optional(
      Type.Object(
        {
          idleMs: Type.Optional(
            Type.Integer({
              minimum: MINUTE_MS,
              maximum: 30 * 1440 * MINUTE_MS,
              default: SIGN_IN_DEFAULTS.session.idleMs,
              description: 'A person who does nothing for so long signs in again.',
            }),
          ),
          absoluteMs: Type.Optional(
            Type.Integer({
              minimum: MINUTE_MS,
              maximum: 90 * 1440 * MINUTE_MS,
              default: SIGN_IN_DEFAULTS.session.absoluteMs,
              description: 'Everybody signs in again after so long.',
            }),
          ),
        },
        { ...closed, description: 'How long a browser stays signed in.' },
      ),
    ),
    providers: Type.Optional(
      Type.Record(Type.String({ pattern: ID_PATTERN }), ProviderSchema, {
        ...closed,
        default: {},
        description: 'The organisation’s identity providers, by id.',
      }),
    ),
  },
  { ...closed, description: 'How people sign in.' },
);

export interface SignInConfig {
  readonly embedded: boolean;
  readonly session: { readonly idleMs: number; readonly absoluteMs: number };
  readonly providers: readonly SignInProvider[];
}

export interface SignInProvider {
  readonly id: string;
  readonly name: string;
  readonly issuer: string;
  readonly clientId: string;
  readonly authentication:
    | { readonly kind: 'secret'; readonly secret: string }
    | { readonly kind: 'key'; readonly pem: string; readonly kid: string | null }
    | { readonly kind: 'none' };
  readonly scopes: readonly string[];
  readonly mapping: {
    readonly userName: string | null;
    readonly groups: string | null;
    readonly attributes: Readonly<Record<string, string>>;
    readonly trustEmail: boolean;
  };
  readonly provision: 'existing-only' | 'just-in-time';
}

/** `secret` replaces references in a text; its second argument is where it stands. */
export function resolveSignIn(
  raw: Static<typeof SignInSchema> | undefined,
  secret: (text: string, path: (string | number)[]) => string,
): SignInConfig {
  const providers = Object.entries(raw?.providers ?? {}).map(([id, each]): SignInProvider => {
    const { clientSecret, privateKey, claims } = each;
    const at = ['signIn', 'providers', id];
    return {
      id,
      name: each.name ?? id,
      issuer: each.issuer,
      clientId: each.clientId,
      authentication:
        clientSecret !== undefined
          ? { kind: 'secret', secret: secret(clientSecret, [...at, 'clientSecret']) }
          : privateKey !== undefined
            ? { kind: 'key', pem: secret(privateKey, [...at, 'privateKey']), kid: each.keyId ?? null }
            : { kind: 'none' },
      scopes: [...new Set(['openid', ...(each.scopes ?? SIGN_IN_DEFAULTS.scopes)])],
      mapping: {
        userName: claims?.userName ?? null,
        groups: claims?.groups ?? null,
        attributes: claims?.attributes ?? {},
        trustEmail: each.trustEmail ?? false,
      },
      provision: each.provision ?? SIGN_IN_DEFAULTS.provision,
    };
  });
  return {
    embedded: raw?.embedded ?? providers.length === 0,
    session: { ...SIGN_IN_DEFAULTS.session, ...raw?.session },
    providers,
  };
}
