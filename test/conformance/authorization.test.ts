import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONNECT, EVERYTHING, type House, openHouse, ROOT } from '../cases/house.ts';
import { Browser } from '../cases/people.ts';

const TOOL = join(ROOT, 'node_modules/@modelcontextprotocol/conformance/dist/index.js');
const PASSWORD = 'violet-anchor-417-meadow';

/**
 * The official conformance tool as a client of the authorization server: it discovers it, sends a person to sign in, and redeems what
 * they bring back. The person is a plain HTTP client on the gateway's own pages.
 */
describe('the authorization server, by the official conformance tool', () => {
  let house: House;
  let port: number;
  const browser = new Browser();

  beforeAll(async () => {
    port = await freePort();
    house = await openHouse({
      servers: `  every:\n    command: ${process.execPath}\n    args: ["${EVERYTHING}"]`,
      policies: { 'all.cedar': `${CONNECT}\npermit(principal, action in Action::"use", resource);` },
      agents: ['conformer'],
      agentExtra: { conformer: `    redirectUris: ["http://127.0.0.1:${port}/callback"]\n` },
    });
    const invited = await house.admin<{ url: string }>('POST', '/v1/people/alice/invitations', {
      by: 'op',
      reason: 'test',
    });
    const url = new URL(invited.body.url);
    const page = await (await browser.get(url.href)).text();
    const set = await browser.post(`${url.href}/password`, { csrf: csrfOf(page), password: PASSWORD, again: PASSWORD });
    expect(set.status).toBeLessThan(400);
  }, 60_000);

  afterAll(async () => {
    await house?.stop();
  });

  it('CN1 ID3: passes what the tool has for authorization servers, metadata and the code grant', async () => {
    const results = await mkdtemp(join(tmpdir(), 'interlock-authorization-'));
    try {
      const tool = run(['--url', house.url, '--client-id', 'conformer', '--resource', `${house.url}/mcp/every`], {
        port,
        results,
      });
      const asked = await addressFrom(tool);
      await signIn(asked);
      const [code] = (await once(tool.child, 'close')) as [number];
      const checks = await readChecks(results);
      expect(checks.filter(({ status }) => status !== 'SUCCESS')).toEqual([]);
      expect(checks.map(({ id }) => id)).toEqual(
        expect.arrayContaining(['authorization-code-grant', expect.stringMatching(/metadata/)]),
      );
      expect(code).toBe(0);
    } finally {
      await rm(results, { recursive: true, force: true });
    }
  }, 60_000);

  /** Signs in where asked, allows everything that is ticked, and goes back to where the tool listens. */
  async function signIn(start: string): Promise<void> {
    const { origin } = new URL(house.url);
    let at = await browser.follow(start, origin);
    for (let step = 0; step < 10 && at.response !== null; step++) {
      const page = await at.response.text();
      const onward = /http-equiv="refresh" content="0;\s*url=([^"]+)"/i.exec(page)?.[1];
      if (onward !== undefined) at = await browser.follow(new URL(unescaped(onward), at.url).href, origin);
      else {
        const form = formOf(page, page.includes('/consent"') ? '/consent' : '/sign-in/password');
        const fields = {
          ...form.fields,
          ...(form.action.endsWith('/password') ? { name: 'alice', password: PASSWORD } : {}),
        };
        const target = new URL(form.action, at.url).href;
        at = { url: target, response: await browser.post(target, fields) };
      }
    }
    expect(at.response).toBeNull();
    await fetch(at.url);
  }
});

interface Running {
  readonly child: ChildProcess;
  output: string;
}

function run(args: readonly string[], { port, results }: { port: number; results: string }): Running {
  const all = [TOOL, 'authorization', ...args, '-p', String(port), '-o', results];
  const child = spawn(process.execPath, all, { stdio: ['ignore', 'pipe', 'pipe'] });
  const running: Running = { child, output: '' };
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (running.output += chunk));
  return running;
}

/** Where the tool sends the person. */
async function addressFrom(tool: Running): Promise<string> {
  for (let turn = 0; turn < 600; turn++) {
    const found = /^(https?:\/\/\S+\/oauth\/authorize\S*)$/m.exec(tool.output)?.[1];
    if (found !== undefined && tool.output.includes('Waiting up to')) return found;
    if (tool.child.exitCode !== null) break;
    await new Promise((next) => setTimeout(next, 50));
  }
  throw new Error(`the conformance tool asked nobody:\n${tool.output}`);
}

interface Check {
  readonly id: string;
  readonly status: string;
  readonly errorMessage?: string;
}

async function readChecks(folder: string): Promise<readonly Check[]> {
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('checks.json'));
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  return texts.flatMap((text) => JSON.parse(text) as Check[]);
}

/** The form that goes there, with what stands in it already. */
function formOf(page: string, goesTo: string): { action: string; fields: Record<string, string> } {
  for (const [, action = '', inner = ''] of page.matchAll(/<form[^>]*action="([^"]+)"[^>]*>([\s\S]*?)<\/form>/g)) {
    if (!action.endsWith(goesTo)) continue;
    const fields: Record<string, string> = {};
    for (const [input] of inner.matchAll(/<input[^>]*>/g)) {
      const name = /name="([^"]+)"/.exec(input)?.[1];
      const choice = /type="(radio|checkbox)"/.test(input);
      if (name === undefined || (choice && !/\bchecked\b/.test(input))) continue;
      fields[name] = unescaped(/value="([^"]*)"/.exec(input)?.[1] ?? '');
    }
    return { action: unescaped(action), fields };
  }
  throw new Error(`no form goes to ${goesTo}:\n${page}`);
}

function csrfOf(page: string): string {
  return /name="csrf" value="([^"]+)"/.exec(page)?.[1] ?? '';
}

function unescaped(text: string): string {
  return text.replaceAll('&amp;', '&').replaceAll('&#x2F;', '/').replaceAll('&#39;', "'").replaceAll('&quot;', '"');
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as { port: number };
  await new Promise((done) => server.close(done));
  return port;
}
