import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from './clock.ts';
import { type OpenFga, type OpenFgaOptions, openFga } from './openfga.ts';

/** A server of our own that speaks the documented Check of OpenFGA, well or badly. */
interface Seen {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: { readonly tuple_key: object } & Record<string, unknown>;
}

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function world(
  answer: (seen: Seen, response: ServerResponse) => void,
  options: Partial<OpenFgaOptions> = {},
): Promise<{ fga: OpenFga; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server: Server = createServer(async (request: IncomingMessage, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const one = { path: request.url ?? '', authorization: request.headers.authorization, body: JSON.parse(text) };
    seen.push(one);
    answer(one, response);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const fga = openFga({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/fga/`,
    store: '01STORE',
    model: '01MODEL',
    token: 'secret',
    timeoutMs: 500,
    concurrency: 4,
    cacheMs: 0,
    clock: systemClock,
    ...options,
  });
  closing.push(
    () => new Promise((done) => server.close(done).closeAllConnections()),
    () => fga.close(),
  );
  return { fga, seen };
}

const QUESTION = { object: 'customer:42', relation: 'viewer', subject: 'user:alice', given: [] };
const json = (response: ServerResponse, body: unknown, status = 200): void =>
  void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

describe('an OpenFGA server (AZ2)', () => {
  it('is asked as its API says, groups as contextual tuples', async () => {
    const { fga, seen } = await world((_seen, response) => json(response, { allowed: true, resolution: '' }));
    const given = [{ object: 'group:sales', relation: 'member', subject: 'user:alice' }];
    expect(await fga.check({ ...QUESTION, given })).toBe(true);
    expect(seen).toEqual([
      {
        path: '/fga/stores/01STORE/check',
        authorization: 'Bearer secret',
        body: {
          tuple_key: { user: 'user:alice', relation: 'viewer', object: 'customer:42' },
          authorization_model_id: '01MODEL',
          contextual_tuples: { tuple_keys: [{ user: 'user:alice', relation: 'member', object: 'group:sales' }] },
        },
      },
    ]);
  });

  it('says no by false and by leaving it out', async () => {
    const answers: object[] = [{ allowed: false }, {}];
    const { fga } = await world((_seen, response) => json(response, answers.shift()));
    expect([await fga.check(QUESTION), await fga.check(QUESTION)]).toEqual([false, false]);
  });

  it.each<[string, (seen: Seen, response: ServerResponse) => void]>([
    ['an error', (_seen, response) => json(response, { code: 'validation_error', allowed: true }, 400)],
    ['another failure', (_seen, response) => json(response, { allowed: true }, 503)],
    ['a redirect', (_seen, response) => void response.writeHead(302, { location: '/yes' }).end()],
    ['no JSON', (_seen, response) => void response.end('<html>allowed</html>')],
    ['a word for yes', (_seen, response) => json(response, { allowed: 'true' })],
    ['nothing at all', (_seen, response) => void response.destroy()],
    ['too much', (_seen, response) => json(response, { allowed: true, more: 'x'.repeat(70_000) })],
    ['silence', () => {}],
    ['half an answer', (_seen, response) => void response.write('{"allowed":')],
  ])('has not answered with %s', async (_name, answer) => {
    const { fga } = await world(answer, { timeoutMs: 150 });
    await expect(fga.check(QUESTION)).rejects.toThrow();
  });

  it('that is not there has not answered', async () => {
    const { fga } = await world(() => {}, { url: 'http://127.0.0.1:1' });
    await expect(fga.check(QUESTION)).rejects.toThrow();
  });

  it('is not asked by more than it may be, and a question that is turned away has no answer', async () => {
    const held: ServerResponse[] = [];
    const { fga, seen } = await world((_seen, response) => void held.push(response), {
      concurrency: 2,
      timeoutMs: 2_000,
    });
    const asked = Array.from({ length: 15 }, () => Promise.resolve(fga.check(QUESTION)).catch(() => 'turned away'));
    const turned = (await Promise.race([
      Promise.all(asked.slice(10)),
      new Promise((done) => setTimeout(done, 1_000)),
    ])) as unknown[];
    expect(turned).toEqual(Array(5).fill('turned away'));
    while (held.length < 2) await new Promise((done) => setTimeout(done, 5));
    expect(seen.length).toBe(2);
    const pump = setInterval(() => {
      for (const response of held.splice(0)) json(response, { allowed: true });
    }, 5);
    expect(await Promise.all(asked.slice(0, 10))).toEqual(Array(10).fill(true));
    clearInterval(pump);
  });

  it('is asked anew each time unless a yes may be remembered, and a no never is', async () => {
    const now = { us: 0 };
    const clock = { nowMs: () => 0, monotonicUs: () => now.us };
    const answers = [true, false, false, true];
    const { fga, seen } = await world((_seen, response) => json(response, { allowed: answers.shift() }), {
      cacheMs: 100,
      clock,
    });
    expect([await fga.check(QUESTION), await fga.check(QUESTION)]).toEqual([true, true]);
    expect(seen.length).toBe(1);
    expect(await fga.check({ ...QUESTION, subject: 'user:bob' })).toBe(false);
    now.us = 100_000;
    expect([await fga.check(QUESTION), await fga.check(QUESTION)]).toEqual([false, true]);
    expect(seen.length).toBe(4);
  });
});
