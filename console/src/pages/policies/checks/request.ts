/** What a tool takes, as far as the top of its schema says. */
export interface ToolField {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly description: string | null;
  readonly sample: unknown;
}

/** `erp/orders.create`: the server, and everything behind the first stroke. */
export function partsOf(tool: string): readonly [server: string, name: string] {
  const at = tool.indexOf('/');
  return at < 1 ? ['', ''] : [tool.slice(0, at), tool.slice(at + 1)];
}

/** Never throws: schemas are written by servers. Pure. */
export function fieldsIn(schema: unknown): readonly ToolField[] {
  const { properties, required } = (schema ?? {}) as { properties?: unknown; required?: unknown };
  if (typeof properties !== 'object' || properties === null) return [];
  const must: readonly unknown[] = Array.isArray(required) ? required : [];
  return Object.entries(properties)
    .slice(0, 50)
    .map(([name, raw]) => {
      const field = (typeof raw === 'object' && raw !== null ? raw : {}) as Record<string, unknown>;
      const type = Array.isArray(field.enum)
        ? field.enum.slice(0, 8).map(String).join(' | ')
        : typeof field.type === 'string'
          ? field.type
          : 'any';
      const description = typeof field.description === 'string' ? field.description.slice(0, 500) : null;
      return { name, type, required: must.includes(name), description, sample: sampleOf(field) };
    });
}

function sampleOf(field: Record<string, unknown>): unknown {
  if ('default' in field) return field.default;
  if (Array.isArray(field.enum) && field.enum.length > 0) return field.enum[0];
  const samples: Record<string, unknown> = { string: '', number: 0, integer: 0, boolean: false, array: [], object: {} };
  return samples[String(field.type)] ?? null;
}

/** Arguments to begin with: what is required. */
export function example(fields: readonly ToolField[]): Record<string, unknown> {
  return Object.fromEntries(fields.filter(({ required }) => required).map(({ name, sample }) => [name, sample]));
}

export type ReadArguments =
  | { readonly ok: true; readonly value: Record<string, unknown> }
  | { readonly ok: false; readonly problem: string };

export function readArguments(text: string): ReadArguments {
  if (text.trim() === '') return { ok: true, value: {} };
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return { ok: true, value: value as Record<string, unknown> };
    return { ok: false, problem: 'It must be an object: { … }' };
  } catch (error) {
    return { ok: false, problem: error instanceof Error ? error.message : 'That is not JSON.' };
  }
}
