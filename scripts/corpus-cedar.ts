/**
 * Runs every case of a folder in the format of Cedar's integration tests against Interlock's own evaluator:
 *   npm run corpus:cedar -- DIR
 * DIR (or a folder in it) holds `x.json` files that name a policy file, a schema and entities, and list requests with
 * the decision, the determining policies and the erroring policies. DIR may also hold `corpus-tests.tar.gz`.
 * A case agrees when all of its requests agree and the validator's verdict is the one stated. A case whose policies use a feature
 * the compiler refuses at load is skipped, and the features are listed. Exit code 0: nothing failed.
 */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import type { Schema } from '@cedar-policy/cedar-wasm/nodejs';
import { authorize } from '../src/policy/cedar/authorize.ts';
import { UnsupportedPolicy } from '../src/policy/cedar/expr.ts';
import { compilePolicy, type Policy } from '../src/policy/cedar/policy.ts';
import { PolicyIndex } from '../src/policy/cedar/policy-index.ts';
import { type ExactJson, entitiesFromJson, parseExactJson, recordFromJson } from '../src/policy/cedar/value/json.ts';
import { buildStore, type EntityInput } from '../src/policy/cedar/value/store.ts';
import { EntityRef } from '../src/policy/cedar/value/values.ts';
import { splitPolicies } from '../src/policy/text/lexer.ts';
import { parsePiece } from '../src/policy/text/parse.ts';
import { validatePolicies } from '../src/policy/text/validate.ts';
import { withCedar } from '../src/policy/text/wasm.ts';

export interface CorpusReport {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** One line per failed case, at most 50. */
  readonly failures: readonly string[];
  /** Refused feature -> number of cases. */
  readonly refused: ReadonlyMap<string, number>;
}

interface Uid {
  readonly type: string;
  readonly id: string;
}

interface Case {
  readonly policies: string;
  readonly entities: string;
  readonly schema: string;
  readonly shouldValidate: boolean;
  readonly requests: readonly CaseRequest[];
}

interface CaseRequest {
  readonly description?: string;
  readonly principal: Uid;
  readonly action: Uid;
  readonly resource: Uid;
  readonly context: ExactJson;
  readonly decision: string;
  readonly reason: readonly string[];
  readonly errors: readonly string[];
}

class RefusedAtLoad extends Error {}

/** Runs all cases under `folder`; `progress` is called now and then with the number done and the total. */
export function runCorpus(folder: string, progress: (done: number, total: number) => void = () => {}): CorpusReport {
  const unpacked = unpack(folder);
  try {
    const files = caseFiles(unpacked ?? folder);
    const report = { passed: 0, failed: 0, skipped: 0, failures: [] as string[], refused: new Map<string, number>() };
    for (const [i, file] of files.entries()) {
      if (i % 500 === 0) progress(i, files.length);
      try {
        const wrong = runCase(file, unpacked ?? folder);
        if (wrong === null) report.passed++;
        else {
          report.failed++;
          if (report.failures.length < 50) report.failures.push(`${basename(file)}: ${wrong}`);
        }
      } catch (thrown) {
        if (!(thrown instanceof RefusedAtLoad)) {
          report.failed++;
          if (report.failures.length < 50) report.failures.push(`${basename(file)}: ${String(thrown)}`);
          continue;
        }
        report.skipped++;
        report.refused.set(thrown.message, (report.refused.get(thrown.message) ?? 0) + 1);
      }
    }
    return report;
  } finally {
    if (unpacked !== null) rmSync(unpacked, { recursive: true, force: true });
  }
}

/** Unpacks `corpus-tests.tar.gz` when that is all there is; returns where to. */
function unpack(folder: string): string | null {
  const archive = join(folder, 'corpus-tests.tar.gz');
  if (!existsSync(archive) || existsSync(join(folder, 'corpus-tests'))) return null;
  const to = mkdtempSync(join(tmpdir(), 'cedar-corpus-'));
  execFileSync('tar', ['-xzf', archive, '-C', to]);
  return to;
}

/** JSON files that look like cases, by name, in order. */
function caseFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.json') && !name.endsWith('entities.json') && !name.endsWith('schema.json'))
    .map((name) => join(folder, name))
    .filter((file) => {
      const head = readFileSync(file, 'utf8');
      return head.includes('"requests"') && head.includes('"policies"');
    })
    .sort();
}

/** Null when everything agrees, else what does not. Throws `RefusedAtLoad`. */
function runCase(file: string, root: string): string | null {
  const test = parseExactJson(readFileSync(file, 'utf8')) as unknown as Case;
  const locate = (path: string): string => {
    const places = [
      join(root, path),
      join(dirname(root), path),
      join(dirname(file), basename(path)),
      join(dirname(file), path),
    ];
    const found = places.find((place) => existsSync(place));
    if (found === undefined) throw new Error(`${path} is missing`);
    return found;
  };
  const policyText = readFileSync(locate(test.policies), 'utf8');
  const schemaText = readFileSync(locate(test.schema), 'utf8');
  const policies = loadPolicies(policyText);
  const schema: Schema = schemaText.trimStart().startsWith('{') ? JSON.parse(schemaText) : schemaText;

  const verdict = validatePolicies(schema, { staticPolicies: policyText }).errors.length === 0;
  if (verdict !== test.shouldValidate) return `validation says ${verdict}, expected ${test.shouldValidate}`;

  const inputs = entitiesFromJson(parseExactJson(readFileSync(locate(test.entities), 'utf8')));
  const entities = buildStore([...inputs, ...actionsOf(schema)]);
  const index = new PolicyIndex(policies);
  const names = new Map(policies.map((policy) => [policy.id, policy.annotations.get('id') ?? policy.id]));
  for (const [i, request] of test.requests.entries()) {
    const env = {
      principal: new EntityRef(request.principal.type, request.principal.id),
      action: new EntityRef(request.action.type, request.action.id),
      resource: new EntityRef(request.resource.type, request.resource.id),
      context: recordFromJson(request.context),
      entities,
    };
    const all = authorize(policies, env);
    const answer = authorize(index.candidates(env), env);
    const errors = answer.errors.map((error) => error.policy);
    const where = request.description ?? `request ${i}`;
    if (answer.decision !== request.decision) return `${where}: ${answer.decision}, expected ${request.decision}`;
    if (!sameIds(answer.reasons, request.reason, names))
      return `${where}: reasons ${answer.reasons}, expected ${request.reason}`;
    if (!sameIds(errors, request.errors, names)) return `${where}: errors in ${errors}, expected ${request.errors}`;
    if (JSON.stringify(all) !== JSON.stringify(answer)) return `${where}: the index changes the answer`;
  }
  return null;
}

function loadPolicies(text: string): Policy[] {
  return splitPolicies(text).map((piece, i) => {
    if (piece.slot !== null) throw new RefusedAtLoad('templates');
    const parsed = parsePiece(piece);
    if (!parsed.ok) throw new Error(parsed.errors.map((error) => error.message).join('; '));
    try {
      return compilePolicy(`policy${i}`, parsed.policy.json, parsed.policy.options);
    } catch (thrown) {
      if (thrown instanceof UnsupportedPolicy) throw new RefusedAtLoad(thrown.message);
      throw thrown;
    }
  });
}

/** The schema's actions with their groups: Cedar adds them to the entities of every request. */
function actionsOf(schema: Schema): EntityInput[] {
  const answer = withCedar((cedar) => cedar.schemaToJson(schema));
  if (answer.type === 'failure') throw new Error(`the schema does not parse: ${answer.errors[0]?.message}`);
  return Object.entries(answer.json).flatMap(([namespace, definition]) => {
    const type = namespace === '' ? 'Action' : `${namespace}::Action`;
    return Object.entries(definition.actions).map(([id, action]) => ({
      ref: new EntityRef(type, id),
      parents: (action.memberOf ?? []).map((parent) => new EntityRef(parent.type ?? type, parent.id)),
    }));
  });
}

/** Cases name policies by position (`policy0`) or by their `@id`. */
function sameIds(got: readonly string[], wanted: readonly string[], names: ReadonlyMap<string, string>): boolean {
  const sorted = (ids: readonly string[]): string => JSON.stringify([...ids].sort());
  return sorted(got) === sorted(wanted) || sorted(got.map((id) => names.get(id) ?? id)) === sorted(wanted);
}

function main(): number {
  const folder = process.argv[2];
  if (folder === undefined || !existsSync(folder)) {
    console.error(
      'usage: npm run corpus:cedar -- DIR   (a folder with Cedar corpus cases, or with corpus-tests.tar.gz)',
    );
    return 2;
  }
  const report = runCorpus(resolve(folder), (done, total) => console.log(`${done} of ${total} cases`));
  for (const line of report.failures) console.log(`FAILED ${line}`);
  for (const [feature, count] of report.refused) console.log(`refused at load: ${feature} (${count} cases)`);
  if (report.passed + report.failed + report.skipped === 0) console.error(`no cases found in ${folder}`);
  console.log(`${report.passed} passed, ${report.failed} failed, ${report.skipped} skipped`);
  return report.failed === 0 && report.passed + report.skipped > 0 ? 0 : 1;
}

if (import.meta.main) process.exitCode = main();
