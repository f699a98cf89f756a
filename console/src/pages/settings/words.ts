const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB'] as const;

/** In powers of 1024. */
export function bytes(size: number): string {
  let value = size;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const text = unit === 0 || Number.isInteger(value) ? String(value) : value.toFixed(1);
  return `${text} ${UNITS[unit]}`;
}

/** A span of time in its two largest parts. */
export function elapsed(ms: number): string {
  const parts = [
    [Math.floor(ms / 86_400_000), 'd'],
    [Math.floor(ms / 3_600_000) % 24, 'h'],
    [Math.floor(ms / 60_000) % 60, 'min'],
    [Math.floor(ms / 1_000) % 60, 's'],
  ] as const;
  const first = parts.findIndex(([number]) => number > 0);
  if (first < 0) return `${Math.round(ms)} ms`;
  return parts
    .slice(first, first + 2)
    .filter(([number]) => number > 0)
    .map(([number, unit]) => `${number} ${unit}`)
    .join(' ');
}

/** A limit in its unit. */
export function limitWords(value: number, unit: 'bytes' | 'ms' | 'count' | 'levels'): string {
  if (unit === 'bytes') return bytes(value);
  if (unit === 'ms') return elapsed(value);
  const text = value.toLocaleString();
  return unit === 'levels' ? `${text} levels` : text;
}
