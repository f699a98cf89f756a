import type { TSchema } from 'typebox';
import { didYouMean, type Finding, formatPath, type Path } from './problem.ts';
import { isSecretField } from './secrets.ts';

/** The part of JSON Schema that our schemas use; a test compares this reader with the compiled validator. */
interface SchemaNode {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly patternProperties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly description?: string;
}

/** Everything in `value` that the schema does not allow, each with its place and what to do. Empty: valid. */
export function explain(schema: TSchema, value: unknown, path: Path = []): Finding[] {
  return visit(schema as unknown as SchemaNode, value, path);
}

function visit(schema: SchemaNode, value: unknown, path: Path): Finding[] {
  if (schema.anyOf !== undefined) return visitUnion(schema.anyOf, value, path);
  if (schema.const !== undefined) return value === schema.const ? [] : [notOneOf([schema.const], value, path)];
  if (schema.enum !== undefined) return schema.enum.includes(value) ? [] : [notOneOf(schema.enum, value, path)];
  switch (schema.type) {
    case 'object':
      return isMapping(value)
        ? visitObject(schema, value, path)
        : [wrongType('a mapping (key: value lines)', value, schema, path)];
    case 'array':
      return Array.isArray(value) ? visitArray(schema, value, path) : [wrongType('a list', value, schema, path)];
    case 'string':
      return typeof value === 'string' ? visitString(schema, value, path) : [wrongType('text', value, schema, path)];
    case 'integer':
      return Number.isSafeInteger(value)
        ? visitInteger(schema, value as number, path)
        : [wrongType('a whole number', value, schema, path)];
    case 'number':
      return Number.isFinite(value) ? [] : [wrongType('a number', value, schema, path)];
    case 'boolean':
      return typeof value === 'boolean' ? [] : [wrongType('true or false', value, schema, path)];
    default:
      throw new Error(`bug: schema type ${schema.type} at ${formatPath(path)} has no reader`);
  }
}

function visitObject(schema: SchemaNode, value: Readonly<Record<string, unknown>>, path: Path): Finding[] {
  const findings: Finding[] = [];
  const known = Object.keys(schema.properties ?? {});
  for (const name of schema.required ?? []) {
    if (Object.hasOwn(value, name)) continue;
    const what = schema.properties?.[name]?.description ?? '';
    findings.push({
      path,
      at: 'value',
      message: `${formatPath(path)} lacks the key "${name}"`,
      help: `add "${name}:" ${what}`.trim(),
    });
  }
  for (const [key, member] of Object.entries(value)) {
    const here = [...path, key];
    const property = Object.hasOwn(schema.properties ?? {}, key) ? schema.properties?.[key] : undefined;
    const byPattern = Object.entries(schema.patternProperties ?? {}).find(([pattern]) =>
      new RegExp(pattern, 'u').test(key),
    );
    const next = property ?? byPattern?.[1];
    if (next !== undefined) findings.push(...visit(next, member, here));
    else findings.push(unknownKey(schema, key, known, here));
  }
  return findings;
}

function unknownKey(schema: SchemaNode, key: string, known: readonly string[], path: Path): Finding {
  const pattern = Object.keys(schema.patternProperties ?? {})[0];
  if (pattern !== undefined) {
    const parent = formatPath(path.slice(0, -1));
    return { path, at: 'key', message: `"${key}" is no valid name in ${parent}`, help: `names match ${pattern}` };
  }
  return { path, at: 'key', message: `unknown key "${key}"`, help: didYouMean(key, known) };
}

/** Unions are of objects that a constant member or a required key tells apart, of constants, or of a number and its text. */
function visitUnion(branches: readonly SchemaNode[], value: unknown, path: Path): Finding[] {
  if (branches.some((branch) => visit(branch, value, path).length === 0)) return [];
  if (branches.some(({ type }) => type === 'number')) return [wrongType('a number, or text', value, {}, path)];
  if (!isMapping(value)) return [wrongType('a mapping (key: value lines)', value, {}, path)];
  for (const branch of branches) {
    const constants = Object.entries(branch.properties ?? {}).filter(([, schema]) => schema.const !== undefined);
    if (constants.length > 0 && constants.every(([name, schema]) => value[name] === schema.const)) {
      return visit(branch, value, path);
    }
  }
  const constants = branches.flatMap((branch) =>
    Object.entries(branch.properties ?? {}).filter(([, s]) => s.const !== undefined),
  );
  if (constants.length > 0) {
    const name = constants[0]?.[0] ?? '';
    const allowed = constants.map(([, schema]) => schema.const);
    if (!Object.hasOwn(value, name)) {
      const help = `add "${name}:" with one of ${allowed.join(', ')}`;
      return [{ path, at: 'value', message: `${formatPath(path)} lacks the key "${name}"`, help }];
    }
    return [notOneOf(allowed, value[name], [...path, name])];
  }
  const named = branches.filter((branch) => branch.required?.some((name) => Object.hasOwn(value, name)));
  const only = named[0];
  if (only !== undefined && named.length === 1) return visit(only, value, path);
  const choices = branches.map((branch) => `"${branch.required?.join('", "')}"`).join(' or ');
  const message =
    named.length === 0 ? `${formatPath(path)} needs ${choices}` : `${formatPath(path)} has ${choices} at once`;
  return [{ path, at: 'value', message, help: `give exactly one of ${choices}` }];
}

function visitArray(schema: SchemaNode, value: readonly unknown[], path: Path): Finding[] {
  const findings: Finding[] = [];
  const max = schema.maxItems ?? Number.POSITIVE_INFINITY;
  if (value.length > max)
    findings.push(bad(path, `${formatPath(path)} has ${value.length} entries`, `at most ${max} are allowed`));
  if (value.length < (schema.minItems ?? 0))
    findings.push(bad(path, `${formatPath(path)} is too short`, `at least ${schema.minItems} needed`));
  if (schema.uniqueItems) {
    for (const [i, item] of value.entries()) {
      if (value.indexOf(item) < i)
        findings.push(bad([...path, i], `${JSON.stringify(item)} is listed twice`, 'remove one of the two'));
    }
  }
  const items = schema.items;
  return items === undefined
    ? findings
    : [...findings, ...value.flatMap((item, i) => visit(items, item, [...path, i]))];
}

function visitString(schema: SchemaNode, value: string, path: Path): Finding[] {
  // Length in code points, as JSON Schema counts it.
  const length = [...value].length;
  if (length < (schema.minLength ?? 0))
    return [bad(path, `${formatPath(path)} is empty`, schema.description ?? 'give a value')];
  if (length > (schema.maxLength ?? Number.POSITIVE_INFINITY)) {
    return [bad(path, `${formatPath(path)} has ${length} characters`, `at most ${schema.maxLength} are allowed`)];
  }
  if (schema.pattern !== undefined && !new RegExp(schema.pattern, 'u').test(value)) {
    const help = `${schema.description ?? ''} It must match ${schema.pattern}`.trim();
    return [bad(path, `${formatPath(path)} has the wrong form: ${JSON.stringify(value.slice(0, 80))}`, help)];
  }
  return [];
}

function visitInteger(schema: SchemaNode, value: number, path: Path): Finding[] {
  const min = schema.minimum ?? Number.MIN_SAFE_INTEGER;
  const max = schema.maximum ?? Number.MAX_SAFE_INTEGER;
  if (value >= min && value <= max) return [];
  return [bad(path, `${formatPath(path)} is ${value}`, `allowed: ${min} to ${max}`)];
}

function notOneOf(allowed: readonly unknown[], value: unknown, path: Path): Finding {
  const words = allowed.map(String);
  const guess = typeof value === 'string' ? didYouMean(value, words) : '';
  const help = guess.startsWith('did') ? `${guess} Allowed: ${words.join(', ')}` : `allowed: ${words.join(', ')}`;
  return bad(path, `${formatPath(path)} is ${JSON.stringify(value)}`, help);
}

function wrongType(wanted: string, value: unknown, schema: SchemaNode, path: Path): Finding {
  const has =
    value === null
      ? 'nothing'
      : Array.isArray(value)
        ? 'a list'
        : isMapping(value)
          ? 'a mapping'
          : isSecretField(path)
            ? `a ${typeof value}`
            : `the ${typeof value} ${JSON.stringify(value)}`;
  const quote = wanted === 'text' && value !== null && typeof value !== 'object' ? 'put it in quotes' : '';
  const empty = value === null && schema.type === 'object' ? 'write {} for none, or indent what belongs to it' : '';
  const help = quote || empty || schema.description || `give ${wanted}`;
  return bad(path, `${formatPath(path)} must be ${wanted}, not ${has}`, help);
}

function bad(path: Path, message: string, help: string): Finding {
  return { path, at: 'value', message, help };
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
