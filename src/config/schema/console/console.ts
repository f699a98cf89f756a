import { type Static, Type } from 'typebox';
import { CONSOLE_ROLES, type ConsoleSettings } from '../../../model/insight/roles.ts';

const closed = { additionalProperties: false } as const;

/** `person:<id>` or `group:<name>`. */
const HOLDER_PATTERN = '^(person:[^\\s:]{1,250}|group:.{1,250})$';

const MEANING = {
  viewer: 'See everything but arguments and results of calls.',
  approver: 'See what viewers see. Who may answer a request is decided by its route, not by this role.',
  auditor: 'See everything, with arguments, results and evidence; change nothing.',
  operator: 'Stop and release, accept tools, register and change agents, servers and connections.',
  'policy-author': 'Draft policies and replay drafts.',
  'policy-publisher': 'Publish policies and roll back.',
  'security-admin': 'All of it: people, keys, the vault, and stopping everything.',
} as const;

const holders = (description: string) =>
  Type.Optional(
    Type.Array(Type.String({ pattern: HOLDER_PATTERN }), {
      maxItems: 500,
      uniqueItems: true,
      default: [],
      description,
    }),
  );

export const ConsoleSchema = Type.Object(
  {
    enabled: Type.Optional(Type.Boolean({ default: true, description: 'Serve the console at <public URL>/console.' })),
    roles: Type.Optional(
      Type.Object(
        {
          viewer: holders(MEANING.viewer),
          approver: holders(MEANING.approver),
          auditor: holders(MEANING.auditor),
          operator: holders(MEANING.operator),
          'policy-author': holders(MEANING['policy-author']),
          'policy-publisher': holders(MEANING['policy-publisher']),
          'security-admin': holders(MEANING['security-admin']),
        },
        { ...closed, description: 'Who may do what: lists of person:<id> and group:<name>. Roles add up.' },
      ),
    ),
    separatePolicyDuties: Type.Optional(
      Type.Boolean({ default: false, description: 'Whoever drafted a policy may not publish it.' }),
    ),
    policies: Type.Optional(
      Type.Enum(['edit', 'read-only'], {
        default: 'edit',
        description:
          'read-only: the folder of policies is changed elsewhere (git); drafts can be replayed, not published.',
      }),
    ),
  },
  { ...closed, description: 'The web console and its API.' },
);

export function resolveConsole(raw: Static<typeof ConsoleSchema> | undefined): ConsoleSettings {
  return {
    enabled: raw?.enabled ?? true,
    roles: new Map(CONSOLE_ROLES.map((role) => [role, raw?.roles?.[role] ?? []])),
    separatePolicyDuties: raw?.separatePolicyDuties ?? false,
    policies: raw?.policies ?? 'edit',
  };
}
