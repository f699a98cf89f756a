import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, describe, expect, it } from 'vitest';
import { CONNECT, EVERYTHING, type House, openHouse, until } from './house.ts';

/** Requirement OB4 and the operator's view: health, metrics, traces, drain. */
const houses: House[] = [];
afterAll(async () => {
  for (const house of houses) await house.stop();
});

const SERVER = `  every:\n    command: ${process.execPath}\n    args: [${EVERYTHING}, stdio]\n    tools: { "*": { effect: read, dataClass: public } }\n`;
const POLICIES = { 'a.cedar': `${CONNECT} permit(principal, action in Action::"use", resource);` };

async function open(extra = ''): Promise<House> {
  const house = await openHouse({ servers: SERVER, policies: POLICIES, extra });
  houses.push(house);
  return house;
}

describe('an operator', () => {
  it('sees health and readiness on the public door, and metrics on the socket only', async () => {
    const house = await open();
    expect((await house.raw({ path: '/healthz', method: 'GET' })).json).toEqual({ status: 'ok' });
    expect((await house.raw({ path: '/readyz', method: 'GET' })).json).toEqual({ status: 'ready' });
    const client = await house.client('buyer', '/mcp/every');
    await client.callTool({ name: 'echo', arguments: { message: 'x' } });
    await client.callTool({ name: 'nothing', arguments: {} }).catch(() => {});
    const status = await house.admin<{ agents: number; servers: number; sessions: number }>('GET', '/v1/status');
    expect(status.body).toMatchObject({ agents: 1, servers: 1, sessions: 1 });
    expect((await house.raw({ path: '/metrics', method: 'GET' })).status).toBe(404);
  });

  it('gets a trace of every call, under the client’s own trace, where telemetry is on', async () => {
    const bodies: string[] = [];
    const collector = createServer((request, response) => {
      let text = '';
      request.on('data', (chunk: Buffer) => {
        text += chunk.toString('latin1');
      });
      request.on('end', () => {
        bodies.push(text);
        response.end('{}');
      });
    });
    await new Promise<void>((done) => collector.listen(0, '127.0.0.1', done));
    const { port } = collector.address() as AddressInfo;
    const house = await open(`telemetry: { otlpEndpoint: "http://127.0.0.1:${port}" }`);
    const client = await house.client('buyer', '/mcp/every');
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await client.callTool({ name: 'echo', arguments: { message: 'x' }, _meta: { traceparent } } as never);
    await until(() => bodies.some((body) => body.includes('tools/call echo')), 15_000);
    const seen = bodies.join('');
    expect(seen).toContain('gen_ai.tool.name');
    expect(seen).toContain('interlock.call');
    expect(
      seen.includes('0af7651916cd43dd8448eb211c80319c') ||
        seen.includes(Buffer.from('0af7651916cd43dd8448eb211c80319c', 'hex').toString('latin1')),
    ).toBe(true);
    collector.closeAllConnections();
    collector.close();
  });

  it('drains: a call under way ends well when the gateway is told to stop', async () => {
    const house = await open();
    const client = await house.client('buyer', '/mcp/every');
    await client.callTool({ name: 'echo', arguments: { message: 'warm' } });
    const running = client.callTool({ name: 'trigger-long-running-operation', arguments: { duration: 1, steps: 1 } });
    await new Promise((done) => setTimeout(done, 300));
    await house.gateway.close();
    expect((await running).isError ?? false).toBe(false);
    const records = await house.records();
    const intents = records.flatMap((r) => (r.type === 'intent' ? [r.call] : []));
    const closed = new Set(records.flatMap((r) => (r.type === 'outcome' ? [r.call] : [])));
    expect(intents.filter((call) => !closed.has(call))).toEqual([]);
  });
});
