/**
 * The floor: a proxy of node:http and undici that looks at nothing. What a Node gateway costs beyond this is what it does.
 * Usage: passthrough-proxy.ts <upstream url>
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pool } from 'undici';

const upstream = new URL(process.argv[2] as string);
const pool = new Pool(upstream.origin, { connections: 128, pipelining: 1, keepAliveTimeout: 60_000 });
const DROPPED = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'host']);

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
    const headers: string[] = [];
    for (let i = 0; i < request.rawHeaders.length; i += 2) {
      const name = request.rawHeaders[i] as string;
      if (!DROPPED.has(name.toLowerCase())) headers.push(name, request.rawHeaders[i + 1] as string);
    }
    pool.dispatch(
      { path: upstream.pathname, method: request.method as 'POST', headers, body: body.length === 0 ? null : body },
      {
        onRequestStart: () => {},
        onResponseStart: (_controller, status, answered) => {
          delete answered.connection;
          delete answered['keep-alive'];
          response.writeHead(status, answered as Record<string, string>);
        },
        onResponseData: (_controller, chunk) => void response.write(chunk),
        onResponseEnd: () => void response.end(),
        onResponseError: () => {
          if (response.headersSent) response.destroy();
          else response.writeHead(502).end();
        },
      },
    );
  });
});
server.keepAliveTimeout = 120_000;
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}${upstream.pathname}\n`);
});
process.once('SIGTERM', () => process.exit(0));
