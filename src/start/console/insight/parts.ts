import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Credentials } from '../../../credentials/credentials.ts';
import type { Gateway } from '../../../gateway/gateway.ts';
import type { Agent } from '../../../model/agent.ts';
import type { Lock, Tier } from '../../../model/lock.ts';
import { TIERS } from '../../../model/lock.ts';
import type { Stores } from '../../../ports/stores.ts';
import type { McpHandler } from '../../../surfaces/mcp/handler.ts';
import type { Pulse } from '../../../surfaces/ops/pulse.ts';
import type { Questions } from '../../approvals/open.ts';
import type { Live } from '../../live.ts';
import type { ActivityBook } from '../records/record-index.ts';

/** What the overview and the pages of agents are computed from. */
export interface InsightParts {
  readonly live: Live;
  readonly stores: Stores;
  readonly gateway: Gateway;
  readonly mcp: McpHandler;
  readonly pulse: Pulse;
  readonly credentials: Pick<Credentials, 'heldBy'>;
  readonly questions: Pick<Questions, 'standing'>;
  readonly activity: ActivityBook;
}

export const DAY_MS = 86_400_000;

/** Looked at in one turn, where each takes a fraction of a microsecond. */
const TURN = 10_000;

/** Everything of a long list, with turns for others in between: nobody's call waits for a page. */
export async function inTurns<T>(all: readonly T[], each: (one: T) => void, turn = TURN): Promise<void> {
  for (let i = 0; i < all.length; i++) {
    if (i > 0 && i % turn === 0) await nextTurn();
    each(all[i]!);
  }
}

function strictest(a: Tier | null, b: Tier | null): Tier | null {
  if (a === null || b === null) return a ?? b;
  return TIERS.indexOf(a) >= TIERS.indexOf(b) ? a : b;
}

/** The strictest lock on an agent, on its owner, or on everything. */
export function tierOf(
  locks: readonly Lock[],
): (agent: { readonly id: string; readonly owner: string }) => Tier | null {
  const agents = new Map<string, Tier>();
  const owners = new Map<string, Tier>();
  let all: Tier | null = null;
  for (const { target, tier } of locks) {
    if (target.kind === 'agent') agents.set(target.id, tier);
    else if (target.kind === 'owner') owners.set(target.id, tier);
    else if (target.kind === 'all') all = tier;
  }
  return ({ id, owner }) => strictest(all, strictest(agents.get(id) ?? null, owners.get(owner) ?? null));
}

/** One reading for everybody who asks within that time. One that failed is not kept. */
export function kept<T>(
  make: () => Promise<T>,
  { nowMs, forMs }: { nowMs: () => number; forMs: number },
): () => Promise<T> {
  let last: { readonly atMs: number; readonly value: Promise<T> } | null = null;
  return () => {
    if (last === null || nowMs() - last.atMs > forMs) {
      const mine = { atMs: nowMs(), value: make() };
      last = mine;
      mine.value.catch(() => {
        if (last === mine) last = null;
      });
    }
    return last.value;
  };
}

/** The first of many by a small rank (0 first), in the order they came within one. Never sorts them all in one turn. */
export async function firstBy<T>(all: readonly T[], rank: (one: T) => number, most: number): Promise<readonly T[]> {
  const buckets: T[][] = [];
  await inTurns(all, (one) => {
    const bucket = (buckets[rank(one)] ??= []);
    if (bucket.length < most) bucket.push(one);
  });
  return buckets.flatMap((bucket) => bucket ?? []).slice(0, most);
}

/** By the harm they could do. */
export const RISKIEST: readonly Agent['riskTier'][] = ['critical', 'high', 'medium', 'low'];
