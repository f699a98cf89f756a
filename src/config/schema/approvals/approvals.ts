import { type Static, Type } from 'typebox';
import type { ApprovalRules, Schedule } from '../../../model/approval-rules.ts';
import { NotifySchema } from './notify.ts';
import { RouteSchema, resolveRoute } from './routes.ts';

const closed = { additionalProperties: false } as const;
/** As groups are named: what was asked of a role before it was defined is asked of the group of that name. */
const NAME = '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$';
/** Also of people an identity provider provisions, who may have a UUID. */
const PERSON = '^[a-z0-9][a-z0-9-]{0,63}$';
const TIME = '^([01][0-9]|2[0-3]):[0-5][0-9]$';
const WHEN = '^\\d{4}-\\d{2}-\\d{2}(T\\d{2}:\\d{2}(:\\d{2})?Z)?$';
const HOUR_MS = 3_600_000;

export const APPROVAL_DEFAULTS = {
  waitMs: 120_000,
  expireMs: HOUR_MS,
  assurance: 'passkey',
  standing: { enabled: true, maxMs: 8 * HOUR_MS },
  noticesPerTenMinutes: 10,
} as const;

const ms = (minimum: number, maximum: number, options: { default: number; description: string }) =>
  Type.Optional(Type.Integer({ minimum, maximum, ...options }));
const time = (description: string) => Type.String({ pattern: TIME, description });
const timezone = Type.String({ minLength: 1, maxLength: 100, description: 'IANA time zone, such as Europe/Berlin.' });
const person = (description: string) => Type.String({ pattern: PERSON, description });
const names = (pattern: string, description: string) =>
  Type.Optional(Type.Array(Type.String({ pattern }), { maxItems: 200, uniqueItems: true, default: [], description }));

const RoleSchema = Type.Object(
  {
    people: names(PERSON, 'People (keys of people).'),
    groups: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 256 }), {
        maxItems: 200,
        uniqueItems: true,
        default: [],
        description: 'Whoever is in one of these groups.',
      }),
    ),
    onCall: names(NAME, 'Whoever is on duty in one of these schedules.'),
  },
  { ...closed, description: 'Approvers by a name: @ask("role:<name>").' },
);

const ScheduleSchema = Type.Object(
  {
    timezone,
    people: Type.Array(Type.String({ pattern: PERSON }), {
      minItems: 1,
      maxItems: 200,
      description: 'Who is on duty, in turn; somebody may come more than once.',
    }),
    turn: Type.Enum(['day', 'week'], { description: 'How long one turn lasts.' }),
    start: Type.String({
      pattern: '^\\d{4}-\\d{2}-\\d{2}T([01][0-9]|2[0-3]):[0-5][0-9]$',
      description: 'First handover, local date and time: 2026-11-02T09:00. All others are at that time.',
    }),
    hours: Type.Optional(
      Type.Object(
        {
          weekdays: Type.Array(Type.Integer({ minimum: 1, maximum: 7 }), {
            minItems: 1,
            uniqueItems: true,
            description: 'Local weekdays; 1 is Monday.',
          }),
          from: time('Local time it begins.'),
          to: time('Local time it ends; after midnight when it is before from.'),
        },
        { ...closed, description: 'Nobody is on duty outside. Left out: always somebody.' },
      ),
    ),
  },
  { ...closed, description: 'On-call duty, people in turn: @ask("on-call:<name>").' },
);

const AwaySchema = Type.Object(
  {
    person: person('Who is away (a key of people).'),
    deputy: person('Who may answer in their place meanwhile (a key of people).'),
    from: Type.String({ pattern: WHEN, description: 'First day away, or a time, in UTC: 2026-12-20.' }),
    until: Type.String({ pattern: WHEN, description: 'First day back, or a time, in UTC: 2027-01-07.' }),
  },
  { ...closed, description: 'A vacation, and who stands in.' },
);

export const ApprovalsSchema = Type.Object(
  {
    waitMs: ms(0, HOUR_MS, {
      default: APPROVAL_DEFAULTS.waitMs,
      description: 'How long a call waits for its answer before the agent is told to come back.',
    }),
    expireMs: ms(1_000, 30 * 24 * HOUR_MS, {
      default: APPROVAL_DEFAULTS.expireMs,
      description: 'How long a question can be answered, and an answer used.',
    }),
    assurance: Type.Optional(
      Type.Enum(['passkey', 'signed-in', 'operator'], {
        default: APPROVAL_DEFAULTS.assurance,
        description:
          'The least an answer must be proven by: passkey, the approver signs exactly what is shown; signed-in; operator, whoever can open the admin socket answers for anybody.',
      }),
    ),
    roles: Type.Optional(
      Type.Record(Type.String({ pattern: NAME }), RoleSchema, {
        ...closed,
        default: {},
        description: 'Approvers by a name of your own.',
      }),
    ),
    routes: Type.Optional(
      Type.Record(Type.String({ pattern: NAME }), RouteSchema, {
        ...closed,
        default: {},
        description: 'Who is asked, by what the call is about.',
      }),
    ),
    schedules: Type.Optional(
      Type.Record(Type.String({ pattern: NAME }), ScheduleSchema, {
        ...closed,
        default: {},
        description: 'On-call duty.',
      }),
    ),
    away: Type.Optional(
      Type.Array(AwaySchema, { maxItems: 1000, default: [], description: 'Vacations, and who stands in.' }),
    ),
    quietHours: Type.Optional(
      Type.Object(
        { timezone, from: time('Local time they begin.'), to: time('Local time they end.') },
        { ...closed, description: 'Messages wait until these are over, unless a route is urgent. Left out: never.' },
      ),
    ),
    standing: Type.Optional(
      Type.Object(
        {
          enabled: Type.Optional(
            Type.Boolean({
              default: APPROVAL_DEFAULTS.standing.enabled,
              description: 'Approvers may let a narrow kind of call through for a while.',
            }),
          ),
          maxMs: ms(60_000, 30 * 24 * HOUR_MS, {
            default: APPROVAL_DEFAULTS.standing.maxMs,
            description: 'The longest such an approval lasts.',
          }),
        },
        { ...closed, description: 'Standing approvals: what an answer lets through besides the call it is about.' },
      ),
    ),
    noticesPerTenMinutes: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1000,
        default: APPROVAL_DEFAULTS.noticesPerTenMinutes,
        description: 'Messages to one person in ten minutes; what is more is grouped into one.',
      }),
    ),
    notify: Type.Optional(NotifySchema),
  },
  { ...closed, description: 'Questions to people: who is asked, and how they prove their answer.' },
);

export type RawApprovals = Static<typeof ApprovalsSchema>;

/** Defaults filled in. `raw` has passed checks/approvals.ts: what is wrong there means nothing here. Pure. */
export function resolveApprovals(raw: RawApprovals = {}): ApprovalRules {
  const { standing, noticesPerTenMinutes } = APPROVAL_DEFAULTS;
  return {
    waitMs: raw.waitMs ?? APPROVAL_DEFAULTS.waitMs,
    expireMs: raw.expireMs ?? APPROVAL_DEFAULTS.expireMs,
    assurance: raw.assurance ?? APPROVAL_DEFAULTS.assurance,
    roles: mapped(raw.roles, ({ people = [], groups = [], onCall = [] }) => ({ people, groups, schedules: onCall })),
    routes: mapped(raw.routes, resolveRoute),
    schedules: mapped(raw.schedules, resolveSchedule),
    away: (raw.away ?? []).map((one) => ({
      person: one.person,
      deputy: one.deputy,
      fromMs: Date.parse(one.from),
      untilMs: Date.parse(one.until),
    })),
    quietHours: raw.quietHours ?? null,
    standing: { ...standing, ...raw.standing },
    noticesPerTenMinutes: raw.noticesPerTenMinutes ?? noticesPerTenMinutes,
  };
}

function resolveSchedule(raw: NonNullable<RawApprovals['schedules']>[string]): Schedule {
  const [date = '', time = ''] = raw.start.split('T');
  return {
    timezone: raw.timezone,
    people: raw.people,
    turn: raw.turn,
    start: { date, time },
    hours: raw.hours ?? null,
  };
}

function mapped<A, B>(all: Readonly<Record<string, A>> | undefined, resolve: (one: A) => B): ReadonlyMap<string, B> {
  return new Map(Object.entries(all ?? {}).map(([name, one]) => [name, resolve(one)]));
}
