import { isIP } from 'node:net';
import { exactAmount } from '../../model/amount.ts';
import { type Assurance, assuranceAtLeast } from '../../model/approval.ts';
import { type AskWho, formatWho, parseAsk } from '../../model/ask.ts';
import { APPROVAL_DEFAULTS, type RawApprovals } from '../schema/approvals/approvals.ts';
import { escalationWho, type RawRoute, type RawTier } from '../schema/approvals/routes.ts';
import type { ConfigFile } from '../schema.ts';
import { didYouMean, type Finding, type Path } from '../source/problem.ts';

interface Checked {
  readonly errors: readonly Finding[];
  readonly warnings: readonly Finding[];
}

/** What may be named in the section, and where what is wrong with it goes. */
interface Check {
  readonly raw: RawApprovals;
  readonly people: readonly string[];
  readonly groups: readonly string[];
  /** People and groups also come from an identity provider: who is not in the file may come. */
  readonly provisioned: boolean;
  readonly errors: Finding[];
  readonly warnings: Finding[];
}

const at = (path: Path, message: string, help: string): Finding => ({ path, at: 'value', message, help });

/** What the shape of `approvals` cannot say: names that must exist, tiers that must cover everything, times that must be possible. Pure. */
export function checkApprovals(file: ConfigFile): Checked {
  const { approvals: raw, people = {}, scim } = file;
  const check: Check = {
    raw: raw ?? {},
    people: Object.keys(people),
    groups: [...new Set(Object.values(people).flatMap((person) => person.groups ?? []))],
    provisioned: scim !== undefined,
    errors: [],
    warnings: [],
  };
  if (raw === undefined) return check;
  for (const [name, role] of Object.entries(raw.roles ?? {})) checkRole(check, ['approvals', 'roles', name], role);
  for (const [name, route] of Object.entries(raw.routes ?? {})) checkRoute(check, ['approvals', 'routes', name], route);
  for (const [name, schedule] of Object.entries(raw.schedules ?? {})) {
    checkSchedule(check, ['approvals', 'schedules', name], schedule);
  }
  warnNoPasskeys(check, file);
  checkAway(check, raw.away ?? []);
  if (raw.quietHours !== undefined) checkClock(check, ['approvals', 'quietHours'], raw.quietHours);
  return check;
}

/** Web Authentication, section 5.1.2: a relying party has a domain; an address has no passkeys, so nobody could answer. */
function warnNoPasskeys({ raw, warnings }: Check, { listen }: ConfigFile): void {
  const origin = listen?.publicUrl === undefined ? null : URL.parse(listen.publicUrl);
  const host = origin?.hostname.replace(/^\[|\]$/g, '') ?? listen?.host ?? '127.0.0.1';
  if (isIP(host) === 0) return;
  const routes = Object.entries(raw.routes ?? {}).filter(([, route]) => route.assurance === 'passkey');
  const paths: Path[] = routes.map(([name]) => ['approvals', 'routes', name, 'assurance']);
  if (raw.assurance === 'passkey') paths.unshift(['approvals', 'assurance']);
  const help = 'set listen.publicUrl, or listen.host: localhost on a developer’s machine';
  for (const path of paths) warnings.push(at(path, `nobody can use a passkey at the address ${host}`, help));
}

function checkRole(check: Check, path: Path, role: NonNullable<RawApprovals['roles']>[string]): void {
  const { people = [], groups = [], onCall = [] } = role;
  for (const [i, id] of people.entries()) knownPerson(check, [...path, 'people', i], id);
  for (const [i, id] of groups.entries()) knownGroup(check, [...path, 'groups', i], id);
  for (const [i, id] of onCall.entries()) knownSchedule(check, [...path, 'onCall', i], id);
  if (people.length + groups.length + onCall.length === 0) {
    check.errors.push(at(path, 'this role is nobody', 'give people, groups or onCall'));
  }
}

function checkRoute(check: Check, path: Path, route: RawRoute): void {
  for (const [i, tier] of route.tiers.entries()) checkTier(check, [...path, 'tiers', i], tier);
  checkReach(check, path, route.tiers);
  const expireMs = route.expireMs ?? check.raw.expireMs ?? APPROVAL_DEFAULTS.expireMs;
  for (const [i, { afterMs, to }] of (route.escalate ?? []).entries()) {
    const here = [...path, 'escalate', i];
    if (afterMs >= expireMs) {
      const message = `nobody would be asked after ${afterMs} ms: the question is over after ${expireMs} ms`;
      check.errors.push(at([...here, 'afterMs'], message, 'shorten afterMs, or raise expireMs'));
    }
    if (checkAsk(check, [...here, 'to'], to) && escalationWho(to) === null) {
      const help = 'write who may answer as well, separated by "|"; how many answers are needed does not change';
      check.errors.push(at([...here, 'to'], `"${to}" says more than who`, help));
    }
  }
  const least: Assurance = check.raw.assurance ?? APPROVAL_DEFAULTS.assurance;
  if (route.assurance !== undefined && !assuranceAtLeast(route.assurance, least)) {
    const message = `${route.assurance} is less than approvals.assurance (${least}) and would count for nothing`;
    check.errors.push(at([...path, 'assurance'], message, `remove it, or lower approvals.assurance`));
  }
}

function checkTier(check: Check, path: Path, tier: RawTier): void {
  if ((tier.automatic === undefined) === (tier.ask === undefined)) {
    const message = tier.ask === undefined ? 'this tier says nothing' : 'this tier is automatic and asks';
    check.errors.push(at(path, message, 'give exactly one of "automatic: true" and "ask"'));
  }
  if (tier.ask !== undefined) checkAsk(check, [...path, 'ask'], tier.ask);
  if (tier.below === undefined) return;
  const below = exactAmount(tier.below);
  if (below !== null && below > 0) return;
  const help = 'write a positive amount with at most four decimals: 400, "399.99"';
  check.errors.push(at([...path, 'below'], `${JSON.stringify(tier.below)} is no bound`, help));
}

/** Every call is covered by some tier, and every tier covers some call that none before it does. */
function checkReach(check: Check, path: Path, tiers: readonly RawTier[]): void {
  const last = tiers.length - 1;
  for (const [i, tier] of tiers.entries()) {
    const before = tiers.findIndex((other, j) => j < i && includes(other, tier));
    if (before !== -1) {
      const message = `this tier is never reached: tier ${before + 1} covers all of it`;
      check.errors.push(at([...path, 'tiers', i], message, 'order tiers from narrow to wide, or remove one'));
    }
    if (i === last && !isUnbounded(tier)) {
      const help = 'add a last tier with nothing but "ask": a call no other covers must be asked about too';
      check.errors.push(at([...path, 'tiers', i], 'the last tier of a route must be without bounds', help));
    }
    if (isUnbounded(tier) && tier.automatic === true) {
      const message = 'whatever no other tier covers goes on by itself, also a call without an amount';
      check.warnings.push(at([...path, 'tiers', i], message, 'let the last tier ask somebody'));
    }
  }
}

function isUnbounded({ below, currencies, environments, dataClasses, effects }: RawTier): boolean {
  return [below, currencies, environments, dataClasses, effects].every((bound) => bound === undefined);
}

/** Whether every call the second covers is covered by the first. */
function includes(wide: RawTier, narrow: RawTier): boolean {
  const within = (a: readonly string[] | undefined, b: readonly string[] | undefined): boolean =>
    a === undefined || (b?.every((each) => a.includes(each)) ?? false);
  const [most, least] = [wide.below, narrow.below].map((below) => (below === undefined ? null : exactAmount(below)));
  const amounts = wide.below === undefined || (most != null && least != null && least <= most);
  return (
    amounts &&
    within(wide.currencies, narrow.currencies) &&
    within(wide.environments, narrow.environments) &&
    within(wide.dataClasses, narrow.dataClasses) &&
    within(wide.effects, narrow.effects)
  );
}

/** `false`: it is not an ask of its own. */
function checkAsk(check: Check, path: Path, text: string): boolean {
  const ask = parseAsk(text);
  if ('problem' in ask) {
    check.errors.push(at(path, `"${text}" ${ask.problem}`, ask.help));
    return false;
  }
  if (ask.kind === 'route') {
    check.errors.push(at(path, 'a route leads to people, not to another route', 'write who is asked'));
    return false;
  }
  for (const who of ask.slots.flatMap((slot) => slot.who)) checkWho(check, path, who);
  return true;
}

function checkWho(check: Check, path: Path, who: AskWho): void {
  switch (who.kind) {
    case 'person':
      return knownPerson(check, path, who.id);
    case 'group':
      return knownGroup(check, path, who.id);
    case 'schedule':
      return knownSchedule(check, path, who.id);
    case 'role': {
      const roles = Object.keys(check.raw.roles ?? {});
      if (roles.includes(who.id)) return;
      const group = formatWho({ kind: 'group', id: who.id });
      const help = check.groups.includes(who.id) ? `write ${group}` : didYouMean(who.id, roles);
      check.errors.push(at(path, `unknown role "${who.id}"`, help));
    }
  }
}

function knownPerson(check: Check, path: Path, id: string): void {
  if (check.people.includes(id)) return;
  const finding = at(path, `unknown person "${id}"`, didYouMean(id, check.people));
  (check.provisioned ? check.warnings : check.errors).push(finding);
}

function knownGroup(check: Check, path: Path, id: string): void {
  if (check.provisioned || check.groups.includes(id)) return;
  check.warnings.push(at(path, `nobody is in a group "${id}"`, didYouMean(id, check.groups)));
}

function knownSchedule(check: Check, path: Path, id: string): void {
  const schedules = Object.keys(check.raw.schedules ?? {});
  if (!schedules.includes(id)) check.errors.push(at(path, `unknown schedule "${id}"`, didYouMean(id, schedules)));
}

function checkSchedule(check: Check, path: Path, schedule: NonNullable<RawApprovals['schedules']>[string]): void {
  for (const [i, id] of schedule.people.entries()) knownPerson(check, [...path, 'people', i], id);
  if (!isDate(schedule.start)) {
    check.errors.push(at([...path, 'start'], `"${schedule.start}" is no date`, 'write e.g. 2026-11-02T09:00'));
  }
  checkClock(check, path, { timezone: schedule.timezone });
  if (schedule.hours !== undefined) checkClock(check, [...path, 'hours'], schedule.hours);
}

function checkClock(check: Check, path: Path, clock: { timezone?: string; from?: string; to?: string }): void {
  if (clock.timezone !== undefined && !isTimezone(clock.timezone)) {
    const help = 'write the name of an IANA time zone, such as Europe/Berlin or UTC';
    check.errors.push(at([...path, 'timezone'], `"${clock.timezone}" is no time zone`, help));
  }
  if (clock.from === undefined || clock.from !== clock.to) return;
  check.errors.push(
    at([...path, 'to'], `from ${clock.from} to ${clock.to} is no time at all`, 'correct one, or remove both'),
  );
}

function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** A day the calendar has: `Date.parse` takes 2026-02-30 for the second of March. */
function isDate(text: string): boolean {
  const day = text.slice(0, 10);
  const parsed = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(parsed) && new Date(parsed).toISOString().startsWith(day) && !Number.isNaN(Date.parse(text));
}

function checkAway(check: Check, away: NonNullable<RawApprovals['away']>): void {
  for (const [i, one] of away.entries()) {
    const path: Path = ['approvals', 'away', i];
    knownPerson(check, [...path, 'person'], one.person);
    knownPerson(check, [...path, 'deputy'], one.deputy);
    if (one.person === one.deputy) {
      check.errors.push(at([...path, 'deputy'], 'nobody stands in for themselves', 'name somebody else'));
    }
    const wrong = (['from', 'until'] as const).filter((key) => !isDate(one[key]));
    for (const key of wrong) {
      check.errors.push(at([...path, key], `"${one[key]}" is no date`, 'write e.g. 2026-12-20 or 2026-12-20T12:00Z'));
    }
    if (wrong.length === 0) checkSpan(check, path, { away, i });
  }
}

function checkSpan(
  check: Check,
  path: Path,
  { away, i }: { away: NonNullable<RawApprovals['away']>; i: number },
): void {
  const span = (one: (typeof away)[number]): [number, number] => [Date.parse(one.from), Date.parse(one.until)];
  const one = away[i] as (typeof away)[number];
  const [from, until] = span(one);
  if (from >= until) {
    return void check.errors.push(at([...path, 'until'], `${one.person} is back before leaving`, 'give a later date'));
  }
  const during = away.filter((other, j) => j < i && span(other)[0] < until && from < span(other)[1]);
  if (during.some((other) => other.person === one.person)) {
    const help = 'let one end where the other begins, or remove one';
    check.errors.push(at(path, `${one.person} is away at that time already`, help));
  }
  if (during.some((other) => other.person === one.deputy && other.deputy === one.person)) {
    const message = `${one.person} and ${one.deputy} stand in for each other while both are away`;
    check.warnings.push(at(path, message, 'name somebody who is there'));
  }
}
