import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ConsoleParts } from '../options.ts';
import { serveSite } from './site.ts';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'interlock-site-'));
  await mkdir(join(dir, 'assets'));
  await writeFile(join(dir, 'index.html'), '<head><meta name="csp-nonce" content="%CSP_NONCE%"></head>');
  await writeFile(join(dir, 'assets', 'a-1.js'), 'plain');
  await writeFile(join(dir, 'assets', 'a-1.js.br'), 'brotli');
  await writeFile(join(dir, 'assets', 'a-1.js.gz'), 'gzip');
  await writeFile(join(dir, 'assets', 'b-2.css'), 'style');
  await writeFile(join(dir, 'assets', 'secret.pem'), 'key');
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const SECRET = 'A'.repeat(43);

async function get(path: string, headers: Record<string, string> = {}, method = 'GET', siteDir = dir) {
  const said: Record<string, unknown> = {};
  let status = 0;
  let body = '';
  const response = {
    setHeader: (name: string, value: unknown) => void (said[name] = value),
    writeHead(code: number, more: Record<string, unknown>) {
      status = code;
      Object.assign(said, more);
    },
    end: (text?: string | Buffer) => void (body = String(text ?? '')),
  };
  const request = {
    method,
    url: path,
    headers: { host: 'gate.example', cookie: `__Host-interlock=${SECRET}`, ...headers },
  };
  const parts = {
    siteDir,
    origin: () => 'https://gate.example',
    rules: { hosts: new Set(['gate.example', 'gate.internal']), origins: new Set() },
    sessions: { find: async (secret: string) => (secret === SECRET ? { session: {}, person: {} } : null) },
  } as unknown as ConsoleParts;
  const [place = ''] = path.split('?');
  await serveSite(parts, { request: request as unknown as IncomingMessage, response: response as never, path: place });
  return { status, headers: said, body };
}

describe('the built pages', () => {
  it('every path of the console is the one page, with a nonce of its own each time', async () => {
    const [first, second] = [await get('/console'), await get('/console/agents/buyer?tab=map')];
    expect([first.status, second.status]).toEqual([200, 200]);
    const nonce = /content="([^"]+)"/.exec(first.body)?.[1] ?? '';
    expect(nonce).toMatch(/^[A-Za-z0-9+/]{24}$/);
    expect(first.headers['content-security-policy']).toContain(`style-src 'self' 'nonce-${nonce}'`);
    expect(first.headers['content-security-policy']).toContain("script-src 'self';");
    expect(second.body).not.toContain(nonce);
  });

  it('a file named by its content is kept for ever, as small as the browser takes it', async () => {
    const plain = await get('/console/assets/a-1.js', { cookie: '' });
    expect([plain.status, plain.body, plain.headers['content-encoding']]).toEqual([200, 'plain', undefined]);
    expect(plain.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect(plain.headers['content-type']).toBe('text/javascript; charset=utf-8');
    const small = await get('/console/assets/a-1.js', { 'accept-encoding': 'gzip, deflate, br' });
    expect([small.body, small.headers['content-encoding'], small.headers.vary]).toEqual([
      'brotli',
      'br',
      'accept-encoding',
    ]);
    expect((await get('/console/assets/a-1.js', { 'accept-encoding': 'gzip' })).body).toBe('gzip');
    expect((await get('/console/assets/a-1.js', { 'accept-encoding': 'br;q=0, gzip;q=0' })).body).toBe('plain');
    expect((await get('/console/assets/b-2.css', { 'accept-encoding': 'br' })).body).toBe('style');
  });

  it('what is not built, or of no kind it knows, is not there', async () => {
    for (const path of ['no-such.js', 'secret.pem', '.hidden.js', 'a-1.js.br', '', '../index.html', 'x/y.js'])
      expect([path, (await get(`/console/assets/${path}`)).status]).toEqual([path, 404]);
  });

  it('whoever is not signed in is led to the sign-in, and other names of the gateway to its own', async () => {
    const out = await get('/console/live', { cookie: '' });
    expect([out.status, out.headers.location]).toEqual([303, '/sign-in?return=%2Fconsole%2Flive']);
    const other = await get('/console/live', { host: 'gate.internal' });
    expect([other.status, other.headers.location]).toEqual([303, 'https://gate.example/console/live']);
    await expect(get('/console', { host: 'evil.example' })).rejects.toThrow('Host');
  });

  it('only reads', async () => {
    expect((await get('/console', {}, 'POST')).status).toBe(405);
    expect((await get('/console', {}, 'HEAD')).body).toBe('');
  });

  it('pages that are not built say how to build them', async () => {
    const missing = await get('/console', {}, 'GET', join(dir, 'nowhere'));
    expect(missing.status).toBe(503);
    expect(missing.body).toContain('npm run build --workspace console');
  });
});
