import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CredentialServer, Credentials } from '../../src/credentials/credentials.ts';
import { PERSON_DEFAULTS } from '../../src/model/person.ts';
import { openConnect } from '../../src/surfaces/connect/connect.ts';
import { browse, type CredentialWorld, clientAt, HEADER, openCredentialWorld } from './fixtures/credential-world.ts';
import { type ForeignAs, listenForeign } from './fixtures/foreign-as.ts';

/** Requirement CN8: the pages on which a person connects an account, and takes it back. */
let world: CredentialWorld;
let as: ForeignAs;
let credentials: Credentials;
const recorded: { act: string; by: string }[] = [];

beforeAll(async () => {
  world = await openCredentialWorld();
  as = await (await listenForeign()).open({ gateway: world.url, account: () => 'alice-at-crm' });
  const crm: CredentialServer = {
    id: 'crm',
    url: 'https://crm.example/mcp',
    settings: {
      ...{ kind: 'oauth', placement: HEADER, client: clientAt(as.issuer), resource: 'https://crm.example/mcp' },
      scope: 'openid offline_access crm:read',
    },
  };
  credentials = world.process([crm]);
  const host = new URL(world.url).host;
  const pages = openConnect({
    origin: () => world.url,
    rules: { hosts: new Set([host]), origins: new Set([world.url]), bodyBytes: 1000, depth: 10, keys: 10 },
    credentials,
    // The session of the account pages has tests of its own; here a cookie says who it is.
    personOf: async (request) => {
      const id = /(?:^|; )who=(\w+)/.exec(request.headers.cookie ?? '')?.[1];
      return id === undefined ? null : { person: { ...PERSON_DEFAULTS, id, userName: id, name: `<b>${id}</b>` } };
    },
    answersFor: (person, agent) => person === 'alice' && agent === 'buyer',
    servers: () => ['crm', 'plain'],
    record: async (act) => recorded.push(act),
    log: { error: (fields, message) => void world.logged.push({ ...fields, message }) },
  });
  world.pages.current = (request, response) =>
    void pages
      .handle(request, response, new URL(request.url!, world.url).pathname)
      .catch((error: Error & { code?: string }) => {
        response.writeHead(403).end(error.code);
      });
});
afterAll(async () => {
  await world?.close();
  await as?.close();
});

class Browser {
  readonly jar = new Map<string, string>();

  constructor(who: string | null) {
    if (who !== null) this.jar.set('who', who);
  }

  async go(path: string, form?: Record<string, string>, headers: Record<string, string> = {}) {
    const cookie = [...this.jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await globalThis.fetch(`${world.url}${path}`, {
      redirect: 'manual',
      headers: { cookie, ...(form === undefined ? {} : { origin: world.url }), ...headers },
      ...(form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }),
    });
    for (const set of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(set)!;
      this.jar.set(name!, value!);
    }
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  }

  async csrf(path: string): Promise<string> {
    return /name="csrf" value="([^"]+)"/.exec((await this.go(path)).text)![1]!;
  }

  /** Presses the button, and follows to the authorization server and back. */
  async connect(path = '/connect/crm', agent = ''): Promise<{ status: number; text: string }> {
    const pressed = await this.go('/connect/crm', { csrf: await this.csrf(path), agent });
    const to = /url=([^"]+)"/.exec(pressed.text)![1]!.replaceAll('&amp;', '&');
    const back = await browse(to, `${world.url}/connect/`);
    return this.go(`/connect/crm/callback?${back}`);
  }
}

describe('the page (requirement CN8)', () => {
  it('is for people who are signed in; others are sent to sign in and come back', async () => {
    const { status, headers } = await new Browser(null).go('/connect/crm?agent=buyer');
    expect(status).toBe(303);
    expect(headers.get('location')).toBe(`/sign-in?${new URLSearchParams({ return: '/connect/crm?agent=buyer' })}`);
    expect((await new Browser(null).go('/connect/crm', { csrf: 'x' })).status).toBe(401);
  });

  it('says where it leads and what for before anybody goes there, and shows names as text', async () => {
    const { text, headers } = await new Browser('alice').go('/connect/crm');
    for (const said of [new URL(as.issuer).host, 'offline_access crm:read', '&lt;b&gt;alice'])
      expect(text).toContain(said);
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(text).not.toContain('<b>alice');
  });

  it('connects, shows it, and disconnects; each is on record', async () => {
    const alice = new Browser('alice');
    const done = await alice.connect();
    expect(done.text).toContain('Connected to crm');
    expect((await alice.go('/connect')).text).toContain('crm</a>: connected');
    expect((await alice.go('/connect/crm')).text).toContain('Connected since');
    const csrf = await alice.csrf('/connect/crm');
    expect((await alice.go('/connect/crm/withdraw', { csrf, agent: '' })).status).toBe(303);
    expect(await credentials.connections({ owner: 'person:alice', limit: 1 })).toEqual([]);
    expect(recorded.map(({ act, by }) => `${act} ${by}`)).toEqual([
      'credential.connect alice',
      'credential.withdraw alice',
    ]);
  });

  it('lets an agent’s owner connect for the agent, and nobody else', async () => {
    const alice = new Browser('alice');
    expect((await alice.connect('/connect/crm?agent=buyer', 'buyer')).status).toBe(200);
    expect((await credentials.connections({ limit: 5 })).map(({ owner }) => owner)).toEqual(['agent:buyer']);
    const bob = new Browser('bob');
    expect((await bob.go('/connect/crm?agent=buyer')).status).toBe(403);
    const csrf = await bob.csrf('/connect/crm');
    expect((await bob.go('/connect/crm', { csrf, agent: 'buyer' })).status).toBe(403);
    expect((await bob.go('/connect/crm/withdraw', { csrf, agent: 'buyer' })).status).toBe(403);
    await credentials.endFor({ agent: 'buyer' });
  });
});

describe('tricks with the page (requirement CN8)', () => {
  it('a form from elsewhere, or without its token, does nothing', async () => {
    const alice = new Browser('alice');
    const csrf = await alice.csrf('/connect/crm');
    for (const [form, headers] of [
      [{ csrf }, { origin: 'https://evil.example' }],
      [{ csrf: 'made-up' }, {}],
      [{}, {}],
    ] as const)
      expect((await alice.go('/connect/crm', form as Record<string, string>, headers)).status).toBe(403);
  });

  it('the answer of somebody else’s flow connects nothing to one’s own account', async () => {
    const mallory = new Browser('mallory');
    const pressed = await mallory.go('/connect/crm', { csrf: await mallory.csrf('/connect/crm'), agent: '' });
    const to = /url=([^"]+)"/.exec(pressed.text)![1]!.replaceAll('&amp;', '&');
    const back = await browse(to, `${world.url}/connect/`);
    const victim = await new Browser('alice').go(`/connect/crm/callback?${back}`);
    expect(victim.status).toBe(400);
    expect(victim.text).not.toContain(back.get('code'));
    expect((await mallory.go(`/connect/crm/callback?${back}`)).status).toBe(400);
    expect(await credentials.connections({ limit: 5 })).toEqual([]);
  });

  it.each(['/connect/plain', '/connect/nothing', '/connect/crm/callback/x', '/connect/..%2fadmin'])(
    '%s is no page',
    async (path) => {
      expect((await new Browser('alice').go(path)).status).toBe(404);
    },
  );
});
