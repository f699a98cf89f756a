import { expect, it } from 'vitest';
import { explain } from '../../source/explain.ts';
import { ConnectionSchema, resolveConnections } from './connections.ts';

it('the hours of a connection are two, each one of the day', () => {
  const connection = (hours: number[]) => ({ from: 'a', to: 'b', hours });
  expect(explain(ConnectionSchema, connection([8, 18]))).toEqual([]);
  expect(resolveConnections({ x: connection([22, 6]) })[0]?.hours).toEqual([22, 6]);
  for (const hours of [[8], [8, 18, 20], [8, 24], [-1, 8]])
    expect(explain(ConnectionSchema, connection(hours)), String(hours)).toHaveLength(1);
});
