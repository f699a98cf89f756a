import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONNECT, EVERYTHING, type House, openHouse } from '../cases/house.ts';

/** JSON that means one thing to the gateway and another to the server behind it. Requirement CN1, invariant 6. */
let house: House;
let session: string;

beforeAll(async () => {
  house = await openHouse({
    servers: `  every:\n    command: ${process.execPath}\n    args: [${EVERYTHING}, stdio]\n    tools: { "*": { effect: read, dataClass: public } }\n`,
    policies: { 'a.cedar': `${CONNECT} permit(principal, action in Action::"use", resource);` },
  });
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } };
  const hello = await house.raw({
    path: '/mcp/every',
    agent: 'buyer',
    body: { jsonrpc: '2.0', id: 1, method: 'initialize', params },
  });
  expect(hello.status).toBe(200);
  session = hello.headers['mcp-session-id'] as string;
});

afterAll(() => house?.stop());

const send = (body: string | Buffer) =>
  house.raw({ path: '/mcp/every', agent: 'buyer', headers: { 'mcp-session-id': session }, body });

const call = (args: string, id = '7') =>
  `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"echo","arguments":${args}}}`;

/** Records of calls of the agent; the gateway's own look at the server may be recorded at any time. */
const ofAgent = async () =>
  (await house.records()).filter((r) => (r.type === 'intent' || r.type === 'refusal') && r.agent === 'buyer').length;

const TRAPS: readonly (readonly [string, string | Buffer, number, number])[] = [
  ['two values for one argument', call('{"message":"a","message":"b"}'), 400, -32600],
  ['two methods', '{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call","params":{}}', 400, -32600],
  ['two values by escape', call('{"message":"a","m\\u0065ssage":"b"}'), 400, -32600],
  ['an integer that would be rounded', call('{"message":9007199254740993}'), 400, -32600],
  ['an id that would be rounded', call('{}', '9007199254740993'), 400, -32600],
  ['a million brackets', `${'['.repeat(200_000)}`, 400, -32600],
  ['65 levels', call(`{"m":${'['.repeat(65)}${']'.repeat(65)}}`), 400, -32600],
  ['a prototype', call('{"__proto__":{"admin":true}}'), 400, -32600],
  ['a batch', `[${call('{}')}]`, 400, -32600],
  [
    'bytes that are no UTF-8',
    Buffer.concat([
      Buffer.from('{"jsonrpc":"2.0","id":1,"method":"ping","x":"'),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('"}'),
    ]),
    400,
    -32700,
  ],
  ['a lone surrogate', call('{"message":"\\ud800"}'), 400, -32600],
  ['an unknown member beside the frame', '{"jsonrpc":"2.0","id":1,"method":"ping","admin":true}', 400, -32600],
  ['not JSON', '{"jsonrpc":', 400, -32700],
  ['a null id', '{"jsonrpc":"2.0","id":null,"method":"ping"}', 400, -32600],
  ['eleven thousand elements', call(`{"m":[${'1,'.repeat(11_000)}1]}`), 400, -32600],
];

describe('ambiguous JSON is refused at the door', () => {
  it.each(TRAPS)('%s', async (_name, body, status, code) => {
    const before = await ofAgent();
    const answer = await send(body);
    expect([answer.status, answer.json.error.code]).toEqual([status, code]);
    // Nothing was decided, nothing was sent.
    expect(await ofAgent()).toBe(before);
  });

  it('a body over 1 MiB is refused without being read to its end', async () => {
    const answer = await send(call(JSON.stringify({ message: 'x'.repeat(1_100_000) })));
    expect(answer.status).toBe(413);
    expect(answer.headers.connection).toBe('close');
  });

  it('arguments that are no object are the protocol’s own error', async () => {
    const answer = await send(call('"echo"'));
    expect(answer.json.error.code).toBe(-32602);
    expect(answer.json.id).toBe(7);
  });

  it('what is clean goes through', async () => {
    const answer = await send(call('{"message":"clean"}'));
    expect(answer.status).toBe(200);
    expect(JSON.stringify(answer.json)).toContain('clean');
  });
});
