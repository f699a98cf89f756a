import type { Agent } from '../../../../model/agent.ts';
import { type AskWho, parseAsk } from '../../../../model/ask.ts';
import type { Person } from '../../../../model/person.ts';
import { type InsightParts, inTurns } from '../parts.ts';

/** The people who may be asked, by what policies and routes write. Who acts for whom is not known beforehand: subjects are left out. */
export async function approversOf(
  { live, gateway }: InsightParts,
  active: readonly Agent[],
): Promise<readonly Person[]> {
  const { directory, config } = live;
  const { roles, routes, schedules } = config.approvals;
  const texts = new Set(gateway.snapshot().policies.rules.flatMap(({ ask }) => (ask === null ? [] : [ask])));
  for (const { tiers } of routes.values()) for (const { ask } of tiers) if (ask !== null) texts.add(ask);
  const ids = new Set<string>();
  const groups = new Set<string>();
  let owners = false;
  const onDuty = (id: string): void => {
    for (const person of schedules.get(id)?.people ?? []) ids.add(person);
  };
  const add = (who: AskWho): void => {
    if (who.kind === 'owner') owners = true;
    else if (who.kind === 'person') ids.add(who.id);
    else if (who.kind === 'group') groups.add(who.id);
    else if (who.kind === 'schedule') onDuty(who.id);
    else if (who.kind === 'role') {
      const role = roles.get(who.id);
      for (const person of role?.people ?? []) ids.add(person);
      for (const group of role?.groups ?? []) groups.add(group);
      for (const schedule of role?.schedules ?? []) onDuty(schedule);
    }
  };
  for (const text of texts) for (const who of whoOf(text)) add(who);
  if (owners)
    await inTurns(active, ({ owner, deputies }) => {
      for (const id of [owner, ...deputies]) ids.add(id);
    });
  const found: Person[] = [];
  await inTurns([...directory.people()], (person) => {
    if (person.active && (ids.has(person.id) || person.groups.some((group) => groups.has(group)))) found.push(person);
  });
  return found;
}

function whoOf(text: string): readonly AskWho[] {
  const parsed = parseAsk(text);
  return 'problem' in parsed || parsed.kind === 'route' ? [] : parsed.slots.flatMap(({ who }) => who);
}
