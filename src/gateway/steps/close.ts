import type { Permit } from '../../audit/journal.ts';
import { sha256Base64url } from '../../model/canonical.ts';
import type { Decision, RefusalCode } from '../../model/decision.ts';
import { Fault } from '../../model/fault.ts';
import type { Json } from '../../model/json.ts';
import { type RpcResponse, resultText } from '../../model/jsonrpc.ts';
import { type OutcomeRecord, RECORDED_RESULT_CHARS } from '../../model/record.ts';
import type { Gateway } from '../gateway.ts';
import { finished, type Trace } from '../trace.ts';
import { whyUnrecorded } from './record.ts';
import type { Known } from './resolve.ts';

/** Closes an intent whose answer came. Queued for the next group commit: the effect is already on record. */
export function close(
  gateway: Gateway,
  trace: Trace,
  step: { known: Known; decision: Decision; permit: Permit; response: RpcResponse },
): void {
  const { response } = step;
  answered(gateway, trace);
  const failed =
    'error' in response ? `rpc-${response.error.code}` : response.result.isError === true ? 'tool-error' : null;
  const text = 'result' in response ? resultText(response.result) : JSON.stringify(response.error);
  const digest = sha256Base64url(text);
  remember(trace, { known: step.known, text, outcome: failed === null ? 'ok' : 'failed' });
  write(gateway, trace, {
    permit: step.permit,
    outcome: failed === null ? 'ok' : 'failed',
    code: failed,
    resultDigest: digest,
    ...(gateway.keepsResults ? { result: recordedResult(trace, { ...step, sizeChars: text.length }) } : {}),
  });
  trace.lease?.over(true);
  finished(gateway, trace, { effect: 'permit', code: failed ?? 'ok' });
}

/** Like arguments: what no record may hold stays out, and of what is large only its size is kept. The digest is always there. */
export function recordedResult(
  { attempt }: Trace,
  {
    known,
    decision,
    response,
    sizeChars,
  }: { known: Known; decision: Decision; response: RpcResponse; sizeChars: number },
): Json {
  const redacted = whyUnrecorded(attempt.action.target, known, decision);
  if (redacted !== null) return { redacted };
  if (sizeChars > RECORDED_RESULT_CHARS) return { truncated: sizeChars };
  return 'result' in response ? response.result : { ...response.error };
}

interface Said {
  readonly known: Known;
  /** What the agent was told, as it was sent. */
  readonly text: string;
  readonly outcome: 'ok' | 'failed';
}

/** For whoever has to decide later in this session. Only references are kept; nothing is read or copied here. */
function remember(trace: Trace, { known, text, outcome }: Said): void {
  const { session, action } = trace.attempt;
  const call = trace.remembered;
  if (call === null) return;
  call.outcome = outcome;
  const untrusted = action.target.kind !== 'tool' || known.labels === null || known.labels.untrustedOutput;
  session.memory.saw({ tool: call.tool, text, untrusted });
}

export interface Failure {
  readonly permit: Permit;
  readonly error?: unknown;
  /** The kill switch, or a caller that went away, ended it. */
  readonly aborted?: boolean;
  /** It was stopped between its record and its sending. */
  readonly unsent?: boolean;
}

/**
 * Closes an intent whose answer did not come. `failed` only where it is certain that the server saw nothing; else `unknown`.
 * Returns how the surface should say it.
 */
export function closeFailed(
  gateway: Gateway,
  trace: Trace,
  { permit, error, aborted = false, unsent = false }: Failure,
): RefusalCode {
  if (!unsent) answered(gateway, trace);
  const fault = error instanceof Fault ? error : null;
  // A Fault that does not say otherwise is about a request that left.
  const never = unsent || (fault !== null && 'sent' in fault && fault.sent === false);
  const code = unsent ? 'stopped-before-send' : aborted ? 'aborted' : (fault?.code ?? 'internal');
  write(gateway, trace, { permit, outcome: never ? 'failed' : 'unknown', code, resultDigest: null });
  trace.lease?.over(false);
  if (trace.remembered !== null) trace.remembered.outcome = never ? 'failed' : 'unknown';
  if (unsent || aborted) return 'killed';
  if (fault === null) gateway.log.error({ call: trace.call, err: error }, 'sending failed unexpectedly');
  return fault?.kind === 'upstream' ? 'upstream-unavailable' : 'internal';
}

/** From here on it is the gateway's time again. */
function answered(gateway: Gateway, trace: Trace): void {
  trace.upstreamUs = gateway.clock.monotonicUs() - trace.durableUs;
}

type Ending = Pick<OutcomeRecord, 'outcome' | 'code' | 'resultDigest' | 'result'> & { readonly permit: Permit };

function write(gateway: Gateway, trace: Trace, ending: Ending): void {
  const nowUs = gateway.clock.monotonicUs();
  const { permit, ...fields } = ending;
  const timingsUs = {
    decide: Math.round(trace.decidedUs - trace.startedUs),
    durable: Math.round(trace.durableUs - trace.decidedUs),
    upstream: Math.round(trace.upstreamUs),
    total: Math.round(nowUs - trace.startedUs),
  };
  const jti = trace.lease?.jti ?? null;
  const lease = jti === null ? {} : { lease: jti };
  gateway.journal.outcome(permit, { ...fields, ...lease, timingsUs }).catch((error: unknown) => {
    // The intent stays open on disk and is closed as `unknown` at the next start (invariant 8).
    gateway.log.error({ call: trace.call, err: error }, 'an outcome could not be recorded');
  });
}
