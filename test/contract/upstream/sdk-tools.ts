import { spawn } from 'node:child_process';
import { fromJsonSchema, inputRequired, McpServer, type ServerContext } from '@modelcontextprotocol/server';
import type { Announce } from './dual-era.ts';

type Args = Record<string, unknown>;
type Answer = { content: { type: 'text'; text: string }[] };

/** Calls whose caller gave up; one count for the process, because a modern server lives for one request. */
let cancelled = 0;

const text = (value: string): Answer => ({ content: [{ type: 'text', text: value }] });

/** A server for the contract: what a gateway has to carry, in the smallest tools that show it. */
export function contractServer(announce: Announce | null): McpServer {
  const capabilities = { tools: { listChanged: true }, logging: {} };
  const server = new McpServer({ name: 'contract', version: '1.0.0' }, { capabilities });
  const tool = (name: string, run: (args: Args, ctx: ServerContext) => unknown): void => {
    const inputSchema = fromJsonSchema<Args>({ type: 'object' });
    server.registerTool(
      name,
      { description: name, inputSchema },
      async (args, ctx) => (await run(args, ctx)) as Answer,
    );
  };
  tool('echo', (args) => text(String(args.text)));
  tool('big', (args) => text('x'.repeat(Number(args.bytes))));
  tool('cancelled', () => text(String(cancelled)));
  tool('wait', (args, ctx) => waited(Number(args.ms), ctx.mcpReq.signal));
  tool('progress', (args, ctx) => progress(Number(args.steps), ctx));
  tool('ask', (_args, ctx) => ask(ctx));
  tool('changed', () => {
    if (announce === null) server.sendToolListChanged();
    else announce.tools();
    return text('announced');
  });
  tool('reconnect', async (_args, ctx) => {
    ctx.http?.closeSSE?.();
    await new Promise((done) => setTimeout(done, 50));
    return text('after the stream was closed');
  });
  tool('process', () => {
    const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
    return text(JSON.stringify({ pid: process.pid, child: child.pid, cwd: process.cwd(), env: process.env }));
  });
  return server;
}

function waited(ms: number, signal: AbortSignal): Promise<Answer> {
  return new Promise((done) => {
    const timer = setTimeout(() => done(text('waited')), ms);
    signal.addEventListener('abort', () => {
      cancelled++;
      clearTimeout(timer);
      done(text('cancelled'));
    });
  });
}

async function progress(steps: number, ctx: ServerContext): Promise<Answer> {
  const progressToken = ctx.mcpReq._meta?.progressToken;
  for (let step = 1; step <= steps; step++) {
    if (progressToken === undefined) break;
    const params = { progressToken, progress: step, total: steps };
    await ctx.mcpReq.notify({ method: 'notifications/progress', params });
  }
  return text(`${steps} steps`);
}

/** One question to the person behind the client: a request of its own in legacy revisions, part of the result in the modern one. */
async function ask(ctx: ServerContext): Promise<unknown> {
  const question = {
    message: 'Your name?',
    requestedSchema: { type: 'object' as const, properties: { name: { type: 'string' as const } } },
  };
  const answered = ctx.mcpReq.inputResponses?.who;
  if (answered !== undefined) return text(JSON.stringify(answered));
  const modern = ctx.mcpReq._meta?.['io.modelcontextprotocol/protocolVersion'] !== undefined;
  if (modern || ctx.mcpReq.envelope !== undefined)
    return inputRequired({ inputRequests: { who: inputRequired.elicit(question) } });
  const result = await ctx.mcpReq.send({ method: 'elicitation/create', params: { mode: 'form', ...question } });
  return text(JSON.stringify(result));
}
