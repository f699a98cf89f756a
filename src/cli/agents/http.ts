import { rootCertificates } from 'node:tls';
import type { Dispatcher, request as UndiciRequest } from 'undici';
import { CliError, EXIT } from '../shell/exit.ts';

export interface HttpAnswer {
  readonly status: number;
  readonly header: (name: string) => string | null;
  readonly body: AsyncIterable<Uint8Array>;
  /** The whole body as text; CliError when it is longer than `maxBytes`. */
  text(maxBytes: number): Promise<string>;
  /** Gives the connection back without reading what is left. */
  discard(): Promise<void>;
}

export interface HttpCall {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

export interface HttpClient {
  /** CliError 4 when the gateway cannot be reached; an AbortError when `signal` ended it. */
  send(call: HttpCall): Promise<HttpAnswer>;
  close(): Promise<void>;
}

/** Calls wait for people: half an hour without a single byte is the bound, not seconds. */
const SILENCE_MS = 1_800_000;
const CONNECT_MS = 10_000;

/** HTTP to the gateway. `ca`: a PEM certificate to trust besides the usual ones (the gateway's own, when it is at hand). */
export function httpClient(options: { readonly ca?: string | null } = {}): HttpClient {
  const ca = options.ca === undefined || options.ca === null ? {} : { ca: [...rootCertificates, options.ca] };
  // Loaded with the first call only: most commands never speak HTTP and should start at once. The same holds for jose.
  let opened: Promise<Opened> | null = null;
  return {
    async send(call) {
      const { url, method, headers } = call;
      try {
        opened ??= openAgent({ timeout: CONNECT_MS, ...ca });
        const { request, agent } = await opened;
        const answer = await request(url, {
          dispatcher: agent,
          method,
          headers,
          body: call.body ?? null,
          signal: call.signal ?? null,
        });
        return toAnswer(answer);
      } catch (error) {
        if (call.signal?.aborted === true) throw error;
        throw unreachable(url, error);
      }
    },
    async close() {
      await (await opened)?.agent.destroy();
    },
  };
}

interface Opened {
  readonly request: typeof UndiciRequest;
  readonly agent: Dispatcher;
}

async function openAgent(connect: { readonly timeout: number; readonly ca?: string[] }): Promise<Opened> {
  const { Agent, request } = await import('undici');
  return { request, agent: new Agent({ headersTimeout: SILENCE_MS, bodyTimeout: 0, connect, pipelining: 1 }) };
}

function toAnswer(answer: Dispatcher.ResponseData): HttpAnswer {
  return {
    status: answer.statusCode,
    header(name) {
      const value = answer.headers[name];
      return Array.isArray(value) ? (value[0] ?? null) : (value ?? null);
    },
    body: answer.body,
    async text(maxBytes) {
      const chunks: Buffer[] = [];
      let size = 0;
      for await (const chunk of answer.body as AsyncIterable<Buffer>) {
        size += chunk.length;
        if (size > maxBytes) throw new CliError(EXIT.failed, `the gateway's answer is longer than ${maxBytes} bytes`);
        chunks.push(chunk);
      }
      return Buffer.concat(chunks).toString('utf8');
    },
    discard: () => answer.body.dump({ limit: 65_536 }),
  };
}

/** Before a connection stood: nothing was sent. */
const NEVER_SENT: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

function unreachable(url: string, error: unknown): CliError {
  const { code = '', message = String(error) } = error as { code?: string; message?: string };
  const origin = URL.parse(url)?.origin ?? url;
  const tls = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS/.test(code);
  if (!tls && !NEVER_SENT.has(code)) {
    return new CliError(
      EXIT.unreachable,
      `the connection to the gateway at ${origin} broke (${message}); whether the request took effect is unknown`,
      { cause: error },
    );
  }
  const why = code === 'ECONNREFUSED' ? 'nothing listens there' : message;
  const help = tls ? 'let Node trust its certificate: NODE_EXTRA_CA_CERTS=ca.pem' : 'start it with: interlock up';
  return new CliError(EXIT.unreachable, `cannot reach the gateway at ${origin}: ${why}`, { help, cause: error });
}
