import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { whoOf } from '../../account/serve.ts';
import { returnPath } from '../../account/web/visit.ts';
import { checkOrigin } from '../../http/door.ts';
import type { ConsoleParts } from '../options.ts';
import { ASSET_POLICY, pagePolicy } from './headers.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};
/** One name, no way out of the folder. */
const ASSET = /^\/console\/assets\/([A-Za-z0-9_][\w.-]{0,200})$/;
const NOT_BUILT = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Console · Interlock</title></head><body>
<h1>The console is not built</h1>
<p>Its pages are made by <code>npm run build --workspace console</code> in the folder of Interlock. Its API works without them.</p>
</body></html>
`;

interface Ask {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
}

/** The built pages: files named by their content, and one page for every other path, which shows what the path says. */
export async function serveSite(parts: ConsoleParts, ask: Ask): Promise<void> {
  const { request, response, path } = ask;
  checkHost(request, parts);
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    return answer(ask, 405, 'text/plain; charset=utf-8', 'Only read');
  }
  if (path.startsWith('/console/assets/')) return sendAsset(parts, ask);
  const { host } = request.headers;
  const origin = parts.origin();
  // One address for cookies and passkeys: another name of this gateway leads there.
  if (host?.toLowerCase() !== new URL(origin).host) return redirect(ask, `${origin}${placeOf(ask)}`);
  if ((await whoOf(parts, request)) === null)
    return redirect(ask, `/sign-in?${new URLSearchParams({ return: placeOf(ask) }).toString()}`);
  return sendIndex(parts, ask);
}

function checkHost(request: IncomingMessage, { rules }: ConsoleParts): void {
  const { host } = request.headers;
  checkOrigin({ headers: { host } } as IncomingMessage, rules);
}

/** Where it was, as far as it may be come back to. */
function placeOf({ request, path }: Ask): string {
  const whole = request.url ?? '/console';
  return [whole, path].find((each) => returnPath(each) === each) ?? '/console';
}

async function sendIndex({ siteDir }: ConsoleParts, ask: Ask): Promise<void> {
  const page = await read(join(siteDir, 'index.html'));
  if (page === null) return answer(ask, 503, TYPES['.html']!, NOT_BUILT);
  const nonce = randomBytes(18).toString('base64');
  ask.response.setHeader('content-security-policy', pagePolicy(nonce));
  // The page carries it in a meta element, for the editor and the graph to put on their style elements.
  answer(ask, 200, TYPES['.html']!, page.toString('utf8').replaceAll('%CSP_NONCE%', nonce));
}

async function sendAsset({ siteDir }: ConsoleParts, ask: Ask): Promise<void> {
  const { request, response, path } = ask;
  const name = ASSET.exec(path)?.[1];
  const type = name === undefined ? undefined : TYPES[extname(name)];
  if (name === undefined || type === undefined) return answer(ask, 404, 'text/plain; charset=utf-8', 'Not found');
  const file = join(siteDir, 'assets', name);
  const found = await packed(file, String(request.headers['accept-encoding'] ?? ''));
  if (found === null) return answer(ask, 404, 'text/plain; charset=utf-8', 'Not found');
  if (found.encoding !== null) response.setHeader('content-encoding', found.encoding);
  response.setHeader('vary', 'accept-encoding');
  response.setHeader('cache-control', 'public, max-age=31536000, immutable');
  response.setHeader('content-security-policy', ASSET_POLICY);
  answer(ask, 200, type, found.body);
}

interface Packed {
  readonly encoding: 'br' | 'gzip' | null;
  readonly body: Buffer;
}

/** As small as the browser takes it and the build made it. */
async function packed(file: string, accepts: string): Promise<Packed | null> {
  for (const [encoding, extension] of [
    ['br', '.br'],
    ['gzip', '.gz'],
  ] as const) {
    if (!new RegExp(`(^|[,\\s])${encoding}\\s*(,|$)`).test(accepts)) continue;
    const body = await read(`${file}${extension}`);
    if (body !== null) return { encoding, body };
  }
  const body = await read(file);
  return body === null ? null : { encoding: null, body };
}

async function read(file: string): Promise<Buffer | null> {
  return readFile(file).catch(() => null);
}

function redirect(ask: Ask, to: string): void {
  ask.response.setHeader('location', to);
  answer(ask, 303, 'text/plain; charset=utf-8', '');
}

function answer({ request, response }: Ask, status: number, type: string, body: string | Buffer): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(request.method === 'HEAD' ? undefined : body);
}
