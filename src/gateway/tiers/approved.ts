import type { Action } from '../../model/action.ts';
import type { Caller } from '../../model/caller.ts';
import { digestJson } from '../../model/canonical.ts';
import type { JsonObject } from '../../model/json.ts';
import { coversScope } from '../../model/scope.ts';

const CALL = 'tools/call';

/** What people approved who were told no arguments, only their digest (base64url SHA-256 of the RFC 8785 form). */
export function undisclosedDigest(server: string, tool: string, argumentsDigest: string): string {
  return digestJson({ action: CALL, server, tool, arguments_digest: argumentsDigest });
}

/** The approval a credential carries for exactly this action (model/caller.ts). `null`: none, or for another. Whether it is still to be had, the store says. */
export function callerApproval({ approved }: Pick<Caller, 'approved'>, action: Action): string | null {
  if (approved === null) return null;
  const fits = approved.digest === action.digest || approved.digest === digestWithoutArguments(action);
  return fits ? approved.approval : null;
}

/** Only of a call with nothing but a name and arguments: of anything else that it may carry, people were not told. */
function digestWithoutArguments({ name, server, target, args, digest }: Action): string | null {
  if (name !== CALL || target.kind !== 'tool') return null;
  const withArguments = digestOf(server, { name: target.name, arguments: args });
  const bare = Object.keys(args).length === 0 && digest === digestOf(server, { name: target.name });
  return bare || digest === withArguments ? undisclosedDigest(server, target.name, digestJson(args)) : null;
}

function digestOf(server: string, params: JsonObject): string {
  return digestJson({ action: CALL, server, params });
}

/** Whether the scopes of the credential alone would let a call through that needs this one. */
export function ownScopesCover({ scopes }: Pick<Caller, 'scopes'>, needed: string | null): boolean {
  return needed === null || coversScope(scopes, needed);
}
