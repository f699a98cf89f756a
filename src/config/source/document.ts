import { type Document, isAlias, isMap, isPair, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import type { Finding, Path, Problem } from './problem.ts';

/** One YAML file: its plain value, and where each part of it stands. */
export interface SourceDocument {
  readonly file: string;
  readonly text: string;
  readonly value: unknown;
  locate(finding: Finding): Problem;
}

export type Parsed =
  | { readonly ok: true; readonly document: SourceDocument }
  | { readonly ok: false; readonly problems: readonly Problem[] };

const HELP: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: 'remove one of the two; only one could ever count',
  TAB_AS_INDENT: 'indent with spaces',
  BAD_ALIAS: 'define the anchor before it is used',
  MULTIPLE_DOCS: 'keep one document per file; remove the "---" line',
  TAG_RESOLVE_FAILED: 'remove the tag; plain text, numbers, true and false are enough',
};

/**
 * Parses YAML 1.2 strictly: duplicate keys, unknown tags, several documents and `__proto__` are problems, warnings count
 * as errors (a file that is only half understood is not understood).
 */
export function parseYaml(file: string, text: string): Parsed {
  try {
    return parse(file, text);
  } catch (error) {
    // Nesting so deep that the parser's own recursion ends, or aliases that would grow without bound.
    const message = error instanceof RangeError ? 'nested too deeply' : firstLine(String(error));
    const help = 'write the values out, without aliases and with less nesting';
    return { ok: false, problems: [{ file, line: 1, column: 1, message, help }] };
  }
}

function parse(file: string, text: string): Parsed {
  const lines = new LineCounter();
  const yaml = parseDocument(text, { lineCounter: lines, stringKeys: true, merge: false, prettyErrors: false });
  const at = (offset: number): { line: number; column: number } => {
    const { line, col } = lines.linePos(Math.min(offset, text.length));
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const broken = [...yaml.errors, ...yaml.warnings].map((error) => ({
    file,
    ...at(error.pos[0]),
    message:
      error.code === 'DUPLICATE_KEY'
        ? `the key "${keyAt(text, error.pos[0])}" is given twice`
        : firstLine(error.message),
    help: HELP[error.code] ?? 'correct the YAML at this place',
  }));
  if (broken.length > 0) return { ok: false, problems: broken };

  const locate = (finding: Finding): Problem => {
    const offset = find(yaml, finding.path, finding.at);
    return { file, ...at(offset), message: finding.message, help: finding.help };
  };
  const forbidden = forbiddenKeys(yaml.contents, []);
  if (forbidden.length > 0) return { ok: false, problems: forbidden.map(locate) };
  const value: unknown = yaml.toJS({ maxAliasCount: 100 }) ?? {};
  return { ok: true, document: { file, text, value, locate } };
}

function keyAt(text: string, offset: number): string {
  return /^[^\s:]{1,80}/.exec(text.slice(offset))?.[0] ?? '';
}

function firstLine(message: string): string {
  return message.split('\n')[0] ?? message;
}

/** Offset of the value (or key) at `path`; of the nearest existing parent when it is not there. */
function find(yaml: Document, path: Path, at: 'key' | 'value'): number {
  let node: unknown = yaml.contents;
  let offset = offsetOf(node) ?? 0;
  for (const [depth, step] of path.entries()) {
    if (isAlias(node)) node = node.resolve(yaml);
    const last = depth === path.length - 1;
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(step));
      if (!isPair(pair)) return offset;
      const key = offsetOf(pair.key) ?? offset;
      offset = last && at === 'key' ? key : (offsetOf(pair.value) ?? key);
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      offset = offsetOf(node) ?? offset;
    } else return offset;
  }
  return offset;
}

function offsetOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}

/** `__proto__` as a key would reach into the prototype of what is built from it. */
function forbiddenKeys(node: unknown, path: Path): Finding[] {
  if (isSeq(node)) return node.items.flatMap((item, i) => forbiddenKeys(item, [...path, i]));
  if (!isMap(node)) return [];
  return node.items.flatMap((item) => {
    const key = isScalar(item.key) ? String(item.key.value) : '';
    const here = [...path, key];
    const bad = key === '__proto__' || key === '<<';
    const finding: Finding = { path: here, at: 'key', message: `the key "${key}" is not allowed`, help: 'remove it' };
    return bad ? [finding] : forbiddenKeys(item.value, here);
  });
}
