import type { ProblemDocument } from '../../../src/model/insight/page.ts';
import type { Me } from '../../../src/model/insight/roles.ts';
import { isUnattended } from './presence.ts';
import { setSession } from './session.ts';
import { stepUp } from './step-up.ts';

const BASE = '/console/api';

/** What the gateway said instead of an answer. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly document: Partial<ProblemDocument>;

  constructor(status: number, document: Partial<ProblemDocument>) {
    super(document.detail ?? `the gateway answered ${status}`);
    this.status = status;
    this.code = document.code ?? 'unknown';
    this.title = document.title ?? 'That did not work';
    this.document = document;
  }
}

let csrf = '';
/** Whose page this is. */
let shownTo: string | null = null;

export async function me(): Promise<Me> {
  const who = await get<Me>('/v1/me');
  // Nobody goes on in somebody else's page, nor gives an order in their name unseen.
  if (shownTo !== null && shownTo !== who.id) {
    setSession('other');
    throw new ApiProblem(401, { title: 'Somebody else is signed in', detail: 'Load this page again.', code: 'other' });
  }
  shownTo = who.id;
  csrf = who.csrf;
  setSession('fine');
  return who;
}

export interface Change {
  readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  /** In place of a body: a whole file, as it is. */
  readonly file?: { readonly type: string; readonly text: string };
  readonly signal?: AbortSignal;
}

export function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const headers: Record<string, string> = isUnattended() ? { 'x-unattended': '1' } : {};
  return exchange<T>(path, { method: 'GET', headers, ...(signal === undefined ? {} : { signal }) });
}

/**
 * Changes something. Sent with a key of its own; whoever sends the very same again because no answer came sends it with the same key, and
 * it is not done twice. Where the gateway wants a passkey for exactly this request, the person is asked for it and the request sent again.
 */
export async function change<T = unknown>({ method, path, body, file, signal }: Change): Promise<T> {
  const text = file?.text ?? (body === undefined ? undefined : JSON.stringify(body));
  const request = `${method} ${path}\n${text ?? ''}`;
  const key = unanswered.get(request) ?? newKey();
  const send = (more: Readonly<Record<string, string>>): Promise<T> => {
    const headers: Record<string, string> = { 'x-csrf-token': csrf, 'idempotency-key': key, ...more };
    if (text !== undefined) headers['content-type'] = file?.type ?? 'application/json';
    return exchange<T>(path, {
      method,
      headers,
      ...(text === undefined ? {} : { body: text }),
      ...(signal === undefined ? {} : { signal }),
    });
  };
  try {
    return await withToken(() => keeping(request, key, () => send({})));
  } catch (error) {
    if (!(error instanceof ApiProblem) || error.code !== 'step-up-required') throw error;
    const proof = await stepUp({ method, path: `${BASE}${path}`, body: text ?? '' });
    return send({ 'idempotency-key': newKey(), 'x-step-up': proof });
  }
}

/** Requests no answer came to, and the keys they were sent with. */
const unanswered = new Map<string, string>();
const MOST_UNANSWERED = 20;
const MOST_KEPT_CHARS = 100_000;

async function keeping<T>(request: string, key: string, send: () => Promise<T>): Promise<T> {
  try {
    const answer = await send();
    unanswered.delete(request);
    return answer;
  } catch (error) {
    unanswered.delete(request);
    const lost = error instanceof ApiProblem && error.code === 'unreachable';
    if (lost && request.length <= MOST_KEPT_CHARS) {
      if (unanswered.size >= MOST_UNANSWERED) unanswered.clear();
      unanswered.set(request, key);
    }
    throw error;
  }
}

/** Who signed in anew in another tab has another token: it is read again, once, as long as it is the same person. */
async function withToken<T>(send: () => Promise<T>): Promise<T> {
  try {
    return await send();
  } catch (error) {
    if (!(error instanceof ApiProblem) || error.code !== 'csrf') throw error;
    await me();
    return send();
  }
}

/** Not `randomUUID`, which there is only where browsers think an address safe: people must be able to stop agents at any. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Without a step-up of its own: for the step-up itself. */
export function post<T>(path: string, body: unknown): Promise<T> {
  const headers = { 'x-csrf-token': csrf, 'content-type': 'application/json' };
  return exchange<T>(path, { method: 'POST', headers, body: JSON.stringify(body) });
}

export function address(path: string): string {
  return `${BASE}${path}`;
}

async function exchange<T>(path: string, init: RequestInit): Promise<T> {
  const answer = await reached(path, init);
  if (answer.ok) return (answer.status === 204 ? undefined : await answer.json()) as T;
  const document = (await answer.json().catch(() => ({}))) as Partial<ProblemDocument>;
  if (answer.status === 401 && document.code !== 'step-up-required') signedOut();
  throw new ApiProblem(answer.status, document);
}

async function reached(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(address(path), { ...init, credentials: 'same-origin', redirect: 'error' });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw new ApiProblem(0, {
      title: 'The gateway does not answer',
      detail: 'Check that it runs and that you are connected, then try again.',
      code: 'unreachable',
    });
  }
}

/** Nothing is shown yet: sign in first. Else whatever somebody has begun to write stays where it is until they have signed in again. */
function signedOut(): void {
  if (shownTo === null) signIn();
  else setSession('over');
}

/** Sign in and come back to this very page. */
export function signIn(): void {
  const back = `${window.location.pathname}${window.location.search}`;
  window.location.assign(`/sign-in?${new URLSearchParams({ return: back }).toString()}`);
}

/** `?a=1&b=2` of what is there. */
export function query(params: Readonly<Record<string, string | number | boolean | null | undefined>>): string {
  const known = Object.entries(params).filter(([, value]) => value !== undefined && value !== null && value !== '');
  const text = new URLSearchParams(known.map(([name, value]) => [name, String(value)])).toString();
  return text === '' ? '' : `?${text}`;
}
