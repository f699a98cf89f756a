import type { Agent } from '../../../model/agent.ts';
import { FIELDS, type FieldName } from '../fields.ts';

/** Columns of a table of agents, in the order they are written. The last three say how things are; they cannot be set. */
export const COLUMNS = ['id', ...(Object.keys(FIELDS) as FieldName[]), 'state', 'creator', 'origin'] as const;

const LISTS: ReadonlySet<string> = new Set(['deputies', 'groups', 'servers', 'scopes', 'clients', 'redirectUris']);
const OBJECTS: ReadonlySet<string> = new Set(['keys', 'workloads']);
const NOTHING = '(none)';
/** What a spreadsheet takes for a formula, at the beginning of a cell (full-width forms too), however often it is quoted already. */
const FORMULA = /^'*[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]/;

/** A text no spreadsheet computes. `unguard` gives it back exactly. */
export function guard(text: string): string {
  return FORMULA.test(text) ? `'${text}` : text;
}

export function unguard(text: string): string {
  return text.startsWith("'") && FORMULA.test(text) ? text.slice(1) : text;
}

/** Lists are separated by spaces, an empty list is `(none)`, no value is an empty cell, times are ISO 8601. */
export function toCells(agent: Agent): readonly string[] {
  return COLUMNS.map((column) => guard(toText(column, agent[column])));
}

function toText(column: string, value: unknown): string {
  if (value === null || value === undefined) return '';
  if (column === 'expiresAtMs') return new Date(value as number).toISOString();
  if (Array.isArray(value) && value.length === 0) return NOTHING;
  if (LISTS.has(column)) return (value as readonly string[]).join(' ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** One cell as the field it is; what cannot be read stays a text, which the check of the field then refuses. */
export function fromCell(column: string, cell: string): unknown {
  const text = unguard(cell);
  if (text === '')
    return LISTS.has(column) && !['servers', 'scopes'].includes(column) ? [] : OBJECTS.has(column) ? [] : null;
  if (text === NOTHING && (LISTS.has(column) || OBJECTS.has(column))) return [];
  if (LISTS.has(column)) return text.split(/\s+/).filter((part) => part !== '');
  if (column === 'expiresAtMs') return /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number(text);
  if (!OBJECTS.has(column) && column !== 'backchannel') return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
