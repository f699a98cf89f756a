import type { Permit } from '../../audit/journal.ts';
import type { RefusalCode } from '../../model/decision.ts';
import { Fault } from '../../model/fault.ts';
import type { RpcResponse } from '../../model/jsonrpc.ts';
import type { OutcomeRecord } from '../../model/record.ts';
import { sha256Base64url } from '../../model/canonical.ts';
import type { Gateway } from '../gateway.ts';
import { finished, type Trace } from '../trace.ts';

/** Closes an intent whose answer came. Queued for the next group commit: the effect is already on record. */
export function close(gateway: Gateway, trace: Trace, step: { permit: Permit; response: RpcResponse }): void {
  const { response } = step;
  const failed = 'error' in response ? `rpc-${response.error.code}` : response.result.isError === true ? 'tool-error' : null;
  const digest = sha256Base64url(JSON.stringify('result' in response ? response.result : response.error));
  write(gateway, trace, { permit: step.permit, outcome: failed === null ? 'ok' : 'failed', code: failed, resultDigest: digest });
  finished(gateway, trace, { effect: 'permit', code: failed ?? 'ok' });
}

/**
 * Closes an intent whose answer did not come. `failed` only where it is certain that the server saw nothing; else `unknown`.
 * Returns how the surface should say it.
 */
export function closeFailed(
  gateway: Gateway,
  trace: Trace,
  step: { permit: Permit; error?: unknown; code?: 'killed' },
): RefusalCode {
  const { permit, error } = step;
  if (step.code === 'killed') {
    write(gateway, trace, { permit, outcome: 'failed', code: 'killed-before-send', resultDigest: null });
    return 'killed';
  }
  const aborted = error instanceof Error && error.name === 'AbortError';
  const code = aborted ? 'aborted' : error instanceof Fault ? error.code : 'internal';
  // A Fault that does not say otherwise is about a request that left.
  const unsent = error instanceof Fault && 'sent' in error && error.sent === false;
  write(gateway, trace, { permit, outcome: unsent ? 'failed' : 'unknown', code, resultDigest: null });
  if (!aborted && !(error instanceof Fault)) gateway.log.error({ call: trace.call, err: error }, 'sending failed unexpectedly');
  return error instanceof Fault && error.kind === 'upstream' ? 'upstream-unavailable' : aborted ? 'killed' : 'internal';
}

type Ending = Pick<OutcomeRecord, 'outcome' | 'code' | 'resultDigest'> & { readonly permit: Permit };

function write(gateway: Gateway, trace: Trace, ending: Ending): void {
  const nowUs = gateway.clock.monotonicUs();
  const { permit, ...fields } = ending;
  const timingsUs = {
    decide: Math.round(trace.decidedUs - trace.startedUs),
    durable: Math.round(trace.durableUs - trace.decidedUs),
    upstream: Math.round(nowUs - trace.durableUs),
    total: Math.round(nowUs - trace.startedUs),
  };
  gateway.journal.outcome(permit, { ...fields, timingsUs }).catch((error: unknown) => {
    // The intent stays open on disk and is closed as `unknown` at the next start (invariant 8).
    gateway.log.error({ call: trace.call, err: error }, 'an outcome could not be recorded');
  });
}
