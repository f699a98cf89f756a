import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answer } from '../upstreams/messages.ts';
import { cpuTimeUs, residentBytes } from './cpu.ts';
import { type LoadGenerator, startLoadGenerator } from './generator.ts';
import { expectResult } from './session.ts';

describe('the load generator', () => {
  let server: Server;
  let load: LoadGenerator;
  let calls: number;
  /** Which call is answered with a refusal. */
  let refused: number;

  beforeEach(async () => {
    calls = 0;
    refused = Number.POSITIVE_INFINITY;
    server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const frame = JSON.parse(Buffer.concat(chunks).toString());
      const denial = JSON.stringify({ jsonrpc: '2.0', id: frame.id, result: { content: [], isError: true } });
      const isCall = frame.method === 'tools/call';
      if (isCall) calls++;
      const text = isCall && calls === refused ? denial : answer(frame);
      response.writeHead(text === null ? 202 : 200, { 'content-type': 'application/json' }).end(text ?? undefined);
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    load = startLoadGenerator();
  });
  afterEach(() => {
    load.stop();
    server.closeAllConnections();
    server.close();
  });

  const job = () => ({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    headers: {},
    tool: 'orders.create',
    args: {},
    concurrency: 4,
    warmupMs: 20,
    durationMs: 150,
    pids: [process.pid],
  });

  it('counts only answers within its window', async () => {
    const result = await load.run(job());
    expect(result.requests).toBeGreaterThan(0);
    expect(result.requests).toBeLessThan(calls);
    expect(result.p50Ms).toBeLessThanOrEqual(result.p99Ms);
    expect(result.rps).toBeGreaterThan(result.requests);
    expect(result.cpuUsPerRequest).toBeGreaterThan(0);
  });

  it('ends with an error at the first refusal: a fast "no" is no fast call', async () => {
    refused = 5;
    await expect(load.run(job())).rejects.toThrow('not a successful answer');
  });

  it('says so when its target is not there', async () => {
    await expect(load.run({ ...job(), url: 'http://127.0.0.1:9/mcp' })).rejects.toThrow('127.0.0.1:9');
  });
});

it('only a result without isError is a success', () => {
  expectResult('{"jsonrpc":"2.0","id":1,"result":{"content":[]}}');
  expectResult('event: message\ndata: {"jsonrpc":"2.0","id":1,"result":{"content":[]}}\n\n');
  expect(() => expectResult('{"jsonrpc":"2.0","id":1,"result":{"content":[],"isError":true}}')).toThrow();
  expect(() => expectResult('{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"no"}}')).toThrow();
  expect(() => expectResult('')).toThrow();
});

it('reads the CPU time and memory of a process from the kernel', () => {
  const before = cpuTimeUs([process.pid]);
  const until = performance.now() + 300;
  while (performance.now() < until);
  const spentUs = cpuTimeUs([process.pid]) - before;
  expect(spentUs).toBeGreaterThan(0);
  expect(spentUs % 10_000).toBe(0);
  const resident = residentBytes(process.pid);
  expect(Math.abs(resident - process.memoryUsage.rss())).toBeLessThan(resident);
});
