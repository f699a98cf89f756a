import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { manualClock } from '../../../test/contract/stores-memory.ts';
import { openSqlite } from '../../adapters/sql/sqlite.ts';
import { sealWith } from '../../identity/ring/seal.ts';
import type { ApprovalRow } from '../../ports/stores.ts';
import { Pings } from './pings.ts';

describe('agents on their way to hear of a decision', () => {
  it('hear of it although the request of another cannot be read', async ({ onTestFinished }) => {
    const dir = mkdtempSync(join(tmpdir(), 'interlock-pings-'));
    const clock = manualClock();
    const stores = await openSqlite({ path: join(dir, 'store.db'), clock });
    onTestFinished(async () => {
      await stores.close();
      rmSync(dir, { recursive: true, force: true });
    });
    const told: string[] = [];
    const failed: string[] = [];
    const pings = new Pings({
      ...{ store: stores.secrets, seal: sealWith(randomBytes(32)), clock },
      web: async (_url, request) => {
        told.push((JSON.parse(`${request?.body}`) as { auth_req_id: string }).auth_req_id);
        return { status: 204, headers: new Headers(), body: Buffer.alloc(0) } as never;
      },
      agents: () => ({ get: () => ({ backchannel: { notificationEndpoint: 'https://agent.example/ping' } }) as never }),
      approval: async (id) => {
        if (id === 'broken') throw new SyntaxError('not JSON');
        return { state: 'approved', recorded: true } as ApprovalRow;
      },
      onFailed: (_error, { approval }) => failed.push(approval),
    });
    const ping = { agent: 'buyer', notificationToken: 't', expiresAtMs: clock.nowMs() + 60_000 };
    // In the order in which they are looked at.
    await pings.put({ ...ping, id: 'a', approval: 'broken', authReqId: 'one' });
    await pings.put({ ...ping, id: 'b', approval: 'good', authReqId: 'two' });
    expect(await pings.deliver()).toBe(1);
    expect({ told, failed }).toEqual({ told: ['two'], failed: ['broken'] });
  });
});
