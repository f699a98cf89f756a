import { isObject, type Json, type JsonObject } from '../model/json.ts';
import type { PinRow } from '../ports/stores.ts';
import { sameJson } from './diff.ts';
import { isUsableName, type Sighting, sight } from './findings.ts';

export interface Look {
  /** What differs from what was seen before. */
  readonly news: readonly Sighting[];
  /** How many definitions have no usable name. */
  readonly ignored: number;
}

type Named = JsonObject & { readonly name: string };

/**
 * Compares a list with what was seen before. A definition equal to the last one, which is nearly always, costs one comparison and no
 * hash. The order of the list makes no difference, and of several tools with one name the same one always counts.
 */
export function lookAt(
  definitions: readonly Json[],
  known: { readonly maxBytes: number; readonly seen: (name: string) => PinRow | undefined },
): Look {
  const byName = new Map<string, Named[]>();
  let ignored = 0;
  for (const definition of definitions) {
    if (!isObject(definition) || !isUsableName(definition.name)) {
      ignored++;
      continue;
    }
    const same = byName.get(definition.name);
    if (same === undefined) byName.set(definition.name, [definition as Named]);
    else if (!same.some((other) => sameJson(other, definition))) same.push(definition as Named);
  }
  const news: Sighting[] = [];
  for (const [name, group] of byName) {
    const row = known.seen(name);
    const only = group.length === 1 ? (group[0] as Named) : null;
    if (only !== null && row !== undefined && sameJson(row.seen, only)) continue;
    const sighting = only === null ? ambiguous(group, known.maxBytes) : sight(only, known.maxBytes);
    if (row?.seenHash !== sighting.hash || (only === null && row.state === 'pinned')) news.push(sighting);
  }
  return { news, ignored };
}

/** Two tools of one name: which one a call reaches is anybody's guess, so that none may be called. */
function ambiguous(group: readonly Named[], maxBytes: number): Sighting {
  const sightings = group.map((definition) => sight(definition, maxBytes)).sort((a, b) => (a.hash < b.hash ? -1 : 1));
  const first = sightings[0] as Sighting;
  const message = `the server lists ${group.length} different tools of this name`;
  return { ...first, findings: [{ code: 'duplicate-name', message, at: '' }, ...first.findings] };
}
