import { parseKey } from './note.ts';

/**
 * Which key this browser trusts. The first one it sees, or one the person brings from elsewhere, which is better; from then on only that
 * one, until the person says otherwise. A gateway that suddenly shows another is reported, never followed.
 */
export interface TrustedKey {
  readonly vkey: string;
  readonly how: 'first-seen' | 'given';
  readonly sinceMs: number;
}

export type KeyState =
  | { readonly kind: 'first'; readonly vkey: string }
  | { readonly kind: 'same'; readonly key: TrustedKey }
  /** The gateway shows another than the one trusted. */
  | { readonly kind: 'changed'; readonly key: TrustedKey; readonly shown: string };

export interface Keep {
  getItem(name: string): string | null;
  setItem(name: string, value: string): void;
}

const NAME = 'interlock-verifier-key';

export function trustedKey(keep: Keep): TrustedKey | null {
  try {
    const kept = JSON.parse(keep.getItem(NAME) ?? 'null') as TrustedKey | null;
    return kept !== null && typeof kept.vkey === 'string' && parseKey(kept.vkey) !== null ? kept : null;
  } catch {
    return null;
  }
}

export function trust(keep: Keep, key: TrustedKey): void {
  keep.setItem(NAME, JSON.stringify(key));
}

export function keyState(keep: Keep, shown: string): KeyState {
  const key = trustedKey(keep);
  if (key === null) return { kind: 'first', vkey: shown };
  return key.vkey === shown.trim() ? { kind: 'same', key } : { kind: 'changed', key, shown };
}
