import type { SessionState } from '../../../../gateway/session-facts.ts';
import type { Caller } from '../../../../model/caller.ts';
import type { RpcNotification, RpcRequest, RpcResponse } from '../../../../model/jsonrpc.ts';
import type { Era, OnMessage, UpstreamReply } from '../../../../ports/upstream.ts';

/** What every frame of one client has in common for the time of one HTTP request or one session. */
export interface Asker {
  readonly caller: Caller;
  readonly session: SessionState;
  readonly era: Era;
}

export interface RequestContext extends Asker {
  /** Frames that go to the client before the answer. */
  readonly deliver: OnMessage;
  /** The server asks to be polled for the answer; a client that understands it is told so. */
  readonly pause?: (retryMs: number) => void;
  readonly gone: AbortSignal | null;
  /** How long the client says that it waits; `null` or absent: it does not say. */
  readonly patienceMs?: number | null;
  /** `Mcp-Param-*` request headers (modern), lower-cased. */
  readonly paramHeaders: Readonly<Record<string, string>>;
}

/** What a client talks to: one server, or several behind one endpoint. */
export interface Peer {
  request(message: RpcRequest, context: RequestContext): Promise<UpstreamReply>;
  notify(message: RpcNotification, asker: Asker): Promise<void>;
  /** The client's answer to a request a server made. False when nothing waits for it. */
  answer(message: RpcResponse): boolean;
  close(why: string): Promise<void>;
}
