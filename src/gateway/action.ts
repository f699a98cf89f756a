import type { Action, ActionTarget } from '../model/action.ts';
import { canonicalize, sha256Base64url } from '../model/canonical.ts';
import { Fault } from '../model/fault.ts';
import { isObject, type JsonObject } from '../model/json.ts';
import type { RpcNotification, RpcRequest } from '../model/jsonrpc.ts';
import { CLIENT_REQUESTS, type MethodSpec } from './methods.ts';

type Frame = Pick<RpcRequest | RpcNotification, 'method' | 'params'>;

const NOTHING: JsonObject = Object.freeze({});

/**
 * What a frame asks for, as the action that is decided and recorded. The digest covers everything in `params` that reaches the
 * server except `_meta` (progress tokens and trace ids differ on a retry and carry no authority).
 */
export function toAction(message: Frame, spec: MethodSpec, server: string): Action {
  const params = message.params ?? NOTHING;
  const { _meta: _dropped, ...content } = params as { _meta?: unknown } & JsonObject;
  const canonical = canonicalize({ action: message.method, server, params: content });
  return {
    name: spec.action,
    server,
    target: targetOf(spec, params),
    args: argumentsOf(spec, content),
    digest: sha256Base64url(canonical),
    sizeChars: canonical.length,
  };
}

/** The same action with other arguments. */
export function withArguments(frame: Frame, args: JsonObject, server: string): Action {
  const spec = CLIENT_REQUESTS.get(frame.method);
  if (spec === undefined || spec.target !== 'tool')
    throw new Fault('invalid-params', 'only calls of tools have arguments');
  return toAction({ ...frame, params: { ...frame.params, arguments: args } }, spec, server);
}

function targetOf(spec: MethodSpec, params: JsonObject): ActionTarget {
  switch (spec.target) {
    case 'tool':
      return { kind: 'tool', name: requiredText(params, 'name') };
    case 'prompt':
      return { kind: 'prompt', name: requiredText(params, 'name') };
    case 'resource':
      return { kind: 'resource', uri: requiredText(params, 'uri') };
    case 'server':
      return { kind: 'server' };
  }
}

function requiredText(params: JsonObject, member: string): string {
  const value = params[member];
  if (typeof value !== 'string' || value === '') throw new Fault('invalid-params', `params.${member} must be a string`);
  if (value.length > 2048) throw new Fault('invalid-params', `params.${member} is longer than 2048 characters`);
  return value;
}

function argumentsOf(spec: MethodSpec, content: JsonObject): JsonObject {
  if (spec.target === 'tool' || spec.target === 'prompt') {
    const args = content.arguments;
    if (args === undefined || args === null) return NOTHING;
    if (!isObject(args)) throw new Fault('invalid-params', 'params.arguments must be an object');
    return args;
  }
  return spec.target === 'resource' ? NOTHING : content;
}
