import { describe, expect, it } from 'vitest';
import type { Credential } from '../model/caller.ts';
import type { RevokedKind, RevokedRow, RevokedStore } from '../ports/identity-stores.ts';
import { openRevoked, type Revoked } from './revoked.ts';

/** A store two processes look at. */
function memoryStore(): RevokedStore & { fail: boolean; rows: { row: RevokedRow; epoch: number }[] } {
  const store = {
    fail: false,
    rows: [] as { row: RevokedRow; epoch: number }[],
    async revoke(rows: readonly RevokedRow[]) {
      if (store.fail) throw new Error('no store');
      for (const row of rows) store.rows.push({ row, epoch: store.rows.length + 1 });
    },
    async since(epoch: number) {
      if (store.fail) throw new Error('no store');
      const later = store.rows.filter((one) => one.epoch > epoch);
      return { epoch: store.rows.length, rows: later.map(({ row }) => row) };
    },
    onChange: () => () => {},
    prune: async () => 0,
  };
  return store;
}

const time = { nowUs: 0 };
const clock = { nowMs: () => 0, monotonicUs: () => time.nowUs };

function open(store: RevokedStore): Promise<Revoked> {
  return openRevoked({ store, clock, onError: () => {}, heartbeatMs: 60_000 });
}

const credential: Credential = {
  jti: 'j1',
  agentId: 'desk',
  clientId: 'https://desk.example/client.json',
  subject: 'alice',
  chain: [
    { id: 'desk', kind: 'agent' },
    { id: 'planner', kind: 'agent' },
  ],
  grant: 'g1',
  txn: 't1',
  taskId: 'k1',
  issuedAtMs: 1_000,
  signedBy: 'key',
};

function row(kind: RevokedKind, id: string, issuedUntilMs = 1_000): RevokedRow {
  return { kind, id, issuedUntilMs, expiresAtMs: 1e12 };
}

describe('what is revoked (ID5)', () => {
  it.each([
    ['token', 'j1'],
    ['grant', 'g1'],
    ['agent', 'desk'],
    ['agent', 'planner'],
    ['subject', 'alice'],
    ['task', 'k1'],
    ['txn', 't1'],
    ['client', 'https://desk.example/client.json'],
  ] as [RevokedKind, string][])('a credential dies with its %s %s, one issued later does not', async (kind, id) => {
    const store = memoryStore();
    const here = await open(store);
    const there = await open(store);
    expect(here.isRevoked(credential, 0)).toBe(false);
    await here.revoke([row(kind, id)]);
    expect(here.isRevoked(credential, 0)).toBe(true);
    await there.refresh();
    expect(there.isRevoked(credential, 0)).toBe(true);
    expect(there.isRevoked({ ...credential, issuedAtMs: 1_001 }, 0)).toBe(false);
  });

  it('an id of one kind is none of another, and an earlier revocation takes nothing back', async () => {
    const store = memoryStore();
    const view = await open(store);
    await view.revoke([row('task', 'desk'), row('agent', 'alice'), row('grant', 'j1')]);
    expect(view.isRevoked(credential, 0)).toBe(false);
    await view.revoke([row('agent', 'desk', 5_000)]);
    await view.revoke([row('agent', 'desk', 10)]);
    expect(view.isRevoked({ ...credential, issuedAtMs: 5_000 }, 0)).toBe(true);
  });

  it('a view that cannot be brought up to date vouches for nobody', async () => {
    const store = memoryStore();
    const view = await open(store);
    store.fail = true;
    await expect(view.revoke([row('token', 'other')])).rejects.toThrow('no store');
    expect(view.isRevoked(credential, 0)).toBe(false);
    time.nowUs += 2_000_001;
    expect(view.stale).toBe(true);
    expect(view.isRevoked(credential, 0)).toBe(true);
    store.fail = false;
    await view.refresh();
    expect(view.isRevoked(credential, 0)).toBe(false);
  });

  it('a store that went back in time is not believed', async () => {
    const store = memoryStore();
    const view = await open(store);
    await view.revoke([row('token', 'j1')]);
    store.rows = [];
    await expect(view.refresh()).rejects.toThrow('went back in time');
    expect(view.isRevoked(credential, 0)).toBe(true);
  });
});
