import type { JsonObject } from './json.ts';

/**
 * One thing an agent attempts, whatever surface it arrived on. Built once at the door, never changed:
 * what is decided is what is sent.
 */
export interface Action {
  /** The Cedar action id. For MCP it is the method: `tools/call`, `resources/read`, … */
  readonly name: string;
  /** Configured server the action is for. */
  readonly server: string;
  /** What it acts on: a tool, a resource URI, a prompt, or the server itself. */
  readonly target: ActionTarget;
  /** The arguments a policy may read and a human approves. Empty for actions without any. */
  readonly args: JsonObject;
  /** base64url SHA-256 over the RFC 8785 form of {action, server, target, args}. Binds approvals and records. */
  readonly digest: string;
  /** Length of that RFC 8785 form: at least that of the arguments. */
  readonly sizeChars: number;
}

export type ActionTarget =
  | { readonly kind: 'tool'; readonly name: string }
  | { readonly kind: 'resource'; readonly uri: string }
  | { readonly kind: 'prompt'; readonly name: string }
  | { readonly kind: 'server' };

export function targetName(target: ActionTarget): string | null {
  if (target.kind === 'server') return null;
  return target.kind === 'resource' ? target.uri : target.name;
}
