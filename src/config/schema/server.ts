import { type Static, Type } from 'typebox';
import { ACTION_LIMITS, serverName } from '../../model/action-credential.ts';
import { TEMPLATE_CHARS } from '../../model/sentence.ts';
import { CredentialsSchema } from './credentials.ts';

const closed = { additionalProperties: false } as const;
const POINTER = '^(/([^~/]|~[01])*)*$';

export const SERVER_DEFAULTS = { risk: 'high', trust: 'first-use', maxChildren: 32 } as const;

const pointer = (what: string) =>
  Type.Optional(Type.String({ pattern: POINTER, description: `RFC 6901 pointer into the arguments: ${what}.` }));

const FactsSchema = Type.Object(
  {
    amount: pointer('the amount of money, e.g. "/total"'),
    currency: pointer('its currency'),
    quantity: pointer('how many'),
    environment: pointer('the environment it touches'),
    recipient: pointer('who receives it'),
  },
  { ...closed, description: 'Arguments a policy reads as typed facts.' },
);

const words = (description: string) =>
  Type.Optional(Type.String({ minLength: 1, maxLength: TEMPLATE_CHARS, description }));

const WordsSchema = Type.Object(
  {
    sentence: Type.String({
      minLength: 1,
      maxLength: TEMPLATE_CHARS,
      description:
        'What a call does, for the people who approve it: "Order {quantity} of {item} for {total} {currency}". {…} is the name of an argument or an RFC 6901 pointer; {{ is a brace.',
    }),
    touches: words('What it would touch, written the same way.'),
    undo: words('How it can be undone.'),
  },
  { ...closed, description: 'What people who are asked to approve a call of this tool read.' },
);

const ToolSchema = Type.Object(
  {
    effect: Type.Optional(
      Type.Enum(['read', 'write', 'destructive', 'external', 'credential'], {
        description: 'What it does to the world. Overrides what the server claims.',
      }),
    ),
    dataClass: Type.Optional(
      Type.Enum(['public', 'internal', 'confidential', 'restricted'], {
        description:
          'Class of the data it handles. Arguments of a `restricted` tool are not put into the journal, only their digest.',
      }),
    ),
    reversible: Type.Optional(Type.Boolean({ description: 'It can be undone.' })),
    untrustedOutput: Type.Optional(Type.Boolean({ description: 'Its output carries text from third parties.' })),
    facts: Type.Optional(FactsSchema),
    approval: Type.Optional(WordsSchema),
  },
  { ...closed, description: 'Labels of one tool, by the operator.' },
);

const ActionCredentialSchema = Type.Object(
  {
    audience: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 500,
        description:
          'What its tools call themselves (`aud`). Default: its url; `urn:interlock:server:<id>` for a child process.',
      }),
    ),
    ttlMs: Type.Optional(
      Type.Integer({
        minimum: 1_000,
        maximum: ACTION_LIMITS.ttlMs,
        default: ACTION_LIMITS.defaultTtlMs,
        description: 'How long it is good after the call was sent; full seconds.',
      }),
    ),
    proof: Type.Optional(
      Type.Boolean({ default: true, description: 'Bound to a key of this process, whose proof (DPoP) comes with it.' }),
    ),
  },
  {
    ...closed,
    description:
      'Every call of a tool carries a signed credential for exactly that call, which the tool can verify. Left out: none.',
  },
);

const shared = {
  credentials: Type.Optional(CredentialsSchema),
  actionCredential: Type.Optional(ActionCredentialSchema),
  risk: Type.Optional(
    Type.Enum(['low', 'medium', 'high'], {
      default: SERVER_DEFAULTS.risk,
      description: 'Risk of the data source, readable by policies.',
    }),
  ),
  environment: Type.Optional(
    Type.String({ pattern: '^[a-z][a-z0-9-]{0,31}$', description: 'e.g. production, staging; readable by policies.' }),
  ),
  timeoutMs: Type.Optional(
    Type.Integer({
      minimum: 100,
      maximum: 86_400_000,
      description: 'Replaces limits.requestTimeoutMs for this server.',
    }),
  ),
  trust: Type.Optional(
    Type.Enum(['first-use', 'review'], {
      default: SERVER_DEFAULTS.trust,
      description:
        'first-use: a tool without findings is pinned when first seen. review: everything new waits for `interlock servers accept`.',
    }),
  ),
  tools: Type.Optional(
    Type.Record(Type.String({ pattern: '^.{1,256}$' }), ToolSchema, {
      ...closed,
      default: {},
      description:
        'Labels by tool name; "*" is for every tool that is not named. Facts and approval of "*" are for every tool that has none of its own.',
    }),
  ),
};

export const HttpServerSchema = Type.Object(
  {
    url: Type.String({
      pattern: '^https?://',
      maxLength: 2000,
      description: 'Streamable HTTP endpoint of the server.',
    }),
    headers: Type.Optional(
      Type.Record(Type.String({ pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$" }), Type.String({ maxLength: 8192 }), {
        ...closed,
        default: {},
        description: 'Sent to the server with every request. ${NAME} and ${file:/path} are replaced.',
      }),
    ),
    ...shared,
  },
  { ...closed, description: 'An MCP server over streamable HTTP.' },
);

export const StdioServerSchema = Type.Object(
  {
    command: Type.String({ minLength: 1, maxLength: 4096, description: 'Program to start; no shell is involved.' }),
    args: Type.Optional(
      Type.Array(Type.String({ maxLength: 8192 }), { maxItems: 256, default: [], description: 'Its arguments.' }),
    ),
    env: Type.Optional(
      Type.Record(Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_]{0,127}$' }), Type.String({ maxLength: 32_768 }), {
        ...closed,
        default: {},
        description:
          'Its environment; of the gateway’s own only PATH, HOME, LANG and the like are passed on. ${NAME} and ${file:/path} are replaced.',
      }),
    ),
    cwd: Type.Optional(Type.String({ minLength: 1, description: 'Working directory; default: the one of this file.' })),
    maxChildren: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1000,
        default: SERVER_DEFAULTS.maxChildren,
        description: 'Child processes at the same time; each session of an agent has its own.',
      }),
    ),
    ...shared,
  },
  { ...closed, description: 'An MCP server as a child process.' },
);

export const ServerSchema = Type.Union([HttpServerSchema, StdioServerSchema]);

/** What calls to a server carry for its tools to verify. */
export interface ActionCredentialConfig {
  readonly audience: string;
  readonly ttlMs: number;
  readonly proof: boolean;
}

/** `url`: `null` for a child process. Pure. */
export function resolveActionCredential(
  raw: Static<typeof ActionCredentialSchema> | undefined,
  { id, url }: { readonly id: string; readonly url: string | null },
): ActionCredentialConfig | null {
  if (raw === undefined) return null;
  const { audience = url ?? serverName(id), ttlMs = ACTION_LIMITS.defaultTtlMs, proof = true } = raw;
  return { audience, ttlMs, proof };
}
