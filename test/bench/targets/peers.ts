import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, startChild, untilReady } from './child.ts';
import { type Target, Unavailable } from './target.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
export const STDIO_UPSTREAM = [process.execPath, here('../upstreams/raw-stdio.ts')] as const;

/** No proxy at all. */
export function direct(name: string, upstream: Target['upstream'], url: string): Target {
  return { name, upstream, start: async () => ({ url, headers: {}, pids: [], stop: async () => {} }) };
}

export function passthrough(name: string, upstream: Target['upstream'], url: string): Target {
  const start = async () => {
    const child = startChild([process.execPath, here('passthrough-proxy.ts'), url]);
    return { url: await child.firstLine, headers: {}, pids: [child.pid], stop: child.stop };
  };
  return { name, upstream, start };
}

/** One worker with kept-alive connections on both sides and no access log: nginx at its best on one core. */
export function nginx(upstreamUrl: string): Target {
  const start = async () => {
    const program = findNginx();
    const { host, pathname } = new URL(upstreamUrl);
    const port = await freePort();
    const dir = mkdtempSync(join(tmpdir(), 'interlock-bench-nginx-'));
    writeFileSync(join(dir, 'nginx.conf'), nginxConfig(dir, port, host));
    const child = startChild([program, '-p', dir, '-c', join(dir, 'nginx.conf'), '-e', join(dir, 'error.log')]);
    const url = `http://127.0.0.1:${port}${pathname}`;
    await untilReady(child, url);
    const workers = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8')
      .trim()
      .split(/\s+/)
      .map(Number);
    const stop = async () => {
      await child.stop();
      rmSync(dir, { recursive: true, force: true });
    };
    return { url, headers: {}, pids: [child.pid, ...workers], stop };
  };
  return { name: 'nginx', upstream: 'raw-http', start };
}

function findNginx(): string {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  const found = folders.map((folder) => join(folder, 'nginx')).find((path) => existsSync(path));
  if (found === undefined) throw new Unavailable('nginx is not installed (Debian: apt install nginx-light)');
  return found;
}

function nginxConfig(dir: string, port: number, upstream: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `
daemon off;
worker_processes 1;
pid ${dir}/nginx.pid;
error_log ${dir}/error.log crit;
events { worker_connections 1024; }
http {
  access_log off;
  keepalive_requests 100000000;
  ${temporary.map((name) => `${name}_temp_path ${dir}/${name};`).join('\n  ')}
  upstream mcp { server ${upstream}; keepalive 128; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${port};
    location / { proxy_pass http://mcp; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }
}
`;
}

/** The entry file of an npm program. Looked up by folder: some packages' `exports` hide their package.json. */
function npmProgram(name: string): string {
  const folder = here(`../../../node_modules/${name}`);
  if (!existsSync(folder)) throw new Unavailable(`${name} is not installed (npm ci)`);
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { bin: Record<string, string> };
  return join(folder, bin[name] as string);
}

/** Streamable HTTP only, without its store for resumed streams: what does not serve these calls is switched off. */
export function mcpProxy(): Target {
  const start = async () => {
    const port = await freePort();
    const options = ['--host', '127.0.0.1', '--port', String(port), '--server', 'stream', '--no-eventStore'];
    const child = startChild([process.execPath, npmProgram('mcp-proxy'), ...options, '--', ...STDIO_UPSTREAM]);
    const url = `http://127.0.0.1:${port}/mcp`;
    await untilReady(child, url);
    return { url, headers: {}, pids: [child.pid], stop: child.stop };
  };
  return { name: 'mcp_proxy', upstream: 'stdio', start };
}

/** With sessions: its other mode starts a process for every call and would be no comparison. */
export function supergateway(): Target {
  const start = async () => {
    const port = await freePort();
    const command = STDIO_UPSTREAM.map((part) => `"${part}"`).join(' ');
    const options = ['--outputTransport', 'streamableHttp', '--stateful', '--logLevel', 'none', '--port', String(port)];
    const child = startChild([process.execPath, npmProgram('supergateway'), '--stdio', command, ...options]);
    const url = `http://127.0.0.1:${port}/mcp`;
    await untilReady(child, url);
    return { url, headers: {}, pids: [child.pid], stop: child.stop };
  };
  return { name: 'supergateway', upstream: 'stdio', start };
}
