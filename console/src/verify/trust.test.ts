import { describe, expect, it } from 'vitest';
import { keyState, trust, trustedKey } from './trust.ts';

// The public half of a key nobody has.
const MINE = 'gateway.example/interlock+233532aa+AYEa9yrR9WXhlPSTGlAI+8iFvKPoqhW11phmmXNUOHLs';

function keep(): Map<string, string> & {
  getItem(name: string): string | null;
  setItem(name: string, v: string): void;
} {
  const map = new Map<string, string>();
  return Object.assign(map, {
    getItem: (name: string) => map.get(name) ?? null,
    setItem: (name: string, value: string) => void map.set(name, value),
  });
}

describe('the key a browser trusts', () => {
  it('is none at first, and the shown one is proposed', () => {
    expect(keyState(keep(), MINE)).toEqual({ kind: 'first', vkey: MINE });
  });

  it('what is kept and is no key is as if there were none', () => {
    for (const text of ['', '{', 'null', '7', '{"vkey":7}', '{"vkey":"x+00000000+AQ=="}']) {
      const box = keep();
      box.setItem('interlock-verifier-key', text);
      expect(trustedKey(box)).toBeNull();
      expect(keyState(box, MINE).kind).toBe('first');
    }
  });

  it('stays, and another one is a change that is told', () => {
    const box = keep();
    const vkey = MINE;
    trust(box, { vkey, how: 'first-seen', sinceMs: 1 });
    expect(keyState(box, `${vkey}\n`)).toMatchObject({ kind: 'same' });
    expect(keyState(box, 'other')).toEqual({
      kind: 'changed',
      key: { vkey, how: 'first-seen', sinceMs: 1 },
      shown: 'other',
    });
  });
});
