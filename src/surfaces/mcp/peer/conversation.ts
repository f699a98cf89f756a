import type { Permit } from '../../../audit/journal.ts';
import type { RpcNotification, RpcRequest, RpcResponse } from '../../../model/jsonrpc.ts';
import type { OnMessage, UpstreamLink, UpstreamReply } from '../../../ports/upstream.ts';

export interface Exchange {
  readonly permit: Permit;
  readonly signal: AbortSignal;
  readonly onMessage: OnMessage;
  /** The server paused the stream of this request (2025-11-25). */
  readonly onPaused?: (retryMs: number) => void;
  readonly timeoutMs: number;
  /** The mirrored headers of a modern request. */
  readonly headers: Readonly<Record<string, string>>;
  /** Of the credential of this one action; the frame has it in its `_meta` already. */
  readonly actionHeaders?: readonly string[];
}

/**
 * One agent talking with one server. The three kinds differ in which protocol eras the two sides speak; what goes through is the
 * same. Every byte that leaves has spent a permit.
 */
export interface Conversation {
  readonly link: UpstreamLink;
  exchange(message: RpcRequest, exchange: Exchange): Promise<UpstreamReply>;
  /** A notification of the client (under its own permit), or the client's answer to a request of the server. */
  post(message: RpcNotification | RpcResponse, permit: Permit | null): Promise<void>;
  /** The link has ended: what waits in this conversation for something else does so in vain. */
  ended?(): void;
}

/** Both sides speak the same era: frames pass exactly as they came. */
export function direct(link: UpstreamLink): Conversation {
  return {
    link,
    exchange: (message, { permit, ...options }) => {
      permit.spend();
      return link.request(message, options);
    },
    post: (message, permit) => {
      permit?.spend();
      return link.post(message);
    },
  };
}

/**
 * A server that died in the middle of a session is started anew, and told again who its client is. Under the permit of the call that
 * needs it.
 */
export async function greetAgain(
  link: UpstreamLink,
  hello: RpcRequest,
  { signal, timeoutMs }: Pick<Exchange, 'signal' | 'timeoutMs'>,
): Promise<void> {
  await link.request({ ...hello, id: 'interlock-again' }, { signal, onMessage: () => {}, timeoutMs });
  await link.post({ jsonrpc: '2.0', method: 'notifications/initialized' });
  link.listen();
}
