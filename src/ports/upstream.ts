import type { Caller } from '../model/caller.ts';
import type { JsonObject } from '../model/json.ts';
import type { RpcMessage, RpcNotification, RpcRequest, RpcResponse } from '../model/jsonrpc.ts';

/** legacy: 2025-06-18 and 2025-11-25 (initialize handshake, sessions). modern: 2026-07-28 (stateless). */
export type Era = 'legacy' | 'modern';

/** Frames that belong to one request: progress, logging, and (legacy) requests from the server to the client. */
export type OnMessage = (message: RpcMessage) => void;

export interface SendOptions {
  /** Aborting cancels upstream: `notifications/cancelled` on stdio and legacy HTTP, closing the stream on modern HTTP. */
  readonly signal: AbortSignal;
  /** Called for every frame that precedes the response and relates to this request. */
  readonly onMessage: OnMessage;
  /** Extra HTTP headers the protocol mirrors from the body (Mcp-Method, Mcp-Name, Mcp-Param-*). Ignored by stdio. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Name, value, name, value: the credential of this one action. Never logged. Ignored by stdio. */
  readonly actionHeaders?: readonly string[];
  /**
   * Legacy HTTP only: the server closed the stream of this request before its answer, to be asked again after `retryMs` (MCP
   * 2025-11-25 "Sending Messages to the Server", item 6). The link comes back for the answer by itself; a caller that streams to a
   * client of its own may pause it the same way. Once a pause.
   */
  readonly onPaused?: (retryMs: number) => void;
  /** No answer within this time is a Fault `upstream-timeout`; progress does not extend it. 0: no limit. */
  readonly timeoutMs: number;
}

/** A credential as a server wants it. Never logged, never part of a frame. */
export interface UpstreamCredential {
  /** Name, value, name, value; lower-case names. HTTP only. */
  readonly headers: readonly string[];
  /** stdio only. */
  readonly env: Readonly<Record<string, string>>;
  /** The texts a server must not say back to an agent: each is blotted out of every frame. */
  readonly secrets: readonly string[];
}

/** Whose credential a link carries. A link carries one holder's, from its first byte to its last. */
export interface CredentialHolder {
  /** Equal for two callers exactly when they may share whatever carries the credential. */
  readonly key: string;
  /** What to send now. `null`: it has to be waited for with `renew`. Never waits. */
  current(): UpstreamCredential | null;
  /**
   * A usable credential. `refused`: the server answered 401 to this one, so another is wanted. Rejects with an UpstreamFault that
   * says `sent: false` when none can be had.
   */
  renew(refused: UpstreamCredential | null): Promise<UpstreamCredential>;
  /** Aborted when the credential was withdrawn: what carries it ends. */
  readonly withdrawn: AbortSignal;
}

/** Who has which credential at one server. */
export interface ServerCredentials {
  /** Constant time, never waits. */
  holderFor(caller: Caller): CredentialHolder;
  /** What the gateway itself may use, to look at the server's definitions. `null`: only people and agents have any. */
  own(): CredentialHolder | null;
}

/** What the server answered, and how: the HTTP status (null on stdio) is part of the protocol since 2026-07-28. */
export interface UpstreamReply {
  readonly response: RpcResponse;
  readonly httpStatus: number | null;
}

/**
 * One conversation with one MCP server: over HTTP a session (legacy) or a stateless client (modern), over stdio one
 * child process. Frames go out exactly as given. Never shared between agents.
 * Failures are Faults: upstream-unavailable (nothing was sent), upstream-timeout, upstream-protocol,
 * response-too-large, overloaded; all are an UpstreamFault (model/fault.ts) whose `sent` says whether the server may have acted.
 * A duplicate id in flight is a Fault `invalid-request`.
 */
export interface UpstreamLink {
  readonly server: string;
  readonly era: Era;
  request(message: RpcRequest, options: SendOptions): Promise<UpstreamReply>;
  /** Sends a notification, or the client's response to a request the server made. */
  post(message: RpcNotification | RpcResponse, headers?: Readonly<Record<string, string>>): Promise<void>;
  /** Frames that belong to no request in flight (legacy GET stream; stdio). Set once, before the first request. */
  onUnsolicited(handler: OnMessage): void;
  /** Legacy HTTP only: opens the server's standalone GET stream, if it has one. Safe to call twice. Idle elsewhere. */
  listen(): void;
  /** Called once when the link ends for any reason. */
  onClosed(handler: (why: string) => void): void;
  readonly closed: boolean;
  close(why: string): Promise<void>;
}

/** Opens links to one configured server and watches over it (health, restarts). Two implementations: HTTP and stdio. */
export interface UpstreamServer {
  readonly id: string;
  /** `modern` opens a stateless link; `legacy` one that expects `initialize` as its first request. */
  open(era: Era, holder?: CredentialHolder | null): Promise<UpstreamLink>;
  /** Asks once (and remembers) which eras the server speaks, by `server/discover`. Rejects with a Fault when unreachable. */
  eras(
    holder?: CredentialHolder | null,
  ): Promise<{ readonly legacy: boolean; readonly modern: boolean; readonly discover: JsonObject | null }>;
  health(): UpstreamHealth;
  close(): Promise<void>;
}

export interface UpstreamHealth {
  readonly state: 'unknown' | 'up' | 'down';
  /** When it came into that state; `null`: it was never heard of. */
  readonly sinceMs: number | null;
  readonly links: number;
  readonly lastError: string | null;
  /** stdio: how often a child died unasked since the start. */
  readonly restarts: number;
  /** Frames that were dropped: unknown ids, garbage on standard output, requests where the revision allows none. */
  readonly dropped?: number;
  /** stdio: the last lines the server wrote to standard error, for the operator. */
  readonly stderrTail?: string;
}
