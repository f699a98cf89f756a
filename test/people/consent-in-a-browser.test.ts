import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Client,
  type OAuthClientProvider,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from '@modelcontextprotocol/client';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { realDisk } from '../../src/adapters/disk/real.ts';
import { readJournal } from '../../src/audit/read/read-journal.ts';
import { type RunningGateway, startGateway } from '../../src/main.ts';
import type { JournalRecord } from '../../src/model/record.ts';
import { CONNECT, EVERYTHING, textOf } from '../cases/house.ts';
import { inspect, leftOut, openChromium, withAuthenticator } from './chromium.ts';

const PERMIT = `${CONNECT}
permit(principal, action, resource);`;

/** The official client as an application has it: it is told where to send the browser, and brings back the code. */
class Application implements OAuthClientProvider {
  sentTo: URL | null = null;
  kept: Record<string, unknown> = {};
  readonly redirectUrl: string;

  constructor(redirectUrl: string) {
    this.redirectUrl = redirectUrl;
  }

  get clientMetadata() {
    return { client_name: 'Desk', redirect_uris: [this.redirectUrl], token_endpoint_auth_method: 'none' };
  }

  clientInformation() {
    return { client_id: 'desk' };
  }

  tokens() {
    return this.kept.tokens as never;
  }

  saveTokens(tokens: unknown) {
    this.kept.tokens = tokens;
  }

  redirectToAuthorization(url: URL) {
    this.sentTo = url;
  }

  saveCodeVerifier(verifier: string) {
    this.kept.verifier = verifier;
  }

  codeVerifier() {
    return this.kept.verifier as string;
  }
}

describe('a person lets an agent act, in a real browser (CN1, ID3)', () => {
  if (leftOut('consent in a browser')) {
    it('is not tried here: there is no browser', () => {});
    return;
  }
  let dir: string;
  let gateway: RunningGateway;
  let callback: { server: Server; url: string; seen: URL[] };
  let browser: Browser;
  let page: Page;
  const errors: string[] = [];

  beforeAll(async () => {
    callback = await openCallback();
    dir = await mkdtemp(join(tmpdir(), 'interlock-consent-'));
    await mkdir(join(dir, 'policies'));
    await writeFile(join(dir, 'policies', 'all.cedar'), PERMIT);
    await writeFile(join(dir, 'interlock.yaml'), configuration(callback.url));
    gateway = await startGateway({ configPath: join(dir, 'interlock.yaml'), env: { ...process.env }, watch: false });
    browser = await openChromium();
    page = await (await browser.newContext()).newPage();
    page.setDefaultTimeout(10_000);
    page.on('console', (message) => {
      if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) errors.push(message.text());
    });
    page.on('pageerror', (error) => errors.push(String(error)));
    await withAuthenticator(page);
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await gateway?.close();
    callback?.server.close();
    if (dir !== undefined) await rm(dir, { recursive: true, force: true });
  });

  it('with a one-time link, a passkey, consent, a recorded call, and the end of it when it is withdrawn', async () => {
    const { url } = await admin<{ url: string }>('POST', '/v1/people/alice/invitations', {
      by: 'op',
      reason: 'first day',
    });
    await page.goto(url);
    await inspect(page, 'invitation');
    await page.fill('#passkey-name', 'Laptop');
    await page.click('text=Create a passkey');
    await page.waitForURL('**/account');
    expect(await page.textContent('h1')).toBe('Alice Example');
    await page.click('header >> text=Sign out');
    await page.waitForURL('**/sign-in');

    const application = new Application(callback.url);
    const transport = new StreamableHTTPClientTransport(new URL('/mcp/files', gateway.url), {
      authProvider: application,
    });
    await expect(new Client({ name: 'desk', version: '1' }).connect(transport)).rejects.toThrow(UnauthorizedError);
    await page.goto(application.sentTo!.href);
    await page.waitForURL('**/sign-in?**');
    await inspect(page, 'sign-in');
    await page.click('text=Sign in with a passkey');
    await page.waitForURL('**/oauth/interaction/**');
    expect(await page.textContent('h1')).toContain('Allow Desk to act for you?');
    expect(await page.textContent('main')).toContain('Tidies the files of whoever asks');
    await inspect(page, 'consent');
    await page.click('button:has-text("Allow"):not(:has-text("Do not"))');
    await page.waitForURL(`${callback.url}**`);
    expect(callback.seen.at(-1)!.searchParams.get('iss')).toBe(gateway.url);

    await transport.finishAuth(callback.seen.at(-1)!.searchParams);
    const connected = new StreamableHTTPClientTransport(new URL('/mcp/files', gateway.url), {
      authProvider: application,
    });
    const client = new Client({ name: 'desk', version: '1' });
    await client.connect(connected);
    const result = await client.callTool({ name: 'echo', arguments: { message: 'for alice' } });
    expect(textOf(result)).toContain('for alice');
    const calls = (await records()).filter((record) => record.type === 'intent' && record.action === 'tools/call');
    expect(calls).toMatchObject([{ agent: 'desk', subject: 'alice', server: 'files', target: 'echo' }]);

    await page.goto(`${gateway.url}/account`);
    expect(await page.textContent('#allowed')).toContain('Read on files');
    await inspect(page, 'account');
    await page.click('#allowed button');
    await page.waitForURL(/done=withdrawn/);
    await inspect(page, 'account-withdrawn');
    await expect(client.callTool({ name: 'echo', arguments: { message: 'again' } })).rejects.toThrow();
    const acts = (await records())
      .filter((record) => record.type === 'admin')
      .map((record) => (record as { act: string }).act);
    expect(acts).toEqual(
      expect.arrayContaining([
        'person.invite',
        'person.passkey-set',
        'person.sign-in',
        'consent.give',
        'consent.withdraw',
      ]),
    );
    expect(errors).toEqual([]);
  }, 120_000);

  it('"Do not allow" goes back to the application, which gets nothing', async () => {
    const application = new Application(callback.url);
    const transport = new StreamableHTTPClientTransport(new URL('/mcp/files', gateway.url), {
      authProvider: application,
    });
    await expect(new Client({ name: 'desk', version: '1' }).connect(transport)).rejects.toThrow(UnauthorizedError);
    await page.goto(application.sentTo!.href);
    await page.click('text=Do not allow');
    await page.waitForURL(`${callback.url}**`);
    expect(callback.seen.at(-1)!.searchParams.get('error')).toBe('access_denied');
  }, 60_000);

  it('says what to do where there is nothing, or no longer', async () => {
    await page.goto(`${gateway.url}/oauth/interaction/AAAAAAAAAAAAAAAAAAAAA`);
    expect(await page.textContent('h1')).toBe('This request is over');
    await inspect(page, 'gone');
    await page.goto(`${gateway.url}/account/nowhere`);
    expect(await page.textContent('h1')).toBe('There is no such page');
  }, 60_000);

  async function records(): Promise<readonly JournalRecord[]> {
    const all: JournalRecord[] = [];
    for await (const entry of readJournal(join(dir, '.interlock', 'journal'), { disk: realDisk }))
      all.push(entry.record);
    return all;
  }

  function admin<T>(method: string, path: string, body: object): Promise<T> {
    const payload = JSON.stringify(body);
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) };
    return new Promise((resolve, reject) => {
      const sent = httpRequest({ socketPath: gateway.adminSocket, method, path, headers }, (answer) => {
        let text = '';
        answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
        answer.on('end', () => resolve(JSON.parse(text) as T));
      });
      sent.on('error', reject);
      sent.end(payload);
    });
  }
});

async function openCallback(): Promise<{ server: Server; url: string; seen: URL[] }> {
  const seen: URL[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    if (url.pathname === '/callback') seen.push(url);
    response.setHeader('content-type', 'text/html');
    response.end('<!doctype html><title>Application</title>You can go back to the application.');
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/callback`, seen };
}

function configuration(redirectUri: string): string {
  return `listen: { host: localhost, port: 0 }
log: { level: error }
journal: { minFreeBytes: 1000000 }
permissions: { default: permit }
people:
  alice: { name: Alice Example, email: alice@example.com }
agents:
  desk:
    name: Desk
    owner: alice
    purpose: Tidies the files of whoever asks
    archetype: developer_tool
    riskTier: medium
    redirectUris: ["${redirectUri}"]
oauth:
  basicRights: [read, write, external]
servers:
  files:
    command: ${process.execPath}
    args: ["${EVERYTHING}"]
    tools: { "*": { effect: read } }
`;
}
