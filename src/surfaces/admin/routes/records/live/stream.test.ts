import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../../../adapters/clock.ts';
import { adminApp } from '../../../server.ts';
import { LiveHub } from './hub.ts';
import { liveRoute } from './stream.ts';

let app: FastifyInstance | null = null;
afterEach(async () => {
  await app?.close();
  app = null;
});

/** The route behind a door that takes as long as `admit` to know who it is. */
async function served(admit: (request: FastifyRequest) => Promise<void>) {
  const listeners = new Set<unknown>();
  const hub = new LiveHub((listener) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  });
  app = adminApp({
    routes: [(scope) => liveRoute(scope, hub)],
    idempotency: { store: {} as never, clock: systemClock },
    audience: { prefix: '', sessionCookie: null },
    guard: { admit: (scope) => void scope.addHook('onRequest', admit), confirm: () => {} },
  });
  return { listeners, origin: await app.listen({ port: 0, host: '127.0.0.1' }) };
}

describe('the live stream', () => {
  it('is not begun for whoever went while it was looked at who they are', async () => {
    let gone = false;
    const { listeners, origin } = await served(async (request) => {
      await new Promise((resolve) => request.raw.socket.once('close', resolve));
      await sleep(20);
      gone = true;
    });
    const socket = connect(Number(new URL(origin).port), '127.0.0.1');
    socket.write('GET /v1/live HTTP/1.1\r\nhost: x\r\n\r\n');
    await sleep(50);
    socket.destroy();
    await expect.poll(() => gone).toBe(true);
    await sleep(20);
    expect(listeners.size).toBe(0);
  });

  it('takes one person not more than some places, and gives back those they leave', async () => {
    const { origin } = await served(async (request) => {
      request.person = { id: String(request.headers['x-person']) } as never;
      request.stillMay = async () => true;
    });
    const open: AbortController[] = [];
    const watch = async (person: string): Promise<number> => {
      const end = new AbortController();
      open.push(end);
      return (await fetch(`${origin}/v1/live`, { headers: { 'x-person': person }, signal: end.signal })).status;
    };
    const statuses = await Promise.all(Array.from({ length: 8 }, () => watch('alice')));
    expect(statuses).toEqual(Array.from({ length: 8 }, () => 200));
    expect(await watch('alice')).toBe(429);
    expect(await watch('bob')).toBe(200);
    open[0]?.abort();
    await expect.poll(() => watch('alice')).toBe(200);
    for (const each of open) each.abort();
  });
});
