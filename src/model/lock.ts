/** A lock is one revocation: who or what is stopped, how hard, why, until when (requirements KS1, KS2). */
export type LockKind = 'agent' | 'owner' | 'user' | 'session' | 'task' | 'tool' | 'server' | 'all';

/** watch (yellow): go on, flagged in every record. pause (orange): new calls refused, in-flight finish. halt (red): abort. */
export type Tier = 'watch' | 'pause' | 'halt';

export interface LockTarget {
  readonly kind: LockKind;
  /** Agent id, owner id (whose agents), user id (on whose authority), session id, task id, `server/tool`, server id; '*' for `all`. */
  readonly id: string;
}

export interface Lock {
  readonly target: LockTarget;
  readonly tier: Tier;
  readonly reason: string;
  /** Who pulled it. */
  readonly by: string;
  readonly atMs: number;
  /** `null`: until released. */
  readonly untilMs: number | null;
}

/** Everything a call can be stopped by. */
export interface CallKeys {
  readonly agent: string;
  readonly owner: string;
  /** The human at the root, when there is one. */
  readonly user: string | null;
  /** The other agents of the delegation chain, and who owns them: a lock on any of them stops everything it handed on. */
  readonly through: readonly { readonly agent: string; readonly owner: string }[];
  readonly session: string | null;
  /** The task it belongs to, and those that one is part of. */
  readonly tasks: readonly string[];
  readonly server: string;
  /** `server/tool`, when the action is on a tool. */
  readonly tool: string | null;
}

export const TIERS: readonly Tier[] = ['watch', 'pause', 'halt'];
export function tierAtLeast(tier: Tier, floor: Tier): boolean {
  return TIERS.indexOf(tier) >= TIERS.indexOf(floor);
}

/** `agent:procurement`, `tool:crm/orders.create`, `all`. Returns null when the text names no target. */
export function parseTarget(text: string): LockTarget | null {
  if (text === 'all' || text === 'everything') return { kind: 'all', id: '*' };
  const colon = text.indexOf(':');
  if (colon <= 0 || colon === text.length - 1) return null;
  const kind = text.slice(0, colon);
  if (!(['agent', 'owner', 'user', 'session', 'task', 'tool', 'server'] as string[]).includes(kind)) return null;
  const id = text.slice(colon + 1);
  if (kind === 'tool' && !id.includes('/')) return null;
  return { kind: kind as LockKind, id };
}

export function formatTarget(target: LockTarget): string {
  return target.kind === 'all' ? 'all' : `${target.kind}:${target.id}`;
}
