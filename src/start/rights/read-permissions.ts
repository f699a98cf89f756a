import { readFile } from 'node:fs/promises';
import { checkNames, type Names } from '../../config/checks/permissions.ts';
import type { Config } from '../../config/config.ts';
import type { PermissionsConfig } from '../../config/schema/permissions.ts';
import { parseYaml } from '../../config/source/document.ts';
import type { Finding, Problem } from '../../config/source/problem.ts';
import type { PolicyWorld } from '../../model/policy-input.ts';
import type { RelationTuple } from '../../ports/identity-stores.ts';
import { type RelationModel, relationNames } from '../../rights/language/model.ts';
import { readModel } from '../../rights/language/read.ts';
import { readTemplate } from '../../rights/rules/template.ts';
import { readTuples } from './read-tuples.ts';

/** The files of `permissions`, read and checked against each other. */
export type ReadPermissions =
  | {
      readonly ok: true;
      readonly model: RelationModel | null;
      readonly tuples: readonly RelationTuple[];
      readonly warnings: readonly Problem[];
    }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** `tools`: those that servers have shown. Nothing of a wrong file is used. */
export async function readPermissions(config: Config, tools: PolicyWorld['tools']): Promise<ReadPermissions> {
  const { permissions } = config;
  if (permissions === null) return { ok: true, model: null, tuples: [], warnings: [] };
  const read = await modelOf(permissions);
  if (!read.ok) return read;
  const names = { tools: knownTools(config, tools), relations: read.model === null ? null : relationNames(read.model) };
  const { errors, warnings } = checkNames(permissions, names);
  const findings = [...errors, ...checkTemplates(permissions)];
  const problems = await located(config.file, findings);
  const tuples = read.model === null ? [] : await tuplesOf(permissions, read.model);
  if ('problems' in tuples) problems.push(...tuples.problems);
  if (problems.length > 0 || 'problems' in tuples) return { ok: false, problems };
  return { ok: true, model: read.model, tuples, warnings: await located(config.file, warnings) };
}

type ReadModelFile =
  | { readonly ok: true; readonly model: RelationModel | null }
  | { readonly ok: false; readonly problems: readonly Problem[] };

async function modelOf({ modelFile: file }: PermissionsConfig): Promise<ReadModelFile> {
  if (file === null) return { ok: true, model: null };
  const text = await readText(file);
  if (typeof text !== 'string') return { ok: false, problems: [text] };
  const read = await readModel(text);
  return read.ok ? read : { ok: false, problems: read.problems.map((problem) => ({ file, ...problem })) };
}

async function tuplesOf(
  { tuplesFile: file }: PermissionsConfig,
  model: RelationModel,
): Promise<readonly RelationTuple[] | { readonly problems: readonly Problem[] }> {
  if (file === null) return [];
  const text = await readText(file);
  if (typeof text !== 'string') return { problems: [text] };
  const read = readTuples(file, text, model);
  return read.ok ? read.tuples : { problems: read.problems };
}

async function readText(file: string): Promise<string | Problem> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const message = `cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`;
    return { file, line: 1, column: 1, message, help: 'create the file, or correct its path under permissions' };
  }
}

function checkTemplates({ rules }: PermissionsConfig): Finding[] {
  return rules.flatMap(({ grant }, i) => {
    const read = grant.relation === null ? null : readTemplate(grant.relation.object);
    if (read === null || read.ok) return [];
    const path = ['permissions', 'rules', i, 'grant', 'relation', 'object'];
    return [{ path, at: 'value' as const, message: read.why, help: 'e.g. customer:{args.customerId}' }];
  });
}

function knownTools(config: Config, tools: PolicyWorld['tools']): Names['tools'] {
  return new Map(
    config.servers.map((server) => {
      const shown = tools.filter((tool) => tool.server === server.id).map((tool) => tool.name);
      const named = [...server.tools.keys()].filter((name) => name !== '*');
      return [server.id, { names: [...new Set([...shown, ...named])], shown: shown.length > 0 }];
    }),
  );
}

/** Where findings stand in the configuration. It is read once more for that, which only happens when there are some. */
async function located(file: string, findings: readonly Finding[]): Promise<Problem[]> {
  if (findings.length === 0) return [];
  const parsed = parseYaml(file, await readFile(file, 'utf8'));
  if (!parsed.ok) return findings.map(({ message, help }) => ({ file, line: 1, column: 1, message, help }));
  return findings.map(parsed.document.locate).sort((a, b) => a.line - b.line || a.column - b.column);
}
