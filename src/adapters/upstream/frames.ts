import { isUtf8 } from 'node:buffer';
import { Fault, UpstreamFault } from '../../model/fault.ts';
import { classify, isRequestId, type RequestId, type RpcClass, type RpcResponse } from '../../model/jsonrpc.ts';
import { type JsonLimits, parseStrict } from '../../model/strict-json.ts';

/** Structured log of the adapters. Never receives a frame's content, a header or a credential. */
export interface UpstreamLog {
  debug(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export const SILENT: UpstreamLog = { debug: () => {}, warn: () => {} };

/** Results carry whole tables: more members than a call may have, the same depth. */
export const RESPONSE_JSON: JsonLimits = { maxDepth: 64, maxNodes: 500_000 };

/** One frame from a server. Faults: `parse-error`, `unsafe-json`. */
export function readFrame(text: string, limits: JsonLimits): RpcClass {
  return classify(parseStrict(text, limits));
}

/** Fault `upstream-protocol` when the bytes are not UTF-8: replacing them would change what the server said. */
export function decodeUtf8(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new Fault('upstream-protocol', 'the server sent text that is not UTF-8');
  return bytes.toString('utf8');
}

export function sameId(a: RequestId, b: unknown): boolean {
  return isRequestId(b) && a === b;
}

/** The answer under the id of its request: a server that could not read the request answers without one. */
export function withId(response: RpcResponse, id: RequestId): RpcResponse {
  return response.id === id ? response : { ...response, id };
}

/** Whatever went wrong, as the fault the gateway understands. The text an agent sees names no address and no path. */
export function toUpstreamFault(error: unknown, sent: boolean): UpstreamFault {
  if (error instanceof UpstreamFault) return error;
  if (error instanceof Fault) {
    const code = error.code === 'parse-error' || error.code === 'unsafe-json' ? 'upstream-protocol' : error.code;
    const message = code === error.code ? error.message : `the server sent a frame that was refused: ${error.message}`;
    return new UpstreamFault(code, message, {
      sent,
      ...(error.detail === undefined ? {} : { detail: error.detail }),
      cause: error,
    });
  }
  return new UpstreamFault(
    'upstream-unavailable',
    sent ? 'the connection to the server was lost' : 'the server cannot be reached',
    {
      sent,
      detail: describe(error),
      cause: error,
    },
  );
}

/** One line for the operator's log. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = (error as NodeJS.ErrnoException).code;
  const first =
    error instanceof AggregateError && error.errors[0] instanceof Error ? `: ${error.errors[0].message}` : '';
  return `${code === undefined ? error.name : code}: ${error.message}${first}`;
}
