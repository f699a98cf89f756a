import type { Permit } from '../../audit/journal.ts';
import type { MintedAction, ServerActions } from '../../credentials/action/actions.ts';
import { identityClaims } from '../../identity/tokens.ts';
import { argumentsDigest } from '../../model/action-credential.ts';
import type { Caller } from '../../model/caller.ts';
import { bug, UpstreamFault } from '../../model/fault.ts';
import type { Gateway } from '../gateway.ts';
import { type Entered, type Stopped, stopped } from '../steps/enter.ts';
import type { Trace } from '../trace.ts';

/** The right to make the credential of one call, once. */
export interface Lease {
  /**
   * Makes it, for exactly what was decided, in the same turn as the send. UpstreamFault `sent: false` when the call was stopped
   * meanwhile.
   */
  present(): MintedAction;
  /** Its `jti`; `null` while there is none. */
  readonly jti: string | null;
  /** The call is over. Without an answer, nobody begins it any more. */
  over(answered: boolean): void;
}

export interface Leasing {
  readonly permit: Permit;
  readonly entry: Entered;
}

/** Calls under way whose credential is out, by `jti`: this process knows best whether they may still begin. */
const out = new WeakMap<Gateway, Map<string, Entered>>();

/** What stops a call that this process sent and still waits for. `undefined`: it is none of those. */
export function stoppedHere(gateway: Gateway, jti: string): Stopped | null | undefined {
  const entry = out.get(gateway)?.get(jti);
  return entry === undefined ? undefined : stopped(entry);
}

/** `null`: the server asks for none, or it is no call of a tool. Only a durable intent leads here: it takes its permit. */
export function lease(gateway: Gateway, trace: Trace, leasing: Leasing): Lease | null {
  const { actions } = trace.attempt.server;
  if (actions === null || trace.attempt.action.name !== 'tools/call') return null;
  const made = new OneLease(gateway, trace, { ...leasing, actions });
  trace.lease = made;
  return made;
}

class OneLease implements Lease {
  readonly #gateway: Gateway;
  readonly #trace: Trace;
  readonly #step: Leasing & { readonly actions: ServerActions };
  #minted: MintedAction | null = null;

  constructor(gateway: Gateway, trace: Trace, step: Leasing & { readonly actions: ServerActions }) {
    this.#gateway = gateway;
    this.#trace = trace;
    this.#step = step;
  }

  get jti(): string | null {
    return this.#minted?.jti ?? null;
  }

  present(): MintedAction {
    const { entry, actions } = this.#step;
    if (this.#minted !== null) bug(`a second credential for call ${this.#trace.call}`);
    if (stopped(entry) !== null)
      throw new UpstreamFault('upstream-unavailable', 'The call was stopped before it was sent', { sent: false });
    this.#minted = actions.mint(requestOf(this.#gateway, this.#trace, this.#step));
    let calls = out.get(this.#gateway);
    if (calls === undefined) {
      calls = new Map();
      out.set(this.#gateway, calls);
    }
    calls.set(this.#minted.jti, entry);
    return this.#minted;
  }

  over(answered: boolean): void {
    if (this.#minted === null) return;
    const { jti, expiresAtMs } = this.#minted;
    out.get(this.#gateway)?.delete(jti);
    if (answered) return;
    this.#step.actions.end(jti, expiresAtMs).catch((error: unknown) => {
      // Until it expires a tool may still begin; the outcome is `unknown` already.
      this.#gateway.log.error({ call: this.#trace.call, err: error }, 'a credential could not be ended');
    });
  }
}

function requestOf(gateway: Gateway, trace: Trace, { permit, actions }: Leasing & { actions: ServerActions }) {
  const { caller, action } = trace.attempt;
  const tool = action.target.kind === 'tool' ? action.target.name : bug('a credential for no tool');
  return {
    identity: identityOf(caller, actions),
    credential: caller.credential?.jti ?? null,
    details: {
      method: action.name,
      tool,
      argumentsDigest: argumentsDigest(action.args),
      actionDigest: action.digest,
      // What a route of the configuration let go on by itself was answered by nobody.
      approval: trace.approvedBy.length === 0 ? null : trace.approval,
      approvedBy: trace.approvedBy,
      intent: { journal: journalName(gateway.journal.vkey), seq: permit.seq },
    },
  };
}

/** As access tokens say it, but for scopes: what else the agent may do is no business of a tool. */
function identityOf(caller: Caller, { audience, jkt }: ServerActions) {
  const { agent, subject, chain, txn, taskId, tasks, credential } = caller;
  return identityClaims({
    ...{ agentId: agent.id, subject, chain, txn, taskId, taskBound: tasks.length > 0 },
    ...(credential === null ? {} : { clientId: credential.clientId, grant: credential.grant }),
    audiences: [audience],
    dpopJkt: jkt,
  });
}

/** Name and key id of a verifier key (audit/format/note.ts): which journal, as its checkpoints sign. */
function journalName(vkey: string): string {
  return vkey.split('+', 2).join('+');
}
