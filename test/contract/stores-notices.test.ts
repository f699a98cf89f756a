import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { NoticeRow, Stores } from '../../src/ports/stores.ts';
import { GROUNDS, type Ground, open } from './stores-fixture.ts';

const NOW = 1_800_000_000_000;

function notice(id: string, over: Partial<NoticeRow> = {}): NoticeRow {
  return {
    ...{ id, approval: 'r1', kind: 'asked', channel: 'email', recipient: 'alice', state: 'waiting', attempts: 0 },
    ...{ dueMs: NOW, ticket: null, openedAtMs: null, error: null, createdAtMs: NOW, sentAtMs: null, place: null },
    ...over,
  };
}

describe.each(GROUNDS)('messages in $name', ({ start }) => {
  let ground: Ground;
  let one: Stores;
  let two: Stores;
  beforeAll(async () => {
    ground = await start();
  });
  afterAll(() => ground.stop());
  beforeEach(async () => {
    const place = await ground.place();
    one = await open(place);
    two = await open(place);
  });
  afterEach(async () => {
    await one.close();
    await two.close();
  });

  it('are taken by one of many, and of one channel where one is named', async () => {
    const ids = Array.from({ length: 20 }, (_, i) => `n${i}`);
    await one.notices.add(ids.map((id, i) => notice(id, { channel: i % 2 === 0 ? 'email' : 'slack' })));
    const taken = await Promise.all(
      Array.from({ length: 30 }, (_, i) => (i % 2 === 0 ? one : two).notices.take(NOW, 1_000, 1, 'email')),
    );
    let rest = await one.notices.take(NOW, 1_000, 100, 'email');
    const mine = [...taken.flat(), ...rest].map(({ id }) => id).sort();
    expect(mine).toEqual(ids.filter((_, i) => i % 2 === 0).sort());
    rest = await two.notices.take(NOW, 1_000, 100);
    expect(rest.map(({ id }) => id).sort()).toEqual(ids.filter((_, i) => i % 2 === 1).sort());
    expect(await one.notices.take(NOW + 999, 1_000, 100)).toEqual([]);
    expect(await one.notices.take(NOW + 1_000, 1_000, 100)).toHaveLength(20);
  });

  it('have a link that opens once, whoever opens it, and the last one alone', async () => {
    await one.notices.add([notice('n1')]);
    const [row] = await one.notices.take(NOW, 1_000, 1);
    const change = { state: 'waiting', dueMs: NOW, error: null, sentAtMs: null, place: null } as const;
    expect(await one.notices.settle('n1', row?.attempts ?? 0, { ...change, ticket: 'old' })).toBe(true);
    expect(await one.notices.settle('n1', row?.attempts ?? 0, { ...change, ticket: 'new' })).toBe(true);
    expect(await one.notices.settle('n1', 7, { ...change, ticket: 'forged' })).toBe(false);
    for (const dead of ['old', 'forged', '']) expect(await one.notices.open(dead, NOW)).toBeNull();
    const opened = await Promise.all(
      Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? one : two).notices.open('new', NOW + i)),
    );
    expect(opened.filter((each) => each !== null)).toHaveLength(1);
  });

  it('are absorbed together: what asks that place, is due and not taken, and nothing else', async () => {
    await one.notices.add([
      notice('mine'),
      notice('escalated', { kind: 'escalated' }),
      notice('later', { dueMs: NOW + 1 }),
      notice('grouped', { kind: 'grouped' }),
      notice('over', { kind: 'answered' }),
      notice('bob', { recipient: 'bob' }),
      notice('place', { recipient: null }),
      notice('slack', { channel: 'slack' }),
      notice('failed', { state: 'failed' }),
    ]);
    await one.notices.add([notice('taken', { dueMs: NOW - 5 })]);
    expect((await two.notices.take(NOW - 1, 1_000, 1)).map(({ id }) => id)).toEqual(['taken']);
    expect(await two.notices.absorb({ channel: 'email', recipient: 'alice' }, NOW, 'grouped')).toBe(2);
    const sent = (await one.notices.of('r1')).filter(({ state }) => state === 'sent');
    expect(sent.map(({ id, error, sentAtMs }) => [id, error, sentAtMs]).sort()).toEqual([
      ['escalated', 'grouped', null],
      ['mine', 'grouped', null],
    ]);
    expect(await one.notices.absorb({ channel: 'email', recipient: null }, NOW, 'grouped')).toBe(1);
  });
});
