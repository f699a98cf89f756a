import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { SecretRow, SecretStore } from '../../ports/identity-stores.ts';
import { newPrivateJwk, type SigningKeys } from '../proof/keys.ts';
import { accessTokens } from '../tokens.ts';
import { type KeyRing, openKeyRing } from './key-ring.ts';
import { type Seal, sealWith } from './seal.ts';

const TIMES = { publishMs: 600_000, retainMs: 3_600_000, rotateMs: null };
const ISSUER = 'https://gate.example';

/** One store two processes look at; both see a change as soon as they look. */
function memorySecrets(): SecretStore & { readonly rows: Map<string, SecretRow> } {
  const rows = new Map<string, SecretRow>();
  const key = (kind: string, id: string) => `${kind}\n${id}`;
  return {
    rows,
    get: async (kind, id) => rows.get(key(kind, id)) ?? null,
    async put(row, expected) {
      const known = rows.get(key(row.kind, row.id));
      if ((known?.version ?? null) !== expected) return false;
      rows.set(key(row.kind, row.id), row);
      return true;
    },
    remove: async (kind, id) => rows.delete(key(kind, id)),
    list: async ({ kind }) => [...rows.values()].filter((row) => row.kind === kind),
    removeOwned: async () => 0,
    prune: async () => 0,
    onChange: () => () => {},
  };
}

interface Place {
  nowMs: number;
  readonly store: ReturnType<typeof memorySecrets>;
  readonly seal: Seal;
  readonly errors: unknown[];
}

function place(): Place {
  return { nowMs: 1_800_000_000_000, store: memorySecrets(), seal: sealWith(randomBytes(32)), errors: [] };
}

async function open(at: Place, seal = at.seal): Promise<KeyRing> {
  const ring = await openKeyRing({
    store: at.store,
    seal,
    clock: { nowMs: () => at.nowMs, monotonicUs: () => 0 },
    times: TIMES,
    first: newPrivateJwk,
    onError: (error) => at.errors.push(error),
  });
  ring.close();
  return ring;
}

function tokensOf(keys: SigningKeys) {
  return accessTokens({ keys, issuer: () => ISSUER });
}

function mint(at: Place, ring: SigningKeys): Promise<string> {
  const request = { agentId: 'buyer', subject: null, chain: [], audiences: [`${ISSUER}/mcp`] };
  return tokensOf(ring)
    .mint({ ...request, nowMs: at.nowMs, ttlMs: 600_000 })
    .then(({ token }) => token);
}

describe('a key ring (ID5)', () => {
  it('rotates without a gap: the next key is published before it signs, the last is kept while anything it signed lives', async () => {
    const at = place();
    const ring = await open(at);
    const other = await open(at);
    const first = ring.current().kid;
    const second = await ring.rotate();
    await other.refresh();
    for (const one of [ring, other]) {
      expect(one.current().kid).toBe(first);
      expect(one.published().map(({ kid }) => kid)).toEqual([first, second]);
    }
    at.nowMs += TIMES.publishMs - 1;
    const old = await mint(at, ring);
    expect(ring.current().kid).toBe(first);
    at.nowMs += 1;
    // No process told the other: time did.
    expect([ring.current().kid, other.current().kid]).toEqual([second, second]);
    const fresh = await mint(at, other);
    for (const token of [old, fresh]) {
      expect(await tokensOf(ring).verify(token, at.nowMs)).toMatchObject({ agentId: 'buyer' });
    }
    expect(ring.list().map(({ state }) => state)).toEqual(['retired', 'current']);
    at.nowMs += TIMES.retainMs;
    expect(ring.published().map(({ kid }) => kid)).toEqual([second]);
    await expect(tokensOf(ring).verify(old, at.nowMs)).rejects.toThrow('before its key was replaced');
  });

  it('survives a restart, and every process has the same keys', async () => {
    const at = place();
    const first = await open(at);
    await first.rotate();
    expect((await open(at)).list()).toEqual(first.list());
  });

  it('makes one successor when asked twice, and changes its version with every key that begins to sign', async () => {
    const at = place();
    const ring = await open(at);
    expect(await ring.rotate()).toBe(await ring.rotate());
    const { version } = ring;
    expect(ring.version).toBe(version);
    at.nowMs += TIMES.publishMs;
    expect(ring.version).toBeGreaterThan(version);
  });

  it('can replace a leaked key at once, and take it out: what it signed is refused', async () => {
    const at = place();
    const ring = await open(at);
    const leaked = ring.current().kid;
    const token = await mint(at, ring);
    expect(await ring.remove(leaked)).toBe(false);
    at.nowMs += 1;
    expect(await ring.rotate({ immediately: true })).toBe(ring.current().kid);
    expect(await tokensOf(ring).verify(token, at.nowMs)).toBeTruthy();
    expect(await ring.remove(leaked)).toBe(true);
    await expect(tokensOf(ring).verify(token, at.nowMs)).rejects.toThrow('before its key was replaced');
  });

  it('holds no private part anybody could read in the store', async () => {
    const at = place();
    const ring = await open(at);
    const secret = ring.currentPrivateJwk().d as string;
    expect(JSON.stringify([...at.store.rows.values()])).not.toContain(secret);
    expect(JSON.stringify(ring.published())).not.toContain('"d"');
  });

  it('does not start on keys another gateway sealed, and says what to do', async () => {
    const at = place();
    await open(at);
    await expect(open(at, sealWith(randomBytes(32)))).rejects.toThrow('ring.key');
  });

  it('takes no key from somebody who can only write to the store', async () => {
    const at = place();
    const ring = await open(at);
    const thief = place();
    const forged = await open(thief);
    const [row] = thief.store.rows.values();
    await at.store.put(row as SecretRow, null);
    // Nor one of its own, moved in time.
    const [own] = at.store.rows.values();
    const moved = { ...(own as SecretRow), body: { ...(own as SecretRow).body, signsFromMs: at.nowMs + 1 } };
    await ring.refresh();
    expect(ring.find(forged.current().kid)).toBeUndefined();
    expect(at.errors).toHaveLength(1);
    at.store.rows.set(`signing-key\n${moved.id}`, moved);
    await expect(open(at)).rejects.toThrow('sealed by another gateway');
  });
});
