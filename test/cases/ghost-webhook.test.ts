import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { openScimHouse } from './fixtures/scim-house.ts';
import { until } from './house.ts';

it('ID4: the webhook of the configuration is told once which agents have no owner and why', async () => {
  const told: { body: Record<string, unknown>; key: string }[] = [];
  const hook = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk));
    request.on('end', () => {
      told.push({ body: JSON.parse(text), key: String(request.headers['idempotency-key']) });
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((done) => hook.listen(0, '127.0.0.1', done));
  const { port } = hook.address() as AddressInfo;
  const house = await openScimHouse({
    agents: ['one', 'two'],
    extra: `identity: { notify: { webhook: "http://127.0.0.1:${port}/orphans" } }\n`,
  });
  try {
    expect((await house.scim('DELETE', '/Users/alice')).status).toBe(204);
    await until(() => told.length > 0);
    expect(told).toHaveLength(1);
    expect(told[0]?.body).toMatchObject({
      type: 'interlock.agents.orphaned',
      person: 'alice',
      how: 'deleted',
      by: 'scim',
      orphaned: 2,
      agents: ['one', 'two'],
    });
    expect(told[0]?.key).toBe(told[0]?.body.id);
  } finally {
    await house.stop();
    hook.close();
  }
});
