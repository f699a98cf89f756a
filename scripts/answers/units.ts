/** Of names that end in Ms: a time, or how long something takes. Every such name of an answer stands here. */
const TIMES = /AtMs$|^(at|from|to|since|until|due|lastSeen|lastUsed|notAfter|signsFrom|signsUntil|expiresBefore)Ms$/;
const DURATIONS = /^(uptime|age|idle|step|refused|released|timeout|lifetime|after|expire)Ms$/;

/** Numbers that are not whole. */
const FRACTIONS = new Set(['ageMs', 'p50', 'p99', 'refusedMs', 'releasedMs']);

export function isFraction(at: string): boolean {
  return FRACTIONS.has(at.slice(at.lastIndexOf('.') + 1));
}

/** What is said of a member, with its unit, which is the last part of its name. `null`: nothing. */
export function describedWith(name: string, said: string): string | null {
  const parts = [unitOf(name), said.replaceAll(/\s+/g, ' ')].filter((part) => part !== '');
  return parts.length === 0 ? null : parts.join(' ');
}

function unitOf(name: string): string {
  if (/(^|A)mount$/.test(name) || name === 'amount') return 'In ten-thousandths of the currency’s unit.';
  if (name.endsWith('Bytes')) return 'In bytes.';
  if (/Us$/.test(name)) return 'In microseconds.';
  if (!name.endsWith('Ms')) return '';
  if (TIMES.test(name)) return 'Milliseconds since 1970-01-01T00:00:00Z.';
  if (DURATIONS.test(name)) return 'In milliseconds.';
  throw new Error(`${name}: say in scripts/answers/units.ts whether it is a time or a duration`);
}
