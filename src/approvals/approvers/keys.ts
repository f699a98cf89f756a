import type { Agent } from '../../model/agent.ts';
import type { Requirement, Who } from '../../model/approval.ts';
import type { ApprovalRules } from '../../model/approval-rules.ts';
import type { Person } from '../../model/person.ts';
import { standsInFor } from './away.ts';
import { belongs, type PeopleView } from './eligible.ts';

/** Who there is, with every agent: whose owner and deputy somebody is. */
export interface KeysView extends PeopleView {
  agents(): Iterable<Agent>;
}

/** Keys one person is looked up by at once (ports/stores.ts, ApprovalFilter). */
const MAX_KEYS = 500;

/** Under what a request is found by those it is for, escalations included. Pure. */
export function keysOf({ parts, escalations }: Pick<Requirement, 'parts' | 'escalations'>): readonly string[] {
  const who = [...parts.flatMap(({ slots }) => slots), ...escalations].flatMap((one) => one.who);
  return [...new Set(who.map(keyOf))];
}

/**
 * The keys a person holds at that time, by themselves and in the place of those who are away: whoever may fill a slot holds a key of its
 * request. The most specific first, at most 500.
 */
export function keysFor(
  personId: string,
  view: KeysView,
  at: { rules: ApprovalRules; nowMs: number },
): readonly string[] {
  if (view.person(personId)?.active !== true) return [];
  const absent = standsInFor(personId, at.rules.away, at.nowMs).map((one) => one.for);
  const own = [personId, ...absent].map((id) => keysHeld(id, view, at));
  const byRank = [0, 1, 2, 3, 4].flatMap((rank) => own.flatMap((ranks) => ranks[rank] ?? []));
  return [...new Set(byRank)].slice(0, MAX_KEYS);
}

function keyOf({ kind, id }: Who): string {
  return `${kind === 'subject' ? 'person' : kind}:${id}`;
}

type At = { readonly rules: ApprovalRules; readonly nowMs: number };

/** By person, agents, duties, roles, groups. */
function keysHeld(id: string, view: KeysView, at: At): readonly (readonly string[])[] {
  const person = view.person(id);
  if (person === undefined) return [];
  const agents: string[] = [];
  for (const agent of view.agents()) {
    if (agent.owner === id || agent.deputies.includes(id)) agents.push(`owner:${agent.id}`);
  }
  return [[`person:${id}`], agents, held('schedule', person, at), held('role', person, at), groupsOf(person)];
}

function held(kind: 'schedule' | 'role', person: Person, at: At): readonly string[] {
  const names = [...at.rules[kind === 'role' ? 'roles' : 'schedules'].keys()];
  return names.filter((id) => belongs({ kind, id }, person, at)).map((id) => keyOf({ kind, id }));
}

function groupsOf(person: Person): readonly string[] {
  return person.groups.map((id) => keyOf({ kind: 'group', id }));
}
