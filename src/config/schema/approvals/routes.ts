import { type Static, Type } from 'typebox';
import { exactAmount } from '../../../model/amount.ts';
import type { Who } from '../../../model/approval.ts';
import type { Route, RouteTier } from '../../../model/approval-rules.ts';
import { type AskWho, parseAsk } from '../../../model/ask.ts';

const closed = { additionalProperties: false } as const;
const ask = (description: string) => Type.String({ minLength: 1, maxLength: 500, description });
const list = <T extends Parameters<typeof Type.Array>[0]>(items: T, description: string) =>
  Type.Optional(Type.Array(items, { minItems: 1, maxItems: 50, uniqueItems: true, description }));

const TierSchema = Type.Object(
  {
    below: Type.Optional(
      Type.Union([Type.Number(), Type.String({ minLength: 1, maxLength: 30 })], {
        description:
          'Covers amounts from 0 to below this; at most four decimals. A call without an amount is not covered.',
      }),
    ),
    currencies: list(
      Type.String({ minLength: 1, maxLength: 20 }),
      'Only amounts in these currencies, written as the calls write them. Left out: any.',
    ),
    environments: list(Type.String({ minLength: 1, maxLength: 100 }), 'Only these environments. Left out: any.'),
    dataClasses: list(
      Type.Enum(['public', 'internal', 'confidential', 'restricted']),
      'Only tools that touch these classes of data. Left out: any.',
    ),
    effects: list(
      Type.Enum(['read', 'write', 'destructive', 'external', 'credential']),
      'Only tools with these effects. Left out: any.',
    ),
    automatic: Type.Optional(Type.Literal(true, { description: 'Goes on by itself. Instead of ask.' })),
    ask: Type.Optional(
      ask('Who is asked: owner, 2 role:finance-manager, person:ada + group:legal. Instead of automatic.'),
    ),
  },
  { ...closed, description: 'Who is asked about the calls it covers.' },
);

export const RouteSchema = Type.Object(
  {
    tiers: Type.Array(TierSchema, {
      minItems: 1,
      maxItems: 50,
      description: 'The first that covers the call counts. The last has no bounds.',
    }),
    escalate: Type.Optional(
      Type.Array(
        Type.Object(
          {
            afterMs: Type.Integer({
              minimum: 1_000,
              maximum: 30 * 86_400_000,
              description: 'So long after the question was asked.',
            }),
            to: ask('Who may then answer as well: role:finance-head, person:ada | person:bob.'),
          },
          { ...closed, description: 'Others who may answer when nobody has.' },
        ),
        { maxItems: 10, default: [], description: 'Others who may answer when nobody has, after a time.' },
      ),
    ),
    expireMs: Type.Optional(
      Type.Integer({
        minimum: 1_000,
        maximum: 30 * 86_400_000,
        description: 'How long it can be answered, and the answer used. Left out: approvals.expireMs.',
      }),
    ),
    assurance: Type.Optional(
      Type.Enum(['passkey', 'signed-in', 'operator'], {
        description: 'The least an answer must be proven by, when that is more than approvals.assurance.',
      }),
    ),
    urgent: Type.Optional(
      Type.Boolean({ default: false, description: 'Messages do not wait for quiet hours to end.' }),
    ),
  },
  { ...closed, description: 'Who is asked, by amount, environment, data and effect: @ask("route:<name>").' },
);

export type RawRoute = Static<typeof RouteSchema>;
export type RawTier = RawRoute['tiers'][number];

export function resolveRoute(raw: RawRoute): Route {
  return {
    tiers: raw.tiers.map(resolveTier),
    escalations: (raw.escalate ?? []).map(({ afterMs, to }) => ({ afterMs, who: escalationWho(to) ?? [] })),
    expireMs: raw.expireMs ?? null,
    assurance: raw.assurance ?? null,
    urgent: raw.urgent ?? false,
  };
}

function resolveTier(raw: RawTier): RouteTier {
  return {
    below: raw.below === undefined ? null : exactAmount(raw.below),
    currencies: raw.currencies ?? null,
    environments: raw.environments ?? null,
    dataClasses: raw.dataClasses ?? null,
    effects: raw.effects ?? null,
    ask: raw.ask ?? null,
  };
}

/** One of several, once; `null`: the text says more than that, or is none. Agent and subject are filled in when the question is asked. */
export function escalationWho(text: string): readonly Who[] | null {
  const ask = parseAsk(text);
  if ('problem' in ask || ask.kind === 'route') return null;
  const [slot, ...more] = ask.slots;
  if (slot === undefined || more.length > 0 || slot.count !== 1 || slot.exceptStarter) return null;
  return slot.who.map((who: AskWho) => ('id' in who ? who : { ...who, id: '' }));
}
