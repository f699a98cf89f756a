import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Stores } from '../../src/ports/stores.ts';
import { approvalRow, join } from './approval-row.ts';
import { GROUNDS, type Ground, open } from './stores-fixture.ts';

/** PostgreSQL indexes at most 2704 bytes; a chain of agents with long names is more. */
const nameOf = (i: number): string =>
  Array.from({ length: 4 }, (_, part) => createHash('sha256').update(`${i} ${part}`).digest('hex')).join('');
const chainOf = (last: string): string =>
  JSON.stringify([...Array.from({ length: 20 }, (_, i) => ['agent', nameOf(i)]), ['agent', last]]);

describe.each(GROUNDS)('a request through many agents on $name', ({ start }) => {
  let ground: Ground;
  let stores: Stores;
  beforeAll(async () => {
    ground = await start();
    stores = await open(await ground.place());
  });
  afterAll(async () => {
    await stores?.close();
    await ground?.stop();
  });

  it('is kept, joined by the same chain and by no other', async () => {
    const first = await join(stores.approvals, approvalRow('r1', { chain: chainOf('a') }));
    expect(first).toMatchObject({ id: 'r1', chain: chainOf('a') });
    expect((await join(stores.approvals, approvalRow('r2', { chain: chainOf('a') })))?.id).toBe('r1');
    expect((await join(stores.approvals, approvalRow('r3', { chain: chainOf('b') })))?.id).toBe('r3');
  });
});
