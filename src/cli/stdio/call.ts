import { isObject, type Json, type JsonObject } from '../../model/json.ts';
import { failure, type RequestId, type RpcError, type RpcRequest } from '../../model/jsonrpc.ts';
import type { HttpAnswer } from '../agents/http.ts';
import { contentOf, type Endpoint, exchange, parseJson, readEvents } from './exchange.ts';
import { type Mirror, modernVersion } from './mirror.ts';
import type { Session } from './session.ts';

export interface Link {
  readonly endpoint: Endpoint;
  readonly session: Session;
  readonly mirror: Mirror;
  /** One frame to the client; waits while the client does not read. */
  readonly write: (frame: string) => Promise<void>;
  readonly onLost: () => void;
}

const HEADER_MISMATCH = -32020;
const METHOD_NOT_FOUND = -32601;
const GATEWAY_ERROR = -32000;
const MAX_LIST_PAGES = 100;
const MAX_RESUMES = 5;

export const POST_HEADERS = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
} as const;

/**
 * Sends one request and writes every frame that belongs to it, the answer last. Always writes exactly one answer, or throws:
 * the caller turns that into one. `line` is sent as the client wrote it: the gateway judges those bytes, not a copy of them.
 */
export async function callGateway(
  link: Link,
  request: RpcRequest,
  sent: { line: string; signal: AbortSignal },
): Promise<void> {
  const first = await post(link, request, sent);
  const retry = await deliver(link, request, { answer: first, signal: sent.signal, mayRetry: true });
  if (!retry) return;
  // The tool wants arguments mirrored that this client never saw declared ("Client Behavior"): look them up, then once more.
  await learnTools(link, request, sent.signal);
  await deliver(link, request, { answer: await post(link, request, sent), signal: sent.signal, mayRetry: false });
}

function post(link: Link, request: RpcRequest, sent: { line: string; signal: AbortSignal }): Promise<HttpAnswer> {
  const version = modernVersion(request.params);
  const headers = version === null ? link.session.headers() : link.mirror.headers(request, version);
  return exchange(link.endpoint, {
    method: 'POST',
    headers: { ...POST_HEADERS, ...headers },
    body: sent.line,
    signal: sent.signal,
  });
}

interface Delivery {
  readonly answer: HttpAnswer;
  readonly signal: AbortSignal;
  readonly mayRetry: boolean;
}

/** `true`: nothing was written, the request should be sent again with the headers it lacked. */
async function deliver(link: Link, request: RpcRequest, delivery: Delivery): Promise<boolean> {
  const { answer } = delivery;
  const content = contentOf(answer);
  if (answer.status === 200 && content === 'events') {
    await deliverEvents(link, request, delivery);
    return false;
  }
  const text = await answer.text(link.endpoint.maxBytes);
  const body = content === 'json' ? parseJson(text) : undefined;
  if (answer.status === 200 && isAnswerTo(body, request.id)) {
    note(link, request, { body, answer });
    await link.write(text);
    return false;
  }
  const error = errorOf(body) ?? { code: GATEWAY_ERROR, message: describe(answer.status, body) };
  const modern = modernVersion(request.params) !== null;
  if (delivery.mayRetry && modern && error.code === HEADER_MISMATCH && request.method === 'tools/call') return true;
  await link.write(JSON.stringify(failure(request.id, error)));
  const inSession = link.session.headers()['mcp-session-id'] !== undefined;
  if (answer.status === 404 && !modern && inSession && error.code !== METHOD_NOT_FOUND) link.onLost();
  return false;
}

async function deliverEvents(link: Link, request: RpcRequest, delivery: Delivery): Promise<void> {
  let answered = false;
  let { answer } = delivery;
  const onFrame = async (text: string): Promise<void> => {
    const body = parseJson(text);
    if (isAnswerTo(body, request.id)) {
      answered = true;
      note(link, request, { body, answer });
    }
    await link.write(text);
  };
  for (let resumes = 0; ; resumes++) {
    const end = await readEvents(answer, link.endpoint.maxBytes, onFrame);
    if (answered) return;
    const resumable = modernVersion(request.params) === null && end.lastEventId !== '' && resumes < MAX_RESUMES;
    if (!resumable)
      throw new Error('the gateway ended the answer before it was complete; whether the call took effect is unknown');
    const headers = { ...link.session.headers(), accept: 'text/event-stream', 'last-event-id': end.lastEventId };
    answer = await exchange(link.endpoint, { method: 'GET', headers, signal: delivery.signal });
    if (answer.status !== 200 || contentOf(answer) !== 'events') {
      await answer.discard();
      throw new Error(
        'the answer broke off and the gateway does not resume it; whether the call took effect is unknown',
      );
    }
  }
}

/** What later requests need to know from this answer. */
function note(
  link: Link,
  request: RpcRequest,
  seen: { readonly body: Json | undefined; readonly answer: HttpAnswer },
): void {
  const result = isObject(seen.body) ? seen.body.result : undefined;
  if (request.method === 'tools/list') link.mirror.learn(result);
  if (request.method !== 'initialize' || !isObject(result)) return;
  const version = typeof result.protocolVersion === 'string' ? result.protocolVersion : null;
  link.session.begin(seen.answer.header('mcp-session-id'), version);
}

/** Lists the tools as the client would have, with the same `_meta`; what the gateway refuses stays unknown. */
async function learnTools(link: Link, request: RpcRequest, signal: AbortSignal): Promise<void> {
  let cursor: string | undefined;
  for (let page = 0; page < MAX_LIST_PAGES; page++) {
    const params: JsonObject = { _meta: request.params?._meta, ...(cursor === undefined ? {} : { cursor }) };
    const list: RpcRequest = { jsonrpc: '2.0', id: `interlock-tools-${page}`, method: 'tools/list', params };
    const answer = await post(link, list, { line: JSON.stringify(list), signal });
    const body = await listAnswer(link, answer, list.id);
    const result = isObject(body) ? body.result : undefined;
    link.mirror.learn(result);
    const next = isObject(result) ? result.nextCursor : undefined;
    if (typeof next !== 'string' || next === cursor) return;
    cursor = next;
  }
}

async function listAnswer(link: Link, answer: HttpAnswer, id: RequestId): Promise<Json | undefined> {
  if (contentOf(answer) !== 'events') return parseJson(await answer.text(link.endpoint.maxBytes));
  let found: Json | undefined;
  await readEvents(answer, link.endpoint.maxBytes, async (text) => {
    const body = parseJson(text);
    if (isAnswerTo(body, id)) found = body;
  });
  return found;
}

function isAnswerTo(body: Json | undefined, id: RequestId): boolean {
  return isObject(body) && body.id === id && ('result' in body || 'error' in body);
}

function errorOf(body: Json | undefined): RpcError | null {
  const error = isObject(body) ? body.error : undefined;
  if (!isObject(error) || typeof error.code !== 'number' || typeof error.message !== 'string') return null;
  return { code: error.code, message: error.message, ...(error.data === undefined ? {} : { data: error.data }) };
}

function describe(status: number, body: Json | undefined): string {
  const said = isObject(body) ? (body.error_description ?? body.detail ?? body.title ?? body.error) : undefined;
  const why = typeof said === 'string' ? `: ${said}` : '';
  if (status === 401)
    return `the gateway does not accept this agent's token${why}; check that its key is in the running configuration`;
  if (status === 200) return 'the gateway answered with something that is no answer to this request';
  return `the gateway answered HTTP ${status}${why}`;
}
