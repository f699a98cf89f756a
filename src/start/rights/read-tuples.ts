import { Type } from 'typebox';
import { parseYaml } from '../../config/source/document.ts';
import { explain } from '../../config/source/explain.ts';
import type { Finding, Problem } from '../../config/source/problem.ts';
import type { RelationTuple } from '../../ports/identity-stores.ts';
import type { RelationModel } from '../../rights/language/model.ts';
import { whyInvalid } from '../../rights/language/tuple.ts';

type ReadTuples =
  | { readonly ok: true; readonly tuples: readonly RelationTuple[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** The names OpenFGA's own files use. */
interface Written {
  readonly user: string;
  readonly relation: string;
  readonly object: string;
}

const MAX_FILE_CHARS = 16_777_216;
const MAX_PROBLEMS = 50;
const text = (description: string) => Type.String({ minLength: 1, maxLength: 512, description });
const FILE = Type.Array(
  Type.Object(
    {
      user: text('type:id, type:id#relation or type:*.'),
      relation: text('A relation of the model.'),
      object: text('type:id.'),
    },
    { additionalProperties: false, description: 'user, relation and object.' },
  ),
);

/**
 * A list of `{user, relation, object}` as YAML or JSON, one JSON object a line for a name that ends in `.jsonl`. With a model each must
 * be one the model allows. Large lists should be JSON: it is read a hundred times faster.
 */
export function readTuples(file: string, content: string, model: RelationModel | null): ReadTuples {
  if (content.length > MAX_FILE_CHARS) {
    const message = `longer than ${MAX_FILE_CHARS} characters`;
    return failed({ file, line: 1, column: 1, message, help: 'split it, and import the parts' });
  }
  const quick = readJson(file, content);
  if (quick !== null && quick.every((tuple) => model === null || whyInvalid(tuple, model) === null)) {
    return { ok: true, tuples: quick };
  }
  if (file.endsWith('.jsonl')) return lineProblems(file, content, model);
  return readYaml(file, content, model);
}

function readYaml(file: string, content: string, model: RelationModel | null): ReadTuples {
  const parsed = parseYaml(file, content);
  if (!parsed.ok) return parsed;
  const { value, locate } = parsed.document;
  const isEmpty =
    value !== null && typeof value === 'object' && !Array.isArray(value) && Object.keys(value).length === 0;
  const list = isEmpty ? [] : value;
  const shape = explain(FILE, list);
  if (shape.length > 0) return { ok: false, problems: shape.slice(0, MAX_PROBLEMS).map(locate) };
  const tuples = (list as readonly Written[]).map(toTuple);
  const findings = tuples.flatMap((tuple, i): Finding[] => {
    const why = model === null ? null : whyInvalid(tuple, model);
    return why === null ? [] : [{ path: [i], at: 'value', message: why, help: 'correct the tuple, or the model' }];
  });
  if (findings.length > 0) return { ok: false, problems: findings.slice(0, MAX_PROBLEMS).map(locate) };
  return { ok: true, tuples };
}

/** `null`: it is not JSON, or not of this shape; then it is read again by whoever can say where that is. */
function readJson(file: string, content: string): readonly RelationTuple[] | null {
  try {
    const values: unknown = file.endsWith('.jsonl')
      ? content.split('\n').flatMap((line) => (line.trim() === '' ? [] : [JSON.parse(line) as unknown]))
      : JSON.parse(content);
    return Array.isArray(values) && values.every(isWritten) ? values.map(toTuple) : null;
  } catch {
    return null;
  }
}

function lineProblems(file: string, content: string, model: RelationModel | null): ReadTuples {
  const problems = content.split('\n').flatMap((line, i): Problem[] => {
    if (line.trim() === '') return [];
    const read = readJson('one.jsonl', line);
    const tuple = read?.[0];
    const shape = 'one JSON object with user, relation and object is needed on each line';
    const why = tuple === undefined ? shape : model === null ? null : whyInvalid(tuple, model);
    return why === null ? [] : [{ file, line: i + 1, column: 1, message: why, help: 'correct this line' }];
  });
  return { ok: false, problems: problems.slice(0, MAX_PROBLEMS) };
}

function isWritten(value: unknown): value is Written {
  if (typeof value !== 'object' || value === null || Object.keys(value).length !== 3) return false;
  const { user, relation, object } = value as Partial<Written>;
  return typeof user === 'string' && typeof relation === 'string' && typeof object === 'string';
}

function toTuple({ user, relation, object }: Written): RelationTuple {
  return { object, relation, subject: user };
}

function failed(problem: Problem): ReadTuples {
  return { ok: false, problems: [problem] };
}
