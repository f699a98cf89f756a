import { request } from 'node:http';
import type { Page } from '../../model/insight/page.ts';
import { CliError, EXIT } from '../shell/exit.ts';

const MAX_ANSWER_BYTES = 67_108_864;

export interface AdminClient {
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body: unknown): Promise<T>;
  patch<T>(path: string, body: unknown): Promise<T>;
  delete<T>(path: string): Promise<T>;
  put<T>(path: string, body: unknown): Promise<T>;
  /** A file as it is. */
  upload<T>(path: string, file: { readonly type: string; readonly text: string }): Promise<T>;
}

export interface AdminOptions {
  /** Unix socket of the gateway. */
  readonly socket: string;
  readonly timeoutMs?: number;
}

/**
 * The administrative interface of a running gateway: JSON over HTTP on a Unix socket that only its user can open.
 * CliError 4 when nobody answers, 5 when the gateway refuses, 1 for what is not there and for its own failures.
 */
export function adminClient({ socket, timeoutMs = 10_000 }: AdminOptions): AdminClient {
  const call = <T>(method: string, path: string, body?: unknown): Promise<T> =>
    send({ socket, timeoutMs, method, path, body }) as Promise<T>;
  return {
    get: (path) => call('GET', path),
    post: (path, body) => call('POST', path, body),
    patch: (path, body) => call('PATCH', path, body),
    put: (path, body) => call('PUT', path, body),
    delete: (path) => call('DELETE', path),
    upload: (path, { type, text }) => send({ socket, timeoutMs, method: 'POST', path, body: text, type }) as never,
  };
}

/** Every item of a list the gateway answers page by page. */
export async function everyItem<T>(client: AdminClient, path: string): Promise<readonly T[]> {
  const items: T[] = [];
  const sign = path.includes('?') ? '&' : '?';
  for (let cursor = ''; ; ) {
    const page = await client.get<Page<T>>(`${path}${sign}limit=1000${cursor}`);
    items.push(...page.items);
    if (page.next === null) return items;
    cursor = `&cursor=${encodeURIComponent(page.next)}`;
  }
}

/** Whether a gateway answers there. Anything but its absence is an error. */
export async function isReachable(client: AdminClient): Promise<boolean> {
  try {
    await client.get('/v1/status');
    return true;
  } catch (error) {
    if (error instanceof CliError && error.exit === EXIT.unreachable) return false;
    throw error;
  }
}

interface Exchange {
  readonly socket: string;
  readonly timeoutMs: number;
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  /** Content type of a body that is a text already. */
  readonly type?: string;
}

function send(exchange: Exchange): Promise<unknown> {
  const { body, type } = exchange;
  const payload = body === undefined ? undefined : type === undefined ? JSON.stringify(body) : String(body);
  const headers =
    payload === undefined
      ? {}
      : { 'content-type': type ?? 'application/json', 'content-length': Buffer.byteLength(payload) };
  return new Promise((done, fail) => {
    const outgoing = request(
      {
        socketPath: exchange.socket,
        method: exchange.method,
        path: exchange.path,
        headers: { host: 'interlock', ...headers },
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        let size = 0;
        incoming.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > MAX_ANSWER_BYTES) outgoing.destroy(new Error('the answer is too long'));
          else chunks.push(chunk);
        });
        incoming.on('error', (error) => fail(unreachable(exchange, error)));
        incoming.on('end', () => {
          try {
            done(readAnswer(incoming.statusCode ?? 0, Buffer.concat(chunks).toString('utf8')));
          } catch (error) {
            fail(error);
          }
        });
      },
    );
    outgoing.setTimeout(exchange.timeoutMs, () =>
      outgoing.destroy(new Error(`no answer within ${exchange.timeoutMs} ms`)),
    );
    outgoing.on('error', (error) => fail(unreachable(exchange, error)));
    outgoing.end(payload);
  });
}

function unreachable(exchange: Exchange, error: Error): CliError {
  const code = (error as NodeJS.ErrnoException).code;
  const absent = code === 'ENOENT' || code === 'ECONNREFUSED';
  const why = absent ? 'no gateway runs there' : code === 'EACCES' ? 'this user may not open it' : error.message;
  const help = code === 'EACCES' ? 'run this as the user the gateway runs as' : 'start it with: interlock up';
  return new CliError(EXIT.unreachable, `cannot reach the gateway at ${exchange.socket}: ${why}`, {
    help,
    cause: error,
  });
}

/** RFC 9457 problem documents become errors that keep the gateway's own words. */
function readAnswer(status: number, text: string): unknown {
  let body: unknown = null;
  try {
    body = text === '' ? null : JSON.parse(text);
  } catch {
    throw new CliError(EXIT.failed, `the gateway answered ${status} with something that is not JSON`);
  }
  if (status >= 200 && status < 300) return body;
  const problem = (typeof body === 'object' && body !== null ? body : {}) as {
    title?: unknown;
    detail?: unknown;
    code?: unknown;
  };
  const message = [problem.title, problem.detail].filter((part) => typeof part === 'string' && part !== '').join(': ');
  const exit = status === 404 || status >= 500 ? EXIT.failed : EXIT.refused;
  const detail = { status, ...(typeof problem.code === 'string' ? { code: problem.code } : {}) };
  throw new CliError(exit, message === '' ? `the gateway answered ${status}` : message, { detail });
}
