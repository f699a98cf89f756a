import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../model/json.ts';
import { type RpcRequest, type RpcSuccess, success } from '../../../model/jsonrpc.ts';
import { Offers } from './capabilities.ts';

const offer = (method: string, more: object = {}) => ({
  ...({ method, era: 'legacy', asks: true, mightAsk: (tool: string) => tool === 'pay' } as const),
  ...more,
});
const hello = (protocolVersion: string, capabilities: JsonObject = { tools: {} }) =>
  success(1, { protocolVersion, capabilities });
const call: RpcRequest = {
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name: 'pay', arguments: {}, task: { ttl: 5 } },
};
const OWN = { cancel: {}, requests: { tools: { call: {} } } };

describe('what a client is told the gateway can do', () => {
  it('is tasks, in the sessions that know them', () => {
    const offers = new Offers();
    expect(offers.add(hello('2025-11-25'), offer('initialize'))).toMatchObject({
      result: { capabilities: { tasks: OWN } },
    });
    expect(offers.taskOf(call, null)).toEqual({ message: { ...call, params: { name: 'pay', arguments: {} } }, ttl: 5 });
    const tools = [{ name: 'pay' }, { name: 'look' }, { name: 'own', execution: { taskSupport: 'required' } }];
    const listed = offers.add(success(2, { tools }), offer('tools/list')) as RpcSuccess;
    expect(listed.result.tools).toEqual([{ name: 'pay', execution: { taskSupport: 'optional' } }, tools[1], tools[2]]);
  });

  it.each([
    ['an older session', hello('2025-06-18'), {}],
    ['a server without tools', hello('2025-11-25', { prompts: {} }), {}],
    ['policies that ask nobody', hello('2025-11-25'), { asks: false }],
  ])('is nothing more for %s, whose wish for a task is the server’s', (_what, answer, more) => {
    const offers = new Offers();
    expect(offers.add(answer, offer('initialize', more))).toBe(answer);
    expect(offers.taskOf(call, null)).toBeNull();
  });

  it('leaves to a server the tasks of its own tools, and adds to what it says', () => {
    const offers = new Offers();
    const own = { tools: {}, tasks: { list: {}, requests: { tools: { call: {} }, other: {} } } };
    expect(offers.add(hello('2025-11-25', own), offer('initialize'))).toMatchObject({
      result: { capabilities: { tasks: { list: {}, cancel: {}, requests: { tools: { call: {} }, other: {} } } } },
    });
    expect(offers.taskOf(call, { name: 'pay', execution: { taskSupport: 'optional' } })).toBeNull();
    expect(offers.taskOf(call, { name: 'pay', execution: { taskSupport: 'forbidden' } })).not.toBeNull();
    expect(offers.taskOf({ ...call, params: { name: 'pay' } }, null)).toBeNull();
  });

  it('is the extension, without sessions', () => {
    const found = success(1, { capabilities: { tools: {}, extensions: { other: {} } } });
    expect(new Offers().add(found, offer('server/discover', { era: 'modern' }))).toMatchObject({
      result: { capabilities: { extensions: { other: {}, 'io.modelcontextprotocol/tasks': {} } } },
    });
  });
});
