import { describe, expect, it } from 'vitest';
import { checkPassword, hashPassword, whyWeak } from './passwords.ts';

const ALICE = { id: 'alice', userName: 'alice', name: 'Alice Example', email: 'a.example@example.com' };

describe('a password is refused when it is guessed first (CN1)', () => {
  it.each([
    ['short', 'twelve short'],
    ['password1234', 'a word and digits'],
    ['P@ssw0rdP@ssw0rd', 'letters dressed up'],
    ['qwertyuiop123', 'a run of keys'],
    ['123456789012', 'a run of digits'],
    ['abcdefghijkl', 'the alphabet'],
    ['aaaaaaaaaaaab', 'one letter'],
    ['Summer2026!!', 'a season and a year'],
    ['alice-example-1', 'their own name'],
    ['correct horse battery staple', 'the famous one'],
    ['x'.repeat(129), 'endless'],
  ])('%s: %s', (password) => {
    expect(whyWeak(password, ALICE)).not.toBeNull();
  });

  it.each([
    'violet tractor 9 lamp',
    'k8#fLq0zPv!mWe',
    'grünes Fahrrad am Fluss',
    '我喜欢在雨天的下午喝热茶看书',
    '839204817263940518',
  ])('%s is none of these', (password) => {
    expect(whyWeak(password, ALICE)).toBeNull();
  });
});

describe('a password is kept as a hash', () => {
  it('that tells it from any other, has its own salt, and is the same for both spellings of one text', async () => {
    const [one, two] = await Promise.all([hashPassword('caf\u00e9 au lait'), hashPassword('caf\u00e9 au lait')]);
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(one).not.toBe(two);
    expect(await checkPassword('cafe\u0301 au lait', one)).toEqual({ ok: true, again: false });
    expect(await checkPassword('cafe au lait', one)).toEqual({ ok: false, again: false });
  });

  it('what is not such a hash, or belongs to nobody, matches nothing', async () => {
    for (const stored of [null, '', 'x', '$argon2id$v=19$m=99999999,t=99,p=9$AAAA$AAAA']) {
      expect(await checkPassword('anything', stored)).toEqual({ ok: false, again: false });
    }
  });

  it('one made at a lower cost is made anew', async () => {
    const weak = '$argon2id$v=19$m=8192,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$';
    const { argon2Sync } = await import('node:crypto');
    const nonce = Buffer.alloc(16);
    const tag = argon2Sync('argon2id', { message: 'x', nonce, parallelism: 1, tagLength: 32, memory: 8192, passes: 1 });
    const stored = weak + tag.toString('base64').replace(/=+$/, '');
    expect(await checkPassword('x', stored)).toEqual({ ok: true, again: true });
  });
});
