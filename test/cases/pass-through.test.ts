import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONNECT, EVERYTHING, type House, openHouse, textOf, until } from './house.ts';

/** Requirement CN1: everything a server offers reaches the agent, and everything is decided. */
let house: House;
const everything = (id: string) =>
  `  ${id}:\n    command: ${process.execPath}\n    args: [${EVERYTHING}, stdio]\n    tools: { "*": { effect: read, dataClass: public } }\n`;

beforeAll(async () => {
  house = await openHouse({
    agents: ['buyer', 'quiet'],
    servers: `${everything('every')}${everything('second')}`,
    policies: {
      'a.cedar': `${CONNECT} permit(principal, action in Action::"use", resource);
permit(principal == Agent::"buyer", action in Action::"ask_client", resource);`,
    },
  });
});
afterAll(() => house?.stop());

const ELICIT = { elicitation: {}, sampling: {}, roots: { listChanged: true } };

describe.each(['/mcp/every', '/mcp'])('through %s', (path) => {
  const name = (tool: string) => (path === '/mcp' ? `every__${tool}` : tool);
  const uri = (resource: string) => (path === '/mcp' ? `every+${resource}` : resource);

  it.each(['legacy', 'auto'] as const)('resources, templates, prompts and completion (%s)', async (mode) => {
    const client = await house.client('buyer', path, { mode });
    const { resources } = await client.listResources();
    const first = resources.find((resource) => resource.uri.includes('demo://resource/static'))!;
    expect(first.uri.startsWith(uri('demo://'))).toBe(true);
    expect((await client.readResource({ uri: first.uri })).contents[0]!.uri).toBe(first.uri);
    const { resourceTemplates } = await client.listResourceTemplates();
    expect(resourceTemplates[0]!.uriTemplate.startsWith(uri('demo://'))).toBe(true);
    const { prompts } = await client.listPrompts();
    expect(prompts.map((prompt) => prompt.name)).toContain(name('simple-prompt'));
    const got = await client.getPrompt({ name: name('args-prompt'), arguments: { city: 'Lyon' } });
    expect(JSON.stringify(got.messages)).toContain('Lyon');
    const ref = { type: 'ref/prompt', name: name('completable-prompt') } as const;
    const completed = await client.complete({ ref, argument: { name: 'department', value: 'E' } });
    expect(completed.completion.values).toContain('Engineering');
  });

  it.each(['legacy', 'auto'] as const)('progress, to the request it belongs to (%s)', async (mode) => {
    const client = await house.client('buyer', path, { mode });
    const seen: [string, number][] = [];
    const run = (label: string) =>
      client.callTool({ name: name('trigger-long-running-operation'), arguments: { duration: 1, steps: 4 } }, {
        onprogress: (progress: { progress: number }) => seen.push([label, progress.progress]),
      } as never);
    const results = await Promise.all([run('a'), run('b')]);
    expect(results.every((result) => textOf(result).includes('completed'))).toBe(true);
    for (const label of ['a', 'b'])
      expect(seen.filter(([of]) => of === label).map(([, at]) => at)).toEqual([1, 2, 3, 4]);
  });

  it('cancellation reaches the server', async () => {
    for (const mode of ['legacy', 'auto'] as const) {
      const client = await house.client('buyer', path, { mode });
      const stop = new AbortController();
      const call = client.callTool(
        { name: name('trigger-long-running-operation'), arguments: { duration: 20, steps: 20 } },
        { signal: stop.signal } as never,
      );
      setTimeout(() => stop.abort(), 500);
      await expect(call).rejects.toThrow();
      await until(async () => {
        const records = await house.records();
        const intent = records.findLast((r) => r.type === 'intent' && r.target === 'trigger-long-running-operation');
        return records.some(
          (r) => r.type === 'outcome' && intent?.type === 'intent' && r.call === intent.call && r.outcome !== 'ok',
        );
      });
    }
  });

  it('elicitation and sampling come to the client and their answers go back (sessions)', async () => {
    const client = await house.client('buyer', path, { capabilities: ELICIT });
    client.setRequestHandler(
      'elicitation/create',
      async () => ({ action: 'accept', content: { name: 'Ada', check: true, color: 'red' } }) as never,
    );
    client.setRequestHandler(
      'sampling/createMessage',
      async () => ({ role: 'assistant', model: 'none', content: { type: 'text', text: 'sampled here' } }) as never,
    );
    // Tools this server shows only to clients that can be asked are new to the gateway: held back until accepted.
    await client.listTools();
    await house.acceptAll('every');
    const names = (await client.listTools()).tools.map((tool) => tool.name);
    expect(names).toContain(name('trigger-elicitation-request'));
    expect(textOf(await client.callTool({ name: name('trigger-elicitation-request'), arguments: {} }))).toContain(
      'Ada',
    );
    const sampled = await client.callTool({
      name: name('trigger-sampling-request'),
      arguments: { prompt: 'hello', maxTokens: 10 },
    });
    expect(textOf(sampled)).toContain('sampled here');
    await new Promise((done) => setTimeout(done, 100));
    const records = await house.records();
    for (const action of ['elicitation/create', 'sampling/createMessage']) {
      const intent = records.findLast((r) => r.type === 'intent' && r.action === action);
      expect(intent).toMatchObject({ agent: 'buyer', server: 'every' });
      expect(
        records.some(
          (r) => r.type === 'outcome' && intent?.type === 'intent' && r.call === intent.call && r.outcome === 'ok',
        ),
      ).toBe(true);
    }
  });

  it('a server’s question is refused where policy does not permit it to ask', async () => {
    const client = await house.client('quiet', path, { capabilities: ELICIT });
    let asked = false;
    client.setRequestHandler('sampling/createMessage', async () => {
      asked = true;
      return { role: 'assistant', model: 'none', content: { type: 'text', text: 'no' } } as never;
    });
    await client
      .callTool({ name: name('trigger-sampling-request'), arguments: { prompt: 'hello', maxTokens: 10 } })
      .catch(() => {});
    expect(asked).toBe(false);
    expect(
      (await house.records()).some(
        (r) => r.type === 'refusal' && r.agent === 'quiet' && r.action === 'sampling/createMessage',
      ),
    ).toBe(true);
  });

  it('logging: a level is set and messages arrive (sessions)', async () => {
    const client = await house.client('buyer', path);
    await client.setLoggingLevel('debug');
    const seen: unknown[] = [];
    client.setNotificationHandler('notifications/message', async (message) => {
      seen.push(message);
    });
    await client.callTool({ name: name('toggle-simulated-logging'), arguments: {} });
    await until(() => seen.length > 0, 15_000);
    await client.callTool({ name: name('toggle-simulated-logging'), arguments: {} });
  });

  it('resource subscriptions: updates arrive under the name the client knows (sessions)', async () => {
    const client = await house.client('buyer', path);
    const updated: string[] = [];
    client.setNotificationHandler('notifications/resources/updated', async (message) => {
      updated.push((message as { params: { uri: string } }).params.uri);
    });
    const resource = uri('demo://resource/dynamic/text/1');
    await client.subscribeResource({ uri: resource });
    await client.callTool({ name: name('toggle-subscriber-updates'), arguments: {} });
    await until(() => updated.includes(resource), 20_000);
    await client.unsubscribeResource({ uri: resource });
    await client.callTool({ name: name('toggle-subscriber-updates'), arguments: {} });
  });
});

describe('names', () => {
  it('that do not exist, that are hidden and that belong to nobody get the protocol’s own error', async () => {
    const single = await house.client('buyer', '/mcp/every');
    await expect(single.callTool({ name: 'nothing', arguments: {} })).rejects.toThrow('Unknown tool: nothing');
    const all = await house.client('buyer', '/mcp');
    for (const unknown of ['nothing', 'every__nothing', 'nobody__echo']) {
      await expect(all.callTool({ name: unknown, arguments: {} })).rejects.toThrow(`Unknown tool: ${unknown}`);
    }
  });
});
