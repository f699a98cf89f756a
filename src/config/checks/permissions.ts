import { isLoopback } from '../config.ts';
import type { PermissionsConfig } from '../schema/permissions.ts';
import type { ConfigFile } from '../schema.ts';
import { didYouMean, type Finding, type Path } from '../source/problem.ts';

const at = (path: Path, message: string, help: string): Finding => ({ path, at: 'value', message, help });

/** What the shape of `permissions` cannot say. Pure. */
export function checkPermissions(raw: ConfigFile): Finding[] {
  const { permissions } = raw;
  if (permissions === undefined) return [];
  const findings: Finding[] = [];
  const { server, model, tuples } = permissions;
  if (server !== undefined && tuples !== undefined) {
    const help = 'write the tuples to that server, or leave out permissions.server';
    findings.push(
      at(['permissions', 'tuples'], 'relations come from the server: this file would count for nothing', help),
    );
  }
  if (tuples !== undefined && model === undefined) {
    findings.push(at(['permissions', 'tuples'], 'tuples mean something under a model only', 'set permissions.model'));
  }
  if (permissions.membership !== undefined && model === undefined && server === undefined) {
    findings.push(at(['permissions', 'membership'], 'there is no model that could see it', 'set permissions.model'));
  }
  const ids = new Set<string>();
  for (const [i, rule] of (permissions.rules ?? []).entries()) {
    const path: Path = ['permissions', 'rules', i];
    if (ids.has(rule.id)) findings.push(at([...path, 'id'], `two rules are called "${rule.id}"`, 'rename one of them'));
    ids.add(rule.id);
    findings.push(...checkMatch(raw, rule, path), ...checkGrant(rule.grant, [...path, 'grant']));
    if (rule.grant.relation !== undefined && model === undefined && server === undefined) {
      const help = 'set permissions.model, or permissions.server';
      findings.push(at([...path, 'grant', 'relation'], 'nobody could answer for this relation', help));
    }
  }
  return findings;
}

type RawRule = NonNullable<NonNullable<ConfigFile['permissions']>['rules']>[number];

function checkMatch(raw: ConfigFile, { match }: RawRule, path: Path): Finding[] {
  const known = Object.keys(raw.servers);
  const unknown = (name: string, where: Path): Finding[] =>
    known.includes(name) ? [] : [at(where, `unknown server "${name}"`, didYouMean(name, known))];
  return [
    ...(match?.servers ?? []).flatMap((name, i) => unknown(name, [...path, 'match', 'servers', i])),
    ...(match?.tools ?? []).flatMap((tool, i) => {
      const server = tool.slice(0, tool.indexOf('/'));
      const where = [...path, 'match', 'tools', i];
      if (match?.servers !== undefined && !match.servers.includes(server)) {
        return [at(where, `"${server}" is not one of the servers of this rule: it would never match`, 'remove one')];
      }
      return unknown(server, where);
    }),
  ];
}

function checkGrant(grant: RawRule['grant'], path: Path): Finding[] {
  const { everyone, ...conditions } = grant;
  const named = Object.values(conditions).filter((one) => one !== undefined && Object.keys(one).length > 0);
  if (everyone === true && named.length > 0) {
    return [at([...path, 'everyone'], 'everyone and a condition do not go together', 'remove one of the two')];
  }
  if (everyone !== true && named.length === 0) {
    return [at(path, 'this grant names nobody', 'give groups, attributes or relation, or everyone: true')];
  }
  return [];
}

export function warnPermissions(raw: ConfigFile): Finding[] {
  const server = raw.permissions?.server;
  const url = server === undefined ? null : URL.parse(server.url);
  if (url?.protocol !== 'http:' || isLoopback(url.hostname)) return [];
  return [
    at(['permissions', 'server', 'url'], `questions about relations to ${url.host} are not encrypted`, 'use https'),
  ];
}

/** What exists to be named: tools by server, whether that server has shown its own, and relations by type (`null`: only a server knows them). */
export interface Names {
  readonly tools: ReadonlyMap<string, { readonly names: readonly string[]; readonly shown: boolean }>;
  readonly relations: ReadonlyMap<string, readonly string[]> | null;
}

/**
 * Names in the rules that nothing answers to. A tool is only then unknown when its server has shown others: before the first look
 * nobody knows any, and that is a warning. Pure.
 */
export function checkNames(
  permissions: PermissionsConfig,
  names: Names,
): { readonly errors: readonly Finding[]; readonly warnings: readonly Finding[] } {
  const errors: Finding[] = [...checkTypes(permissions, names)];
  const warnings: Finding[] = [];
  for (const [i, { match, grant }] of (permissions.rules ?? []).entries()) {
    const path: Path = ['permissions', 'rules', i];
    for (const [j, tool] of (match.tools ?? []).entries()) {
      const server = tool.slice(0, tool.indexOf('/'));
      const name = tool.slice(server.length + 1);
      const { names: known, shown } = names.tools.get(server) ?? { names: [], shown: false };
      if (name === '*' || known.includes(name)) continue;
      const where = [...path, 'match', 'tools', j];
      const help =
        `${known.length === 0 ? '' : didYouMean(name, known)} A tool that is yet to come is known once servers.${server}.tools names it`.trim();
      if (shown) errors.push(at(where, `the server "${server}" has no tool "${name}"`, help));
      else warnings.push(at(where, `the server "${server}" has shown no tool yet: "${name}" is not checked`, help));
    }
    if (grant.relation !== null) errors.push(...checkRelation(grant.relation, names, [...path, 'grant', 'relation']));
  }
  return { errors, warnings };
}

function checkTypes({ userType, membership }: PermissionsConfig, { relations }: Names): Finding[] {
  if (relations === null) return [];
  const findings: Finding[] = [];
  if (!relations.has(userType)) {
    const help = `${didYouMean(userType, [...relations.keys()])} Set permissions.userType`;
    findings.push(at(['permissions'], `the model has no type "${userType}" for people`, help));
  }
  if (membership !== null && !(relations.get(membership.type)?.includes(membership.relation) ?? false)) {
    const known = [...relations].flatMap(([type, each]) => each.map((relation) => `${type}#${relation}`));
    const written = `${membership.type}#${membership.relation}`;
    findings.push(at(['permissions', 'membership'], `the model has no "${written}"`, didYouMean(written, known)));
  }
  return findings;
}

function checkRelation(asked: { object: string; relation: string }, { relations }: Names, path: Path): Finding[] {
  if (relations === null) return [];
  const type = asked.object.slice(0, Math.max(0, asked.object.indexOf(':')));
  const known = relations.get(type);
  if (known === undefined) {
    return [at([...path, 'object'], `the model has no type "${type}"`, didYouMean(type, [...relations.keys()]))];
  }
  if (known.includes(asked.relation)) return [];
  const message = `the type "${type}" has no relation "${asked.relation}"`;
  return [at([...path, 'relation'], message, didYouMean(asked.relation, known))];
}
