import { ACTION_TYPE } from '../../../identity/tokens.ts';
import { isObject, type JsonObject } from '../../../model/json.ts';
import { only, parseDetails, wrong } from '../../grants/details.ts';
import type { AskedAction } from '../options.ts';

const LIMITS = { maxDepth: 32, maxNodes: 5_000 } as const;
const SERVER = /^[a-z][a-z0-9-]{0,31}$/;
const MAX_TOOL_CHARS = 256;
const DIGEST = /^[A-Za-z0-9_-]{43}$/;

/**
 * `authorization_details` of the one type there is here (RFC 9396): `{ "type": "agent_action", "server", "tool", "arguments" }`, or
 * `arguments_digest` in place of the arguments. `null`: none was sent. Throws OAuthRefused.
 */
export function readAction(text: string | null): AskedAction | null {
  if (text === null) return null;
  const [detail, ...more] = parseDetails(text, LIMITS);
  if (detail === undefined || more.length > 0 || detail.type !== ACTION_TYPE)
    throw wrong(`exactly one, of the type ${ACTION_TYPE}`);
  only(detail, ['type', 'server', 'tool', 'arguments', 'arguments_digest']);
  const { server, tool, arguments: args, arguments_digest: digest } = detail;
  if (typeof server !== 'string' || !SERVER.test(server)) throw wrong('"server" is the id of a server');
  if (typeof tool !== 'string' || tool === '' || tool.length > MAX_TOOL_CHARS)
    throw wrong('"tool" is the name of a tool');
  if (args !== undefined && !isObject(args)) throw wrong('"arguments" is an object, as the call will carry it');
  if (digest !== undefined && (typeof digest !== 'string' || !DIGEST.test(digest) || args !== undefined))
    throw wrong('"arguments_digest" is the base64url SHA-256 of the RFC 8785 form, in place of "arguments"');
  return { server, tool, arguments: args ?? null, argumentsDigest: digest ?? null };
}

/** What was granted, as it was asked for; `changed`: what the approvers made of the arguments. */
export function grantedAction(action: AskedAction, changed: JsonObject | null): JsonObject {
  const args = changed ?? action.arguments;
  return {
    ...{ type: ACTION_TYPE, server: action.server, tool: action.tool },
    ...(args === null ? {} : { arguments: args }),
    ...(action.argumentsDigest === null ? {} : { arguments_digest: action.argumentsDigest }),
  };
}
