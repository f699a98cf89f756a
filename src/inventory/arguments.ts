import { runInNewContext } from 'node:vm';
import { Check, Errors, Meta } from 'typebox/schema';
import { isObject, type Json, type JsonObject } from '../model/json.ts';
import { resolvePointer } from '../model/pointer.ts';
import { visibleText } from '../model/visible.ts';
import { scanSchema } from './scan/schema.ts';

const DRAFT_2020 = 'https://json-schema.org/draft/2020-12/schema';
/** The dialects tools use (MCP: 2020-12 where a schema does not say). A `#` at the end makes no difference. */
const DIALECTS: ReadonlyMap<string, JsonObject> = new Map(
  [
    DRAFT_2020,
    'https://json-schema.org/draft/2019-09/schema',
    'http://json-schema.org/draft-07/schema#',
    'http://json-schema.org/draft-06/schema#',
  ].map((id) => [id.replace(/#$/, ''), Meta[id as keyof typeof Meta] as unknown as JsonObject]),
);

const MAX_PROBLEMS = 10;
/** A schema is a stranger's: what it costs to check is bounded by the clock, whatever it says. */
const MAX_MS = 1_000;
const MAX_MESSAGE_CHARS = 200;

/**
 * Why arguments somebody changed do not fit a tool, in words; empty when they do. JSON Schema of drafts 2020-12, 2019-09, 7 and 6, read, not
 * compiled: no code is made of what a server wrote. A schema that cannot be understood completely, or not in time, lets nothing through.
 */
export function argumentProblems(inputSchema: JsonObject, args: JsonObject): readonly string[] {
  const unclear = unclearSchema(inputSchema);
  if (unclear !== null) return [cannotCheck(unclear)];
  // Without prototypes, so that no argument is there that nobody sent.
  const bare = withoutPrototypes(args);
  return bounded(() => {
    if (Check(inputSchema, bare)) return [];
    const [, errors] = Errors(inputSchema, bare);
    const said = errors.slice(0, MAX_PROBLEMS).map(problemText);
    return said.length > 0 ? [...new Set(said)] : ['they do not fit the schema of the tool'];
  });
}

function cannotCheck(why: string): string {
  return `changed arguments cannot be checked against this tool's schema: ${why}`;
}

/** Why nobody can say what a schema means; `null` when it is clear. */
function unclearSchema(schema: JsonObject): string | null {
  const [finding] = scanSchema(schema, '');
  if (finding !== undefined)
    return `${visibleText(finding.message, { maxChars: MAX_MESSAGE_CHARS })} (${shownAt(finding.at)})`;
  const { $schema = DRAFT_2020 } = schema;
  const dialect = typeof $schema === 'string' ? DIALECTS.get($schema.replace(/#$/, '')) : undefined;
  if (dialect === undefined) return 'it is written in a dialect of JSON Schema that is not supported';
  if (schema.type !== 'object') return 'it does not say that arguments are an object';
  const [wrong] = bounded(() => (Check(dialect, schema) ? [] : ['it is no valid JSON Schema']));
  return wrong ?? unclearPart(schema, schema, '');
}

/** References must lead to a place in the same schema; a part with an id of its own would be another document. */
function unclearPart(part: Json, root: JsonObject, at: string): string | null {
  if (Array.isArray(part)) return firstOf(part.entries(), root, at);
  if (!isObject(part)) return null;
  for (const keyword of ['$ref', '$dynamicRef', '$recursiveRef'] as const) {
    const target = part[keyword];
    if (typeof target === 'string' && !leadsSomewhere(target, root))
      return `a reference leads nowhere (${shownAt(at)})`;
  }
  if (at !== '' && typeof part.$id === 'string') return `a part of it has an id of its own (${shownAt(at)})`;
  return firstOf(Object.entries(part), root, at);
}

function firstOf(members: Iterable<[string | number, Json | undefined]>, root: JsonObject, at: string): string | null {
  for (const [name, member] of members) {
    const unclear = member === undefined ? null : unclearPart(member, root, `${at}/${name}`);
    if (unclear !== null) return unclear;
  }
  return null;
}

function leadsSomewhere(target: string, root: JsonObject): boolean {
  if (!target.startsWith('#')) return false;
  try {
    const place = resolvePointer(root, decodeURIComponent(target.slice(1)));
    return isObject(place) || typeof place === 'boolean';
  } catch {
    return false;
  }
}

/** Ends whatever takes too long: the interpreter stops the work itself, expressions included. */
function bounded(work: () => readonly string[]): readonly string[] {
  try {
    return runInNewContext('work()', { work }, { timeout: MAX_MS }) as readonly string[];
  } catch (error) {
    const late = (error as { code?: unknown } | null)?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
    return [cannotCheck(late ? 'it takes too long' : 'it cannot be followed')];
  }
}

function problemText({ instancePath, message, params }: ReturnType<typeof Errors>[1][number]): string {
  const where = instancePath === '' ? 'the arguments' : instancePath;
  const allowed = 'allowedValues' in params ? `: ${JSON.stringify(params.allowedValues)}` : '';
  return visibleText(`${where} ${message}${allowed}`, { maxChars: MAX_MESSAGE_CHARS });
}

function shownAt(pointer: string): string {
  return pointer === '' ? 'the schema' : visibleText(pointer, { maxChars: MAX_MESSAGE_CHARS });
}

function withoutPrototypes(value: Json): Json {
  if (Array.isArray(value)) return value.map((item) => withoutPrototypes(item as Json));
  if (!isObject(value)) return value;
  const out: Record<string, Json> = Object.create(null);
  for (const [name, member] of Object.entries(value)) if (member !== undefined) out[name] = withoutPrototypes(member);
  return out;
}
