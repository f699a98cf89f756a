/** A Fault is a failure that has a public face. A decision is data and is never thrown. */
export type FaultKind = 'caller' | 'upstream' | 'operator';

/** One table: code -> how each surface says it. `rpc` codes: JSON-RPC 2.0 section 5.1 and MCP 2026-07-28 "Error codes". */
export const FAULTS = {
  'parse-error': { kind: 'caller', http: 400, rpc: -32700 },
  'invalid-request': { kind: 'caller', http: 400, rpc: -32600 },
  /** Of a list. */
  'invalid-cursor': { kind: 'caller', http: 400, rpc: -32600 },
  'batch-refused': { kind: 'caller', http: 400, rpc: -32600 },
  'unsafe-json': { kind: 'caller', http: 400, rpc: -32600 },
  'too-large': { kind: 'caller', http: 413, rpc: -32600 },
  'invalid-params': { kind: 'caller', http: 200, rpc: -32602 },
  'method-not-found': { kind: 'caller', http: 404, rpc: -32601 },
  'header-mismatch': { kind: 'caller', http: 400, rpc: -32020 },
  'unsupported-version': { kind: 'caller', http: 400, rpc: -32022 },
  unauthenticated: { kind: 'caller', http: 401, rpc: -32000 },
  forbidden: { kind: 'caller', http: 403, rpc: -32000 },
  'origin-refused': { kind: 'caller', http: 403, rpc: -32000 },
  'host-refused': { kind: 'caller', http: 403, rpc: -32000 },
  'unknown-session': { kind: 'caller', http: 404, rpc: -32000 },
  'session-required': { kind: 'caller', http: 400, rpc: -32000 },
  'not-acceptable': { kind: 'caller', http: 406, rpc: -32000 },
  'unsupported-media-type': { kind: 'caller', http: 415, rpc: -32000 },
  'method-not-allowed': { kind: 'caller', http: 405, rpc: -32000 },
  'not-found': { kind: 'caller', http: 404, rpc: -32000 },
  overloaded: { kind: 'operator', http: 503, rpc: -32000 },
  'journal-unavailable': { kind: 'operator', http: 503, rpc: -32603 },
  'upstream-unavailable': { kind: 'upstream', http: 200, rpc: -32603 },
  'upstream-timeout': { kind: 'upstream', http: 200, rpc: -32603 },
  'upstream-protocol': { kind: 'upstream', http: 200, rpc: -32603 },
  'response-too-large': { kind: 'upstream', http: 200, rpc: -32603 },
  internal: { kind: 'operator', http: 500, rpc: -32603 },
} as const satisfies Record<string, { kind: FaultKind; http: number; rpc: number }>;

export type FaultCode = keyof typeof FAULTS;

export class Fault extends Error {
  readonly code: FaultCode;
  /** For the log only; never leaves the process. */
  readonly detail: string | undefined;

  constructor(code: FaultCode, publicMessage: string, options: { detail?: string; cause?: unknown } = {}) {
    super(publicMessage, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Fault';
    this.code = code;
    this.detail = options.detail;
  }

  get kind(): FaultKind {
    return FAULTS[this.code].kind;
  }
}

/** A failure of the server behind the gateway. Its `detail` names addresses and exit codes: for the operator, never for an agent. */
export class UpstreamFault extends Fault {
  /** Whether the server may have acted on the request: `true` means the outcome is unknown, `false` that nothing took effect. */
  readonly sent: boolean;

  constructor(code: FaultCode, publicMessage: string, options: { sent: boolean; detail?: string; cause?: unknown }) {
    super(code, publicMessage, options);
    this.name = 'UpstreamFault';
    this.sent = options.sent;
  }
}

/** A broken assumption: throws where tests can see it; the edge turns it into a denial. */
export function bug(what: string): never {
  throw new Error(`bug: ${what}`);
}
