import { randomUUID } from 'node:crypto';
import type { ConnectionNeeded } from '../../../../model/credential.ts';
import { isObject, type Json, type JsonObject } from '../../../../model/json.ts';
import { failure, type RpcRequest, success } from '../../../../model/jsonrpc.ts';
import { META_CLIENT_CAPABILITIES, metaOf } from '../../../../model/mcp.ts';
import type { Era, UpstreamReply } from '../../../../ports/upstream.ts';

/** MCP 2025-11-25 "URL Elicitation Required Error". */
const URL_ELICITATION_REQUIRED = -32042;
/** Keys of our own questions among the input requests of a result (2026-07-28, patterns/mrtr). */
const CONNECT = 'interlock-connect';
export const APPROVAL = 'interlock-approval';
const OWN_KEYS: readonly string[] = [CONNECT, APPROVAL];
/** What a stateless request can be answered with a question at all. */
const MAY_ASK: ReadonlySet<string> = new Set(['tools/call', 'prompts/get', 'resources/read']);

/** What a client can do, as it said itself: with each request, or in its `initialize`. */
export interface Speaker {
  readonly era: Era;
  /** The client's own `initialize` (revisions with sessions). */
  readonly hello: RpcRequest | null;
}

/** A page the client is to open for its person. */
export interface Page {
  readonly key: string;
  readonly url: string;
  /** For the person. */
  readonly text: string;
  /** For whoever reads errors (revisions with sessions). */
  readonly error: string;
  /** Names the page in what is said of it later (revisions with sessions). */
  readonly elicitationId?: string;
  /** Carried by the client until it comes back (stateless revisions). */
  readonly requestState?: string;
}

/** Asks the client to open a page for its person and to come back. */
export function askToOpen(message: RpcRequest, page: Page, { era }: Speaker): UpstreamReply {
  const ask = { mode: 'url', message: page.text, url: page.url } as const;
  if (era === 'legacy') {
    const data = { elicitations: [{ ...ask, elicitationId: page.elicitationId ?? randomUUID() }] };
    return reply(failure(message.id, { code: URL_ELICITATION_REQUIRED, message: page.error, data }));
  }
  const inputRequests = { [page.key]: { method: 'elicitation/create', params: ask } };
  const state = page.requestState === undefined ? {} : { requestState: page.requestState };
  return reply(success(message.id, { resultType: 'input_required', inputRequests, ...state }));
}

/**
 * How a client that can open a page for its person is told that an account has to be connected first. `null`: this one cannot, and
 * is told in words.
 */
export function askToConnect(
  message: RpcRequest,
  needed: ConnectionNeeded,
  client: Speaker & { readonly answers: OwnAnswers },
): UpstreamReply | null {
  if (!opensPages(message, client)) return null;
  // Asked once: who was told and comes back unconnected hears it in words, instead of being asked for ever.
  if (client.era === 'modern' && (client.answers.has(CONNECT) || !MAY_ASK.has(message.method))) return null;
  const text = `Connect your account at "${needed.server}", so that agents acting for you can use it within your rights.`;
  return askToOpen(message, { key: CONNECT, url: needed.url, text, error: needed.message }, client);
}

/** Whether the client declares URL elicitation. */
export function opensPages(message: RpcRequest, speaker: Speaker): boolean {
  const { elicitation } = capabilitiesOf(message, speaker);
  return isObject(elicitation) && isObject(elicitation.url);
}

export function capabilitiesOf(message: RpcRequest, { era, hello }: Speaker): JsonObject {
  const stated = era === 'modern' ? metaOf(message.params)[META_CLIENT_CAPABILITIES] : hello?.params?.capabilities;
  return isObject(stated) ? stated : {};
}

/** What the client answers to questions of ours, by their keys. */
export type OwnAnswers = ReadonlyMap<string, Json>;

/** The answer to our own question is for us: the server never asked it. */
export function takeOwnAnswers(message: RpcRequest): { readonly message: RpcRequest; readonly answers: OwnAnswers } {
  const given = message.params?.inputResponses;
  const answers = new Map<string, Json>();
  if (!isObject(given)) return { message, answers };
  const others: Record<string, Json | undefined> = { ...given };
  for (const key of OWN_KEYS) {
    if (others[key] === undefined) continue;
    answers.set(key, others[key]);
    delete others[key];
  }
  if (answers.size === 0) return { message, answers };
  const { inputResponses: _all, ...rest } = message.params as { inputResponses?: Json } & JsonObject;
  const params = Object.keys(others).length === 0 ? rest : { ...rest, inputResponses: others };
  return { message: { ...message, params: params as JsonObject }, answers };
}

function reply(response: UpstreamReply['response']): UpstreamReply {
  return { response, httpStatus: null };
}
