import { type Static, Type } from 'typebox';
import type { Permissions } from '../../model/permission.ts';
import { ID_PATTERN } from './identity.ts';

const closed = { additionalProperties: false } as const;
const NAME = '[^\\s:#@*{}]{1,50}';

export const PERMISSION_DEFAULTS = {
  default: 'deny',
  userType: 'user',
  server: { timeoutMs: 500, concurrency: 64, cacheMs: 0 },
} as const;

/** Longest lists anybody has needed, with room. */
const many = <T extends Parameters<typeof Type.Array>[0]>(items: T, description: string) =>
  Type.Optional(Type.Array(items, { minItems: 1, maxItems: 1000, uniqueItems: true, description }));

const MatchSchema = Type.Object(
  {
    servers: many(Type.String({ pattern: ID_PATTERN }), 'Servers. Left out: any.'),
    tools: many(
      Type.String({ pattern: '^[a-z][a-z0-9-]{0,31}/.{1,256}$' }),
      '`server/tool`, or `server/*`. Left out: any tool, resource or prompt.',
    ),
    effects: many(
      Type.Enum(['read', 'write', 'destructive', 'external', 'credential']),
      'What the tool does, by its label; resources and prompts are read. Left out: anything.',
    ),
  },
  { ...closed, description: 'The calls the rule is about; all of what it names must fit. Left out: every call.' },
);

const GrantSchema = Type.Object(
  {
    everyone: Type.Optional(Type.Boolean({ description: 'Any person who is active. Stands alone.' })),
    groups: many(Type.String({ minLength: 1, maxLength: 256 }), 'The person is in one of these.'),
    attributes: Type.Optional(
      Type.Record(Type.String({ pattern: '^[^\\s]{1,100}$' }), Type.String({ maxLength: 500 }), {
        ...closed,
        description: 'Each of these attributes of the person has exactly this value.',
      }),
    ),
    relation: Type.Optional(
      Type.Object(
        {
          relation: Type.String({ pattern: `^${NAME}$`, description: 'Relation of the model, such as viewer.' }),
          object: Type.String({
            minLength: 3,
            maxLength: 256,
            description:
              '`type:id` with parts from the arguments: customer:{args.customerId}, order:{args.items.*.id}.',
          }),
        },
        { ...closed, description: 'The person has this relation to what the arguments name.' },
      ),
    ),
  },
  { ...closed, description: 'Who is granted the call: all of what it names must hold.' },
);

const RuleSchema = Type.Object(
  {
    id: Type.String({ pattern: '^[a-z][a-z0-9-]{0,63}$', description: 'Name in records and answers; unique.' }),
    match: Type.Optional(MatchSchema),
    grant: GrantSchema,
  },
  { ...closed, description: 'Grants; never takes away what another rule grants.' },
);

const RelationServerSchema = Type.Object(
  {
    url: Type.String({ pattern: '^https?://[^?#]+$', maxLength: 2000, description: 'HTTP API of the OpenFGA server.' }),
    store: Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$', description: 'Id of its store.' }),
    model: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9_-]{1,64}$',
        description: 'Id of the authorization model. Left out: the newest.',
      }),
    ),
    token: Type.Optional(
      Type.String({ minLength: 1, maxLength: 8192, description: 'API token. ${NAME} and ${file:/path} are replaced.' }),
    ),
    timeoutMs: Type.Optional(
      Type.Integer({
        minimum: 10,
        maximum: 30_000,
        default: PERMISSION_DEFAULTS.server.timeoutMs,
        description: 'Longest wait for an answer. Beyond: the rule does not grant.',
      }),
    ),
    concurrency: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1000,
        default: PERMISSION_DEFAULTS.server.concurrency,
        description: 'Questions at the same time; four times as many may wait, more are not answered.',
      }),
    ),
    cacheMs: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 60_000,
        default: PERMISSION_DEFAULTS.server.cacheMs,
        description: 'How long a yes is remembered; 0: not at all. A right taken away counts that much later.',
      }),
    ),
  },
  { ...closed, description: 'An OpenFGA server that answers for relations, instead of tuples kept here.' },
);

export const PermissionsSchema = Type.Object(
  {
    default: Type.Optional(
      Type.Enum(['deny', 'permit'], {
        default: PERMISSION_DEFAULTS.default,
        description: 'What happens to a call no rule is about. One that some rule is about needs a rule that grants.',
      }),
    ),
    model: Type.Optional(Type.String({ minLength: 1, description: 'File with an OpenFGA model (.fga).' })),
    tuples: Type.Optional(
      Type.String({ minLength: 1, description: 'File with relations (YAML or JSON), beside those that were written.' }),
    ),
    userType: Type.Optional(
      Type.String({
        pattern: `^${NAME}$`,
        default: PERMISSION_DEFAULTS.userType,
        description: 'Type of people in the model: alice is user:alice.',
      }),
    ),
    membership: Type.Optional(
      Type.String({
        pattern: `^${NAME}#${NAME}$`,
        description: 'Groups of people as relations: with group#member, alice in sales is a member of group:sales.',
      }),
    ),
    server: Type.Optional(RelationServerSchema),
    rules: Type.Optional(
      Type.Array(RuleSchema, {
        maxItems: 1000,
        default: [],
        description: 'What people may do. One that grants is enough.',
      }),
    ),
  },
  { ...closed, description: 'What people may do by themselves: an agent that acts for somebody may never do more.' },
);

export interface RelationServerConfig {
  readonly url: string;
  readonly store: string;
  readonly model: string | null;
  readonly token: string | null;
  readonly timeoutMs: number;
  readonly concurrency: number;
  readonly cacheMs: number;
}

export interface PermissionsConfig extends Permissions {
  /** Absolute. */
  readonly modelFile: string | null;
  readonly tuplesFile: string | null;
  readonly server: RelationServerConfig | null;
}

type Raw = Static<typeof PermissionsSchema>;

/** Defaults filled in; `null` where the section is not there. */
export function resolvePermissions(
  raw: Raw | undefined,
  make: {
    readonly absolute: (path: string) => string;
    readonly secret: (text: string, path: (string | number)[]) => string;
  },
): PermissionsConfig | null {
  if (raw === undefined) return null;
  const { model, tuples, membership } = raw;
  const [type = '', relation = ''] = membership?.split('#') ?? [];
  return {
    default: raw.default ?? PERMISSION_DEFAULTS.default,
    userType: raw.userType ?? PERMISSION_DEFAULTS.userType,
    membership: membership === undefined ? null : { type, relation },
    rules: (raw.rules ?? []).map(resolveRule),
    modelFile: model === undefined ? null : make.absolute(model),
    tuplesFile: tuples === undefined ? null : make.absolute(tuples),
    server: raw.server === undefined ? null : resolveServer(raw.server, make.secret),
  };
}

function resolveRule({ id, match, grant }: NonNullable<Raw['rules']>[number]): Permissions['rules'][number] {
  return {
    id,
    match: { servers: match?.servers ?? null, tools: match?.tools ?? null, effects: match?.effects ?? null },
    grant: {
      everyone: grant.everyone ?? false,
      groups: grant.groups ?? null,
      attributes: grant.attributes ?? null,
      relation: grant.relation ?? null,
    },
  };
}

function resolveServer(
  raw: NonNullable<Raw['server']>,
  secret: (text: string, path: (string | number)[]) => string,
): RelationServerConfig {
  return {
    ...PERMISSION_DEFAULTS.server,
    ...raw,
    model: raw.model ?? null,
    token: raw.token === undefined ? null : secret(raw.token, ['permissions', 'server', 'token']),
  };
}
