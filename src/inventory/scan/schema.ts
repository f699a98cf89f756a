import { isObject, type Json } from '../../model/json.ts';
import { escapePointer } from '../../model/pointer.ts';
import type { Finding } from '../../model/tool.ts';
import { unsafePattern } from './pattern.ts';

/** Beyond these a schema is held back: the largest of 309 definitions of public servers has 152 nodes, depth 10 and 4.6 kB. */
export const SCHEMA_LIMITS = { depth: 24, nodes: 5_000, definitionBytes: 65_536 } as const;
const MAX_FINDINGS = 20;

interface Walk {
  readonly findings: Finding[];
  nodes: number;
  tooDeep: string | null;
}

/** Findings about one JSON Schema: size, depth, expressions that are slow to match, references to other places. */
export function scanSchema(schema: Json | undefined, at: string): Finding[] {
  const walk: Walk = { findings: [], nodes: 0, tooDeep: null };
  visit(schema, { at, depth: 1 }, walk);
  if (walk.tooDeep !== null) {
    const message = `the schema is nested deeper than ${SCHEMA_LIMITS.depth}`;
    walk.findings.push({ code: 'schema-too-large', message, at: walk.tooDeep });
  }
  if (walk.nodes > SCHEMA_LIMITS.nodes) {
    walk.findings.push({
      code: 'schema-too-large',
      message: `the schema has more than ${SCHEMA_LIMITS.nodes} nodes`,
      at,
    });
  }
  return walk.findings.slice(0, MAX_FINDINGS);
}

function visit(value: Json | undefined, { at, depth }: { at: string; depth: number }, walk: Walk): void {
  if (++walk.nodes > SCHEMA_LIMITS.nodes) return;
  if (typeof value !== 'object' || value === null) return;
  if (depth > SCHEMA_LIMITS.depth) {
    walk.tooDeep ??= at;
    return;
  }
  if (isObject(value)) inspect(value, at, walk);
  const members = Array.isArray(value) ? value.entries() : Object.entries(value);
  for (const [name, member] of members)
    visit(member as Json, { at: `${at}/${escapePointer(String(name))}`, depth: depth + 1 }, walk);
}

function inspect(node: { readonly [key: string]: Json | undefined }, at: string, walk: Walk): void {
  if (typeof node.pattern === 'string') checkPattern(node.pattern, `${at}/pattern`, walk);
  if (isObject(node.patternProperties)) {
    for (const name of Object.keys(node.patternProperties)) {
      checkPattern(name, `${at}/patternProperties/${escapePointer(name)}`, walk);
    }
  }
  for (const keyword of ['$ref', '$dynamicRef', '$recursiveRef'] as const) {
    const target = node[keyword];
    if (typeof target !== 'string' || target.startsWith('#')) continue;
    const message = `refers to another document (${target.slice(0, 80)}); what it says can change without the definition changing`;
    walk.findings.push({ code: 'invalid-definition', message, at: `${at}/${keyword}` });
  }
}

function checkPattern(source: string, at: string, walk: Walk): void {
  if (walk.findings.length >= MAX_FINDINGS) return;
  const why = unsafePattern(source);
  if (why !== null) walk.findings.push({ code: 'unsafe-pattern', message: why, at });
}
