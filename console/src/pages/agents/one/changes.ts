import type { JsonObject } from '../../../../../src/model/json.ts';

export interface FieldChange {
  readonly field: string;
  /** As text; `null`: there was none. */
  readonly before: string | null;
  readonly after: string | null;
}

/** Words for how the store calls things. */
const NAMES: Readonly<Record<string, string>> = {
  riskTier: 'risk',
  expiresAtMs: 'ends',
  archetype: 'kind',
};

/** What one act changed, field by field. A new entity has only what it was made with, a removed one only what it was. */
export function changesOf(before: JsonObject | null, after: JsonObject | null): readonly FieldChange[] {
  const fields = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})]);
  return [...fields]
    .filter((field) => field !== 'id')
    .map((field) => ({
      field: NAMES[field] ?? field,
      before: textOf(field, before?.[field]),
      after: textOf(field, after?.[field]),
    }))
    .filter((change) => change.before !== change.after)
    .sort((a, b) => (a.field < b.field ? -1 : 1));
}

function textOf(field: string, value: unknown): string | null {
  if (value === undefined || value === null) return null;
  if (field.endsWith('AtMs') && typeof value === 'number') return new Date(value).toISOString().replace(/\.000Z$/, 'Z');
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) {
    if (value.length === 0) return null;
    return value.map((each) => (typeof each === 'string' ? each : nameOf(each))).join(', ');
  }
  return JSON.stringify(value);
}

/** A key by its kid, a workload by its subject. */
function nameOf(each: unknown): string {
  const { kid, subject } = (typeof each === 'object' && each !== null ? each : {}) as Record<string, unknown>;
  return typeof kid === 'string' ? `key ${kid}` : typeof subject === 'string' ? subject : JSON.stringify(each);
}
