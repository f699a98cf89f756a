import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { memorySecrets } from '../../../test/cases/fixtures/secret-store.ts';
import type { SecretRow } from '../../ports/identity-stores.ts';
import { type KeySource, ownKeyFile, parseKeys } from './keys.ts';
import { openVault, type Vault } from './vault.ts';

const clock = { nowMs: () => 1_000, monotonicUs: () => 0 };
const newKey = () => randomBytes(32).toString('base64');
const fixed = (text: string): KeySource => ({ read: async () => text, add: null });
const secret = { access: 'at-SECRET-TEXT', refresh: 'rt' };
const row = {
  kind: 'upstream-token',
  id: 'crm person:alice',
  owner: 'person:alice',
  expiresAtMs: null,
  secret,
} as const;

async function filled(
  count: number,
): Promise<{ store: ReturnType<typeof memorySecrets>; vault: Vault; keys: { text: string } }> {
  const store = memorySecrets();
  const keys = { text: newKey() };
  const vault = await openVault({ store, clock, keys: { read: async () => keys.text, add: null } });
  for (let i = 0; i < count; i++) await vault.put({ ...row, id: `crm person:p${i}` }, null);
  return { store, vault, keys };
}

describe('the vault (requirement CN8)', () => {
  it('gives back what was put in, and keeps nothing of it in the clear', async () => {
    const { store, vault } = await filled(0);
    expect(await vault.put(row, null)).toBe(true);
    expect((await vault.get(row.kind, row.id))?.secret).toEqual(secret);
    expect(JSON.stringify([...store.rows.values()])).not.toMatch(/SECRET-TEXT|refresh/);
  });

  it('tells the loser of two writes', async () => {
    const { vault } = await filled(0);
    const results = await Promise.all(Array.from({ length: 50 }, () => vault.put(row, null)));
    expect(results.filter(Boolean).length).toBe(1);
    const again = await Promise.all(Array.from({ length: 50 }, () => vault.put(row, 1)));
    expect(again.filter(Boolean).length).toBe(1);
    expect((await vault.get(row.kind, row.id))?.version).toBe(2);
  });

  const tampering: readonly (readonly [string, (one: SecretRow, other: SecretRow) => SecretRow])[] = [
    ['moved to another id', (one, other) => ({ ...one, body: other.body })],
    ['given to another owner', (one) => ({ ...one, owner: 'person:mallory' })],
    ['rolled back to an older version', (one) => ({ ...one, version: one.version + 1 })],
    ['made to last longer', (one) => ({ ...one, expiresAtMs: 9_999_999 })],
    ['with one bit turned', (one) => ({ ...one, body: { ...one.body, data: turned(String(one.body.data)) } })],
    ['with another nonce', (one) => ({ ...one, body: { ...one.body, nonce: turned(String(one.body.nonce)) } })],
    ['cut short', (one) => ({ ...one, body: { ...one.body, data: String(one.body.data).slice(0, 10) } })],
    ['replaced by plain text', (one) => ({ ...one, body: { access: 'mine' } })],
  ];
  it.each(tampering)('refuses a row that was %s, and says so without a secret', async (_how, change) => {
    const { store, vault } = await filled(2);
    const [a, b] = [...store.rows].filter(([, kept]) => kept.kind === row.kind);
    store.rows.set(a![0], change(a![1], b![1]));
    const error = await vault.get(row.kind, a![1].id).catch((thrown: Error) => thrown);
    expect(error).toBeInstanceOf(Error);
    expect((error as Error).message).toMatch(/changed|not sealed/);
    expect((error as Error).message).not.toContain('SECRET-TEXT');
    // The other row is none the worse.
    expect((await vault.get(row.kind, b![1].id))?.secret).toEqual(secret);
  });

  it('does not open with another key: neither at the start nor a row', async () => {
    const { store } = await filled(1);
    await expect(openVault({ store, clock, keys: fixed(newKey()) })).rejects.toThrow(
      /which this gateway does not have/,
    );
  });

  it('rotates: the newest key seals, older ones open, and afterwards the old one is not needed', async () => {
    const { store, vault, keys } = await filled(30);
    const old = keys.text;
    const fresh = newKey();
    keys.text = `${fresh}\n${old}`;
    const rotated = await vault.rotate({ addKey: false });
    expect(rotated).toMatchObject({ resealed: 31, unreadable: [] });
    expect((await vault.status()).rows).toEqual({ [rotated.newestKey]: 31 });
    const after = await openVault({ store, clock, keys: fixed(fresh) });
    expect((await after.get(row.kind, 'crm person:p7'))?.secret).toEqual(secret);
  });

  it('an interrupted rotation loses nothing and goes on where it was', async () => {
    const { store, vault, keys } = await filled(30);
    keys.text = `${newKey()}\n${keys.text}`;
    const stop = new AbortController();
    let writes = 0;
    const put = store.put.bind(store);
    store.put = async (written, expected) => {
      if (++writes === 11) stop.abort(new Error('the power went'));
      return put(written, expected);
    };
    await expect(vault.rotate({ addKey: false, signal: stop.signal })).rejects.toThrow('the power went');
    expect(Object.keys((await vault.status()).rows).length).toBe(2);
    for (let i = 0; i < 30; i++) expect((await vault.get(row.kind, `crm person:p${i}`))?.secret).toEqual(secret);
    expect((await vault.rotate({ addKey: false })).resealed).toBe(20);
    expect((await vault.status()).rows).toEqual({ [(await vault.status()).newestKey]: 31 });
  });

  it('a row refreshed while the rotation passes keeps its newer secret', async () => {
    const { store, vault, keys } = await filled(5);
    keys.text = `${newKey()}\n${keys.text}`;
    const put = store.put.bind(store);
    const raced = { done: false };
    store.put = async (written, expected) => {
      if (!raced.done && written.id === 'crm person:p2') {
        raced.done = true;
        await vault.put({ ...row, id: written.id, secret: 'newer' }, 1);
      }
      return put(written, expected);
    };
    await vault.rotate({ addKey: false });
    expect((await vault.get(row.kind, 'crm person:p2'))?.secret).toBe('newer');
  });

  it('rotation leaves alone what it cannot open, and names it', async () => {
    const { store, vault, keys } = await filled(3);
    const [at, one] = [...store.rows].find(([, kept]) => kept.id === 'crm person:p1')!;
    store.rows.set(at, { ...one, owner: 'person:mallory' });
    keys.text = `${newKey()}\n${keys.text}`;
    const { unreadable, resealed } = await vault.rotate({ addKey: false });
    expect(unreadable.map(({ id }) => id)).toEqual(['crm person:p1']);
    expect(resealed).toBe(3);
  });

  it('a gateway that has not heard of a rotation reads the keys again when it meets the new one', async () => {
    const { store, vault, keys } = await filled(1);
    const other = await openVault({ store, clock, keys: { read: async () => keys.text, add: null } });
    keys.text = `${newKey()}\n${keys.text}`;
    await vault.rotate({ addKey: false });
    expect((await other.get(row.kind, 'crm person:p0'))?.secret).toEqual(secret);
  });
});

describe('the gateway’s own key file', () => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'interlock-vault-'));
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  it('is made once, owner-only, also by many who start at the same time', async () => {
    const texts = await Promise.all(Array.from({ length: 20 }, () => ownKeyFile(dir).read()));
    expect(new Set(texts).size).toBe(1);
    expect((await stat(join(dir, 'vault.key'))).mode & 0o777).toBe(0o600);
  });

  it('gets a new key in front, the old ones stay', async () => {
    const before = parseKeys(await ownKeyFile(dir).read());
    await ownKeyFile(dir).add!();
    const after = parseKeys(await ownKeyFile(dir).read());
    expect(after.newest.id).not.toBe(before.newest.id);
    expect(after.byId.has(before.newest.id)).toBe(true);
    expect((await stat(join(dir, 'vault.key'))).mode & 0o777).toBe(0o600);
  });

  it('is refused when others can read it', async () => {
    await chmod(join(dir, 'vault.key'), 0o644);
    await expect(ownKeyFile(dir).read()).rejects.toThrow(/read by others/);
    await chmod(join(dir, 'vault.key'), 0o600);
  });

  it('a line that is no key is refused without being repeated', async () => {
    const text = await readFile(join(dir, 'vault.key'), 'utf8');
    expect(() => parseKeys(`${text.trim()}x`)).toThrow(/vault key \d is not 32 bytes/);
    expect(() => parseKeys(`${text.trim()}x`)).not.toThrow(new RegExp(text.slice(0, 10).replace(/[+/]/g, '.')));
    expect(() => parseKeys('# nothing\n')).toThrow(/openssl rand/);
    expect(parseKeys(Buffer.alloc(32, 7).toString('hex')).newest.id).toBe(
      parseKeys(Buffer.alloc(32, 7).toString('base64url')).newest.id,
    );
  });
});

function turned(text: string): string {
  return `${text.startsWith('A') ? 'B' : 'A'}${text.slice(1)}`;
}
