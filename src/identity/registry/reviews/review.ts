import type { Agent } from '../../../model/agent.ts';
import type { AgentFilter } from '../many.ts';

/** A campaign: somebody looks again at what agents may do, one by one, until a day. */
export interface Review {
  readonly id: string;
  readonly name: string;
  readonly createdBy: string;
  readonly createdAtMs: number;
  readonly dueAtMs: number;
  readonly filter: AgentFilter;
  /** `null`: the owner and the deputies of each agent. */
  readonly reviewers: readonly string[] | null;
  /** Whoever requested an agent does not review it. */
  readonly excludeRequester: boolean;
  /** What happens to an agent nobody looked at in time. */
  readonly overdue: 'none' | 'suspend';
  /** Days before the end on which reviewers are reminded. */
  readonly remindDays: readonly number[];
  /** Those of `remindDays` that were sent. */
  readonly reminded: readonly number[];
  readonly state: 'preparing' | 'open' | 'closed';
  readonly summary: Readonly<Record<string, number>> | null;
}

export type Outcome = 'certify' | 'reduce' | 'revoke' | 'reassign' | 'overdue' | 'overdue-suspended';

export interface Decision {
  readonly outcome: Outcome;
  readonly by: string;
  readonly reason: string;
  readonly atMs: number;
  /** What the agent was when it was decided on, and what it was given. */
  readonly seen: Pick<Agent, 'owner' | 'state' | 'riskTier' | 'servers' | 'scopes' | 'groups' | 'purpose'>;
  readonly change: Readonly<Record<string, unknown>>;
}

/** One agent of one campaign. */
export interface ReviewItem {
  readonly id: string;
  readonly review: string;
  readonly agent: string;
  readonly decision: Decision | null;
}

export function itemId(review: string, agent: string): string {
  return `${review}.${agent}`;
}

/** Who may decide on an agent now. */
export function reviewersOf(review: Review, agent: Agent): readonly string[] {
  const all = review.reviewers ?? [agent.owner, ...agent.deputies];
  return review.excludeRequester ? all.filter((person) => person !== agent.creator) : all;
}

export function seenOf({ owner, state, riskTier, servers, scopes, groups, purpose }: Agent): Decision['seen'] {
  return { owner, state, riskTier, servers, scopes, groups, purpose };
}

/** The reminder that is due: the nearest day that was not sent. `null`: none. */
export function reminderDue(review: Review, nowMs: number): number | null {
  const due = review.remindDays.filter(
    (days) => !review.reminded.includes(days) && review.dueAtMs - days * 86_400_000 <= nowMs,
  );
  return due.length === 0 ? null : Math.min(...due);
}
