import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { RpcRequest } from '../../../model/jsonrpc.ts';
import { patienceOf, statedPatienceMs } from './patience.ts';

const said = (prefer: string | undefined) => statedPatienceMs({ headers: { prefer } } as unknown as IncomingMessage);
const call = (meta: object): RpcRequest => ({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { _meta: { ...meta } },
});

describe('how long a client waits', () => {
  it.each([
    ['nothing said', undefined, null],
    ['seconds', 'wait=30', 30_000],
    ['among other preferences', 'respond-async, wait=10; x=1, handling=strict', 10_000],
    ['quoted, spaced, in capitals', ' WAIT = "7"', 7_000],
    ['not at all', 'wait=0', 0],
    ['no more than a day', 'wait=999999999', 86_400_000],
    ['no number', 'wait=soon', null],
    ['a negative number', 'wait=-1', null],
    ['something that ends like it', 'await=5', null],
  ])('%s', (_what, prefer, ms) => {
    expect(said(prefer)).toBe(ms);
  });

  it('is as configured for who hears of progress, and less than the SDKs wait for who does not', () => {
    expect(patienceOf(call({ progressToken: 0 }), null)).toBeNull();
    expect(patienceOf(call({}), null)).toBe(50_000);
    expect(patienceOf(call({}), 300_000)).toBe(300_000);
    expect(patienceOf(call({ progressToken: 0 }), 1_000)).toBe(1_000);
  });
});
