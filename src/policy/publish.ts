import { hash } from 'node:crypto';
import type { PolicyWorld } from '../model/policy-input.ts';
import type { Problem } from '../model/problem.ts';
import { UnsupportedPolicy } from './cedar/expr.ts';
import { compilePolicy, type Policy } from './cedar/policy.ts';
import { PolicySet } from './policy-set.ts';
import { readAnnotations } from './publish/annotations.ts';
import { bidiProblem, type Finding, placeOf, problemAt, type Source } from './publish/findings.ts';
import { checkNames, checkWords, type KnownNames, knownNames } from './publish/names.ts';
import type { Rule } from './rule.ts';
import { SCHEMA } from './schema.ts';
import { type CheckedPiece, checkPieces } from './text/check.ts';
import { type Piece, splitPolicies } from './text/lexer.ts';

export type { Problem } from '../model/problem.ts';
export type { Source } from './publish/findings.ts';

export type Published =
  | { readonly ok: true; readonly policies: PolicySet; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Turns policy files into a policy set, or says everything that is wrong with them. Parses and validates strictly with the official Cedar
 * implementation, refuses what the compiler does not fully understand, and checks the names policies use against the world they
 * are about. Synchronous; about a millisecond per policy that was not seen before. `path` is how a file is named in policy ids
 * (`path#id`) and problems; sources are taken in order of their paths.
 */
export function publish(sources: readonly Source[], world: PolicyWorld): Published {
  const known = knownNames(world);
  const ordered = [...sources].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  const state: State = { known, rules: [], problems: [], warnings: [] };
  for (const source of ordered) publishFile(source, state);
  if (state.problems.length > 0) return { ok: false, problems: sorted(state.problems) };
  if (state.rules.length === 0) {
    const message = 'there are no policies: everything is denied';
    state.warnings.push({ file: '', line: 1, column: 1, message, help: 'add a permit to a .cedar file' });
  }
  const policies = new PolicySet(versionOf(ordered), state.rules, world);
  return { ok: true, policies, warnings: sorted(state.warnings) };
}

const AT_ONCE = 4;

/**
 * Reads and validates what was not seen before a few policies at a time, with a breath in between: `publish` is then quick, however
 * much is new. What is wrong, `publish` says.
 */
export async function readAhead(sources: readonly Source[], breathe: () => Promise<unknown>): Promise<void> {
  for (const { text } of sources) {
    const pieces = splitPolicies(text);
    for (let i = 0; i < pieces.length; i += AT_ONCE) {
      checkPieces(pieces.slice(i, i + AT_ONCE), SCHEMA);
      await breathe();
    }
  }
}

interface State {
  readonly known: KnownNames;
  readonly rules: Rule[];
  readonly problems: Problem[];
  readonly warnings: Problem[];
}

function publishFile(source: Source, state: State): void {
  const steered = bidiProblem(source);
  if (steered !== null) state.problems.push(steered);
  const ids = new Set<string>();
  const pieces = splitPolicies(source.text);
  const verdicts = checkPieces(pieces, SCHEMA);
  for (const [position, piece] of pieces.entries()) {
    const checked = verdicts[position] as CheckedPiece;
    for (const warning of checked.warnings) state.warnings.push(problemAt(source, piece, warning));
    const named = checkNames(piece.text, state.known);
    for (const warning of named.warnings) state.warnings.push(problemAt(source, piece, warning));
    const warn = (said: Finding): unknown => state.warnings.push(problemAt(source, piece, said));
    const outcome = checked.ok
      ? compileRule({ source, piece, position, checked, known: state.known, warn })
      : checked.errors;
    const errors = [...(Array.isArray(outcome) ? outcome : []), ...named.errors];
    if (!Array.isArray(outcome)) {
      const rule = outcome as Rule;
      if (ids.has(rule.policy.id)) {
        errors.push({
          offset: 0,
          message: `a second policy with the id ${rule.policy.id}`,
          help: 'give each policy its own @id',
        });
      }
      ids.add(rule.policy.id);
      if (errors.length === 0) state.rules.push(rule);
    }
    for (const error of dropShadowed(errors)) state.problems.push(problemAt(source, piece, error));
  }
}

interface ToCompile {
  readonly source: Source;
  readonly piece: Piece;
  readonly position: number;
  readonly checked: CheckedPiece & { ok: true };
  readonly known: KnownNames;
  readonly warn: (said: Finding) => unknown;
}

function compileRule({ source, piece, position, checked, known, warn }: ToCompile): Rule | Finding[] {
  const annotated = checked.policy.json.annotations as { readonly id?: string } | undefined;
  const id = `${source.path}#${annotated?.id ?? `policy${position}`}`;
  let policy: Policy;
  try {
    policy = compilePolicy(id, checked.policy.json, checked.policy.options);
  } catch (thrown) {
    if (!(thrown instanceof UnsupportedPolicy)) throw thrown;
    return [{ offset: 0, message: thrown.message, help: 'rewrite the policy without it' }];
  }
  const { people, approvers } = known;
  const { meaning, errors, warnings } = readAnnotations(policy, { text: piece.text, people, approvers });
  for (const warning of warnings) warn(warning);
  errors.push(...checkWords(policy.condition, piece.text));
  if (errors.length > 0) return errors;
  const { line } = placeOf(source.text, piece.offset);
  return { policy, file: source.path, line, text: piece.text, ...meaning };
}

/** Our own word on an unknown name is more helpful than the validator's on the same policy. */
function dropShadowed(errors: readonly Finding[]): Finding[] {
  const unknown = errors.some((error) => error.message.startsWith('unknown '));
  return errors.filter((error) => !unknown || !SHADOWED.test(error.message));
}

const SHADOWED = /^unrecognized|applicable action|impossible/;

function sorted(problems: readonly Problem[]): Problem[] {
  return [...problems].sort((a, b) =>
    a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line || a.column - b.column,
  );
}

/** The same texts under the same names give the same version. */
function versionOf(sources: readonly Source[]): string {
  return hash('sha256', JSON.stringify(sources.map(({ path, text }) => [path, text])), 'hex').slice(0, 12);
}
