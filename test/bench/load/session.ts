import { Pool } from 'undici';

/** A client's side of one MCP session over HTTP/1.1 keep-alive, by undici's dispatch: nothing cheaper exists in Node. */
export interface McpSession {
  /** Sends one body; resolves with the answer's text. Rejects on any status but 200 and 202. */
  post(body: string): Promise<string>;
  readonly id: string | null;
  close(): Promise<void>;
}

const BASE = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

/** Opens a session the way a client of revision 2025-11-25 does. */
export async function openSession(
  url: string,
  headers: Readonly<Record<string, string>>,
  connections: number,
): Promise<McpSession> {
  const { origin, pathname } = new URL(url);
  const pool = poolTo(origin, connections);
  try {
    const { id, all } = await initialize(pool, pathname, headers);
    const post = async (body: string) => (await exchange(pool, { path: pathname, headers: all, body })).text;
    return { id, post, close: () => pool.destroy() };
  } catch (error) {
    await pool.destroy();
    throw error;
  }
}

/** Opens `count` sessions over a few connections and leaves them: nobody ends them, nobody uses them. */
export async function openSessions(
  url: string,
  headers: Readonly<Record<string, string>>,
  count: number,
): Promise<void> {
  const { origin, pathname } = new URL(url);
  const pool = poolTo(origin, 8);
  let left = count;
  const worker = async () => {
    while (left-- > 0) await initialize(pool, pathname, headers);
  };
  try {
    await Promise.all(Array.from({ length: 8 }, worker));
  } finally {
    await pool.destroy();
  }
}

function poolTo(origin: string, connections: number): Pool {
  return new Pool(origin, { connections, pipelining: 1, keepAliveTimeout: 60_000, headersTimeout: 20_000 });
}

interface Initialized {
  readonly id: string | null;
  /** Headers for everything after the handshake. */
  readonly all: Record<string, string>;
}

async function initialize(pool: Pool, path: string, given: Readonly<Record<string, string>>): Promise<Initialized> {
  const clientInfo = { name: 'interlock-bench', version: '1.0.0' };
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 'init', method: 'initialize', params });
  const { sessionId, text } = await exchange(pool, { path, headers: { ...BASE, ...given }, body });
  expectResult(text);
  const session = sessionId === null ? {} : { 'mcp-session-id': sessionId };
  const all = { ...BASE, ...given, ...session, 'mcp-protocol-version': '2025-11-25' };
  await exchange(pool, {
    path,
    headers: all,
    body: JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' }),
  });
  return { id: sessionId, all };
}

/** Throws unless the answer is a successful result: a fast refusal must never count as a fast call. */
export function expectResult(text: string): void {
  if (text.includes('"result"') && !text.includes('"isError":true')) return;
  throw new Error(`not a successful answer: ${text.slice(0, 300)}`);
}

interface Exchange {
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

function exchange(pool: Pool, { path, headers, body }: Exchange): Promise<{ text: string; sessionId: string | null }> {
  return new Promise((resolve, reject) => {
    let status = 0;
    let sessionId: string | null = null;
    let text = '';
    pool.dispatch(
      { path, method: 'POST', headers, body },
      {
        onRequestStart: () => {},
        onResponseStart: (_controller, statusCode, answered) => {
          status = statusCode;
          sessionId = (answered['mcp-session-id'] as string | undefined) ?? null;
        },
        onResponseData: (_controller, chunk) => {
          text += chunk.toString();
        },
        onResponseEnd: () => {
          if (status === 200 || status === 202) resolve({ text, sessionId });
          else reject(new Error(`HTTP ${status}: ${text.slice(0, 300)}`));
        },
        onResponseError: (_controller, error) => reject(error),
      },
    );
  });
}
