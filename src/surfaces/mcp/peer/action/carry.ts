import type { MintedAction } from '../../../../credentials/action/actions.ts';
import { withholdActions, withoutActionMeta } from '../../../../model/action-credential.ts';
import {
  frameText,
  type RpcMessage,
  type RpcNotification,
  type RpcRequest,
  type RpcResponse,
} from '../../../../model/jsonrpc.ts';
import { metaOf } from '../../../../model/mcp.ts';

/** What a client put where only the gateway puts something does not go on. */
export function withoutAction<T extends RpcRequest | RpcNotification>(message: T): T {
  const { params } = message;
  if (params === undefined) return message;
  const clean = withoutActionMeta(params);
  return clean === params ? message : { ...message, params: clean };
}

/** The request as it is sent, and the headers that go with it where the server is reached over HTTP. */
export function carrying(message: RpcRequest, { meta, headers }: MintedAction) {
  const params = { ...message.params, _meta: { ...metaOf(message.params), ...meta } };
  return { message: { ...message, params }, extra: { actionHeaders: headers } };
}

/** A frame from the server without any credential of an action, however it was spelled there. */
export function withheld<T extends RpcMessage | RpcResponse>(frame: T): T {
  const text = frameText(frame);
  const clean = withholdActions(text);
  return clean === text ? frame : (JSON.parse(clean) as T);
}
