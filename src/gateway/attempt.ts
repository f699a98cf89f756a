import type { Permit } from '../audit/journal.ts';
import type { Action } from '../model/action.ts';
import type { Caller } from '../model/caller.ts';
import type { Decision, RefusalCode } from '../model/decision.ts';
import type { Fault } from '../model/fault.ts';
import type { JsonObject } from '../model/json.ts';
import type { RpcRequest, RpcResponse } from '../model/jsonrpc.ts';
import type { Lock } from '../model/lock.ts';
import type { Finding } from '../model/tool.ts';
import type { ServerEntry } from './gateway.ts';
import type { Lease } from './lease/lease.ts';
import type { SessionState } from './session-facts.ts';

/** One action an agent attempts, as a surface hands it to the path. */
export interface Attempt {
  readonly surface: string;
  readonly caller: Caller;
  readonly session: SessionState;
  readonly server: ServerEntry;
  readonly action: Action;
  /** What it arrived as, for an approver who changes the arguments. */
  readonly frame: Pick<RpcRequest, 'method' | 'params'>;
  /**
   * Sends exactly this action, or, where people changed its arguments, exactly the changed one. Takes nothing but a recorded permit, which
   * it must spend.
   */
  readonly release: (permit: Permit, signal: AbortSignal, sending: Sending) => Promise<RpcResponse>;
  /** The caller can no longer receive the answer (modern HTTP: the stream was closed). */
  readonly gone: AbortSignal | null;
  /** W3C trace context of the client's own trace. */
  readonly traceparent?: string | null;
  /** Told when the call is parked for a human, so that the surface can keep the client informed. */
  readonly parked?: (approvalId: string) => void;
  /** Aborted when the client is better told that people are asked than kept waiting; the question stays. */
  readonly enough?: AbortSignal;
  /** Id of the question it comes back for: that one's answer is used, and nobody is asked anew. */
  readonly resumes?: string;
}

/** What a call is sent with besides what it arrived with. */
export interface Sending {
  readonly changed: Changed | null;
  /** Makes the credential of this one action. `null`: the server asks for none. */
  readonly lease: Lease | null;
}

/** Other arguments than the agent sent: what people signed is what is sent. */
export interface Changed {
  readonly action: Action;
  readonly arguments: JsonObject;
}

export interface Refusal {
  readonly code: RefusalCode;
  readonly call: string;
  readonly decision: Decision;
  readonly lock: Lock | null;
  readonly approval: string | null;
  /** The reason of whoever denied it, as they typed it; empty: they gave none, or nobody denied it. */
  readonly said: string;
  /** The scope that was missing, when that is why. */
  readonly scope: string | null;
  readonly findings: readonly Finding[];
  /** The target must look absent to this agent: same text as for something that does not exist. */
  readonly hidden: boolean;
  /** What went wrong upstream, when that is why. */
  readonly fault: Fault | null;
}

export type CallResult =
  | {
      readonly kind: 'answered';
      readonly response: RpcResponse;
      readonly call: string;
      /** The approval it went on with; `changed`: the arguments people put in place of the agent's. */
      readonly approval: { readonly id: string; readonly changed: JsonObject | null } | null;
    }
  | { readonly kind: 'refused'; readonly refusal: Refusal };
