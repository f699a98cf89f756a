import { describe, expect, it } from 'vitest';
import { suggest } from './nearest.ts';

describe('help for an unknown name', () => {
  it('is the name that was meant, or what there is', () => {
    expect(suggest('procurment', ['sorter', 'procurement'])).toBe('did you mean "procurement"?');
    expect(suggest('x', [])).toBe('there are none');
    expect(suggest('nothing-like-it', ['b', 'a'])).toBe('known: a, b');
  });

  it('of very many names compares only those that begin alike: never all', () => {
    let read = 0;
    const many = Array.from({ length: 100_000 }, (_, i) => `bot-${i}`);
    const names = new Proxy(many, {
      get(target, name) {
        if (typeof name === 'string' && /^\d+$/.test(name)) read++;
        return Reflect.get(target, name);
      },
    });
    expect(suggest('bto-77', ['b', ...many])).toContain('like it');
    expect(suggest('bot-1x', names)).toBe('did you mean "bot-1"?');
    // The first two thousand that could be meant, and what stands before them.
    expect(read).toBeLessThan(5_000);
  });
});
