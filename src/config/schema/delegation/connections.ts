import { type Static, Type } from 'typebox';
import type { Connection } from '../../../model/connection.ts';
import { ID_PATTERN } from '../identity.ts';

const closed = { additionalProperties: false } as const;
const SCOPE = '^(\\*|[a-z][a-z0-9-]{0,31}):(read|write|destructive|external|credential|all)$';
const hour = Type.Integer({ minimum: 0, maximum: 23 });

export const ConnectionSchema = Type.Object(
  {
    from: Type.String({ pattern: ID_PATTERN, description: 'Agent that hands work on.' }),
    to: Type.String({ pattern: ID_PATTERN, description: 'Agent that takes it over, by token exchange.' }),
    scopes: Type.Optional(
      Type.Array(Type.String({ pattern: SCOPE }), {
        maxItems: 200,
        uniqueItems: true,
        description: 'The most that may be handed on. Left out: whatever `from` holds.',
      }),
    ),
    initiators: Type.Optional(
      Type.Array(Type.Enum(['user', 'machine']), {
        minItems: 1,
        uniqueItems: true,
        default: ['user', 'machine'],
        description: 'For chains a person began, for those an agent began by itself, or both.',
      }),
    ),
    maxDepth: Type.Optional(
      Type.Integer({ minimum: 2, maximum: 8, description: 'Most actors in the chain after it.' }),
    ),
    requiresTask: Type.Optional(
      Type.Boolean({ default: false, description: 'Only what is bound to a registered task is handed on.' }),
    ),
    hours: Type.Optional(
      Type.Array(hour, {
        minItems: 2,
        maxItems: 2,
        description: 'Open from the first hour (UTC) to before the second; over midnight.',
      }),
    ),
    notAfter: Type.Optional(
      Type.String({
        pattern: '^\\d{4}-\\d{2}-\\d{2}(T\\d{2}:\\d{2}(:\\d{2})?Z)?$',
        description: 'Closed from then on: a date or a time in UTC. Left out: no end.',
      }),
    ),
  },
  { ...closed, description: 'Who may hand work to whom. No connection, no token exchange between two agents.' },
);

type RawConnection = Static<typeof ConnectionSchema>;

export function resolveConnections(raw: Readonly<Record<string, RawConnection>> | undefined): readonly Connection[] {
  return Object.entries(raw ?? {}).map(([id, connection]) => ({
    ...{ id, from: connection.from, to: connection.to, scopes: connection.scopes ?? null },
    initiators: connection.initiators ?? ['user', 'machine'],
    maxDepth: connection.maxDepth ?? null,
    requiresTask: connection.requiresTask ?? false,
    hours: (connection.hours as [number, number] | undefined) ?? null,
    notAfterMs: connection.notAfter === undefined ? null : Date.parse(connection.notAfter),
    ...{ createdBy: 'configuration', createdAtMs: 0 },
  }));
}
