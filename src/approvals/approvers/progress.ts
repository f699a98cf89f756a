import type { Part, Requirement, Slot, Who } from '../../model/approval.ts';
import { deputiesNow, standsInFor } from './away.ts';
import { type At, escalatedTo, type MayFill, mayFill } from './eligible.ts';
import { assign } from './matching.ts';
import { onDuty } from './schedule.ts';

/** Somebody who approved, and when: who was on duty then, or stood in then, answered well. Without a time: judged as of now. */
export type Given = string | Answered;

interface Answered {
  readonly person: string;
  readonly atMs: number;
  /** Not in anybody else's place. */
  readonly ownName?: boolean;
}

export interface Progress {
  readonly met: boolean;
  /** Slots nobody who approved fills. */
  readonly missing: readonly Slot[];
}

export type MayAnswer =
  | {
      readonly ok: true;
      /** In whose place, while they are away; `null`: in their own name. */
      readonly standsFor: string | null;
    }
  | { readonly ok: false; readonly why: 'not-asked' | 'separation'; readonly message: string };

/** People told at once that they are asked. */
const MAX_CANDIDATES = 200;

/**
 * How far the approvals so far go. Within a part, different people fill the slots; parts do not look at each other. Whoever may not fill a
 * slot any more (they left, or left the group) does not count any more. Pure.
 */
export function progress(requirement: Requirement, approvers: readonly Given[], at: At): Progress {
  const missing = requirement.parts.flatMap((part) => missingOf(part, { requirement, approvers, at }));
  return { met: requirement.parts.length > 0 && missing.length === 0, missing };
}

/** Whether this person's approval would bring it further. An approval that is not needed is not taken. */
export function mayAnswer(
  requirement: Requirement,
  person: string,
  answeredSoFar: readonly Given[],
  at: At,
): MayAnswer {
  const fits = fitsOf(requirement, person, at);
  if (!fits.some(({ ok }) => ok)) return refusal(fits, person);
  const before = progress(requirement, answeredSoFar, at).missing.length;
  const missingWith = (ownName: boolean): number => {
    const approvers = [...answeredSoFar, { person, atMs: at.nowMs, ownName }];
    return progress(requirement, approvers, at).missing.length;
  };
  if (missingWith(true) < before) return { ok: true, standsFor: null };
  if (missingWith(false) < before) return { ok: true, standsFor: absentOf(fits) };
  return refusal(fits, person);
}

/** Whether this person may say no: whoever may fill any slot, needed or not. */
export function mayDeny(requirement: Requirement, person: string, at: At): MayAnswer {
  const fits = fitsOf(requirement, person, at);
  return fits.some(({ ok }) => ok) ? { ok: true, standsFor: absentOf(fits) } : refusal(fits, person);
}

function fitsOf(requirement: Requirement, person: string, at: At): readonly MayFill[] {
  return requirement.parts.flatMap(({ slots }) => slots).map((slot) => mayFill(slot, requirement, person, at));
}

/** `null` where one of them is in their own name. */
function absentOf(fits: readonly MayFill[]): string | null {
  const names = fits.flatMap((fit) => (fit.ok ? [fit.standsFor] : []));
  return names.includes(null) ? null : (names[0] ?? null);
}

/** Whom to tell now: people whose approval would bring it further, those named most exactly first. At most 200. */
export function candidates(requirement: Requirement, at: At, answeredSoFar: readonly Given[] = []): readonly string[] {
  const open = requirement.parts.flatMap((part) => {
    const missing = missingOf(part, { requirement, approvers: answeredSoFar, at });
    return missing.length === 0 ? [] : part.slots;
  });
  const found = new Set<string>();
  for (const id of possible(open, requirement, at)) {
    if (found.size >= MAX_CANDIDATES) break;
    if (!found.has(id) && mayAnswer(requirement, id, answeredSoFar, at).ok) found.add(id);
  }
  // Whoever is away is left in peace where somebody who is there stands in for them.
  const deputies = (id: string): readonly string[] => deputiesNow(id, at.rules.away, at.nowMs);
  const there = new Set([...found].filter((id) => deputies(id).length === 0));
  return [...found].filter((id) => !deputies(id).some((deputy) => there.has(deputy)));
}

interface SoFar {
  readonly requirement: Requirement;
  readonly approvers: readonly Given[];
  readonly at: At;
}

function missingOf({ slots }: Part, { requirement, approvers, at }: SoFar): Slot[] {
  const given = distinct(approvers, at.nowMs);
  const claims = mandates(given, at);
  const fits = slots.map((slot) =>
    [...given.keys()].filter((i) => {
      const { person, atMs, ownName } = given[i] as Answered;
      const fit = mayFill(slot, requirement, person, { ...at, nowMs: atMs });
      if (!fit.ok || fit.standsFor === null) return fit.ok;
      return ownName !== true && claims.get(fit.standsFor) === person;
    }),
  );
  return assign(fits).flatMap((person, i) => (person === -1 ? [slots[i] as Slot] : []));
}

/** The first answer of each, in the order they came: who was first takes the place of somebody absent. */
function distinct(approvers: readonly Given[], nowMs: number): readonly Answered[] {
  const first = new Map<string, Answered>();
  for (const given of approvers) {
    const one = typeof given === 'string' ? { person: given, atMs: nowMs } : given;
    if (!first.has(one.person)) first.set(one.person, one);
  }
  return [...first.values()];
}

/**
 * One absent person's place is taken once: by nobody when they answered themselves, else by the first who stands in. Two deputies of one
 * person are not two people.
 */
function mandates(given: readonly Answered[], { rules }: At): ReadonlyMap<string, string> {
  const claims = new Map(given.map(({ person }) => [person, person]));
  for (const { person, atMs } of given) {
    for (const { for: absent } of standsInFor(person, rules.away, atMs)) {
      if (!claims.has(absent)) claims.set(absent, person);
    }
  }
  return claims;
}

function refusal(fits: readonly MayFill[], person: string): MayAnswer {
  const why = fits.flatMap((fit) => (fit.ok ? ['ok' as const] : [fit.why]));
  if (why.includes('ok')) {
    return {
      ok: false,
      why: 'not-asked',
      message: 'somebody else still has to approve; another answer of this kind is not needed',
    };
  }
  if (why.includes('separation')) {
    const message = 'whoever started an action, or owns an agent it comes through, does not approve it for others';
    return { ok: false, why: 'separation', message };
  }
  const message = why.includes('inactive') ? `there is no active person "${person}" here` : `${person} was not asked`;
  return { ok: false, why: 'not-asked', message };
}

/** Everybody who might be meant, named people before members of groups; deputies after those they stand in for. */
function* possible(slots: readonly Slot[], requirement: Requirement, at: At): Generator<string> {
  const who = [...slots.flatMap((slot) => slot.who), ...slots.flatMap((slot) => escalatedTo(slot, requirement, at))];
  for (const id of who.flatMap((one) => namedIds(one, at))) yield* withDeputies(id, at);
  const groups = new Set(who.flatMap((one) => groupsOf(one, at)));
  if (groups.size === 0) return;
  // A directory may hold very many people: the rest is asked of members alone.
  for (const person of at.people.people()) {
    if (person.active && person.groups.some((group) => groups.has(group))) yield* withDeputies(person.id, at);
  }
}

function* withDeputies(id: string, { rules, nowMs }: At): Generator<string> {
  yield id;
  yield* deputiesNow(id, rules.away, nowMs);
}

function namedIds({ kind, id }: Who, at: At): readonly string[] {
  switch (kind) {
    case 'owner': {
      const agent = at.people.agent(id);
      return agent === undefined ? [] : [agent.owner, ...agent.deputies];
    }
    case 'subject':
    case 'person':
      return [id];
    case 'schedule':
      return dutyOf(id, at);
    case 'role': {
      const role = at.rules.roles.get(id);
      return role === undefined ? [] : [...role.people, ...role.schedules.flatMap((schedule) => dutyOf(schedule, at))];
    }
    case 'group':
      return [];
  }
}

function dutyOf(id: string, { rules, nowMs }: At): readonly string[] {
  const schedule = rules.schedules.get(id);
  const person = schedule === undefined ? null : onDuty(schedule, nowMs);
  return person === null ? [] : [person];
}

function groupsOf({ kind, id }: Who, { rules }: At): readonly string[] {
  if (kind === 'group') return [id];
  return kind === 'role' ? (rules.roles.get(id)?.groups ?? []) : [];
}
