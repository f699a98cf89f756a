/**
 * A largest assignment of different people to different slots: for each slot the index of its person, or -1. `fits[slot]` lists who could
 * fill it. Augmenting paths (Kuhn); slots and people are few.
 */
export function assign(fits: readonly (readonly number[])[]): readonly number[] {
  const slotOf = new Map<number, number>();
  for (const slot of fits.keys()) place({ fits, slotOf, seen: new Set() }, slot);
  const personOf = fits.map(() => -1);
  for (const [person, slot] of slotOf) personOf[slot] = person;
  return personOf;
}

interface Search {
  readonly fits: readonly (readonly number[])[];
  readonly slotOf: Map<number, number>;
  readonly seen: Set<number>;
}

/** Finds somebody for the slot, moving others to slots they fit as well. */
function place(search: Search, slot: number): boolean {
  for (const person of search.fits[slot] ?? []) {
    if (search.seen.has(person)) continue;
    search.seen.add(person);
    const taken = search.slotOf.get(person);
    if (taken === undefined || place(search, taken)) {
      search.slotOf.set(person, slot);
      return true;
    }
  }
  return false;
}
