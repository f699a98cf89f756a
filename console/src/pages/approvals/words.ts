import type { SentencePart, ShownRequest, ValueOrigin } from '../../../../src/model/approval.ts';
import type { ApprovalLine } from '../../../../src/model/insight/approvals.ts';
import type { Tone } from '../../kit/badge.tsx';
import { visible } from '../../kit/text.tsx';

/** Words of ours for what the records say with codes. The same as on the page where requests are answered. */

export const EFFECTS: Readonly<Record<string, string>> = {
  read: 'Reads',
  write: 'Changes data',
  destructive: 'Deletes or overwrites',
  external: 'Reaches the outside world',
  credential: 'Touches credentials',
};

export const STATES: Readonly<Record<ApprovalLine['state'], readonly [Tone, string]>> = {
  pending: ['warn', 'Waiting'],
  approved: ['good', 'Approved, not used yet'],
  consumed: ['good', 'Approved and used'],
  denied: ['bad', 'Denied'],
  expired: ['plain', 'Expired'],
  withdrawn: ['plain', 'Withdrawn'],
};

export const ORIGINS: Readonly<Record<ValueOrigin['from'], readonly [Tone, string]>> = {
  'untrusted-result': ['bad', 'From content anybody could have written'],
  'tool-result': ['plain', 'From an earlier result'],
  'earlier-arguments': ['plain', 'Used before in this session'],
  'nowhere-seen': ['plain', 'The agent’s own'],
  'not-looked': ['plain', ''],
};

export const OUTCOMES: Readonly<Record<string, readonly [Tone, string]>> = {
  'under-way': ['plain', 'under way'],
  ok: ['good', 'done'],
  failed: ['warn', 'failed'],
  unknown: ['warn', 'unknown'],
  refused: ['bad', 'refused'],
};

export const PROVEN: Readonly<Record<string, string>> = {
  passkey: 'signed with a passkey',
  'signed-in': 'signed in',
  operator: 'named by an operator',
};

/** A value of an argument in a sentence. */
export function valueText(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  const seen = visible(text.replaceAll('\n', '⏎'));
  return seen.length > 160 ? `${seen.slice(0, 160)}…` : seen;
}

/** As one text, for titles and readers. */
export function sentenceText(parts: readonly SentencePart[]): string {
  return parts
    .map((part) => ('text' in part ? part.text : part.missing ? `(no ${part.argument})` : valueText(part.value)))
    .join('');
}

/** `amount`: ten-thousandths. */
export function amountWords(amount: number, currency: string | null): string {
  const number = new Intl.NumberFormat(undefined, { minimumFractionDigits: 2, maximumFractionDigits: 4 });
  return `${number.format(amount / 10_000)}${currency === null ? '' : ` ${visible(currency).slice(0, 12)}`}`;
}

/** `1:02:03`, `02:03`, `3 days`. */
export function leftWords(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s >= 172_800) return `${Math.floor(s / 86_400)} days`;
  const two = (n: number): string => String(n).padStart(2, '0');
  const clock = `${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
  return s >= 3600 ? `${Math.floor(s / 3600)}:${clock}` : clock;
}

export interface ArgumentRow {
  readonly name: string;
  /** `undefined`: not there. */
  readonly value: unknown;
  /** What it was before somebody changed it; absent: nobody did. */
  readonly was?: unknown;
  readonly origins: readonly {
    readonly at: string;
    readonly tone: Tone;
    readonly words: string;
    readonly source: string | null;
  }[];
}

/** One row for each top-level argument, before and after a change. */
export function argumentRows(
  shown: Pick<ShownRequest, 'arguments' | 'origins'>,
  changed: Readonly<Record<string, unknown>> | null,
): readonly ArgumentRow[] {
  const now = changed ?? shown.arguments;
  const names = [...new Set([...Object.keys(shown.arguments), ...Object.keys(now)])];
  return names.map((name) => {
    const [before, after] = [shown.arguments[name], now[name]];
    const differs = JSON.stringify(before) !== JSON.stringify(after);
    return {
      name,
      value: after,
      ...(differs ? { was: before ?? null } : {}),
      origins: differs ? [] : originsUnder(shown.origins, `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`),
    };
  });
}

function originsUnder(origins: readonly ValueOrigin[], at: string): ArgumentRow['origins'] {
  return origins
    .filter((origin) => origin.at === at || origin.at.startsWith(`${at}/`))
    .filter(({ from }) => ORIGINS[from][1] !== '')
    .map(({ at: place, from, source }) => ({
      at: place === at ? '' : place.slice(at.length + 1),
      tone: ORIGINS[from][0],
      words: ORIGINS[from][1],
      source,
    }));
}
