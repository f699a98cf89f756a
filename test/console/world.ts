import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { realDisk } from '../../src/adapters/disk/real.ts';
import { readJournal } from '../../src/audit/read/read-journal.ts';
import { type RunningGateway, startGateway } from '../../src/main.ts';
import { CONSOLE_ROLES } from '../../src/model/insight/roles.ts';
import type { JournalRecord } from '../../src/model/record.ts';
import { enrol, type SignedIn } from '../people/approvals-world.ts';
import { SoftAuthenticator } from '../people/authenticator.ts';
import { browserAt } from '../people/world.ts';
import { checkAnswer } from './answers.ts';

/** A gateway at a host name with a person for every role of the console, of the same id, and `nobody`, who has none. */
export interface ConsoleWorld {
  readonly dir: string;
  readonly configPath: string;
  readonly origin: string;
  readonly gateway: RunningGateway;
  /** Over the socket. */
  admin<T = any>(method: string, path: string, body?: object): Promise<{ status: number; body: T }>;
  /** Signed in with a passkey of their own; a new session each time, the same passkey. */
  person(id: string): Promise<ConsolePerson>;
  /** Signed in with a password, without any passkey. */
  withPassword(id: string): Promise<ConsolePerson>;
  /** Any request, as any program could send it. */
  send(ask: Ask): Promise<Answer>;
  /** Writes the configuration again and has it read. */
  configure(change: (yaml: string) => string): Promise<void>;
  records(): Promise<readonly JournalRecord[]>;
  close(): Promise<void>;
}

export const PASSWORD = 'lantern quarry sixteen umbrellas';

export interface ConsolePerson extends SignedIn {
  readonly csrf: string;
  /** As the console's own script asks: below /console/api, with cookie, token and origin. A header of `undefined` is left out. */
  api<T = any>(method: string, path: string, body?: unknown, headers?: Headers): Promise<Answer<T>>;
}

export type Headers = Readonly<Record<string, string | undefined>>;

export interface Ask {
  readonly method: string;
  readonly path: string;
  readonly headers?: Headers;
  readonly body?: string;
  /** Instead of the gateway. */
  readonly origin?: string;
}

export interface Answer<T = any> {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** `null`: the body is not JSON. */
  readonly json: T;
}

export interface ConsoleWorldOptions {
  /** YAML at the top level, instead of what stands there under the same key. */
  readonly extra?: string;
  readonly port?: number;
  /** More of `listen:`, e.g. `, publicUrl: …`. */
  readonly listen?: string;
  readonly servers?: string;
  readonly agents?: string;
  readonly people?: string;
  readonly policies?: Readonly<Record<string, string>>;
  /** More of `journal:`, in braces. */
  readonly journal?: string;
  /** More YAML of `console:`, indented by two. */
  readonly console?: string;
}

export async function openConsoleWorld(options: ConsoleWorldOptions = {}): Promise<ConsoleWorld> {
  const dir = await mkdtemp(join(tmpdir(), 'interlock-console-'));
  const configPath = join(dir, 'interlock.yaml');
  const state = { yaml: yamlOf(options) };
  await mkdir(join(dir, 'policies'));
  for (const [name, text] of Object.entries(options.policies ?? { 'a.cedar': 'permit(principal, action, resource);' }))
    await writeFile(join(dir, 'policies', name), text);
  await writeFile(configPath, state.yaml);
  const gateway = await startGateway({ configPath, env: { ...process.env }, watch: false });
  const origin = gateway.url;
  const keys = new Map<string, SignedIn['key']>();
  const admin: ConsoleWorld['admin'] = async (method, path, body) => {
    const answer = await send(
      { socketPath: gateway.adminSocket },
      { method, path, ...(body === undefined ? {} : json(body)) },
    );
    checkAnswer({ method, path }, answer.status, answer.json);
    return { status: answer.status, body: answer.json };
  };
  return {
    ...{ dir, configPath, origin, gateway, admin },
    async person(id) {
      const first = keys.get(id);
      const signedIn = first === undefined ? await enrolled(origin, id, admin) : await again(origin, id, first);
      keys.set(id, signedIn.key);
      return consolePerson(origin, signedIn);
    },
    async withPassword(id) {
      const made = await admin<{ url: string }>('POST', `/v1/people/${id}/invitations`, { by: 'test', reason: 'case' });
      const browser = browserAt(origin);
      const path = new URL(made.body.url).pathname;
      await browser.get(path);
      const set = await browser.post(`${path}/password`, { password: PASSWORD });
      if (set.status >= 400) throw new Error(`${id} could not be enrolled: ${set.text}`);
      return consolePerson(origin, { id, browser, key: new SoftAuthenticator(origin) });
    },
    send: (ask) => send(ask.origin ?? origin, ask),
    async configure(change) {
      state.yaml = change(state.yaml);
      await writeFile(configPath, state.yaml);
      const { ok, message } = await gateway.reload('test');
      if (!ok) throw new Error(message);
    },
    async records() {
      const records: JournalRecord[] = [];
      for await (const { record } of readJournal(join(dir, '.interlock', 'journal'), { disk: realDisk }))
        records.push(record);
      return records;
    },
    async close() {
      await gateway.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function enrolled(origin: string, id: string, admin: ConsoleWorld['admin']): Promise<SignedIn> {
  const made = await admin<{ url: string }>('POST', `/v1/people/${id}/invitations`, { by: 'test', reason: 'case' });
  return enrol(origin, id, made.body.url);
}

async function again(origin: string, id: string, key: SignedIn['key']): Promise<SignedIn> {
  const browser = browserAt(origin);
  await browser.get('/sign-in');
  const options = JSON.parse((await browser.json('/sign-in/passkey/options', {})).text);
  const signed = await browser.json('/sign-in/passkey', { answer: key.sign(options), return: '/console' });
  if (signed.status !== 200) throw new Error(`${id} could not sign in: ${signed.text}`);
  return { id, browser, key };
}

export function cookieOf(person: Pick<SignedIn, 'browser'>): string {
  return [...person.browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
}

async function consolePerson(origin: string, signedIn: SignedIn): Promise<ConsolePerson> {
  const state = { csrf: '' };
  const api: ConsolePerson['api'] = async (method, path, body, headers = {}) => {
    const answer = await send(origin, {
      method,
      path: `/console/api${path}`,
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      headers: {
        cookie: cookieOf(signedIn),
        origin,
        'sec-fetch-site': 'same-origin',
        'x-csrf-token': state.csrf,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
    });
    checkAnswer({ method, path }, answer.status, answer.json);
    return answer;
  };
  state.csrf = (await api('GET', '/v1/me')).json.csrf;
  return { ...signedIn, csrf: state.csrf, api };
}

function json(body: object): Pick<Ask, 'body' | 'headers'> {
  return { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
}

function send(
  to: string | { readonly socketPath: string },
  { method, path, headers = {}, body }: Ask,
): Promise<Answer> {
  const place = typeof to === 'string' ? { host: new URL(to).hostname, port: new URL(to).port } : to;
  const said = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined)) as never;
  const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const sent = httpRequest(
      { ...place, method, path, headers: { ...length, ...(said as object) }, agent: false },
      (answer) => {
        let text = '';
        // A stream never ends by itself: that it begins is the answer.
        if (answer.headers['content-type']?.startsWith('text/event-stream') === true) {
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text, json: null });
          return void answer.destroy();
        }
        answer.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text, json: parsed(text) }),
        );
        answer.on('error', reject);
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

function parsed(text: string): any {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function yamlOf(options: ConsoleWorldOptions): string {
  const roles = CONSOLE_ROLES.map((role) => `    ${role}: ["person:${role}"]`).join('\n');
  const people = CONSOLE_ROLES.map((role) => `  ${role}: { name: ${role} }`).join('\n');
  return `listen: { host: localhost, port: ${options.port ?? 0}${options.listen ?? ''} }
log: { level: error }
limits: { drainMs: 100 }
journal: { minFreeBytes: 1000000, checkpointIntervalMs: 200${options.journal === undefined ? '' : `, ${options.journal}`} }
permissions: { default: permit }
development: { allowStaticTokens: true }
approvals: { assurance: signed-in }
console:
  roles:
${roles}
${options.console ?? ''}
people:
${people}
  nobody: { name: Nobody }
${options.people ?? ''}
agents:
${options.agents ?? `  buyer: { name: Buyer, owner: nobody, purpose: tests, archetype: homegrown, riskTier: low, staticToken: { sha256: ${'a'.repeat(43)} } }`}
servers:
${options.servers ?? '  none: { url: "http://127.0.0.1:9/mcp" }'}
${options.extra ?? ''}
`;
}
