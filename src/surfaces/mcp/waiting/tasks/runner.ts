import type { Caller } from '../../../../model/caller.ts';
import type { RpcRequest, RpcResponse } from '../../../../model/jsonrpc.ts';

/** What a resumed call came to. */
export type Ran =
  | { readonly kind: 'done'; readonly response: RpcResponse }
  /** It did not go on, and its approval is still there: it is tried again. */
  | { readonly kind: 'not-yet'; readonly why: string };

/** One client of the owner, through which a call can go on: its conversation with the server, under its newest credential. */
export interface Runner {
  readonly caller: Caller;
  /** The client's conversation has ended: nothing goes through it any more. */
  closed(): boolean;
  /** Whether this caller may still act, and is who asked. `null`: yes; else why not, in words for the agent. */
  whyNot(): string | null;
  /** Walks the one path with that request's answer and no other. Never rejects. */
  resume(message: RpcRequest, to: { readonly approval: string; readonly signal: AbortSignal }): Promise<Ran>;
  /** The call as it was asked about, from what was kept of it. `null`: it cannot be made again from that. */
  rebuild(shown: ShownCall): RpcRequest | null;
}

/** What a question keeps of a call. */
export interface ShownCall {
  readonly server: string;
  readonly target: string | null;
  readonly action: string;
  readonly arguments: RpcRequest['params'];
  readonly digest: string;
}
