import fc from 'fast-check';

/** A JSON schema as this code base writes them. */
interface Schema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly maxProperties?: number;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
}

export interface Sample {
  readonly ok: boolean;
  readonly body: unknown;
  readonly why: string;
}

/** Bodies the schema lets in, and the same with one thing wrong. Always the same ones. */
export function validAndInvalid(schema: Schema, each: number): readonly Sample[] {
  const bodies = fc.sample(valid(schema), { numRuns: each, seed: 42 });
  const good = bodies.map((body) => ({ ok: true, body, why: 'valid' }));
  const bad = bodies.flatMap((body) => broken(schema, body));
  return [...good, ...bad];
}

/** One value it lets in. */
export function oneOf(schema: object): unknown {
  return fc.sample(valid(schema), { numRuns: 1, seed: 42 })[0];
}

function valid(schema: Schema): fc.Arbitrary<unknown> {
  const { enum: members, anyOf, oneOf } = schema;
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (members !== undefined) return fc.constantFrom(...members);
  const choices = anyOf ?? oneOf;
  if (choices !== undefined) return fc.oneof(...choices.map(valid));
  // The first of several: null is let in as well, and written where it stands alone.
  const type = typeof schema.type === 'string' ? schema.type : (schema.type?.[0] ?? 'object');
  switch (type) {
    case 'string':
      return text(schema);
    case 'integer':
      return fc.integer({ min: schema.minimum ?? -1000, max: schema.maximum ?? (schema.minimum ?? 0) + 1000 });
    case 'number':
      return fc.integer({ min: schema.minimum ?? 0, max: schema.maximum ?? 1000 });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return list(schema);
    default:
      return object(schema);
  }
}

function text({ pattern, minLength = 0, maxLength = 50 }: Schema): fc.Arbitrary<string> {
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern)).filter((each) => each.length <= maxLength);
  return fc.string({ minLength, maxLength: Math.min(maxLength, 50) });
}

function list({ items = {}, minItems = 0, maxItems = 5, uniqueItems = false }: Schema): fc.Arbitrary<unknown[]> {
  const bounds = { minLength: minItems, maxLength: Math.min(maxItems, Math.max(5, minItems)) };
  return uniqueItems ? fc.uniqueArray(valid(items), bounds) : fc.array(valid(items), bounds);
}

function object({ properties = {}, required = [] }: Schema): fc.Arbitrary<unknown> {
  const known = Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, valid(each)]));
  return fc.record(known, { requiredKeys: [...required] as never[] });
}

/** One thing wrong at a time: something missing, something unknown, the wrong type, too long. */
function broken(schema: Schema, body: unknown): Sample[] {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return [];
  const whole = body as Record<string, unknown>;
  const { properties = {}, required = [], additionalProperties } = schema;
  const samples: Sample[] = required.map((name) => {
    const { [name]: _gone, ...rest } = whole;
    return { ok: false, body: rest, why: `without ${name}` };
  });
  if (additionalProperties === false)
    samples.push({ ok: false, body: { ...whole, 'no such name': 1 }, why: 'with an unknown name' });
  for (const [name, each] of Object.entries(properties)) {
    if (each.type === 'string' && each.maxLength !== undefined && each.maxLength < 3_000)
      samples.push({ ok: false, body: { ...whole, [name]: 'x'.repeat(each.maxLength + 1) }, why: `${name} too long` });
    if (each.enum !== undefined)
      samples.push({ ok: false, body: { ...whole, [name]: 'no such member' }, why: `${name} unknown` });
    if (each.type !== undefined && each.type !== 'object')
      samples.push({ ok: false, body: { ...whole, [name]: { an: 'object' } }, why: `${name} an object` });
  }
  return samples;
}
