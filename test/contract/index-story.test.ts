import { afterEach, beforeEach, expect, it } from 'vitest';
import type { AdminRecord, RefusalRecord } from '../../src/model/record.ts';
import { refusalOf } from '../crash/fixture.ts';
import { type IndexWorld, openIndexWorld } from './index-world.ts';

/** A session across agents, by the records of what was handed on (requirement OB2). */
let world: IndexWorld;
beforeEach(async () => {
  world = await openIndexWorld();
});
afterEach(() => world.close());

const exchange = (parent: string, child: string, to: string): AdminRecord => ({
  ...{ type: 'admin', act: 'token.exchange', by: 'planner', reason: 'hands work on' },
  detail: { parent, child, from: 'planner', to, connection: `planner-${to}`, scopes: null, task: null },
});
const callOf = (call: string, session: string, credential: string): RefusalRecord => ({
  ...refusalOf(call),
  ...{ session, credential },
});

it('holds what was handed on, however many exchanges of one agent were recorded before', async () => {
  await world.journal.append(callOf('first', 'session-1', 'token-1'));
  const crowd = Array.from({ length: 650 }, (_, i) => exchange('token-1', `idle-${i}`, 'crowd'));
  await Promise.all(crowd.map((record) => world.journal.append(record)));
  await world.journal.append(exchange('token-1', 'token-2', 'buyer'));
  await world.journal.append(callOf('second', 'session-2', 'token-2'));
  await world.fill();
  const reader = world.reader();
  const view = await reader.history({ of: 'session', id: 'session-1', withContent: false });
  expect(view!.calls.map(({ call }) => call)).toEqual(['first', 'second']);
  const hops = (await reader.call('second', false))!.handovers;
  expect(hops.map(({ from, to }) => [from, to])).toEqual([['planner', 'buyer']]);
});
