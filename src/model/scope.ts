import type { ToolEffect } from './tool.ts';

/**
 * Coarse scopes (RFC 6749 section 3.3, requirements AZ2): `<server>:<right>`. The server may be `*`, the right `all`. Rights are the effects
 * of tools; `read` also covers resources and prompts. A scope says what a token is limited to; policies still decide every call.
 */
export const RIGHTS: readonly (ToolEffect | 'all')[] = [
  'read',
  'write',
  'destructive',
  'external',
  'credential',
  'all',
];

const SCOPE = /^(\*|[a-z][a-z0-9-]{0,31}):(read|write|destructive|external|credential|all)$/;
const MAX_SCOPES = 200;

/** Scopes of OpenID Connect and OAuth that name nothing behind the gateway. */
export const PROTOCOL_SCOPES: ReadonlySet<string> = new Set(['openid', 'offline_access', 'profile', 'email']);

export function isScope(text: string): boolean {
  return SCOPE.test(text);
}

/** The scopes of a `scope` parameter, each once, protocol scopes left out; `null` when one of them is none. */
export function parseScopes(text: string): readonly string[] | null {
  const asked = [...new Set(text.split(' ').filter((part) => part !== ''))].filter(
    (part) => !PROTOCOL_SCOPES.has(part),
  );
  return asked.length <= MAX_SCOPES && asked.every(isScope) ? asked : null;
}

/** What a call needs. */
export function scopeNeeded(server: string, effect: ToolEffect): string {
  return `${server}:${effect}`;
}

/** Whether one scope says everything another does. */
function includes(granted: string, asked: string): boolean {
  const [grantedServer, grantedRight] = granted.split(':') as [string, string];
  const [askedServer, askedRight] = asked.split(':') as [string, string];
  return (
    (grantedServer === '*' || grantedServer === askedServer) && (grantedRight === 'all' || grantedRight === askedRight)
  );
}

/** Whether `asked` is within `granted`. `null` grants everything. */
export function coversScope(granted: readonly string[] | null, asked: string): boolean {
  return granted === null || granted.some((scope) => includes(scope, asked));
}

/** What both grant: never more than either. `null` is everything. */
export function intersectScopes(a: readonly string[] | null, b: readonly string[] | null): readonly string[] | null {
  if (a === null) return b;
  if (b === null) return a;
  const both = new Set<string>();
  for (const left of a) {
    for (const right of b) {
      const scope = meet(left, right);
      if (scope !== null) both.add(scope);
    }
  }
  return [...both];
}

function meet(a: string, b: string): string | null {
  const [aServer, aRight] = a.split(':') as [string, string];
  const [bServer, bRight] = b.split(':') as [string, string];
  if (aServer !== '*' && bServer !== '*' && aServer !== bServer) return null;
  if (aRight !== 'all' && bRight !== 'all' && aRight !== bRight) return null;
  return `${aServer === '*' ? bServer : aServer}:${aRight === 'all' ? bRight : aRight}`;
}
