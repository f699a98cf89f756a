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
  const pool = new Pool(origin, { connections, pipelining: 1, keepAliveTimeout: 60_000, headersTimeout: 20_000 });
  try {
    const clientInfo = { name: 'interlock-bench', version: '1.0.0' };
    const initialize = {
      jsonrpc: '2.0',
      id: 'init',
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo },
    };
    const first = await exchange(pool, {
      path: pathname,
      headers: { ...BASE, ...headers },
      body: JSON.stringify(initialize),
    });
    expectResult(first.text);
    const session = first.sessionId === null ? {} : { 'mcp-session-id': first.sessionId };
    const all = { ...BASE, ...headers, ...session, 'mcp-protocol-version': '2025-11-25' };
    const post = async (body: string) => (await exchange(pool, { path: pathname, headers: all, body })).text;
    await post(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' }));
    return { id: first.sessionId, post, close: () => pool.destroy() };
  } catch (error) {
    await pool.destroy();
    throw error;
  }
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
