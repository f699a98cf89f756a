/**
 * Every MCP method Interlock lets through, and the one Cedar action it is decided as. A method that is not in this table is
 * refused in either direction: nothing passes because nobody thought of it.
 */
export interface MethodSpec {
  /** Cedar action id. */
  readonly action: string;
  /** What the action is on; says which `params` member names it. */
  readonly target: 'tool' | 'resource' | 'prompt' | 'server';
  /** Protocol eras that know the method. */
  readonly era: 'legacy' | 'modern' | 'both';
}

type Table = ReadonlyMap<string, MethodSpec>;

function table(rows: readonly (readonly [string, MethodSpec['target'], MethodSpec['era'], string?])[]): Table {
  return new Map(rows.map(([method, target, era, action]) => [method, { action: action ?? method, target, era }]));
}

/** Requests a client makes. */
export const CLIENT_REQUESTS: Table = table([
  ['initialize', 'server', 'legacy'],
  ['server/discover', 'server', 'modern'],
  ['ping', 'server', 'legacy'],
  ['tools/list', 'server', 'both'],
  ['tools/call', 'tool', 'both'],
  ['resources/list', 'server', 'both'],
  ['resources/templates/list', 'server', 'both'],
  ['resources/read', 'resource', 'both'],
  ['resources/subscribe', 'resource', 'legacy'],
  ['resources/unsubscribe', 'resource', 'legacy'],
  ['prompts/list', 'server', 'both'],
  ['prompts/get', 'prompt', 'both'],
  ['completion/complete', 'server', 'both'],
  ['logging/setLevel', 'server', 'legacy'],
  ['subscriptions/listen', 'server', 'modern'],
  ['tasks/get', 'server', 'both'],
  ['tasks/list', 'server', 'legacy'],
  ['tasks/cancel', 'server', 'both'],
  ['tasks/result', 'server', 'legacy'],
  ['tasks/update', 'server', 'modern'],
]);

/** Notifications a client sends. All are decided as the one action `notifications`. */
export const CLIENT_NOTIFICATIONS: Table = table([
  ['notifications/initialized', 'server', 'legacy', 'notifications'],
  ['notifications/cancelled', 'server', 'both', 'notifications'],
  ['notifications/progress', 'server', 'legacy', 'notifications'],
  ['notifications/roots/list_changed', 'server', 'legacy', 'notifications'],
  ['notifications/tasks/status', 'server', 'legacy', 'notifications'],
]);

/** Requests a server makes of the agent (legacy eras; since 2026-07-28 they travel inside results). */
export const SERVER_REQUESTS: Table = table([
  ['ping', 'server', 'legacy'],
  ['sampling/createMessage', 'server', 'legacy'],
  ['elicitation/create', 'server', 'legacy'],
  ['roots/list', 'server', 'legacy'],
  ['tasks/get', 'server', 'legacy'],
  ['tasks/list', 'server', 'legacy'],
  ['tasks/cancel', 'server', 'legacy'],
  ['tasks/result', 'server', 'legacy'],
]);

/** Notifications a server sends. They belong to a recorded call or to an open stream and change nothing upstream. */
export const SERVER_NOTIFICATIONS: ReadonlySet<string> = new Set([
  'notifications/cancelled',
  'notifications/progress',
  'notifications/message',
  'notifications/resources/updated',
  'notifications/resources/list_changed',
  'notifications/tools/list_changed',
  'notifications/prompts/list_changed',
  'notifications/tasks/status',
  'notifications/tasks',
  'notifications/elicitation/complete',
  'notifications/subscriptions/acknowledged',
]);
