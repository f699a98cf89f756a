import { mkdtemp, rm } from 'node:fs/promises';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqlite } from '../../src/adapters/sql/sqlite.ts';
import { type OpenDirectory, openDirectory } from '../../src/identity/directory.ts';
import { Credentials } from '../../src/identity/sign-in/credentials.ts';
import { Invitations } from '../../src/identity/sign-in/invitations.ts';
import { Passkeys } from '../../src/identity/sign-in/passkeys.ts';
import { hashPassword } from '../../src/identity/sign-in/passwords.ts';
import { admitFromProvider } from '../../src/identity/sign-in/provider/sign-in.ts';
import { PersonSessions } from '../../src/identity/sign-in/sessions.ts';
import { Throttle } from '../../src/identity/sign-in/throttle.ts';
import type { Agent } from '../../src/model/agent.ts';
import { PERSON_DEFAULTS, type Person } from '../../src/model/person.ts';
import type { Interactions } from '../../src/oauth/interactions.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { type Account, openAccount, type ProviderDoor } from '../../src/surfaces/account/account.ts';
import type { AccountParts } from '../../src/surfaces/account/options.ts';
import { listen } from '../../src/surfaces/http/listener.ts';

export const PASSWORD = 'violet tractor 9 lamp';

/** The pages for people on a real store behind a real listener, with a clock that can be moved. */
export interface PeopleWorld {
  readonly origin: string;
  readonly stores: Stores;
  readonly directory: OpenDirectory;
  readonly parts: AccountParts;
  readonly account: Account;
  readonly acts: { act: string; by: string; detail: unknown }[];
  readonly clock: { nowMs(): number; monotonicUs(): number; forward(ms: number): void };
  providers: readonly ProviderDoor[];
  interactions: Interactions | null;
  settings: { embedded: boolean; consentMaxMs: number };
  lifetimes: { idleMs: number; absoluteMs: number };
  browser(): Browser;
  deactivate(person: string): Promise<void>;
  close(): Promise<void>;
}

export interface PageAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly csrf: string;
  readonly location: string | undefined;
}

/** A browser without a screen: keeps cookies as one does, says where it comes from as one does, follows nothing by itself. */
export interface Browser {
  readonly cookies: Map<string, string>;
  get(path: string, headers?: Record<string, string>): Promise<PageAnswer>;
  /** As a form of our own page sends it, with the token of that page. */
  post(path: string, form: Record<string, string>, headers?: Record<string, string>): Promise<PageAnswer>;
  json(path: string, body: object, headers?: Record<string, string>): Promise<PageAnswer>;
  signIn(name?: string, password?: string): Promise<PageAnswer>;
}

const PEOPLE: readonly Person[] = ['alice', 'bob'].map((id) => ({
  ...PERSON_DEFAULTS,
  id,
  userName: id,
  name: id === 'alice' ? 'Alice Example' : 'Bob Example',
  email: `${id}@example.com`,
}));

export async function openPeopleWorld(
  options: { agents?: readonly Agent[]; host?: string } = {},
): Promise<PeopleWorld> {
  const dir = await mkdtemp(join(tmpdir(), 'interlock-people-'));
  const state = { nowMs: 1_795_000_000_000, us: 0 };
  const clock = {
    nowMs: () => state.nowMs,
    monotonicUs: () => (state.us += 1),
    forward: (ms: number) => void (state.nowMs += ms),
  };
  const stores = await openSqlite({ path: join(dir, 'store.db'), clock });
  const configured = { agents: options.agents ?? [], people: PEOPLE, connections: [] };
  const directory = await openDirectory({ store: stores.directory, clock, configured, onFailed: () => {} } as never);
  const place = { origin: 'http://127.0.0.1:0' };
  const origin = () => place.origin;
  const credentials = new Credentials(stores.secrets, clock);
  const acts: PeopleWorld['acts'] = [];
  const world = {
    settings: { embedded: true, consentMaxMs: 30 * 86_400_000 },
    lifetimes: { idleMs: 3_600_000, absoluteMs: 86_400_000 },
    providers: [] as readonly ProviderDoor[],
    interactions: null as Interactions | null,
  };
  const sessions = new PersonSessions({ store: stores.oauth, directory, clock, lifetimes: () => world.lifetimes });
  const parts: AccountParts = {
    origin,
    rules: {
      get hosts() {
        return new Set([new URL(place.origin).host, 'localhost', '127.0.0.1']);
      },
      origins: new Set(),
      bodyBytes: 65_536,
      depth: 10,
      keys: 100,
    },
    settings: () => world.settings,
    directory,
    sessions,
    credentials,
    passkeys: new Passkeys({ credentials, store: stores.oauth, clock, origin }),
    invitations: new Invitations({ store: stores.oauth, directory, clock }),
    throttle: new Throttle(stores.oauth, clock),
    flows: stores.oauth,
    providers: () => world.providers,
    admitProvider: (rules, answer) =>
      admitFromProvider({ directory, store: stores.directory, credentials, clock }, rules, answer),
    get interactions() {
      return world.interactions;
    },
    brokered: null,
    record: async (act) => void acts.push(act),
    keepProviderTokens: null,
    clock,
    log: { warn: () => {}, error: (detail, message) => process.stderr.write(`${message}: ${inspect(detail)}\n`) },
  };
  const account = openAccount(parts);
  const limits = { headerBytes: 16_384, connections: 100, headersTimeoutMs: 5_000, bodyTimeoutMs: 5_000 };
  const listener = await listen(
    { host: options.host ?? '127.0.0.1', port: 0, tls: null, ...limits },
    (request, response, path) => account.handle(request, response, path),
    { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} } as never,
  );
  place.origin = listener.url;
  await credentials.setPassword('alice', await hashPassword(PASSWORD));
  return Object.assign(world, {
    ...{ origin: listener.url, stores, directory, parts, account, acts, clock },
    browser: () => browserAt(listener.url),
    async deactivate(person: string) {
      const body = { ...directory.person(person), groups: [], active: false } as never;
      const act = { by: 'test', act: 'person.deactivate', reason: 'test', atMs: state.nowMs };
      const expected = directory.storedVersion('person', person);
      await stores.directory.apply([{ kind: 'person', id: person, body, expected }], act);
      await directory.refresh();
    },
    async close() {
      await listener.close(0);
      directory.close();
      await stores.close();
      await rm(dir, { recursive: true, force: true });
    },
  });
}

function inspect(detail: object): string {
  const { err } = detail as { err?: Error };
  return err?.stack ?? JSON.stringify(detail);
}

export function browserAt(origin: string): Browser {
  const cookies = new Map<string, string>();
  const state = { csrf: '' };
  const send = async (method: string, path: string, rest: { headers?: Record<string, string>; body?: string }) => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await call(new URL(path, origin), {
      method,
      headers: { ...(cookie === '' ? {} : { cookie }), ...rest.headers },
      body: rest.body,
    });
    for (const line of answer.headers['set-cookie'] ?? []) {
      const [pair = ''] = line.split(';');
      const [name = '', value = ''] = pair.split('=');
      if (/Max-Age=0/.test(line)) cookies.delete(name);
      else cookies.set(name, value);
    }
    if (answer.csrf !== '') state.csrf = answer.csrf;
    return answer;
  };
  const browser: Browser = {
    cookies,
    get: (path, headers = {}) => send('GET', path, { headers }),
    post: (path, form, headers = {}) =>
      send('POST', path, {
        headers: { origin, 'content-type': 'application/x-www-form-urlencoded', ...headers },
        body: new URLSearchParams({ csrf: state.csrf, ...form }).toString(),
      }),
    json: (path, body, headers = {}) =>
      send('POST', path, {
        headers: { origin, 'content-type': 'application/json', 'x-csrf-token': state.csrf, ...headers },
        body: JSON.stringify(body),
      }),
    async signIn(name = 'alice', password = PASSWORD) {
      await browser.get('/sign-in');
      return browser.post('/sign-in/password', { name, password, return: '/account' });
    },
  };
  return browser;
}

function call(
  url: URL,
  { method, headers, body }: { method: string; headers: Record<string, string>; body: string | undefined },
): Promise<PageAnswer> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(url, { method, headers, agent: false }, (answer) => {
      let text = '';
      answer.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
      answer.on('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          text,
          csrf: /name="csrf" value="([^"]+)"/.exec(text)?.[1] ?? /data-csrf="([^"]+)"/.exec(text)?.[1] ?? '',
          location: answer.headers.location,
        }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
