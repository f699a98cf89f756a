import type { Expression, RelationDefinition, RelationModel, SubjectType } from './model.ts';

/** Something wrong with the text of a model. Lines and columns start at 1. */
interface ModelProblem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly help: string;
}

export type ReadModel =
  | { readonly ok: true; readonly model: RelationModel }
  | { readonly ok: false; readonly problems: readonly ModelProblem[] };

const MAX_MODEL_CHARS = 262_144;
const MAX_PROBLEMS = 50;

/**
 * Reads a model in OpenFGA's language with OpenFGA's own parser and validator, loaded only when a model is configured. What this
 * gateway would not evaluate (conditions, modules) is a problem, never left out silently. Never throws.
 */
export async function readModel(text: string): Promise<ReadModel> {
  if (text.length > MAX_MODEL_CHARS) {
    return failed('', {
      message: `the model is longer than ${MAX_MODEL_CHARS} characters`,
      help: 'is it the right file?',
    });
  }
  const { transformer, validator } = await import('@openfga/syntax-transformer');
  try {
    validator.validateDSL(text);
    const raw = transformer.transformDSLToJSONObject(text) as unknown as RawModel;
    const refused = unsupported(raw, text);
    if (refused.length > 0) return { ok: false, problems: refused };
    return { ok: true, model: { types: new Map(raw.type_definitions.map((type) => [type.type, relationsOf(type)])) } };
  } catch (error) {
    return { ok: false, problems: problemsOf(error) };
  }
}

/** The JSON form of the language, as far as it is read here. */
interface RawModel {
  readonly type_definitions: readonly RawType[];
  readonly conditions?: Readonly<Record<string, unknown>>;
}
interface RawType {
  readonly type: string;
  readonly relations?: Readonly<Record<string, RawExpression>>;
  readonly metadata?: {
    readonly relations?: Readonly<
      Record<string, { readonly directly_related_user_types?: readonly RawSubject[] }>
    > | null;
  } | null;
}
interface RawSubject {
  readonly type: string;
  readonly relation?: string;
  readonly wildcard?: unknown;
  readonly condition?: string;
}
interface RawExpression {
  readonly this?: unknown;
  readonly computedUserset?: { readonly relation: string };
  readonly tupleToUserset?: {
    readonly tupleset: { readonly relation: string };
    readonly computedUserset: { readonly relation: string };
  };
  readonly union?: { readonly child: readonly RawExpression[] };
  readonly intersection?: { readonly child: readonly RawExpression[] };
  readonly difference?: { readonly base: RawExpression; readonly subtract: RawExpression };
}

function relationsOf(type: RawType): ReadonlyMap<string, RelationDefinition> {
  return new Map(
    Object.entries(type.relations ?? {}).map(([name, raw]) => {
      const subjects = type.metadata?.relations?.[name]?.directly_related_user_types ?? [];
      return [name, { expression: expressionOf(raw), subjects: subjects.map(subjectOf) }];
    }),
  );
}

function subjectOf(raw: RawSubject): SubjectType {
  const relation = raw.relation === undefined || raw.relation === '' ? null : raw.relation;
  return { type: raw.type, relation, wildcard: raw.wildcard !== undefined && raw.wildcard !== null };
}

function expressionOf(raw: RawExpression): Expression {
  if (raw.computedUserset !== undefined) return { kind: 'computed', relation: raw.computedUserset.relation };
  if (raw.tupleToUserset !== undefined) {
    const { tupleset, computedUserset } = raw.tupleToUserset;
    return { kind: 'from', relation: computedUserset.relation, tupleset: tupleset.relation };
  }
  if (raw.union !== undefined) return { kind: 'union', parts: raw.union.child.map(expressionOf) };
  if (raw.intersection !== undefined) return { kind: 'intersection', parts: raw.intersection.child.map(expressionOf) };
  if (raw.difference !== undefined) {
    const { base, subtract } = raw.difference;
    return { kind: 'difference', base: expressionOf(base), subtract: expressionOf(subtract) };
  }
  if (raw.this !== undefined) return { kind: 'direct' };
  throw new Error('bug: an expression of a model of an unknown kind');
}

/** What the language has and this evaluator has not. A condition that was left out would grant what it was written to hold back. */
function unsupported(raw: RawModel, text: string): ModelProblem[] {
  const conditional = raw.type_definitions.some((type) =>
    Object.values(type.metadata?.relations ?? {}).some((relation) =>
      relation.directly_related_user_types?.some((subject) => (subject.condition ?? '') !== ''),
    ),
  );
  if (!conditional && Object.keys(raw.conditions ?? {}).length === 0) return [];
  const help = 'remove it and test the same in a Cedar policy, or name an OpenFGA server under permissions.server';
  return [
    { ...placeOf(text, /\bwith\s+[\w-]+\s*[\],]|^condition\s/m), message: 'conditions are not evaluated here', help },
  ];
}

function placeOf(text: string, pattern: RegExp): { line: number; column: number } {
  const before = text.slice(0, Math.max(0, text.search(pattern))).split('\n');
  return { line: before.length, column: (before.at(-1) ?? '').length + 1 };
}

/** The parser's and the validator's errors carry places that start at 0. */
function problemsOf(error: unknown): readonly ModelProblem[] {
  const { errors } = error as { readonly errors?: readonly RawProblem[] };
  if (!Array.isArray(errors) || errors.length === 0) {
    return failed(error instanceof Error ? error.message : String(error)).problems;
  }
  return (errors as readonly RawProblem[]).slice(0, MAX_PROBLEMS).map((each) => ({
    line: (each.line?.start ?? 0) + 1,
    column: (each.column?.start ?? 0) + 1,
    message: each.msg.replaceAll('`', '"'),
    help: 'correct the model at this place',
  }));
}

interface RawProblem {
  readonly msg: string;
  readonly line?: { readonly start: number };
  readonly column?: { readonly start: number };
}

function failed(
  why: string,
  said?: { message: string; help: string },
): { ok: false; problems: readonly ModelProblem[] } {
  const message = said?.message ?? (why.split('\n')[0] || 'this is no model');
  return { ok: false, problems: [{ line: 1, column: 1, message, help: said?.help ?? 'correct the model' }] };
}
