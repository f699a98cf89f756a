/** Comparing costs microseconds each: of very many names only those are compared that begin alike. */
const MAX_COMPARED = 2_000;

function likely(name: string, all: readonly string[]): readonly string[] {
  const beginning = name.slice(0, 2).toLowerCase();
  const found: string[] = [];
  for (const candidate of all) {
    if (found.length >= MAX_COMPARED) break;
    if (Math.abs(candidate.length - name.length) <= 2 && candidate.toLowerCase().startsWith(beginning))
      found.push(candidate);
  }
  return found;
}

/** Help for an unknown name: a guess when one is near enough to be meant, otherwise what exists. */
export function suggest(name: string, all: readonly string[]): string {
  const known = all.length <= MAX_COMPARED ? all : likely(name, all);
  let best: string | null = null;
  let bestDistance = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    const distance = typos(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  if (best !== null) return `did you mean "${best}"?`;
  if (all.length === 0) return 'there are none';
  if (known !== all) return `none of the ${all.length} is like it`;
  const shown = [...known].sort().slice(0, 12);
  return `known: ${shown.join(', ')}${known.length > shown.length ? ', …' : ''}`;
}

/** Inserted, missing, wrong and swapped letters between two names. */
function typos(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    const above = rows[i - 1] as number[];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (above[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min(replaced, (above[j] as number) + 1, (row[j - 1] as number) + 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) cost = Math.min(cost, ((rows[i - 2] as number[])[j - 2] as number) + 1);
      row.push(cost);
    }
    rows.push(row);
  }
  return (rows[a.length] as number[])[b.length] as number;
}
