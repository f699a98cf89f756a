import {
  type Assurance,
  assuranceAtLeast,
  type Escalation,
  type Part,
  type Requirement,
  type Slot,
  type Who,
} from '../../model/approval.ts';
import type { ApprovalRules, AskFacts, Route, RouteTier } from '../../model/approval-rules.ts';
import { type AskSlot, type AskWho, parseAsk } from '../../model/ask.ts';
import type { Asked } from '../../model/decision.ts';

export interface AskContext {
  readonly facts: AskFacts;
  readonly rules: ApprovalRules;
  /** The human at the root and the owners of every agent of the chain. */
  readonly starters: readonly string[];
  /** The human at the root. */
  readonly subject: string | null;
}

export type Resolved =
  /** Every ask is a route whose tier lets it go on by itself. `rule` names them: `route:purchases#1`. */
  | { readonly kind: 'automatic'; readonly rule: string }
  | { readonly kind: 'asks'; readonly requirement: Requirement; readonly expireMs: number }
  /** Nobody could ever answer: the call is refused. */
  | { readonly kind: 'nobody'; readonly why: string };

/** Answers one request may need in all; the matching is sized by it. */
const MAX_ANSWERS = 100;

/** What one ask comes to. */
type One = { readonly automatic: string } | { readonly why: string } | Met;

interface Met {
  readonly part: Part;
  readonly escalations: readonly Omit<Escalation, 'parts'>[];
  readonly route: Route | null;
}

/**
 * From what policies wrote to who must answer. All asks must be met; it goes on by itself only when all of them say so. Who a group, role or
 * schedule is, is left open: that is looked up when it matters. Pure.
 */
export function resolveAsk(asks: readonly Asked[], context: AskContext): Resolved {
  const automatic: string[] = [];
  const met: Met[] = [];
  for (const asked of asks) {
    const one = resolveOne(asked, context);
    if ('why' in one) return { kind: 'nobody', why: `@ask("${asked.text}"): ${one.why}` };
    if ('automatic' in one) automatic.push(one.automatic);
    else met.push(one);
  }
  if (met.length > 0) return together(met, context);
  if (automatic.length > 0) return { kind: 'automatic', rule: [...new Set(automatic)].join(', ') };
  return { kind: 'nobody', why: 'no policy says who is asked' };
}

function resolveOne({ text, agent }: Asked, context: AskContext): One {
  const ask = parseAsk(text);
  if ('problem' in ask) return { why: ask.problem };
  if (ask.kind === 'slots') return metBy({ text, slots: ask.slots, route: null }, agent, context);
  const route = context.rules.routes.get(ask.name);
  if (route === undefined) return { why: 'there is no such route' };
  const tier = route.tiers.findIndex((each) => covers(each, context.facts));
  const how = route.tiers[tier];
  if (how === undefined) return { why: 'no tier of the route covers this call' };
  if (how.ask === null) return { automatic: `${text}#${tier + 1}` };
  const inner = parseAsk(how.ask);
  if ('problem' in inner) return { why: `tier ${tier + 1} ${inner.problem}` };
  if (inner.kind === 'route') return { why: `tier ${tier + 1} leads to another route` };
  return metBy({ text, slots: inner.slots, route }, agent, context);
}

/** Whether a tier is about this call. What is not known is covered by no bound and no list. */
function covers(tier: RouteTier, facts: AskFacts): boolean {
  const { amount, currency = null, environment, dataClass, effect } = facts;
  const within = <T>(list: readonly T[] | null, value: T | null): boolean =>
    list === null || (value !== null && list.includes(value));
  // Below nothing is nothing that was ordered: an amount with a minus sign is no small amount.
  if (tier.below !== null && (amount === null || amount < 0 || amount >= tier.below)) return false;
  if (!within(tier.currencies, currency) || !within(tier.environments, environment)) return false;
  return within(tier.dataClasses, dataClass) && within(tier.effects, effect);
}

interface Wanted {
  readonly text: string;
  readonly slots: readonly AskSlot[];
  readonly route: Route | null;
}

function metBy({ text, slots, route }: Wanted, agent: string, context: AskContext): One {
  const escalations = (route?.escalations ?? []).map(({ afterMs, who }) => ({
    afterMs,
    who: who.flatMap((one) => exactly(one, agent, context)),
  }));
  const part: Part = { ask: text, slots: slots.flatMap((slot) => slotsOf(slot, agent, context)) };
  const dead = part.slots.findIndex((slot) => !possible(slot, context));
  if (dead !== -1 && !escalations.some(({ who }) => who.length > 0)) {
    return { why: 'nobody it names could answer: there is no subject, or only who started it is named' };
  }
  return { part, escalations, route };
}

function slotsOf({ count, who, exceptStarter }: AskSlot, agent: string, context: AskContext): Slot[] {
  const named = who.flatMap((one) => exactly(one, agent, context));
  return Array.from({ length: count }, () => ({ who: named, exceptStarters: exceptStarter }));
}

/** Who is meant, now that agent and subject are known. Nobody where there is no subject. */
function exactly(who: AskWho | Who, agent: string, { rules, subject }: AskContext): Who[] {
  switch (who.kind) {
    case 'owner':
      return [{ kind: 'owner', id: agent }];
    case 'subject':
      return subject === null ? [] : [{ kind: 'subject', id: subject }];
    case 'role':
      // Settled here, once: a role that a reload removes must not become the group of that name for questions already asked.
      return [rules.roles.has(who.id) ? who : { kind: 'group', id: who.id }];
    default:
      return [who];
  }
}

/** `false`: whatever happens to people, groups and duties, nobody can fill it. */
function possible({ who, exceptStarters }: Slot, { rules, starters }: AskContext): boolean {
  return who.some(({ kind, id }) => {
    if (kind === 'schedule') return rules.schedules.has(id);
    return !(exceptStarters && (kind === 'person' || kind === 'subject') && starters.includes(id));
  });
}

function together(met: readonly Met[], { rules, starters }: AskContext): Resolved {
  // The same question of two policies is one question.
  const distinct = [...new Map(met.map((one) => [JSON.stringify([one.part.slots, one.escalations]), one])).values()];
  if (distinct.reduce((sum, { part }) => sum + part.slots.length, 0) > MAX_ANSWERS) {
    return { kind: 'nobody', why: `more than ${MAX_ANSWERS} answers would be needed` };
  }
  const routes = met.flatMap(({ route }) => (route === null ? [] : [route]));
  const requirement: Requirement = {
    parts: distinct.map(({ part }) => part),
    escalations: distinct
      .flatMap(({ escalations }, i) => escalations.map((escalation) => ({ ...escalation, parts: [i] })))
      .sort((a, b) => a.afterMs - b.afterMs),
    assurance: routes.reduce((least, { assurance }) => strictest(least, assurance), rules.assurance),
    starters: [...new Set(starters)],
    urgent: routes.some(({ urgent }) => urgent),
  };
  // An ask without a route has the general time; the shortest counts.
  const expireMs = Math.min(...met.map(({ route }) => route?.expireMs ?? rules.expireMs));
  return { kind: 'asks', requirement, expireMs };
}

function strictest(least: Assurance, other: Assurance | null): Assurance {
  return other === null || assuranceAtLeast(least, other) ? least : other;
}
