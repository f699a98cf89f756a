import type { PolicyWorld } from '../../model/policy-input.ts';
import type { Expr } from '../cedar/expr.ts';
import { CedarSet, type Value } from '../cedar/value/values.ts';
import { ACTION_GROUPS, WORDS } from '../schema.ts';
import { type EntityLiteral, entityLiterals, stringLiterals } from '../text/literals.ts';
import type { Finding } from './findings.ts';
import { suggest } from './nearest.ts';

export interface Findings {
  readonly errors: Finding[];
  readonly warnings: Finding[];
}

/** What a policy may name, looked up often. */
export interface KnownNames {
  readonly agents: readonly string[];
  readonly people: readonly string[];
  readonly servers: readonly string[];
  readonly tools: readonly string[];
  readonly agentGroups: readonly string[];
  readonly groups: readonly string[];
  readonly actions: readonly string[];
  readonly approvers: PolicyWorld['approvers'];
}

export function knownNames(world: PolicyWorld): KnownNames {
  const agents = membersOf(world.agents);
  const people = membersOf(world.people);
  return {
    agents: agents.ids,
    people: people.ids,
    servers: world.servers.map((server) => server.id),
    tools: world.tools.map((tool) => `${tool.server}/${tool.name}`),
    agentGroups: agents.groups,
    groups: people.groups,
    actions: [...ACTION_GROUPS.keys(), ...new Set(ACTION_GROUPS.values())],
    approvers: world.approvers,
  };
}

interface Member {
  readonly id: string;
  readonly groups: readonly string[];
}

interface Members {
  readonly ids: readonly string[];
  readonly groups: readonly string[];
}

/** There may be a hundred thousand, and the same list comes with every check of a draft. */
const members = new WeakMap<readonly Member[], Members>();
const asSet = new WeakMap<readonly string[], ReadonlySet<string>>();

/** Ids and groups, worked out once for each list. */
export function membersOf(all: readonly Member[]): Members {
  let known = members.get(all);
  if (known === undefined) {
    const groups = new Set<string>();
    for (const one of all) for (const group of one.groups) groups.add(group);
    known = { ids: all.map(({ id }) => id), groups: [...groups] };
    members.set(all, known);
  }
  return known;
}

function includes(names: readonly string[], name: string): boolean {
  if (names.length < 64) return names.includes(name);
  let set = asSet.get(names);
  if (set === undefined) asSet.set(names, (set = new Set(names)));
  return set.has(name);
}

/** Names that do not exist: a rule about nobody would silently do nothing. Unknown tools and groups may come later: warnings. */
export function checkNames(text: string, known: KnownNames): Findings {
  const found: Findings = { errors: [], warnings: [] };
  for (const literal of entityLiterals(text)) checkLiteral(literal, known, found);
  return found;
}

function checkLiteral(literal: EntityLiteral, known: KnownNames, found: Findings): void {
  const { type, id, start: offset } = literal;
  const unknown = (list: Finding[], what: string, names: readonly string[]): void => {
    if (!includes(names, id)) list.push({ offset, message: `unknown ${what} "${id}"`, help: suggest(id, names) });
  };
  switch (type) {
    case 'Agent':
      return unknown(found.errors, 'agent', known.agents);
    case 'Person':
      return unknown(found.errors, 'person', known.people);
    case 'Server':
      return unknown(found.errors, 'server', known.servers);
    case 'Action':
      return unknown(found.errors, 'action', known.actions);
    case 'AgentGroup':
      return unknown(found.warnings, 'agent group', known.agentGroups);
    case 'Group':
      return unknown(found.warnings, 'group', known.groups);
    case 'Tool':
    case 'Resource':
    case 'Prompt':
      if (checkServerPrefix(literal, known, found) && type === 'Tool') unknown(found.warnings, 'tool', known.tools);
  }
}

function checkServerPrefix({ type, id, start: offset }: EntityLiteral, known: KnownNames, found: Findings): boolean {
  const slash = id.indexOf('/');
  const server = slash === -1 ? id : id.slice(0, slash);
  if (slash > 0 && known.servers.includes(server)) return true;
  const help = slash > 0 ? suggest(server, known.servers) : `write ${type}::"<server>/${id}"`;
  const message =
    slash > 0 ? `unknown server "${server}" in ${type}::"${id}"` : `${type}::"${id}" does not say which server`;
  found.errors.push({ offset, message, help });
  return false;
}

/** Comparisons of an attribute with a word it never holds, e.g. `resource.effect == "delete"`. */
export function checkWords(condition: Expr | null, text: string): Finding[] {
  const errors: Finding[] = [];
  const check = (attribute: string, word: string): void => {
    const words = WORDS.get(attribute) as readonly string[];
    if (words.includes(word)) return;
    const offset = stringLiterals(text).find((literal) => literal.value === word)?.start ?? 0;
    errors.push({ offset, message: `"${word}" is never a value of ${attribute}`, help: suggest(word, words) });
  };
  if (condition !== null) walk(condition, check);
  return errors;
}

function walk(expr: Expr, check: (attribute: string, word: string) => void): void {
  if (expr.kind === 'binary') {
    if (expr.name === '==' || expr.name === '!=') {
      compare(expr.left, expr.right, check);
      compare(expr.right, expr.left, check);
    }
    if (expr.name === 'contains') compare(expr.right, expr.left, check);
  }
  for (const part of partsOf(expr)) walk(part, check);
}

/** `attribute` is a read of a known attribute and `constant` holds words it is compared with. */
function compare(attribute: Expr, constant: Expr, check: (attribute: string, word: string) => void): void {
  if (attribute.kind !== 'unary' || attribute.name !== '.' || !WORDS.has(attribute.detail)) return;
  if (constant.kind !== 'literal') return;
  for (const word of wordsOf(constant.value)) check(attribute.detail, word);
}

function wordsOf(value: Value): string[] {
  if (typeof value === 'string') return [value];
  return value instanceof CedarSet ? [...value.primitives].filter((word) => typeof word === 'string') : [];
}

function partsOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'and':
    case 'or':
    case 'binary':
      return [expr.left, expr.right];
    case 'if':
      return [expr.test, expr.whenTrue, expr.whenFalse];
    case 'unary':
      return [expr.arg];
    case 'collect':
      return expr.items;
    default:
      return [];
  }
}
