const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB'];

/** `12.3 MB`: decimal, as disks are sold. */
export function bytes(size: number): string {
  let value = size;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}
