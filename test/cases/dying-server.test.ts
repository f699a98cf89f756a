import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONNECT, type House, openHouse, ROOT, textOf, until } from './house.ts';

/** Requirement CN1: a stdio server that dies is started anew, for the same session, and the record says what is not known. */
let house: House;

beforeAll(async () => {
  house = await openHouse({
    servers: `  mortal:\n    command: ${process.execPath}\n    args: [${join(ROOT, 'test/cases/fixtures/mortal.ts')}]\n    tools: { "*": { effect: read, dataClass: public } }\n`,
    policies: { 'a.cedar': `${CONNECT} permit(principal, action in Action::"use", resource);` },
  });
});
afterAll(() => house?.stop());

describe('a server that dies in the middle of a session', () => {
  it('leaves its call unknown, and is there again for the next one, introduced to its client', async () => {
    const client = await house.client('buyer', '/mcp/mortal');
    expect(textOf(await client.callTool({ name: 'greeted', arguments: {} }))).toBe('greeted by case');
    const died = await client.callTool({ name: 'die', arguments: {} });
    expect(died.isError).toBe(true);
    expect(textOf(died)).toContain('not known whether the action was carried out');
    await until(async () => {
      const result = await client.callTool({ name: 'greeted', arguments: {} });
      return textOf(result) === 'greeted by case';
    });
    await new Promise((done) => setTimeout(done, 100));
    const records = await house.records();
    const intent = records.find((r) => r.type === 'intent' && r.target === 'die');
    const outcome = records.find((r) => r.type === 'outcome' && intent?.type === 'intent' && r.call === intent.call);
    expect(outcome).toMatchObject({ outcome: 'unknown' });
  });

  it('starts no process and sends nothing for a call that is refused', async () => {
    const refused = await openHouse({
      servers: `  mortal:\n    command: ${process.execPath}\n    args: [${join(ROOT, 'test/cases/fixtures/mortal.ts')}]\n`,
      policies: { 'a.cedar': 'permit(principal == Agent::"buyer", action == Action::"ping", resource);' },
    });
    await until(async () => (await refused.records()).some((r) => r.type === 'outcome'));
    await expect(refused.client('buyer', '/mcp/mortal')).rejects.toThrow('Denied by policy');
    const { body } = await refused.admin<{ items: { links: number }[] }>('GET', '/v1/servers');
    expect(body.items[0]!.links).toBe(0);
    await refused.stop();
  });
});
