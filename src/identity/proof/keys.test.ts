import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { calculateJwkThumbprint } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSigningKey, thumbprint } from './keys.ts';

let dir: string;
beforeEach(async () => {
  dir = join(await mkdtemp(join(tmpdir(), 'interlock-keys-')), 'keys');
});
afterEach(() => rm(join(dir, '..'), { recursive: true }));

const FILE = 'token-signing.jwk.json';

describe('the signing key', () => {
  it('is made on the first start and the same from then on', async () => {
    const first = await openSigningKey(dir);
    expect((await openSigningKey(dir)).kid).toBe(first.kid);
    expect(await readdir(dir)).toEqual([FILE]);
  });

  it('is readable by its owner only, file and folder', async () => {
    await openSigningKey(dir);
    expect((await stat(join(dir, FILE))).mode & 0o777).toBe(0o600);
    expect((await stat(dir)).mode & 0o777).toBe(0o700);
  });

  it('is one key, however many start at the same time', async () => {
    for (let round = 0; round < 10; round++) {
      const at = join(dir, String(round));
      const keys = await Promise.all(
        Array.from({ length: 12 }, async (_, i) => {
          await setTimeout(i % 6);
          return openSigningKey(at);
        }),
      );
      expect(new Set(keys.map((key) => key.kid)).size).toBe(1);
      expect((await openSigningKey(at)).kid).toBe(keys[0]?.kid);
      expect(await readdir(at)).toEqual([FILE]);
    }
  });

  it('keeps its private part to itself', async () => {
    const key = await openSigningKey(dir);
    const { d } = JSON.parse(await readFile(join(dir, FILE), 'utf8')) as { d: string };
    expect(JSON.stringify(key)).not.toContain(d);
    expect(key.privateKey.extractable).toBe(false);
  });

  it('is refused when others could read it', async () => {
    await openSigningKey(dir);
    await chmod(join(dir, FILE), 0o640);
    await expect(openSigningKey(dir)).rejects.toThrow('treat the key as leaked');
  });

  it.each([
    '',
    '{}',
    'not json',
    '{"kty":"oct","k":"AAAA"}',
    '{"kty":"EC","crv":"P-256","x":"AA","y":"AA","d":"AA"}',
    'x'.repeat(5000),
  ])('is refused, not replaced, when the file holds %j', async (content) => {
    await openSigningKey(dir);
    await writeFile(join(dir, FILE), content);
    await expect(openSigningKey(dir)).rejects.toThrow(/restore it/);
    expect(await readFile(join(dir, FILE), 'utf8')).toBe(content);
  });
});

it('a thumbprint is the one of RFC 7638, as another implementation computes it', async () => {
  const { publicJwk } = await openSigningKey(dir);
  expect(thumbprint(publicJwk)).toBe(await calculateJwkThumbprint({ ...publicJwk }));
  expect(thumbprint({ ...publicJwk, kid: 'other' })).toBe(thumbprint(publicJwk));
  const ed = { kty: 'OKP', crv: 'Ed25519', kid: 'a', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };
  // RFC 8037 appendix A.3
  expect(thumbprint(ed)).toBe('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k');
});
