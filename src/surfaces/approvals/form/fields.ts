import { isObject, type Json, type JsonObject } from '../../../model/json.ts';
import { parseStrict } from '../../../model/strict-json.ts';
import { Shown } from '../../account/web/visit.ts';

/** One argument as a form asks for it. */
export interface Field {
  readonly name: string;
  readonly kind: 'text' | 'number' | 'boolean' | 'choice' | 'json';
  /** For a choice: what may be chosen. */
  readonly options: readonly Json[];
  readonly required: boolean;
  /** What it is now; `undefined`: not there. */
  readonly value: Json | undefined;
}

/** More than this is easier to write as JSON. */
const MAX_FIELDS = 60;
const MAX_OPTIONS = 100;

/**
 * The fields of a tool's arguments: those its input schema names at the top level, and those that are there. Nothing of the schema's own
 * text is used: a server wrote it. What the form cannot ask for in a simple way it asks for as JSON. Pure.
 */
export function fieldsOf(schema: JsonObject | null, args: JsonObject): readonly Field[] {
  const properties = isObject(schema?.properties) ? schema.properties : {};
  const required = Array.isArray(schema?.required) ? schema.required : [];
  const names = [...new Set([...Object.keys(args), ...Object.keys(properties)])];
  // A form that leaves arguments out would remove them.
  if (names.length > MAX_FIELDS) return [];
  return names.map((name) => {
    const value = Object.hasOwn(args, name) ? args[name] : undefined;
    const about = Object.hasOwn(properties, name) ? properties[name] : undefined;
    const { kind, options } = kindOf(isObject(about) ? about : {}, value);
    return { name, kind, options, required: required.includes(name), value };
  });
}

function kindOf(about: JsonObject, value: Json | undefined): Pick<Field, 'kind' | 'options'> {
  const { type } = about;
  const options = Array.isArray(about.enum) ? (about.enum as readonly Json[]).slice(0, MAX_OPTIONS) : [];
  if (options.length > 0 && options.every((each) => each === null || typeof each !== 'object'))
    return { kind: 'choice', options };
  const fits = (kind: 'string' | 'number' | 'boolean') => value === undefined || typeof value === kind;
  // What a text area does not give back as it was is asked for as JSON.
  const kept = typeof value !== 'string' || !/^\n|[^\P{Cc}\n\t]/u.test(value);
  if ((type === 'string' || (type === undefined && typeof value === 'string')) && fits('string') && kept)
    return { kind: 'text', options: [] };
  if ((type === 'number' || type === 'integer' || (type === undefined && typeof value === 'number')) && fits('number'))
    return { kind: 'number', options: [] };
  if ((type === 'boolean' || (type === undefined && typeof value === 'boolean')) && fits('boolean'))
    return { kind: 'boolean', options: [] };
  return { kind: 'json', options: [] };
}

/** The same fields with other values in them. */
export function withValues(fields: readonly Field[], args: JsonObject): readonly Field[] {
  return fields.map((field) => ({ ...field, value: Object.hasOwn(args, field.name) ? args[field.name] : undefined }));
}

/** The names of the form's controls: arguments are called what a server likes, controls are not. */
export const controls = {
  value: (i: number) => `v${i}`,
  left: (i: number) => `x${i}`,
} as const;

/** The arguments a form says, for the same fields it was made of. Throws Shown. */
export function readFields(fields: readonly Field[], form: URLSearchParams): JsonObject {
  const out: [string, Json][] = [];
  fields.forEach((field, i) => {
    if (form.get(controls.left(i)) !== null) return;
    const given = form.get(controls.value(i));
    // A control that was not there says nothing; `required` is the tool's schema's business, looked at with the whole.
    if (given !== null) out.push([field.name, readValue(field, given)]);
  });
  return Object.fromEntries(out);
}

function readValue(field: Field, given: string): Json {
  // Browsers write line breaks of a text area as two characters.
  if (field.kind === 'text') return given.replaceAll('\r\n', '\n');
  try {
    const value = parseStrict(given.trim(), { maxDepth: 64, maxNodes: 100_000 });
    if (field.kind !== 'number' || typeof value === 'number') return value;
  } catch {
    // Said below.
  }
  throw new Shown(
    400,
    'That cannot be read',
    `The value of "${field.name.slice(0, 80)}" is ${field.kind === 'number' ? 'no number' : 'not JSON'}. Go back and correct it.`,
  );
}
