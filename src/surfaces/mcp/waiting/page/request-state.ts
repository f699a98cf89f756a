import type { Caller } from '../../../../model/caller.ts';
import { canonicalize, sha256Base64url } from '../../../../model/canonical.ts';
import { Fault } from '../../../../model/fault.ts';
import { isObject, type Json, type JsonObject } from '../../../../model/json.ts';
import type { RpcRequest } from '../../../../model/jsonrpc.ts';
import type { Clock } from '../../../../ports/clock.ts';
import { boundTask, chainOf } from '../../session.ts';

/** Signs what a client carries and reads it back; `null` for anything else (identity/proof/sealed-state.ts). */
export interface Seal {
  seal(payload: JsonObject, expiresAtMs: number): Promise<string>;
  open(text: string, nowMs: number): Promise<JsonObject | null>;
}

export interface StateParts {
  readonly seal: Seal;
  readonly clock: Clock;
  /** The gateway's public address: the states of another gateway behind or before this one are not its own. */
  readonly origin: () => string;
}

/** What the client brings back. It says which question it was told of, and grants nothing: the request is found by the action. */
export interface Returned {
  readonly approval: string;
  /** Digest of the action it was told about. */
  readonly digest: string;
}

/** Of the server behind the gateway: put back before anything is decided, because the client can carry one state only. */
const CARRIED = ['requestState', 'inputResponses'] as const;

/** `requestState` of the gateway's own questions (MCP 2026-07-28, patterns/mrtr, "Server Requirements"). */
export class RequestStates {
  readonly #parts: StateParts;

  constructor(parts: StateParts) {
    this.#parts = parts;
  }

  /** Bound to who asked, what for, and until when. */
  async write(message: RpcRequest, caller: Caller, to: Returned & { readonly untilMs: number }): Promise<string> {
    const held: Record<string, Json> = {};
    for (const member of CARRIED) {
      const value = message.params?.[member];
      if (value !== undefined) held[member] = value;
    }
    const { approval, digest } = to;
    const payload = { for: principalOf(caller), method: message.method, approval, digest, held };
    return `${this.#prefix()}${await this.#parts.seal.seal(payload, to.untilMs)}`;
  }

  /**
   * Takes the gateway's own state off a request and puts back what it stood for. A state that is not the gateway's is the server's and
   * passes. Fault `invalid-params`: forged, changed, over, or somebody else's.
   */
  async take(message: RpcRequest, caller: Caller): Promise<{ message: RpcRequest; returned: Returned | null }> {
    const { requestState, ...rest } = (message.params ?? {}) as { requestState?: Json } & JsonObject;
    if (typeof requestState !== 'string' || !requestState.startsWith(this.#prefix()))
      return { message, returned: null };
    const text = requestState.slice(this.#prefix().length);
    const payload = await this.#parts.seal.open(text, this.#parts.clock.nowMs());
    const { approval, digest, held } = payload ?? {};
    const good = payload?.for === principalOf(caller) && payload.method === message.method && isObject(held);
    if (!good || typeof approval !== 'string' || typeof digest !== 'string') {
      throw new Fault(
        'invalid-params',
        'requestState is not one this gateway gave for this request, or its time is over: make the call again without it',
      );
    }
    return { message: { ...message, params: { ...rest, ...held } }, returned: { approval, digest } };
  }

  #prefix(): string {
    return `interlock-${sha256Base64url(this.#parts.origin()).slice(0, 12)}.`;
  }
}

/** Who asks, as one text: another agent, another person, another chain, another task is somebody else. */
function principalOf(caller: Caller): string {
  const { agent, subject } = caller;
  return sha256Base64url(canonicalize([agent.id, subject, boundTask(caller), chainOf(caller)]));
}
