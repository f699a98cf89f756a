import { parse } from 'csv-parse';
import { stringify } from 'csv-stringify/sync';
import type { Agent } from '../../../model/agent.ts';
import { isObject } from '../../../model/json.ts';
import { RegistryRefused } from '../refused.ts';
import { COLUMNS, fromCell, toCells } from './cells.ts';

export const MAX_ROWS = 100_000;
const MAX_ROW_CHARS = 65_536;

/** One agent of a file. `state` is compared with how things are, never set. */
export interface Row {
  /** Where it begins, from 1. */
  readonly line: number;
  readonly id: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly state: string | null;
}

const INFORMATION: ReadonlySet<string> = new Set(['id', 'state', 'creator', 'origin']);

/** RFC 4180 with a header, a JSON array, or one JSON object a line. Throws RegistryRefused `invalid` or `limit`. */
export async function readRows(format: 'csv' | 'json', text: string): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for await (const row of format === 'csv' ? csvRows(text) : jsonRows(text)) {
    if (rows.length === MAX_ROWS) throw new RegistryRefused('limit', `more than ${MAX_ROWS} agents: split the file`);
    rows.push(row);
  }
  return rows;
}

async function* csvRows(text: string): AsyncGenerator<Row> {
  const parser = parse({ bom: true, info: true, relax_column_count: true, max_record_size: MAX_ROW_CHARS });
  parser.end(text);
  let header: readonly string[] | null = null;
  let line = 1;
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
      if (header === null) header = checkHeader(record);
      else if (record.length !== header.length)
        throw new RegistryRefused('invalid', `line ${line}: ${record.length} cells under ${header.length} columns`);
      else yield csvRow(line, header, record);
      line = info.lines + 1;
    }
  } catch (error) {
    if (error instanceof RegistryRefused) throw error;
    throw new RegistryRefused('invalid', `line ${line}: ${error instanceof Error ? error.message : 'no CSV'}`);
  }
}

function checkHeader(names: readonly string[]): readonly string[] {
  const unknown = names.filter((name) => !(COLUMNS as readonly string[]).includes(name));
  if (unknown.length > 0)
    throw new RegistryRefused('invalid', `line 1: unknown columns ${unknown.join(', ')}; known: ${COLUMNS.join(', ')}`);
  if (new Set(names).size < names.length) throw new RegistryRefused('invalid', 'line 1: a column stands twice');
  if (!names.includes('id')) throw new RegistryRefused('invalid', 'line 1: there is no column "id"');
  return names;
}

function csvRow(line: number, header: readonly string[], record: readonly string[]): Row {
  const cells = header.map((column, i): [string, unknown] => [column, fromCell(column, record[i] ?? '')]);
  return toRow(line, Object.fromEntries(cells));
}

async function* jsonRows(text: string): AsyncGenerator<Row> {
  const trimmed = text.trimStart();
  if (trimmed.startsWith('[')) {
    const all = parsed(trimmed, 1) as readonly unknown[];
    for (const [i, value] of all.entries()) yield toRow(i + 1, value);
    return;
  }
  let line = 0;
  for (const part of text.split('\n')) {
    line++;
    if (line % 500 === 0) await new Promise((done) => setImmediate(done));
    if (part.trim() !== '') yield toRow(line, parsed(part, line));
  }
}

function parsed(text: string, line: number): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new RegistryRefused('invalid', `line ${line}: ${error instanceof Error ? error.message : 'no JSON'}`);
  }
}

function toRow(line: number, value: unknown): Row {
  if (!isObject(value)) throw new RegistryRefused('invalid', `line ${line}: not an object`);
  const fields = Object.fromEntries(Object.entries(value).filter(([name]) => !INFORMATION.has(name)));
  const { id, state } = value;
  return { line, id: typeof id === 'string' ? id : '', fields, state: typeof state === 'string' ? state : null };
}

/** A table any spreadsheet opens without computing anything in it; `readRows` reads it back. */
export function toCsv(agents: Iterable<Agent>, header: boolean): string {
  const rows = Array.from(agents, toCells);
  return stringify(header ? [COLUMNS, ...rows] : rows, { record_delimiter: '\r\n' });
}
