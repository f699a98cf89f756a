import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { CallToolResultSchema, CreateTaskResultSchema } from '@modelcontextprotocol/sdk/types.js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { realDisk } from '../../src/adapters/disk/real.ts';
import { readJournal } from '../../src/audit/read/read-journal.ts';
import { httpClient } from '../../src/cli/agents/http.ts';
import { fixedToken } from '../../src/cli/agents/token.ts';
import { runShim } from '../../src/cli/stdio/shim.ts';
import { startPostgres, type TestPostgres } from '../contract/postgres.ts';
import { TASKS, type World, waitingWorld } from './fixtures/waiting-world.ts';
import { textOf, until } from './house.ts';

/** Requirement HU1: what was asked and answered outlives clients, gateways and the way a call came in. */
const pay = (sum: number) => ({ name: 'pay', arguments: { sum } });
const speaks = { capabilities: TASKS };

async function paid(world: World, sum: number): Promise<number> {
  return (await world.effects()).filter(([, args]) => (args as { sum?: number }).sum === sum).length;
}

async function intentsOf(world: World, approval: string) {
  return (await world.house.records()).filter((r) => r.type === 'intent' && r.approval === approval);
}

describe('a restart in the middle', () => {
  let world: World;
  beforeEach(async () => {
    world = await waitingWorld({ extra: 'approvals: { assurance: operator, waitMs: 300, expireMs: 60000 }' });
  });
  afterEach(() => world?.stop());

  it('of the client: the same call in a new session finds the same question, and its answer is used once', async () => {
    const first = await world.session('buyer');
    expect(textOf(await first.callTool(pay(1)))).toContain("needs a human's approval");
    const { id } = await world.question();
    await first.close();
    const second = await world.session('buyer');
    expect(textOf(await second.callTool(pay(1)))).toContain(`request ${id}`);
    await world.answer(id, 'approved');
    expect(textOf(await (await world.session('buyer')).callTool(pay(1)))).toBe('paid {"sum":1}');
    expect([await paid(world, 1), (await intentsOf(world, id)).length]).toEqual([1, 1]);
    // Used up: once more is another question.
    expect(textOf(await (await world.session('buyer')).callTool(pay(1)))).not.toContain(id);
  });

  it('of the gateway: the same call joins the question, and an answer given meanwhile counts once', async () => {
    await world.modern('tools/call', pay(2));
    const { id } = await world.question();
    await world.house.restart();
    expect(textOf((await world.modern('tools/call', pay(2))).json.result)).toContain(`request ${id}`);
    await world.answer(id, 'approved');
    await world.house.restart();
    expect(textOf((await world.modern('tools/call', pay(2))).json.result)).toBe('paid {"sum":2}');
    expect([await paid(world, 2), (await intentsOf(world, id)).length]).toEqual([1, 1]);
  });

  it('of the gateway: a task goes on when it is asked about, with exactly what was asked', async () => {
    const { taskId } = (await world.modern('tools/call', pay(3), speaks)).json.result;
    const { id } = await world.question();
    await world.house.restart();
    await world.answer(id, 'approved');
    // Nobody held it when it was answered: it goes on for who asks.
    expect(await paid(world, 3)).toBe(0);
    await until(async () => (await world.modern('tasks/get', { taskId }, speaks)).json.result.status !== 'working');
    const { result } = (await world.modern('tasks/get', { taskId }, speaks)).json;
    expect(await paid(world, 3)).toBe(1);
    expect((await intentsOf(world, id)).length).toBe(1);
    expect(textOf(result.result)).toBe('paid {"sum":3}');
  });

  it('of the gateway: a task that is asked about while people think is held again, and goes on by itself', async () => {
    const session = await world.session('buyer');
    const call = { method: 'tools/call', params: { ...pay(7), task: {} } };
    const { task } = (await session.request(call, CreateTaskResultSchema)) as { task: { taskId: string } };
    const { id } = await world.question();
    await world.house.restart();
    const again = await world.session('buyer');
    expect(await again.experimental.tasks.getTask(task.taskId)).toMatchObject({
      status: 'working',
      statusMessage: expect.stringContaining(id),
    });
    await world.answer(id, 'approved');
    await until(async () => (await paid(world, 7)) === 1);
    expect(textOf(await again.experimental.tasks.getTaskResult(task.taskId, CallToolResultSchema))).toBe(
      'paid {"sum":7}',
    );
    expect((await intentsOf(world, id)).length).toBe(1);
  });

  it('of the gateway: a task whose result is gone says what the record says, and is never run again', async () => {
    const session = await world.session('buyer');
    const { taskId } = (await world.modern('tools/call', pay(4), speaks)).json.result;
    const { id } = await world.question();
    await world.answer(id, 'approved');
    await until(async () => (await world.modern('tasks/get', { taskId }, speaks)).json.result.status === 'completed');
    await session.close();
    await world.house.restart();
    const { result } = (await world.modern('tasks/get', { taskId }, speaks)).json;
    expect(result.status).toBe('completed');
    expect(textOf(result.result)).toMatch(
      /^This action was approved and carried out \(call [0-9a-f-]{36}\)\. Its result is not kept/,
    );
    expect(result.result._meta['interlock/outcome']).toMatchObject({
      outcome: 'ok',
      call: ((await intentsOf(world, id))[0] as { call: string }).call,
    });
    const again = await world.session('buyer');
    expect(textOf(await again.experimental.tasks.getTaskResult(taskId, CallToolResultSchema))).toContain('carried out');
    expect(await paid(world, 4)).toBe(1);
  });

  it('of the gateway: a task that was denied or withdrawn meanwhile says that', async () => {
    for (const [sum, act, said] of [
      [5, 'denied', 'A human denied this action'],
      [6, 'withdrawn', 'was withdrawn'],
    ] as const) {
      const { taskId } = (await world.modern('tools/call', pay(sum), speaks)).json.result;
      const { id } = await world.question();
      await world.house.restart();
      if (act === 'denied') await world.answer(id, 'denied');
      else await world.withdraw(id);
      await until(async () => (await world.modern('tasks/get', { taskId }, speaks)).json.result.status !== 'working');
      expect(textOf((await world.modern('tasks/get', { taskId }, speaks)).json.result.result)).toContain(said);
      expect(
        (await world.house.records()).some(
          (r) => r.type === 'refusal' && r.approval === id && r.decision.code === `approval-${act}`,
        ),
      ).toBe(true);
      expect(await paid(world, sum)).toBe(0);
    }
  });
});

describe('every way in', () => {
  let world: World;
  beforeAll(async () => {
    world = await waitingWorld();
  });
  afterAll(() => world?.stop());

  it('the endpoint of all servers: a task is found by the name it has there, and belongs to its server', async () => {
    const all = { ...speaks, path: '/mcp' };
    const discovered = await world.modern('server/discover', {}, all);
    expect(discovered.json.result.capabilities.extensions).toEqual(TASKS.extensions);
    const { taskId } = (await world.modern('tools/call', { name: 'purse__pay', arguments: { sum: 11 } }, all)).json
      .result;
    expect(taskId).toMatch(/^purse:interlock-task-/);
    const { id } = await world.question();
    await world.answer(id, 'approved');
    await until(async () => (await world.modern('tasks/get', { taskId }, all)).json.result.status !== 'working');
    const { result } = (await world.modern('tasks/get', { taskId }, all)).json;
    expect(result).toMatchObject({ taskId, status: 'completed', result: { content: [{ text: 'paid {"sum":11}' }] } });
    expect([await paid(world, 11), (await intentsOf(world, id)).length]).toEqual([1, 1]);
  });

  it('the endpoint of all servers, with sessions: tasks, words, pages', async () => {
    const client = await world.session('buyer', { path: '/mcp', capabilities: { elicitation: { url: {} } } });
    const { tools } = await client.listTools();
    expect(tools.find((tool) => tool.name === 'purse__pay')?.execution).toEqual({ taskSupport: 'optional' });
    let result: unknown;
    for await (const message of client.experimental.tasks.callToolStream({
      name: 'purse__pay',
      arguments: { sum: 12 },
    })) {
      if (message.type === 'taskCreated') await world.answer((await world.question()).id, 'approved');
      if (message.type === 'result') result = message.result;
    }
    expect(textOf(result)).toBe('paid {"sum":12}');
    expect((result as any)._meta['io.modelcontextprotocol/related-task'].taskId).toMatch(/^purse:interlock-task-/);
    const error = await client
      .callTool({ name: 'purse__pay', arguments: { sum: 13 } })
      .catch((thrown: unknown) => thrown);
    const { id } = await world.question();
    expect(error).toMatchObject({
      code: -32042,
      data: { elicitations: [{ url: `${world.house.url}/approvals/${id}` }] },
    });
    await world.answer(id, 'denied');
  });

  it('stdio, both eras: progress comes through, a task is asked about, words are words', async () => {
    const shim = openShim(world, '/mcp/purse');
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
    };
    const capable = (capabilities: object, more: object = {}) => ({
      _meta: { ..._meta, 'io.modelcontextprotocol/clientCapabilities': capabilities, ...more },
    });
    shim.say({ id: 1, method: 'tools/call', params: { ...pay(21), ...capable({}, { progressToken: 'p' }) } });
    await until(() => shim.heard.some((frame) => frame.method === 'notifications/progress'));
    const first = await world.question();
    expect(shim.heard[0].params).toMatchObject({ progressToken: 'p', message: expect.stringContaining(first.id) });
    await world.answer(first.id, 'approved');
    expect(textOf((await shim.answerTo(1)).result)).toBe('paid {"sum":21}');
    shim.say({ id: 2, method: 'tools/call', params: { ...pay(22), ...capable(TASKS) } });
    const { taskId } = (await shim.answerTo(2)).result;
    await world.answer((await world.question()).id, 'approved');
    await until(async () => (await paid(world, 22)) === 1);
    for (let id = 3, status = 'working'; status === 'working'; id++) {
      shim.say({ id, method: 'tasks/get', params: { taskId, ...capable(TASKS) } });
      ({ status } = (await shim.answerTo(id)).result);
    }
    const hello = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } };
    shim.say({ id: 'hello', method: 'initialize', params: hello });
    expect((await shim.answerTo('hello')).result.capabilities.tasks).toBeDefined();
    shim.say({ method: 'notifications/initialized' });
    shim.say({ id: 'words', method: 'tools/call', params: pay(23) });
    const waiting = await world.question();
    expect(textOf((await shim.answerTo('words')).result)).toContain(`request ${waiting.id}`);
    await world.answer(waiting.id, 'approved');
    shim.say({ id: 'again', method: 'tools/call', params: pay(23) });
    expect(textOf((await shim.answerTo('again')).result)).toBe('paid {"sum":23}');
    await shim.end();
    expect([await paid(world, 21), await paid(world, 22), await paid(world, 23)]).toEqual([1, 1, 1]);
  });
});

describe('two gateways on one PostgreSQL', () => {
  let postgres: TestPostgres;
  const worlds: World[] = [];
  const folders: string[] = [];
  beforeAll(async () => {
    postgres = await startPostgres();
    for (const name of ['one', 'two']) {
      const data = await mkdtemp(join(tmpdir(), `interlock-${name}-`));
      folders.push(data);
      // What seals the signing keys and the secrets in the store is the same at every gateway on it.
      if (name === 'two') await cp(join(folders[0]!, 'keys'), join(data, 'keys'), { recursive: true });
      const extra = `data: ${data}\nstore: { kind: postgres, url: "${postgres.url}" }\napprovals: { assurance: operator, waitMs: 8000, expireMs: 60000 }`;
      worlds.push(await waitingWorld({ extra }));
    }
  }, 60_000);
  afterAll(async () => {
    for (const world of worlds) await world.stop();
    await postgres?.stop();
    for (const folder of folders) await rm(folder, { recursive: true, force: true });
  });

  /** Calls that went on with it, by the journal of each. */
  const intents = (approval: string) =>
    Promise.all(
      folders.map(async (data) => {
        let count = 0;
        for await (const { record } of readJournal(join(data, 'journal'), { disk: realDisk }))
          if (record.type === 'intent' && record.approval === approval) count++;
        return count;
      }),
    );

  it('let go at one what was answered at the other', async () => {
    const [one, two] = worlds as [World, World];
    const calling = one.modern('tools/call', pay(31));
    const { id } = await two.question();
    await two.answer(id, 'approved');
    expect(textOf((await calling).json.result)).toBe('paid {"sum":31}');
    expect([await paid(one, 31), await paid(two, 31)]).toEqual([1, 0]);
    expect(await intents(id)).toEqual([1, 0]);
  });

  it('know of each other’s tasks what the store says, and carry each out once', async () => {
    const [one, two] = worlds as [World, World];
    const { taskId } = (await one.modern('tools/call', pay(32), speaks)).json.result;
    const { id } = await two.question();
    expect((await two.modern('tasks/get', { taskId }, speaks)).json.result).toMatchObject({
      taskId,
      status: 'working',
    });
    await two.answer(id, 'approved');
    const status = async (world: World) => (await world.modern('tasks/get', { taskId }, speaks)).json.result;
    await until(async () => (await paid(one, 32)) + (await paid(two, 32)) === 1);
    await until(async () => [await status(one), await status(two)].some((task) => task.status === 'completed'));
    const seen = [await status(one), await status(two)];
    expect(seen.some((task) => task.status === 'completed' && textOf(task.result) === 'paid {"sum":32}')).toBe(true);
    for (const task of seen) if (task.status === 'working') expect(task.statusMessage).toContain('another gateway');
    expect((await paid(one, 32)) + (await paid(two, 32))).toBe(1);
    expect((await intents(id)).reduce((sum, count) => sum + count)).toBe(1);
  });
});

/** `interlock stdio` without its process: lines in, lines out. */
function openShim(world: World, path: string) {
  const heard: any[] = [];
  const lines: string[] = [];
  let wake = (): void => {};
  let over = false;
  const stop = new AbortController();
  const input = (async function* () {
    for (;;) {
      const line = lines.shift();
      if (line !== undefined) yield Buffer.from(`${line}\n`);
      else if (over) return;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  })();
  const output = new Writable({
    write(line: Buffer, _encoding, done) {
      heard.push(JSON.parse(line.toString()));
      done();
    },
  });
  const http = httpClient({ ca: undefined } as never);
  const ended = runShim({
    endpoint: {
      url: `${world.house.url}${path}`,
      http,
      tokens: fixedToken(world.house.token('buyer')),
      maxBytes: 1_000_000,
    },
    input,
    write: async (line) => void output.write(line),
    onTrouble: () => {},
    signal: stop.signal,
    graceMs: 2_000,
  });
  return {
    heard,
    say(frame: object) {
      lines.push(JSON.stringify({ jsonrpc: '2.0', ...frame }));
      wake();
    },
    async answerTo(id: string | number): Promise<any> {
      await until(() => heard.some((frame) => frame.id === id));
      return heard.find((frame) => frame.id === id);
    },
    async end() {
      over = true;
      wake();
      await ended;
      await http.close();
    },
  };
}
