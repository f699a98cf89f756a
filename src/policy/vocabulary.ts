import type { PolicyWorld } from '../model/policy-input.ts';
import { membersOf } from './publish/names.ts';
import { ACTION_GROUPS, SCHEMA } from './schema.ts';

export interface Attribute {
  readonly name: string;
  readonly type: string;
}

export const ANNOTATIONS: readonly string[] = ['id', 'ask', 'reason', 'obligation'];

/** What an editor offers of one type at once. */
const MAX_OFFERED = 2_000;

/** Every action id and group. */
export const ACTIONS: readonly string[] = [...ACTION_GROUPS.keys(), ...new Set(ACTION_GROUPS.values())];

/** Attributes by entity type, and of `context` and the records in it. Read from the published schema, so that the two cannot differ. */
export const ATTRIBUTES: Readonly<Record<string, readonly Attribute[]>> = readAttributes(SCHEMA);

/** Ids by entity type; those that contain `search`, without case. */
export function entitiesOf(world: PolicyWorld, search: string): Readonly<Record<string, readonly string[]>> {
  const wanted = search.toLowerCase();
  const some = (ids: readonly string[]): readonly string[] => {
    const found: string[] = [];
    for (const id of ids) {
      if (found.length >= MAX_OFFERED) break;
      if (wanted === '' || id.toLowerCase().includes(wanted)) found.push(id);
    }
    return found.sort();
  };
  const agents = membersOf(world.agents);
  const people = membersOf(world.people);
  return {
    Action: some(ACTIONS),
    Agent: some(agents.ids),
    AgentGroup: some(agents.groups),
    Person: some(people.ids),
    Group: some(world.approvers?.groups ?? people.groups),
    Server: some(world.servers.map(({ id }) => id)),
    Tool: some(world.tools.map(({ server, name }) => `${server}/${name}`)),
  };
}

/** The schema as it is written here: one attribute a line, records closed on a line of their own. */
function readAttributes(schema: string): Record<string, readonly Attribute[]> {
  const found: Record<string, Attribute[]> = {};
  const open: string[] = [];
  for (const line of schema.split('\n').map((each) => each.replace(/\/\/.*$/, '').trim())) {
    const begins = /^(?:entity (\w+)(?: in \[\w+\])?|type (\w+) =) \{$/.exec(line);
    const inner = /^(\w+\??): \{$/.exec(line);
    const attribute = /^(\w+\??): (.+),$/.exec(line);
    if (begins !== null) open.push(nameOf(begins[1] ?? begins[2] ?? ''));
    else if (/^\}[;,]$/.test(line)) open.pop();
    const here = open.at(-1);
    if (here === undefined) continue;
    found[here] ??= [];
    const [, name = '', type = ''] = attribute ?? inner ?? [];
    if (inner !== null) {
      const path = `${here}.${name.replace('?', '')}`;
      found[here].push({ name, type: path });
      open.push(path);
    } else if (attribute !== null) found[here].push({ name, type });
  }
  return found;
}

function nameOf(declared: string): string {
  return declared === 'Facts' ? 'context' : declared;
}
