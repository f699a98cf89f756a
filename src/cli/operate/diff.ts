export interface DiffLine {
  readonly kind: 'same' | 'added' | 'removed';
  readonly text: string;
}

/** Beyond this the quadratic table would hurt; everything is then shown as removed and added. */
const MAX_CELLS = 4_000_000;

/** Lines that turn `before` into `after`, by a longest common subsequence. Pure. */
export function diffLines(before: readonly string[], after: readonly string[]): readonly DiffLine[] {
  if (before.length * after.length > MAX_CELLS) {
    return [...before.map((text) => line('removed', text)), ...after.map((text) => line('added', text))];
  }
  const common = table(before, after);
  const out: DiffLine[] = [];
  let i = 0;
  let j = 0;
  while (i < before.length && j < after.length) {
    if (before[i] === after[j]) {
      out.push(line('same', before[i] ?? ''));
      i++;
      j++;
    } else if ((common[i + 1]?.[j] ?? 0) >= (common[i]?.[j + 1] ?? 0)) out.push(line('removed', before[i++] ?? ''));
    else out.push(line('added', after[j++] ?? ''));
  }
  return [
    ...out,
    ...before.slice(i).map((text) => line('removed', text)),
    ...after.slice(j).map((text) => line('added', text)),
  ];
}

function line(kind: DiffLine['kind'], text: string): DiffLine {
  return { kind, text };
}

/** `[i][j]`: length of the longest common subsequence of before[i…] and after[j…]. */
function table(before: readonly string[], after: readonly string[]): readonly Uint16Array[] {
  const rows = Array.from({ length: before.length + 1 }, () => new Uint16Array(after.length + 1));
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      const row = rows[i] as Uint16Array;
      const next = rows[i + 1] as Uint16Array;
      row[j] = before[i] === after[j] ? (next[j + 1] ?? 0) + 1 : Math.max(next[j] ?? 0, row[j + 1] ?? 0);
    }
  }
  return rows;
}
