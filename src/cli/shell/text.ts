/**
 * Text from outside (tool names, arguments, reasons) must not drive the operator's terminal or reorder what is read:
 * control characters, bidirectional marks and other invisible ones are shown as `\u{…}`; line breaks too.
 */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, escapeChar);
}

/** The same for texts that have lines: line feeds and tabs stay. */
export function visibleLines(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (char) =>
    char === '\n' || char === '\t' ? char : escapeChar(char),
  );
}

function escapeChar(char: string): string {
  return `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`;
}

/** `10m`, `90s`, `2h30m`, `1d` in milliseconds; null when it is none of these, or longer than ten years. */
export function parseDuration(text: string): number | null {
  const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
  if (!/^(\d{1,9}(ms|s|m|h|d))+$/.test(text)) return null;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+)(ms|s|m|h|d)/g))
    total += Number(amount) * (units[unit ?? ''] ?? 0);
  return total > 0 && total <= 3650 * 86_400_000 ? total : null;
}

/** `2m 5s`, `3h 4m`, `12d`: two units at most, for people. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return join(Math.floor(seconds / 60), 'm', seconds % 60, 's');
  if (seconds < 86_400) return join(Math.floor(seconds / 3600), 'h', Math.floor((seconds % 3600) / 60), 'm');
  return join(Math.floor(seconds / 86_400), 'd', Math.floor((seconds % 86_400) / 3600), 'h');
}

function join(...parts: [number, string, number, string]): string {
  return parts[2] === 0 ? `${parts[0]}${parts[1]}` : `${parts[0]}${parts[1]} ${parts[2]}${parts[3]}`;
}

export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** A word as a POSIX shell reads it back unchanged. */
export function shellQuote(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
