import { execFileSync } from 'node:child_process';
import { mkdir, rename, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../src/main.ts';
import { CONNECT, EVERYTHING, type House, type HouseOptions, openHouse, textOf, until } from './house.ts';

/** Invariant 5: anything unexpected denies, and says so. Requirements AZ1, AZ6, AZ7, OB1. */
const houses: House[] = [];
afterEach(async () => {
  for (const house of houses.splice(0)) await house.stop();
});

const SERVER = `  every:\n    command: ${process.execPath}\n    args: [${EVERYTHING}, stdio]\n    tools: { "*": { effect: read, dataClass: public, facts: { quantity: /a } } }\n`;
const ALL = `${CONNECT} permit(principal, action in Action::"use", resource);`;

async function open(options: Partial<HouseOptions> = {}): Promise<House> {
  const house = await openHouse({ servers: SERVER, policies: { 'a.cedar': ALL }, ...options });
  houses.push(house);
  return house;
}

const problems = async (options: Partial<HouseOptions>): Promise<string> => {
  const error = await open(options).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ConfigurationError);
  return (error as ConfigurationError).problems
    .map((p) => `${p.file.split('/').at(-1)}:${p.line}: ${p.message}`)
    .join('\n');
};

describe('without a policy', () => {
  it('everything is denied, the first handshake included', async () => {
    const house = await open({ policies: { 'none.cedar': '' } });
    await expect(house.client('buyer', '/mcp/every')).rejects.toThrow('Denied by policy');
    expect((await house.records()).find((r) => r.type === 'refusal')).toMatchObject({
      action: 'initialize',
      decision: { code: 'no-policy' },
    });
  });

  it('that permits a tool, the tool does not exist for the agent', async () => {
    const house = await open({ policies: { 'a.cedar': CONNECT } });
    const client = await house.client('buyer', '/mcp/every');
    expect((await client.listTools()).tools).toEqual([]);
    await expect(client.callTool({ name: 'echo', arguments: { message: 'x' } })).rejects.toThrow('Unknown tool: echo');
  });
});

describe('a policy that fails while it is evaluated', () => {
  it('denies the call, although another one permits it', async () => {
    const failing =
      'forbid(principal, action == Action::"tools/call", resource) when { context has quantity && context.quantity * 9223372036854775807 > 5 };';
    const house = await open({ policies: { 'a.cedar': ALL, 'b.cedar': failing } });
    const client = await house.client('buyer', '/mcp/every');
    expect(textOf(await client.callTool({ name: 'echo', arguments: { message: 'fine' } }))).toContain('fine');
    const denied = await client.callTool({ name: 'get-sum', arguments: { a: 3, b: 4 } });
    expect(textOf(denied)).toContain('Denied by policy');
    expect(textOf(denied)).not.toContain('b.cedar');
    const refusal = (await house.records()).findLast((r) => r.type === 'refusal');
    expect(refusal).toMatchObject({ decision: { effect: 'deny', code: 'policy-error' } });
    expect(JSON.stringify(refusal)).toContain('b.cedar#');
  });
});

describe('a start with anything wrong is no start', () => {
  it.each([
    [
      'a policy that does not type-check',
      { policies: { 'a.cedar': 'permit(principal, action, resource) when { principal.colour == "red" };' } },
      /a\.cedar:1: .*colour/,
    ],
    [
      'a policy about an unknown agent',
      { policies: { 'a.cedar': 'permit(principal == Agent::"buyr", action, resource);' } },
      /a\.cedar:1: .*buyr/,
    ],
    [
      'a policy nobody could fulfil',
      { policies: { 'a.cedar': '@obligation("teleport") permit(principal, action, resource);' } },
      /a\.cedar:1: .*teleport/,
    ],
    ['a key that does not exist', { extra: 'polices: ./x' }, /interlock\.yaml:\d+: .*polices/],
    ['an owner who does not exist', { agentExtra: { buyer: '    owner: nobody\n' } }, /interlock\.yaml:\d+: /],
  ])('%s', async (_name, options, message) => {
    expect(await problems(options as Partial<HouseOptions>)).toMatch(message);
  });
});

describe('a reload', () => {
  it('takes new policies without dropping a connection', async () => {
    const house = await open();
    const client = await house.client('buyer', '/mcp/every');
    expect((await client.callTool({ name: 'echo', arguments: { message: 'x' } })).isError ?? false).toBe(false);
    await house.writePolicy(
      'b.cedar',
      '@reason("Echo is closed today.") forbid(principal, action == Action::"tools/call", resource == Tool::"every/echo") when { context.hour >= 0 };',
    );
    const reloaded = await house.gateway.reload('test');
    expect(reloaded).toMatchObject({ ok: true });
    expect(textOf(await client.callTool({ name: 'echo', arguments: { message: 'x' } }))).toContain(
      'Echo is closed today.',
    );
    const published = (await house.records()).filter((r) => r.type === 'admin' && r.act === 'policy.publish');
    expect(published.length).toBe(2);
  });

  it('with anything wrong keeps what was in force, and says what', async () => {
    const house = await open();
    const client = await house.client('buyer', '/mcp/every');
    await house.writePolicy('b.cedar', 'permit(principal, action, resource) when { nonsense };');
    const reloaded = await house.gateway.reload('test');
    expect(reloaded.ok).toBe(false);
    expect(reloaded.problems[0]).toMatchObject({ line: 1 });
    expect((await client.callTool({ name: 'echo', arguments: { message: 'x' } })).isError ?? false).toBe(false);
    await rm(join(house.dir, 'policies', 'b.cedar'));
    await writeFile(join(house.dir, 'interlock.yaml'), 'listen: { prot: 1 }');
    expect(await house.gateway.reload('test')).toMatchObject({ ok: false });
    expect((await client.callTool({ name: 'echo', arguments: { message: 'x' } })).isError ?? false).toBe(false);
  });
});

describe('policies the disk cannot give', () => {
  it('keep what was in force, and the gateway running, whoever asked for the reload', async () => {
    const house = await open();
    const client = await house.client('buyer', '/mcp/every');
    // Named like a policy, and cannot be read as one; the watcher sees it as well.
    await mkdir(join(house.dir, 'policies', 'b.cedar'));
    expect(await house.gateway.reload('test')).toMatchObject({ ok: false, message: expect.stringContaining('EISDIR') });
    await rename(join(house.dir, 'policies'), join(house.dir, 'elsewhere'));
    expect(await house.gateway.reload('test')).toMatchObject({ ok: false });
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect((await client.callTool({ name: 'echo', arguments: { message: 'x' } })).isError ?? false).toBe(false);
  });
});

describe('a disk without room', () => {
  it('is no place to start', async () => {
    const full = openHouse({
      servers: SERVER,
      policies: { 'a.cedar': ALL },
      journal: 'journal: { minFreeBytes: 9007199254740991 }',
    });
    await expect(full).rejects.toThrow('nearly full');
  });

  it('that fills up while the gateway runs refuses every call, says so in health, and serves again when there is room', async () => {
    const space = await statfs(tmpdir());
    const house = await open({ journal: `journal: { minFreeBytes: ${space.bavail * space.bsize - 300_000_000} }` });
    const client = await house.client('buyer', '/mcp/every');
    const echo = () => client.callTool({ name: 'echo', arguments: { message: 'served' } });
    expect(textOf(await echo())).toContain('served');
    const filler = join(house.dir, 'filler');
    execFileSync('fallocate', ['-l', '600000000', filler]);
    await until(async () => textOf(await echo()).includes('cannot check or record'));
    expect((await house.raw({ path: '/readyz', method: 'GET' })).status).toBe(503);
    await rm(filler);
    await until(async () => textOf(await echo()).includes('served'));
    expect((await house.raw({ path: '/readyz', method: 'GET' })).status).toBe(200);
  });
});

describe('limits', () => {
  it('per agent on calls under way: one more is refused at once, the neighbour is not', async () => {
    const house = await open({ agents: ['buyer', 'other'], extra: 'limits: { concurrentCallsPerAgent: 3 }' });
    const client = await house.client('buyer', '/mcp/every');
    const slow = () =>
      client
        .callTool({ name: 'trigger-long-running-operation', arguments: { duration: 2, steps: 1 } })
        .catch((error: Error) => error);
    await client.callTool({ name: 'echo', arguments: { message: 'warm' } });
    const running = [slow(), slow(), slow()];
    await new Promise((done) => setTimeout(done, 300));
    await expect(client.callTool({ name: 'echo', arguments: { message: 'x' } })).rejects.toThrow('Too many calls');
    const other = await house.client('other', '/mcp/every');
    expect((await other.callTool({ name: 'echo', arguments: { message: 'x' } })).isError ?? false).toBe(false);
    await Promise.all(running);
    expect((await client.callTool({ name: 'echo', arguments: { message: 'x' } })).isError ?? false).toBe(false);
  });

  it('on sessions per agent', async () => {
    const house = await open({ extra: 'limits: { sessionsPerAgent: 2 }' });
    await house.client('buyer', '/mcp/every');
    await house.client('buyer', '/mcp/every');
    await expect(house.client('buyer', '/mcp/every')).rejects.toThrow();
  });

  it('that policies read: a rate is kept exactly under a hundred calls at once', async () => {
    const house = await open({
      policies: {
        'a.cedar': `${CONNECT} permit(principal, action == Action::"tools/call", resource) when { context.usage.agent.callsLastMinute < 10 };`,
      },
    });
    const client = await house.client('buyer', '/mcp/every');
    const results = await Promise.all(
      Array.from({ length: 100 }, () => client.callTool({ name: 'echo', arguments: { message: 'x' } })),
    );
    expect(results.filter((result) => !(result.isError ?? false)).length).toBe(10);
    // The count outlives the process: it is derived from the journal.
    await house.restart();
    const again = await house.client('buyer', '/mcp/every');
    expect((await again.callTool({ name: 'echo', arguments: { message: 'x' } })).isError).toBe(true);
  });
});
