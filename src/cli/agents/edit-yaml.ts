import { isDeepStrictEqual } from 'node:util';
import {
  isMap,
  isNode,
  isScalar,
  isSeq,
  type Node,
  parse,
  parseDocument,
  stringify,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';

/**
 * Puts entries into a YAML text without touching any other byte of it: comments, blank lines and the author's style stay as they are
 * (printing a changed document would move some of them).
 */
export type EditPath = readonly [string, ...string[]];

/** Adds `key: value` to the mapping at `path`, which is made when it is missing. Throws when the result would not be exactly that. */
export function addToMap(
  text: string,
  path: EditPath,
  entry: { readonly key: string; readonly value: unknown },
): string {
  const { key, value } = entry;
  const edited = spliceMap(text, path, entry);
  return proven(text, edited, (document) => document.setIn([...path, key], value));
}

/** Appends `value` to the list at `path`, which is made when it is missing. */
export function addToList(text: string, path: EditPath, value: unknown): string {
  const node = nodeAt(text, path);
  const edited =
    isSeq(node) && node.items.length > 0
      ? spliceList(text, node, value)
      : spliceMap(text, parentOf(path), { key: lastOf(path), value: [value] });
  const exists = isSeq(node);
  return proven(text, edited, (document) => (exists ? document.addIn(path, value) : document.setIn(path, [value])));
}

function parentOf(path: EditPath): EditPath {
  return path.slice(0, -1) as unknown as EditPath;
}

function lastOf(path: EditPath): string {
  return path[path.length - 1] ?? '';
}

/** The edit is done on text; that it means what was wanted is proven on values. */
function proven(before: string, after: string, edit: (document: ReturnType<typeof parseDocument>) => void): string {
  const wanted = parseDocument(before);
  edit(wanted);
  if (!isDeepStrictEqual(parse(after), wanted.toJS())) {
    throw new Error('this file is written in a way that cannot be extended safely; add the lines by hand');
  }
  return after;
}

function nodeAt(text: string, path: readonly string[]): unknown {
  return parseDocument(text).getIn(path, true);
}

function spliceMap(text: string, path: EditPath, entry: { readonly key: string; readonly value: unknown }): string {
  const map = nodeAt(text, path);
  const block = { [entry.key]: entry.value };
  if (isMap(map) && map.items.length > 0)
    return map.flow === true ? insertFlow(text, map, block) : insertBlock(text, map, block);
  if (isNode(map) && map.range !== null && map.range !== undefined) {
    // `agents: {}`: what is added should be readable lines.
    const [start, end] = map.range;
    const head = text.slice(0, start).trimEnd();
    return `${head}\n${indented(block, 2 * path.length)}${text.slice(end).replace(/^[^\S\n]*\n/, '')}`;
  }
  if (path.length > 1) return spliceMap(text, parentOf(path), { key: lastOf(path), value: block });
  return `${text === '' || text.endsWith('\n') ? text : `${text}\n`}\n${indented({ [path[0]]: block }, 0)}`;
}

function insertFlow(text: string, map: YAMLMap, block: Record<string, unknown>): string {
  const end = text.lastIndexOf('}', (map.range?.[1] ?? 0) - 1);
  // JSON is YAML, in a flow mapping at least.
  const member = JSON.stringify(block).slice(1, -1);
  return `${text.slice(0, end).trimEnd().replace(/,$/, '')}, ${member} ${text.slice(end)}`;
}

function insertBlock(text: string, map: YAMLMap, block: Record<string, unknown>): string {
  const first = map.items[0]?.key;
  const column = columnOf(text, isScalar(first) ? (first.range?.[0] ?? 0) : 0);
  const at = afterEntry(text, endOf(map), column);
  const glue = at > 0 && text[at - 1] !== '\n' ? '\n' : '';
  return `${text.slice(0, at)}${glue}${indented(block, column)}${text.slice(at)}`;
}

function spliceList(text: string, list: YAMLSeq, value: unknown): string {
  if (list.flow === true) {
    const end = text.lastIndexOf(']', (list.range?.[1] ?? 0) - 1);
    return `${text.slice(0, end).trimEnd().replace(/,$/, '')}, ${JSON.stringify(value)}${text.slice(end)}`;
  }
  const column = columnOf(text, list.range?.[0] ?? 0);
  const at = afterEntry(text, endOf(list), column);
  const glue = at > 0 && text[at - 1] !== '\n' ? '\n' : '';
  return `${text.slice(0, at)}${glue}${indented([value], column)}${text.slice(at)}`;
}

function columnOf(text: string, offset: number): number {
  return offset - (text.lastIndexOf('\n', offset - 1) + 1);
}

/** Where the text of the last thing inside a collection ends; its own range reaches over the comments behind it. */
function endOf(node: Node): number {
  if (isMap(node) && node.flow !== true) {
    const last = node.items.at(-1);
    if (isNode(last?.value)) return endOf(last.value);
    if (isNode(last?.key)) return (last.key.range?.[1] ?? 0) + 1;
  }
  if (isSeq(node) && node.flow !== true) {
    const last = node.items.at(-1);
    if (isNode(last)) return endOf(last);
  }
  return node.range?.[1] ?? 0;
}

/** The beginning of the line behind an entry, and behind the comments that are indented deeper than its key: they belong to it. */
function afterEntry(text: string, end: number, column: number): number {
  const newline = text[end - 1] === '\n' ? end - 1 : text.indexOf('\n', end);
  if (newline < 0) return text.length;
  let at = newline + 1;
  for (;;) {
    const comment = /^[^\S\n]*#[^\n]*(?:\n|$)/.exec(text.slice(at))?.[0];
    if (comment === undefined || comment.search(/#/) <= column) return at;
    at += comment.length;
  }
}

function indented(value: unknown, column: number): string {
  const lines = stringify(value, { lineWidth: 0 }).trimEnd().split('\n');
  return lines.map((line) => `${' '.repeat(column)}${line}\n`).join('');
}
