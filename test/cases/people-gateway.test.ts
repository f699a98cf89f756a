import { Client, type OAuthClientProvider, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONNECT, EVERYTHING, type House, openHouse, textOf } from './house.ts';
import { Browser } from './people.ts';

const REDIRECT = 'http://127.0.0.1:4711/callback';
const PASSWORD = 'lantern quarry sixteen umbrellas';
let house: House;

beforeAll(async () => {
  house = await openHouse({
    servers: `  every:
    command: ${process.execPath}
    args: [${EVERYTHING}, stdio]
    tools: { "*": { effect: read, dataClass: public }, echo: { effect: write, dataClass: public } }
`,
    policies: { 'a.cedar': `${CONNECT}\n@id("all") permit(principal, action in Action::"use", resource);` },
    agentExtra: { buyer: `    redirectUris: ["${REDIRECT}"]\n` },
  });
  const order = { by: 'test', reason: 'first sign-in' };
  const invited = await house.admin<{ url: string }>('POST', '/v1/people/alice/invitations', order);
  expect(invited.status).toBe(200);
  const browser = new Browser();
  const { csrf } = await page(browser, invited.body.url);
  expect(
    (
      await browser.post(`${invited.body.url}/password`, [
        ['csrf', csrf],
        ['password', PASSWORD],
      ])
    ).status,
  ).toBeLessThan(400);
});
afterAll(() => house?.stop());

async function page(browser: Browser, url: string): Promise<{ csrf: string; html: string }> {
  const html = await (await browser.get(url)).text();
  return { html, csrf: /name="csrf" value="([^"]+)"/.exec(html)?.[1] ?? '' };
}

type Field = readonly [string, string];

/** What a person does: types the password where one is asked for, ticks nothing off, allows. */
async function sitAt(browser: Browser, start: string): Promise<URLSearchParams> {
  let next = start;
  for (let step = 0; step < 8; step++) {
    const end = await browser.follow(next, house.url);
    if (end.response === null) return new URL(end.url).searchParams;
    const html = await end.response.text();
    const field = (name: string) => new RegExp(`name="${name}" value="([^"]*)"`).exec(html)?.[1] ?? '';
    const action = /<form method="post" action="([^"]+(?:password|consent))"/.exec(html)?.[1] ?? '';
    const ticked = [...html.matchAll(/name="scope" value="([^"]+)"/g)].map(
      ([, scope]): Field => ['scope', scope ?? ''],
    );
    const typed: readonly Field[] = action.endsWith('/password')
      ? [
          ['return', field('return')],
          ['name', 'alice'],
          ['password', PASSWORD],
        ]
      : [...ticked, ['agent', field('agent')], ['duration', field('duration')]];
    const answer = await browser.post(new URL(action, house.url).href, [['csrf', field('csrf')], ...typed]);
    const text = await answer.text();
    const location = answer.headers.get('location') ?? onwardOf(text);
    if (location === null) throw new Error(`${action} answered ${answer.status}`);
    next = new URL(location, house.url).href;
  }
  throw new Error('the sign-in did not end');
}

/** A page that goes on by itself. */
function onwardOf(html: string): string | null {
  return /http-equiv="refresh" content="0; ?url=([^"]+)"/.exec(html)?.[1]?.replaceAll('&amp;', '&') ?? null;
}

/** The transport, and what a person at a browser does whenever the client sends them there. */
function connection(browser: Browser, kept: Record<string, unknown>) {
  let answered = new URLSearchParams();
  const provider = {
    redirectUrl: REDIRECT,
    clientMetadata: { client_name: 'Desk', redirect_uris: [REDIRECT] },
    clientInformation: () => ({ client_id: 'buyer', issuer: house.url }),
    tokens: () => kept.tokens,
    saveTokens: (tokens: unknown) => void (kept.tokens = tokens),
    saveCodeVerifier: (verifier: string) => void (kept.verifier = verifier),
    codeVerifier: () => kept.verifier as string,
    async redirectToAuthorization(url: URL) {
      kept.asked = url.searchParams.get('scope');
      answered = await sitAt(browser, url.href);
    },
  } as unknown as OAuthClientProvider;
  const transport = new StreamableHTTPClientTransport(new URL('/mcp/every', house.url), { authProvider: provider });
  return { transport, finish: () => transport.finishAuth(answered) };
}

it('an operator sees the signing keys and rotates them, on record; nothing private is shown', async () => {
  const before = await house.admin<{ items: { kid: string; state: string }[] }>('GET', '/v1/keys');
  expect(before.body.items.map(({ state }) => state)).toEqual(['current']);
  expect((await house.admin('POST', '/v1/keys/rotate', { by: 'bob' })).status).toBe(400);
  const order = { by: 'bob', reason: 'quarterly' };
  const after = await house.admin<{ keys: { state: string }[] }>('POST', '/v1/keys/rotate', order);
  expect(after.body.keys.map(({ state }) => state)).toEqual(['current', 'next']);
  expect(JSON.stringify(after.body)).not.toContain('"d"');
  const kid = before.body.items[0]?.kid;
  expect((await house.admin('POST', '/v1/keys/remove', { ...order, kid })).status).toBe(409);
  const published = (await house.raw({ method: 'GET', path: '/oauth/jwks' })).json as { keys: object[] };
  expect(published.keys).toHaveLength(2);
  expect(await house.records()).toContainEqual(expect.objectContaining({ act: 'keys.rotate', by: 'bob' }));
});

describe('the official MCP client, a person, and a whole gateway (CN1, ID3)', () => {
  it('signs in on the pages, calls, and asks again when a call needs more', async () => {
    const browser = new Browser();
    const kept: Record<string, unknown> = {};
    const first = connection(browser, kept);
    await expect(new Client({ name: 'desk', version: '1' }).connect(first.transport)).rejects.toThrow('Unauthorized');
    await first.finish();
    expect(kept.tokens).toMatchObject({ scope: 'every:read' });

    const second = connection(browser, kept);
    const client = new Client({ name: 'desk', version: '1' });
    await client.connect(second.transport);
    const sum = await client.callTool({ name: 'get-sum', arguments: { a: 2, b: 3 } });
    expect(textOf(sum)).toContain('5');
    const intent = (await house.records()).find((record) => record.type === 'intent' && record.action === 'tools/call');
    expect(intent).toMatchObject({ agent: 'buyer', subject: 'alice', auth: 'token' });

    // echo writes: the token does not cover that.
    await expect(client.callTool({ name: 'echo', arguments: { message: 'hello' } })).rejects.toThrow();
    expect(String(kept.asked)).toContain('every:write');
    await second.finish();
    expect(textOf(await client.callTool({ name: 'echo', arguments: { message: 'hello' } }))).toContain('hello');
    await client.close();
  });
});
