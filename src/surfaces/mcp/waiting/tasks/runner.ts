import type { Caller } from '../../../../model/caller.ts';
import type { JsonObject } from '../../../../model/json.ts';
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
  /** The `_meta` member of `params` that a call of this client carries; nothing where it needs none. */
  meta(): JsonObject;
  /** A call of this client as it would be decided on: whether it is what was asked about. */
  digestOf(message: RpcRequest): string | null;
}
