import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { CallToolResultSchema, ElicitationCompleteNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JournalRecord } from '../../src/model/record.ts';
import { TASKS, type World, waitingWorld } from './fixtures/waiting-world.ts';
import { textOf, until } from './house.ts';

/** Requirement HU1: agents that wait for people, and agents that cannot, as unchanged clients of every revision see it. */
let world: World;

beforeAll(async () => {
  world = await waitingWorld();
});
afterAll(() => world?.stop());

const pay = (sum: number, name = 'pay') => ({ name, arguments: { sum } });
const RELATED = 'io.modelcontextprotocol/related-task';

/** What the journal says of one question: the calls that asked, the one that went on, how that ended. */
async function recorded(approval: string, at = world) {
  const all = await at.house.records();
  const of = (type: JournalRecord['type'], code?: string) =>
    all.filter(
      (r) =>
        r.type === type &&
        'approval' in r &&
        r.approval === approval &&
        (code === undefined || r.decision.code === code),
    );
  const intents = of('intent');
  const calls = new Set(intents.map((r) => (r as { call: string }).call));
  const outcomes = all
    .filter((r) => r.type === 'outcome' && calls.has(r.call))
    .map((r) => (r as { outcome: string }).outcome);
  return { intents, outcomes, refusals: (code: string) => of('refusal', code) };
}

/** The intents that went on with it, once each has the outcome `ok` in the record. */
async function carriedOut(approval: string) {
  await until(async () => {
    const { intents, outcomes } = await recorded(approval);
    return intents.length > 0 && outcomes.length === intents.length;
  });
  const { intents, outcomes } = await recorded(approval);
  expect(new Set(outcomes)).toEqual(new Set(['ok']));
  return intents;
}

/** How many calls asked about that action. */
async function asked(digest: string): Promise<number> {
  const all = await world.house.records();
  return all.filter((r) => r.type === 'refusal' && r.digest === digest && r.decision.code === 'approval-pending')
    .length;
}

async function paid(sum: number, at = world): Promise<number> {
  return (await at.effects()).filter(([, args]) => (args as { sum?: number }).sum === sum).length;
}

describe('a call that waits', () => {
  it.each(['legacy', 'auto'] as const)(
    'tells a client that asked for progress who is asked, until when (%s)',
    async (mode) => {
      const client = await world.house.client('buyer', '/mcp/purse', { mode });
      const heard: { progress: number; message?: string }[] = [];
      const sum = mode === 'legacy' ? 11 : 12;
      const calling = client.callTool(pay(sum), { onprogress: (progress: never) => heard.push(progress) } as never);
      const { id } = await world.question();
      await until(() => heard.length > 0);
      expect(heard[0]).toMatchObject({ progress: 0 });
      expect(heard[0]!.message).toMatch(
        new RegExp(
          `^Waiting for a person's approval \\(request ${id}; asked: owner\\)\\. It can be answered for \\d+ seconds, until 20`,
        ),
      );
      expect(await world.answer(id, 'approved')).toBe(200);
      expect(textOf(await calling)).toBe(`paid {"sum":${sum}}`);
      expect(await paid(sum)).toBe(1);
      expect(await carriedOut(id)).toMatchObject([{ decision: { effect: 'ask' }, approvedBy: ['alice'] }]);
    },
  );

  it('is answered in words with a handle, where the client speaks nothing else', async () => {
    const { json } = await world.modern('tools/call', pay(21));
    const { id } = await world.question();
    const handle = {
      approval: id,
      state: 'pending',
      page: `${world.house.url}/approvals/${id}`,
      expiresAt: expect.any(String),
    };
    expect(json.result).toMatchObject({
      isError: true,
      structuredContent: handle,
      _meta: { 'interlock/refusal': handle },
    });
    expect(textOf(json.result)).toMatch(
      /needs a human's approval .* Make exactly the same call again later.* within \d+ seconds at http/,
    );
    expect((await recorded(id)).refusals('approval-pending').length).toBe(1);
    await world.answer(id, 'denied');
    const again = await world.modern('tools/call', pay(21));
    expect(textOf(again.json.result)).toContain(
      `A human denied this action (request ${id}): “looked at it”. It was not carried out.`,
    );
    expect(await paid(21)).toBe(0);
  });

  it('waits no longer than the client says that it does', async () => {
    const before = (await world.house.records()).length;
    const { json } = await world.modern('tools/call', pay(22), { headers: { prefer: 'respond-async, wait=0' } });
    expect(textOf(json.result)).toContain("needs a human's approval");
    const [row] = await world.pending();
    const since = (await world.house.records()).slice(before);
    expect(since.filter((r) => r.type === 'refusal' && r.approval === row!.id)).toHaveLength(1);
    await world.answer(row!.id, 'denied');
  });

  it('is told what people changed, and the server gets exactly that', async () => {
    const client = await world.house.client('buyer', '/mcp/purse');
    const calling = client.callTool(pay(41));
    const { id } = await world.question();
    expect(await world.answer(id, 'approved', { arguments: { sum: 40, note: 'a\u202eb' } })).toBe(200);
    const result = (await calling) as { content: { text: string }[]; _meta: Record<string, unknown> };
    expect(result._meta['interlock/approval']).toEqual({ id, changed: { sum: 40, note: 'a\u202eb' } });
    expect(result.content[0]!.text).toBe('A person changed the arguments: {"sum":40,"note":"a⟨U+202E⟩b"}');
    expect(result.content[1]!.text).toBe('paid {"sum":40,"note":"a\u202eb"}');
    expect([await paid(41), await paid(40)]).toEqual([0, 1]);
  });

  it('hears that it was withdrawn', async () => {
    const client = await world.house.client('buyer', '/mcp/purse');
    const calling = client.callTool(pay(42));
    const { id } = await world.question();
    expect(await world.withdraw(id)).toBe(200);
    expect(textOf(await calling)).toContain('was withdrawn');
    expect((await recorded(id)).refusals('approval-withdrawn').length).toBe(1);
  });

  it('is one question and one effect, however many ask the same at once', async () => {
    const calling = Array.from({ length: 20 }, () => world.modern('tools/call', pay(51)));
    const { id, digest } = await world.question();
    // All of them have asked: each says so in the record before it waits.
    await until(async () => (await asked(digest)) === 20);
    await world.answer(id, 'approved');
    const texts = (await Promise.all(calling)).map(({ json }) => textOf(json.result));
    expect(texts.filter((text) => text === 'paid {"sum":51}')).toHaveLength(1);
    expect(texts.filter((text) => text.includes('An identical call'))).toHaveLength(19);
    expect(await paid(51)).toBe(1);
    expect(await world.pending()).toEqual([]);
    expect((await recorded(id)).refusals('approval-used')).toHaveLength(19);
  });
});

describe('a call that is cancelled', () => {
  let patient: World;
  beforeAll(async () => {
    // Longer than anybody here waits: what ends the waiting is the cancellation.
    patient = await waitingWorld({ extra: 'approvals: { assurance: operator, waitMs: 60000, expireMs: 60000 }' });
  });
  afterAll(() => patient?.stop());

  it.each(['legacy', 'auto'] as const)(
    'stays a question when its client cancels, and a retry joins it (%s)',
    async (mode) => {
      const client = await patient.house.client('buyer', '/mcp/purse', { mode });
      const sum = mode === 'legacy' ? 31 : 32;
      const stop = new AbortController();
      const calling = client.callTool(pay(sum), { signal: stop.signal } as never).catch((error: Error) => error);
      const { id } = await patient.question();
      stop.abort();
      expect(await calling).toBeInstanceOf(Error);
      await until(async () => (await recorded(id, patient)).refusals('approval-pending').length === 1);
      expect((await patient.question()).id).toBe(id);
      const again = client.callTool(pay(sum));
      await patient.answer(id, 'approved');
      expect(textOf(await again)).toBe(`paid {"sum":${sum}}`);
      expect(await paid(sum, patient)).toBe(1);
    },
  );
});

describe('a client that opens pages', () => {
  const opens = { elicitation: { url: {} } };

  it('is sent to the page (session), once, and the same call goes on afterwards', async () => {
    const client = await world.house.client('buyer', '/mcp/purse', { capabilities: opens });
    const error = await client.callTool(pay(61)).catch((thrown: unknown) => thrown);
    const { id } = await world.question();
    expect(error).toMatchObject({
      code: -32042,
      data: {
        elicitations: [{ mode: 'url', url: `${world.house.url}/approvals/${id}`, elicitationId: expect.any(String) }],
      },
    });
    // Told once: then in words.
    expect(textOf(await client.callTool(pay(61)))).toContain("needs a human's approval");
    await world.answer(id, 'approved');
    expect(textOf(await client.callTool(pay(61)))).toBe('paid {"sum":61}');
    expect(await paid(61)).toBe(1);
  });

  it('hears on its session when the question of its page is answered, and may call again by itself', async () => {
    const client = await world.session('buyer', { capabilities: opens });
    const heard: string[] = [];
    client.setNotificationHandler(
      ElicitationCompleteNotificationSchema,
      ({ params }) => void heard.push(params.elicitationId),
    );
    const error = (await client.callTool(pay(64)).catch((thrown: unknown) => thrown)) as {
      elicitations: { elicitationId: string }[];
    };
    await world.answer((await world.question()).id, 'approved');
    await until(() => heard.length > 0);
    expect(heard).toEqual([error.elicitations[0]!.elicitationId]);
    expect(textOf(await client.callTool(pay(64)))).toBe('paid {"sum":64}');
  });

  it('is sent to the page (stateless), comes back by itself, and is held until the answer', async () => {
    const client = new Client({ name: 'case', version: '1' }, {
      capabilities: opens,
      versionNegotiation: { mode: 'auto' },
    } as never);
    const asked: { url?: string }[] = [];
    client.setRequestHandler('elicitation/create', async (request) => {
      asked.push(request.params as never);
      const { id } = await world.question();
      await world.answer(id, 'approved');
      return { action: 'accept' };
    });
    await client.connect(world.house.transport('buyer', '/mcp/purse') as StreamableHTTPClientTransport);
    const result = await client.callTool(pay(62));
    expect(textOf(result)).toBe('paid {"sum":62}');
    expect(asked).toHaveLength(1);
    expect(asked[0]!.url).toMatch(/\/approvals\/[0-9a-f-]{36}$/);
    expect(await paid(62)).toBe(1);
    await client.close();
  });

  it('is told in words at once when its person does not want the page', async () => {
    const first = await world.modern('tools/call', pay(63), { capabilities: opens });
    const { requestState, inputRequests } = first.json.result;
    expect(first.json.result).toMatchObject({ resultType: 'input_required' });
    const { id } = await world.question();
    expect(inputRequests['interlock-approval'].params.url).toBe(`${world.house.url}/approvals/${id}`);
    const inputResponses = { 'interlock-approval': { action: 'decline' } };
    const second = await world.modern(
      'tools/call',
      { ...pay(63), requestState, inputResponses },
      { capabilities: opens },
    );
    expect(textOf(second.json.result)).toContain("needs a human's approval");
    await world.answer(id, 'denied');
  });
});

describe('a task of a session (2025-11-25)', () => {
  it('is offered where people might be asked, and nowhere else', async () => {
    const client = await world.session('buyer');
    expect(client.getServerCapabilities()?.tasks).toEqual({ cancel: {}, requests: { tools: { call: {} } } });
    const { tools } = await client.listTools();
    const support = Object.fromEntries(tools.map((tool) => [tool.name, tool.execution?.taskSupport]));
    expect(support).toEqual({ pay: 'optional', fail: 'optional', look: undefined, slow: undefined });
  });

  it('is made when people are asked, and its result is the call’s, once', async () => {
    const client = await world.session('buyer');
    await client.listTools();
    const said: string[] = [];
    let created: { taskId: string; ttl: number | null; statusMessage?: string | undefined } | null = null;
    for await (const message of client.experimental.tasks.callToolStream(pay(71))) {
      said.push(message.type);
      if (message.type === 'taskCreated') {
        created = message.task;
        await world.answer((await world.question()).id, 'approved');
      }
      if (message.type === 'result') expect(textOf(message.result)).toBe('paid {"sum":71}');
      if (message.type === 'error') throw message.error;
    }
    expect(said.at(0)).toBe('taskCreated');
    expect(said.at(-1)).toBe('result');
    expect(created!.taskId).toMatch(/^interlock-task-[0-9a-f-]{36}~[A-Za-z0-9_-]{24}$/);
    expect(created!.ttl).toBeLessThanOrEqual(60_000);
    expect(created!.statusMessage).toContain("Waiting for a person's approval");
    // The server never heard that it was a task.
    expect((await world.effects()).filter(([, args]) => (args as { sum: number }).sum === 71)).toEqual([
      ['pay', { sum: 71 }, false],
    ]);
  });

  it('goes on without its client, and another session of the agent fetches the result', async () => {
    const first = await world.session('buyer');
    const { task } = (await first.request({ method: 'tools/call', params: { ...pay(72), task: {} } }, anything)) as any;
    await first.close();
    const { id } = await world.question();
    await world.answer(id, 'approved');
    await until(async () => (await paid(72)) === 1);
    const second = await world.session('buyer');
    const result = await second.experimental.tasks.getTaskResult(task.taskId, CallToolResultSchema);
    expect(textOf(result)).toBe('paid {"sum":72}');
    expect((result as any)._meta[RELATED]).toEqual({ taskId: task.taskId });
    expect(await paid(72)).toBe(1);
    expect(await carriedOut(id)).toMatchObject([{ approvedBy: ['alice'] }]);
  });

  it('that is denied has failed, and says so', async () => {
    const client = await world.session('buyer');
    const { task } = (await client.request(
      { method: 'tools/call', params: { ...pay(73), task: {} } },
      anything,
    )) as any;
    const { id } = await world.question();
    const waiting = client.experimental.tasks.getTaskResult(task.taskId, CallToolResultSchema);
    await world.answer(id, 'denied');
    expect(textOf(await waiting)).toContain('A human denied this action');
    expect(await client.experimental.tasks.getTask(task.taskId)).toMatchObject({
      status: 'failed',
      statusMessage: expect.stringContaining('denied'),
    });
    expect((await recorded(id)).refusals('approval-denied')).toHaveLength(1);
  });

  it('that is cancelled withdraws its question, unless somebody else waits for it', async () => {
    const client = await world.session('buyer');
    const make = async () =>
      ((await client.request({ method: 'tools/call', params: { ...pay(74), task: {} } }, anything)) as any).task
        .taskId as string;
    const [one, two] = [await make(), await make()];
    expect(one).not.toBe(two);
    const { id } = await world.question();
    expect(await client.experimental.tasks.cancelTask(one)).toMatchObject({ status: 'cancelled' });
    expect((await world.question()).id).toBe(id);
    await expect(client.experimental.tasks.cancelTask(one)).rejects.toMatchObject({ code: -32602 });
    await client.experimental.tasks.cancelTask(two);
    expect(await world.pending()).toEqual([]);
    expect((await world.house.admin<any>('GET', `/v1/approvals/${id}`)).body.approval).toMatchObject({
      state: 'withdrawn',
      answeredBy: 'agent:buyer',
    });
    expect(await paid(74)).toBe(0);
  });

  it('is kept of a call nobody is asked about, too', async () => {
    const client = await world.session('buyer');
    const { task } = (await client.request(
      { method: 'tools/call', params: { name: 'slow', arguments: { sum: 75 }, task: { ttl: 90_000 } } },
      anything,
    )) as any;
    expect(task).toMatchObject({ status: 'working', ttl: 90_000 });
    expect(await client.experimental.tasks.getTask(task.taskId)).toMatchObject({ status: 'working' });
    await world.go();
    expect(textOf(await client.experimental.tasks.getTaskResult(task.taskId, CallToolResultSchema))).toBe(
      'paid {"sum":75}',
    );
    expect(await client.experimental.tasks.getTask(task.taskId)).toMatchObject({ status: 'completed' });
  });
});

describe('the tasks extension (2026-07-28)', () => {
  const speaks = { capabilities: TASKS };

  it('is declared where policies ask', async () => {
    const { json } = await world.modern('server/discover', {});
    expect(json.result.capabilities.extensions).toEqual(TASKS.extensions);
  });

  it('gets a task when people are asked, and the result inside it', async () => {
    const { json } = await world.modern('tools/call', pay(81), speaks);
    expect(json.result).toMatchObject({
      resultType: 'task',
      status: 'working',
      ttlMs: expect.any(Number),
      pollIntervalMs: 2000,
    });
    const { taskId } = json.result;
    const { id, digest } = await world.question();
    expect((await world.modern('tasks/get', { taskId }, speaks)).json.result).toMatchObject({
      resultType: 'complete',
      taskId,
      status: 'working',
    });
    await world.answer(id, 'approved');
    await until(async () => (await world.modern('tasks/get', { taskId }, speaks)).json.result.status !== 'working');
    const { result } = (await world.modern('tasks/get', { taskId }, speaks)).json;
    expect(result).toMatchObject({ status: 'completed', result: { content: [{ text: 'paid {"sum":81}' }] } });
    expect(await paid(81)).toBe(1);
    // Coming back for the answer asked nobody anew: the record has the question and that it was told, as before.
    expect(await asked(digest)).toBe(2);
    expect(await carriedOut(id)).toMatchObject([{ approvedBy: ['alice'] }]);
  });

  it('shares one effect among all who asked the same at once', async () => {
    const made = await Promise.all(Array.from({ length: 20 }, () => world.modern('tools/call', pay(82), speaks)));
    const ids = made.map(({ json }) => json.result.taskId as string);
    expect(new Set(ids).size).toBe(20);
    await world.answer((await world.question()).id, 'approved');
    for (const taskId of ids) {
      await until(async () => (await world.modern('tasks/get', { taskId }, speaks)).json.result.status !== 'working');
      const { result } = (await world.modern('tasks/get', { taskId }, speaks)).json;
      expect(textOf(result.result)).toBe('paid {"sum":82}');
    }
    expect(await paid(82)).toBe(1);
    expect(await world.pending()).toEqual([]);
  });

  it('ends as completed when the tool itself fails, and is acknowledged when cancelled', async () => {
    const { json } = await world.modern('tools/call', pay(83, 'fail'), speaks);
    const { taskId } = json.result;
    await world.answer((await world.question()).id, 'approved');
    await until(async () => (await world.modern('tasks/get', { taskId }, speaks)).json.result.status !== 'working');
    expect((await world.modern('tasks/get', { taskId }, speaks)).json.result).toMatchObject({
      status: 'completed',
      result: { isError: true },
    });
    for (const method of ['tasks/cancel', 'tasks/update'])
      expect((await world.modern(method, { taskId }, speaks)).json.result).toEqual({ resultType: 'complete' });
    expect((await world.modern('tasks/get', { taskId }, speaks)).json.result.status).toBe('completed');
  });

  it('is asked for by whoever asks about a task', async () => {
    const { json } = await world.modern('tools/call', pay(84), speaks);
    const { taskId } = json.result;
    const refused = await world.modern('tasks/get', { taskId });
    expect(refused.json.error).toMatchObject({ code: -32021, data: { requiredCapabilities: TASKS } });
    await world.modern('tasks/cancel', { taskId }, speaks);
    expect((await world.modern('tasks/get', { taskId }, speaks)).json.result.status).toBe('cancelled');
    expect(await world.pending()).toEqual([]);
  });
});

/** Takes whatever a server answers. */
const anything = { parse: (value: unknown) => value, safeParse: (data: unknown) => ({ success: true, data }) } as never;
