import type { ReviewLine, ReviewProgress } from '../../../../src/model/insight/estate.ts';

/** GET /v1/reviews: a campaign with how far it is. */
export interface Campaign {
  readonly id: string;
  readonly name: string;
  readonly createdBy: string;
  readonly createdAtMs: number;
  readonly dueAtMs: number;
  readonly filter: Readonly<Record<string, unknown>>;
  readonly reviewers: readonly string[] | null;
  readonly excludeRequester: boolean;
  readonly overdue: 'none' | 'suspend';
  readonly remindDays: readonly number[];
  readonly state: 'preparing' | 'open' | 'closed';
  readonly summary: Readonly<Record<string, number>> | null;
  readonly progress: ReviewProgress;
}

export interface Decision {
  readonly outcome: Outcome;
  readonly by: string;
  readonly reason: string;
  readonly atMs: number;
  readonly change: Readonly<Record<string, unknown>>;
}

export type Outcome = 'certify' | 'reduce' | 'revoke' | 'reassign' | 'overdue' | 'overdue-suspended';
export type Item = ReviewLine<Decision>;

export const OUTCOMES: Readonly<Record<Outcome, readonly ['good' | 'warn' | 'bad' | 'accent' | 'plain', string]>> = {
  certify: ['good', 'certified'],
  reduce: ['accent', 'reduced'],
  revoke: ['bad', 'revoked'],
  reassign: ['accent', 'reassigned'],
  overdue: ['warn', 'nobody looked'],
  'overdue-suspended': ['bad', 'nobody looked: suspended'],
};

const FILTERS: Readonly<Record<string, string>> = {
  owner: 'owned by',
  state: 'state',
  department: 'department',
  riskTier: 'risk',
  template: 'template',
  origin: 'from',
  search: 'called',
};

/** Which agents a campaign is about, in words. */
export function filterWords(filter: Readonly<Record<string, unknown>>): string {
  const parts = Object.entries(filter)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => `${FILTERS[name] ?? name} ${String(value)}`);
  return parts.length === 0 ? 'every agent' : parts.join(', ');
}

/** How a campaign stands at this moment. */
export function standing(
  { state, dueAtMs, progress }: Pick<Campaign, 'state' | 'dueAtMs' | 'progress'>,
  nowMs: number,
): readonly ['good' | 'warn' | 'bad' | 'plain' | 'accent', string] {
  if (state === 'closed') return ['plain', 'closed'];
  if (state === 'preparing') return ['plain', 'preparing'];
  if (progress.waiting === 0) return ['good', 'all decided'];
  if (dueAtMs <= nowMs) return ['bad', 'overdue'];
  return dueAtMs - nowMs < 3 * 86_400_000 ? ['warn', 'due soon'] : ['accent', 'open'];
}

/** What a decision did, in words. */
export function changeWords(change: Decision['change']): string {
  const list = (value: unknown): string => (Array.isArray(value) ? value.join(', ') || 'none' : String(value));
  return Object.entries(change)
    .map(([name, value]) => `${name}: ${list(value)}`)
    .join('; ');
}
