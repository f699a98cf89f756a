import type { Requirement, Slot } from '../../model/approval.ts';
import { formatWho } from '../../model/ask.ts';
import type { Asked } from '../../model/decision.ts';
import type { Person } from '../../model/person.ts';
import { type At, escalatedTo, mayFill, type PeopleView } from './eligible.ts';
import { candidates } from './progress.ts';
import { type AskContext, resolveAsk } from './resolve.ts';

/** Who would be asked at that moment, for people who wonder. */
export type WhoIsAsked =
  | { readonly kind: 'automatic'; readonly rule: string }
  | { readonly kind: 'nobody'; readonly why: string }
  | {
      readonly kind: 'asks';
      readonly assurance: Requirement['assurance'];
      readonly expireMs: number;
      readonly urgent: boolean;
      readonly starters: readonly string[];
      readonly parts: readonly { readonly ask: string; readonly places: readonly Place[] }[];
      /** Who may answer as well, and after what time. */
      readonly escalations: readonly { readonly afterMs: number; readonly who: readonly string[] }[];
      /** Who is told at once. */
      readonly told: readonly string[];
    };

/** One answer that is needed. */
export interface Place {
  readonly who: readonly string[];
  /** Those who could give it now, at most 100. */
  readonly may: readonly { readonly person: string; readonly standsFor: string | null }[];
  /** Those it means and who may not, at most 100. */
  readonly mayNot: readonly { readonly person: string; readonly why: 'separation' | 'inactive' }[];
}

const MAX_LISTED = 100;

/** As if it were asked now. Pure. */
export function explainAsk(asks: readonly Asked[], context: AskContext, at: At): WhoIsAsked {
  const resolved = resolveAsk(asks, context);
  if (resolved.kind !== 'asks') return resolved;
  const { requirement, expireMs } = resolved;
  const { assurance, urgent, starters } = requirement;
  return {
    kind: 'asks',
    assurance,
    expireMs,
    urgent,
    starters,
    parts: requirement.parts.map(({ ask, slots }) => ({
      ask,
      places: slots.map((slot) => placeOf(slot, requirement, at)),
    })),
    escalations: requirement.escalations.map(({ afterMs, who }) => ({ afterMs, who: who.map(formatWho) })),
    told: candidates(requirement, at),
  };
}

function placeOf(slot: Slot, requirement: Requirement, at: At): Place {
  const may: { person: string; standsFor: string | null }[] = [];
  const mayNot: { person: string; why: 'separation' | 'inactive' }[] = [];
  const everybody = { ...at, people: asIfActive(at.people) };
  for (const { id, active } of at.people.people()) {
    const fit = mayFill(slot, requirement, id, active ? at : everybody);
    if (fit.ok && active) may.push({ person: id, standsFor: fit.standsFor });
    else if (fit.ok) mayNot.push({ person: id, why: 'inactive' });
    else if (fit.why === 'separation') mayNot.push({ person: id, why: 'separation' });
  }
  const who = [...slot.who, ...escalatedTo(slot, requirement, at)].map(describe);
  return { who, may: may.slice(0, MAX_LISTED), mayNot: mayNot.slice(0, MAX_LISTED) };
}

/** `owner of buyer`, for there may be several agents. */
function describe(who: Slot['who'][number]): string {
  if (who.kind !== 'owner') return formatWho(who);
  return who.id === '' ? 'owner of the agent' : `owner of ${who.id}`;
}

function asIfActive(people: PeopleView): PeopleView {
  const woken = (person: Person | undefined): Person | undefined => person && { ...person, active: true };
  return { agent: (id) => people.agent(id), person: (id) => woken(people.person(id)), people: () => people.people() };
}
