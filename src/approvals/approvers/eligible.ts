import type { Agent } from '../../model/agent.ts';
import type { Requirement, Slot, Who } from '../../model/approval.ts';
import type { ApprovalRules } from '../../model/approval-rules.ts';
import type { Person } from '../../model/person.ts';
import { type StandIn, standsInFor } from './away.ts';
import { onDuty } from './schedule.ts';

/** Who there is, now; the identity directory is one. */
export interface PeopleView {
  person(id: string): Person | undefined;
  agent(id: string): Agent | undefined;
  people(): Iterable<Person>;
}

export interface At {
  readonly people: PeopleView;
  readonly rules: ApprovalRules;
  readonly nowMs: number;
  /** When the request was made: escalations count from then. */
  readonly requestedAtMs: number;
}

export type MayFill =
  /** `standsFor`: in whose place, while they are away; `null`: in their own name. `escalated`: only because time has gone by. */
  | { readonly ok: true; readonly standsFor: string | null; readonly escalated: boolean }
  | { readonly ok: false; readonly why: 'inactive' | 'not-named' | 'separation' };

/** How somebody is meant. By name: as owner, subject or person. In general: as one of a group, a role, a duty, or as a deputy. */
type Named = 'no' | 'by-name' | 'in-general';

/** Whether this person may fill that slot of the requirement at that time, by themselves or for somebody who is away. Pure. */
export function mayFill(slot: Slot, requirement: Requirement, personId: string, at: At): MayFill {
  const person = at.people.person(personId);
  if (person?.active !== true) return { ok: false, why: 'inactive' };
  const wanted = { slot, requirement, at };
  const own = asThemselves(wanted, person);
  if (own.ok) return own;
  const others = standsInFor(personId, at.rules.away, at.nowMs).map((one) => inPlaceOf(wanted, one, personId));
  const answers = [own, ...others];
  // Separation says more than that nobody named them.
  return answers.find(({ ok }) => ok) ?? answers.find((no) => !no.ok && no.why === 'separation') ?? own;
}

interface Wanted {
  readonly slot: Slot;
  readonly requirement: Requirement;
  readonly at: At;
}

/**
 * Separation of duties: who started it answers only where a policy names them by name, and not even there when it says so. Whoever could be
 * meant in some general way must be somebody else.
 */
function asThemselves({ slot, requirement, at }: Wanted, person: Person): MayFill {
  const starter = requirement.starters.includes(person.id);
  const regular = strongest(slot.who, person, at);
  const late = strongest(escalatedTo(slot, requirement, at), person, at);
  if (regular === 'no' && late === 'no') return { ok: false, why: 'not-named' };
  // Nobody is named by an escalation in the way a policy names somebody: it only widens who may answer.
  if (starter && (regular !== 'by-name' || slot.exceptStarters)) return { ok: false, why: 'separation' };
  return { ok: true, standsFor: null, escalated: regular === 'no' };
}

/** The deputy may do what the absent may do, and is bound by what binds them both. */
function inPlaceOf(wanted: Wanted, standIn: StandIn, deputy: string): MayFill {
  const { requirement, at } = wanted;
  const absent = at.people.person(standIn.for);
  if (absent?.active !== true) return { ok: false, why: 'inactive' };
  const answer = asThemselves(wanted, absent);
  if (!answer.ok) return answer;
  const links = [deputy, ...standIn.through];
  if (links.some((id) => requirement.starters.includes(id))) return { ok: false, why: 'separation' };
  if (standIn.through.some((id) => at.people.person(id)?.active !== true)) return { ok: false, why: 'inactive' };
  return { ...answer, standsFor: standIn.for };
}

/** Who may answer in this slot because nobody has for long enough. */
export function escalatedTo(slot: Slot, requirement: Requirement, at: At): readonly Who[] {
  const { requestedAtMs, nowMs } = at;
  return requirement.escalations
    .filter(({ afterMs }) => requestedAtMs + afterMs <= nowMs)
    .filter(({ parts }) => parts === undefined || parts.some((i) => requirement.parts[i]?.slots.includes(slot)))
    .flatMap(({ who }) => who);
}

function strongest(who: readonly Who[], person: Person, at: At): Named {
  let found: Named = 'no';
  for (const one of who) {
    const named = namedBy(one, person, at);
    if (named === 'by-name') return named;
    if (named !== 'no') found = named;
  }
  return found;
}

function namedBy(who: Who, person: Person, at: At): Named {
  switch (who.kind) {
    case 'owner': {
      const agent = at.people.agent(who.id);
      if (agent?.owner === person.id) return 'by-name';
      return agent?.deputies.includes(person.id) === true ? 'in-general' : 'no';
    }
    case 'subject':
    case 'person':
      return who.id === person.id ? 'by-name' : 'no';
    default:
      return belongs(who, person, at) ? 'in-general' : 'no';
  }
}

/** Whether somebody is now one of a group, of a role that is configured, or on duty. */
export function belongs(
  { kind, id }: { readonly kind: 'group' | 'role' | 'schedule'; readonly id: string },
  person: Person,
  at: Pick<At, 'rules' | 'nowMs'>,
): boolean {
  if (kind === 'group') return person.groups.includes(id);
  if (kind === 'schedule') {
    const schedule = at.rules.schedules.get(id);
    if (schedule === undefined || !schedule.people.includes(person.id)) return false;
    return onDuty(schedule, at.nowMs) === person.id;
  }
  const role = at.rules.roles.get(id);
  if (role === undefined) return false;
  if (role.people.includes(person.id) || role.groups.some((group) => person.groups.includes(group))) return true;
  return role.schedules.some((schedule) => belongs({ kind: 'schedule', id: schedule }, person, at));
}
