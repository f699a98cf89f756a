import { FAULTS, Fault } from '../../model/fault.ts';

/** What an administrative request is answered with when it is refused (RFC 9457). `code` is short and stable. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  /** Further members of the document. */
  readonly more: Readonly<Record<string, unknown>>;

  constructor(status: number, code: string, detail: string, more: Readonly<Record<string, unknown>> = {}) {
    super(detail);
    this.status = status;
    this.code = code;
    this.more = more;
  }
}

/** A domain's refusal: a stable reason, words for people, and the HTTP status the reason deserves. */
interface Refusal {
  readonly why: string;
  readonly status: number;
}

export function problemOf(error: Error & { validation?: unknown; statusCode?: number }): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof Fault) return new Problem(Math.max(400, FAULTS[error.code].http), error.code, error.message);
  if (isRefusal(error)) return new Problem(error.status, error.why, error.message);
  if (error.validation !== undefined) return new Problem(400, 'invalid-request', error.message);
  const status = error.statusCode ?? 500;
  return new Problem(
    status,
    status >= 500 ? 'internal' : 'invalid-request',
    status >= 500 ? 'the gateway failed; its log says more' : error.message,
  );
}

function isRefusal(error: Error & Partial<Refusal>): error is Error & Refusal {
  return typeof error.why === 'string' && typeof error.status === 'number' && error.status >= 400 && error.status < 500;
}

export function problemBody({ status, message, code, more }: Problem): string {
  return JSON.stringify({ ...more, type: 'about:blank', title: titleOf(status), status, detail: message, code });
}

function titleOf(status: number): string {
  if (status >= 500) return 'The gateway failed';
  return status === 404 ? 'Not found' : status === 409 ? 'Not done' : status === 403 ? 'Refused' : 'Bad request';
}
