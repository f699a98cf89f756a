import { randomUUID } from 'node:crypto';
import type { ConnectionNeeded } from '../../../../model/credential.ts';
import { isObject, type Json, type JsonObject } from '../../../../model/json.ts';
import { failure, type RpcRequest, success } from '../../../../model/jsonrpc.ts';
import { META_CLIENT_CAPABILITIES, metaOf } from '../../../../model/mcp.ts';
import type { Era, UpstreamReply } from '../../../../ports/upstream.ts';

/** MCP 2025-11-25 "URL Elicitation Required Error". */
const URL_ELICITATION_REQUIRED = -32042;
/** The key of our own question among the input requests of a result (2026-07-28, patterns/mrtr). */
const OWN_KEY = 'interlock-connect';
/** What a stateless request can be answered with a question at all. */
const MAY_ASK: ReadonlySet<string> = new Set(['tools/call', 'prompts/get', 'resources/read']);

export interface AskedClient {
  readonly era: Era;
  /** The client's own `initialize` (revisions with sessions). */
  readonly hello: RpcRequest | null;
  /** It has just been asked, and says that the person was told. */
  readonly answered: boolean;
}

/**
 * How a client that can open a page for its person is told that an account has to be connected first. `null`: this one cannot, and
 * is told in words.
 */
export function askToConnect(message: RpcRequest, needed: ConnectionNeeded, client: AskedClient): UpstreamReply | null {
  if (!opensPages(message, client)) return null;
  const text = `Connect your account at "${needed.server}", so that agents acting for you can use it within your rights.`;
  const ask = { mode: 'url', message: text, url: needed.url } as const;
  if (client.era === 'legacy') {
    const data = { elicitations: [{ ...ask, elicitationId: randomUUID() }] };
    return reply(failure(message.id, { code: URL_ELICITATION_REQUIRED, message: needed.message, data }));
  }
  // Asked once: who was told and comes back unconnected hears it in words, instead of being asked for ever.
  if (client.answered || !MAY_ASK.has(message.method)) return null;
  const inputRequests = { [OWN_KEY]: { method: 'elicitation/create', params: ask } };
  return reply(success(message.id, { resultType: 'input_required', inputRequests }));
}

function opensPages(message: RpcRequest, { era, hello }: AskedClient): boolean {
  const capabilities =
    era === 'modern' ? metaOf(message.params)[META_CLIENT_CAPABILITIES] : hello?.params?.capabilities;
  const elicitation = isObject(capabilities) ? capabilities.elicitation : undefined;
  return isObject(elicitation) && isObject(elicitation.url);
}

/** The answer to our own question is for us: the server never asked it. */
export function withoutOwnAnswer(message: RpcRequest): { readonly message: RpcRequest; readonly answered: boolean } {
  const given = message.params?.inputResponses;
  if (!isObject(given) || given[OWN_KEY] === undefined) return { message, answered: false };
  const { [OWN_KEY]: _ours, ...others } = given as Record<string, Json>;
  const { inputResponses: _all, ...rest } = message.params as { inputResponses?: Json } & JsonObject;
  const params = Object.keys(others).length === 0 ? rest : { ...rest, inputResponses: others };
  return { message: { ...message, params }, answered: true };
}

function reply(response: UpstreamReply['response']): UpstreamReply {
  return { response, httpStatus: null };
}
