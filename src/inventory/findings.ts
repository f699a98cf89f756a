import { canonicalize, sha256Base64url } from '../model/canonical.ts';
import { isObject, type Json, type JsonObject } from '../model/json.ts';
import type { Finding, ToolDefinition } from '../model/tool.ts';
import { hiddenIn } from './scan/hidden.ts';
import { instructionIn } from './scan/instructions.ts';
import { type KnownName, mixedScripts, type NameIndex } from './scan/names.ts';
import { SCHEMA_LIMITS, scanSchema } from './scan/schema.ts';
import { textsOf } from './scan/texts.ts';

export const MAX_NAME_LENGTH = 256;
const MAX_FINDINGS = 30;
const MAX_TEXTS = 20_000;

/** Stands for a definition that cannot be kept; nobody can accept it. */
const OMITTED = 'x-interlock-omitted';

/** One tool as a server showed it just now. */
export interface Sighting {
  readonly name: string;
  readonly definition: ToolDefinition;
  /** SHA-256 (base64url) of the RFC 8785 form of what the server sent. */
  readonly hash: string;
  readonly findings: readonly Finding[];
}

/** Whether a name can stand in the catalogue at all. What has no such name is never shown and cannot be called. */
export function isUsableName(name: Json | undefined): name is string {
  return (
    typeof name === 'string' &&
    name.trim() !== '' &&
    name.length <= MAX_NAME_LENGTH &&
    name.isWellFormed() &&
    !/\p{Cc}/u.test(name)
  );
}

export function isOmitted(definition: ToolDefinition): boolean {
  return Object.hasOwn(definition, OMITTED);
}

/** Reads one definition: hashed as sent, judged on its own. Its name must be usable. */
export function sight(raw: JsonObject & { readonly name: string }, maxBytes: number): Sighting {
  const { name } = raw;
  const text = canonicalize(raw);
  const hash = sha256Base64url(text);
  const sizeBytes = Buffer.byteLength(text);
  const unusable = whyUnusable(raw, { sizeBytes, maxBytes });
  if (unusable !== null) {
    const definition = { name, inputSchema: {}, [OMITTED]: unusable };
    return {
      name,
      hash,
      definition,
      findings: [{ code: 'invalid-definition', message: `${unusable}; it cannot be accepted`, at: '' }],
    };
  }
  return { name, hash, definition: raw as ToolDefinition, findings: scanDefinition(raw as ToolDefinition, sizeBytes) };
}

function whyUnusable(raw: JsonObject, { sizeBytes, maxBytes }: { sizeBytes: number; maxBytes: number }): string | null {
  if (sizeBytes > maxBytes) return `the definition has ${sizeBytes} bytes, more than the limit of ${maxBytes}`;
  if (!isObject(raw.inputSchema)) return 'inputSchema is not an object';
  return null;
}

/** Everything suspicious in one definition, by itself (MCP 2026-07-28 "Tool"). Pure; time grows with its size. */
export function scanDefinition(definition: ToolDefinition, sizeBytes: number): Finding[] {
  const findings = [...checkShape(definition), ...scanTexts(definition)];
  findings.push(...scanSchema(definition.inputSchema, '/inputSchema'));
  if (isObject(definition.outputSchema)) findings.push(...scanSchema(definition.outputSchema, '/outputSchema'));
  if (sizeBytes > SCHEMA_LIMITS.definitionBytes) {
    const message = `the definition has ${sizeBytes} bytes; more than ${SCHEMA_LIMITS.definitionBytes} deserve a look`;
    findings.push({ code: 'schema-too-large', message, at: '' });
  }
  const mixed = mixedScripts(definition.name);
  if (mixed !== null) findings.push({ code: 'look-alike', message: mixed, at: '/name' });
  return findings.slice(0, MAX_FINDINGS);
}

function checkShape(definition: JsonObject): Finding[] {
  const wrong = (at: string, what: string): Finding => ({
    code: 'invalid-definition',
    message: `${at.slice(1)} is not ${what}`,
    at,
  });
  const findings: Finding[] = [];
  for (const member of ['title', 'description'] as const) {
    const value = definition[member];
    if (value !== undefined && typeof value !== 'string') findings.push(wrong(`/${member}`, 'a text'));
  }
  for (const member of ['annotations', 'outputSchema'] as const) {
    const value = definition[member];
    if (value !== undefined && !isObject(value)) findings.push(wrong(`/${member}`, 'an object'));
  }
  return findings;
}

/** Hidden characters and text aimed at the model, wherever a model reads text: descriptions, names, defaults, examples. */
export function scanTexts(value: Json): Finding[] {
  const findings: Finding[] = [];
  let count = 0;
  for (const { at, text, isName } of textsOf(value)) {
    if (++count > MAX_TEXTS || findings.length >= MAX_FINDINGS) break;
    const where = isName ? 'in a member name: ' : '';
    const hidden = hiddenIn(text);
    if (hidden !== null) findings.push({ code: 'hidden-characters', message: `${where}${hidden}`, at });
    const instruction = instructionIn(text);
    if (instruction !== null) findings.push({ code: 'instruction-like-text', message: `${where}${instruction}`, at });
  }
  return findings;
}

/** What is suspicious about a name next to the names already accepted, and next to the others of the same list. */
export function scanName(candidate: KnownName, index: NameIndex): Finding[] {
  const findings: Finding[] = [];
  const alike = index.lookAlike(candidate);
  if (alike !== null) findings.push({ code: 'look-alike', message: `the name ${alike}`, at: '/name' });
  const shadowed = index.shadowed(candidate);
  if (shadowed !== undefined) {
    const message = `the server ${shadowed.server} already has a tool of this name with another definition`;
    findings.push({ code: 'duplicate-name', message, at: '/name' });
  }
  return findings;
}
