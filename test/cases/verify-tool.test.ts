import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CONNECT, type House, openHouse, ROOT, textOf } from './house.ts';

/** The example of docs/action-credential.md, as its readers run it: a program of its own that knows the gateway's address only. */
let house: House;
let tool: ChildProcess;
let url: string;

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

beforeAll(async () => {
  url = `http://127.0.0.1:${await freePort()}/mcp`;
  house = await openHouse({
    servers: `  payments:
    url: ${url}
    actionCredential: { audience: "https://payments.example/mcp" }
    tools: { pay: { effect: write, dataClass: internal } }
`,
    policies: { 'a.cedar': `${CONNECT} permit(principal, action in Action::"use", resource);` },
  });
  const args = ['--disable-warning=ExperimentalWarning', '--conditions=interlock-sources'];
  tool = spawn(process.execPath, [...args, 'examples/verify-tool/server.ts'], {
    cwd: ROOT,
    env: { ...process.env, PORT: new URL(url).port, INTERLOCK_URL: house.url },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(createInterface({ input: tool.stdout! }), 'line');
});
afterAll(async () => {
  tool?.kill();
  await house?.stop();
});

it.each(['legacy', 'auto'] as const)(
  'the example pays what came through the gateway (requirement CR3, %s)',
  async (mode) => {
    const client = await house.client('buyer', '/mcp/payments', { mode });
    const paid = JSON.parse(textOf(await client.callTool({ name: 'pay', arguments: { to: 'nord', amount: 5 } })));
    expect(paid).toMatchObject({ paid: 5, to: 'nord', agent: 'buyer', subject: null, approvedBy: [] });
    const records = await house.records();
    const redeemed = records.findLast((r) => r.type === 'admin' && r.act === 'action.redeem');
    expect(redeemed).toMatchObject({ reason: 'redeemed', detail: { lease: paid.jti, agent: 'buyer' } });
  },
);

it('and refuses whoever goes there directly (requirement CR3)', async () => {
  const client = new Client({ name: 'stranger', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(new URL(url)));
  const refused = await client.callTool({ name: 'pay', arguments: { to: 'me', amount: 5 } });
  expect(textOf(refused)).toContain('did not come through the gateway (missing)');
  await client.close();
});
