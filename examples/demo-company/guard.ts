import type { ServerContext } from '@modelcontextprotocol/server';
import { type Carried, fromMcpMeta, verifyAction } from '../../src/verify/verify.ts';

/** Where the company takes orders from. */
export interface Trusted {
  /** URL of the gateway; what did not come through it is not carried out. */
  readonly issuer: string;
}

export interface GuardedCall {
  readonly tool: string;
  readonly args: unknown;
  readonly context: ServerContext;
}

/** Why a call is not to be carried out; `null`: it may be, this once. */
export type Guard = (call: GuardedCall) => Promise<string | null>;

/** Verifies a call by the credential it carries, and asks the gateway for its one use (docs/action-credential.md). */
export function guard({ issuer }: Trusted, audience: () => string, seen: (carried: Carried) => void): Guard {
  return async ({ tool, args, context }) => {
    const carried = fromMcpMeta(context.mcpReq);
    seen(carried);
    const verified = await verifyAction({
      ...{ ...carried, issuer, audience: audience(), tool, arguments: args },
      redeem: { url: `${issuer}/credentials/redeem` },
    });
    return verified.ok ? null : `Not carried out: ${verified.message}.`;
  };
}
