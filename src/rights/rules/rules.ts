import type { ActionTarget } from '../../model/action.ts';
import type { JsonObject } from '../../model/json.ts';
import type { PermissionRule, Permissions } from '../../model/permission.ts';
import type { Person } from '../../model/person.ts';
import type { ToolEffect, ToolLabels } from '../../model/tool.ts';
import { fill, type ObjectTemplate, readTemplate } from './template.ts';

/** A rule ready to be asked. */
export interface Rule {
  readonly id: string;
  readonly effects: ReadonlySet<ToolEffect> | null;
  readonly groups: ReadonlySet<string> | null;
  readonly attributes: readonly (readonly [name: string, value: string])[];
  readonly relation: { readonly relation: string; readonly object: ObjectTemplate } | null;
  /** What is said when it grants; worked out once. */
  readonly granted: string;
}

export interface Rules {
  readonly default: Permissions['default'];
  /** Rules that may be about a tool, or about everything else of a server, in the order of the configuration. */
  about(server: string, tool: string | null): readonly Rule[];
}

interface Candidate {
  readonly rule: Rule;
  readonly servers: ReadonlySet<string> | null;
  readonly tools: ReadonlySet<string> | null;
}

/** Throws for a template that cannot be read: the configuration has been checked before. */
export function compileRules(permissions: Permissions): Rules {
  const candidates = permissions.rules.map(candidateOf);
  const known = new Map<string, readonly Rule[]>();
  // Every tool a rule names has a list of its own; all others of a server share one.
  const named = new Set(permissions.rules.flatMap(({ match }) => match.tools ?? []));
  const find = (server: string, tool: string | null): readonly Rule[] =>
    candidates.filter((candidate) => isAbout(candidate, server, tool)).map(({ rule }) => rule);
  return {
    default: permissions.default,
    about(server, tool) {
      const whole = `${server}/${tool}`;
      const key = tool === null ? server : named.has(whole) ? whole : `${server}/*`;
      const found = known.get(key);
      if (found !== undefined) return found;
      const fresh = find(server, tool);
      // Servers are configured: what an agent says cannot make this grow.
      known.set(key, fresh);
      return fresh;
    },
  };
}

function candidateOf({ id, match, grant }: PermissionRule): Candidate {
  const object = grant.relation === null ? null : readTemplate(grant.relation.object);
  if (object !== null && !object.ok) throw new Error(`bug: the rule "${id}" was not checked: ${object.why}`);
  const attributes = Object.entries(grant.attributes ?? {});
  if (!grant.everyone && grant.groups === null && attributes.length === 0 && grant.relation === null) {
    throw new Error(`bug: the rule "${id}" was not checked: it asks for nothing`);
  }
  const relation =
    grant.relation === null || object === null ? null : { relation: grant.relation.relation, object: object.template };
  const granted = [
    ...(grant.everyone ? ['everyone'] : []),
    ...(grant.groups === null ? [] : [`in one of ${grant.groups.join(', ')}`]),
    ...attributes.map(([name, value]) => `${name} is ${value}`),
    ...(relation === null ? [] : [`${relation.relation} of ${relation.object.text}`]),
  ];
  return {
    rule: {
      id,
      effects: match.effects === null ? null : new Set(match.effects),
      groups: grant.groups === null ? null : new Set(grant.groups),
      attributes,
      relation,
      granted: granted.join(', '),
    },
    servers: match.servers === null ? null : new Set(match.servers),
    tools: match.tools === null ? null : new Set(match.tools),
  };
}

function isAbout({ servers, tools }: Candidate, server: string, tool: string | null): boolean {
  if (servers !== null && !servers.has(server)) return false;
  if (tools === null) return true;
  return tool !== null && (tools.has(`${server}/${tool}`) || tools.has(`${server}/*`));
}

/** What an action does, for `effects`. `null`: nobody knows. Resources and prompts are read. */
export function effectOf(target: ActionTarget['kind'], labels: ToolLabels | null): ToolEffect | null {
  return target === 'tool' ? (labels?.effect ?? null) : 'read';
}

/** Why a person does not meet what can be told from the person alone; `null` when they do. */
export function whyNot(rule: Rule, person: Person): string | null {
  if (rule.groups !== null && !person.groups.some((group) => rule.groups?.has(group))) return 'in none of its groups';
  for (const [name, value] of rule.attributes) {
    if (attributeOf(person, name) !== value) return `${name} is not ${value}`;
  }
  return null;
}

function attributeOf(person: Person, name: string): string | null {
  if (Object.hasOwn(person.attributes, name)) return person.attributes[name] ?? null;
  return name === 'department' ? person.department : null;
}

/** The objects a rule with a relation asks about for these arguments. */
export function objectsOf(rule: Rule, args: JsonObject): ReturnType<typeof fill> {
  return rule.relation === null ? { ok: true, objects: [] } : fill(rule.relation.object, args);
}
