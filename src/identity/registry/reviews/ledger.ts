import type { Directory } from '../../directory.ts';
import type { ReviewItem } from './review.ts';

interface Campaign {
  readonly items: Map<string, ReviewItem>;
  /** In the order of the agents; made when it is asked for. */
  sorted: ReviewItem[] | null;
  tally: Tally | null;
}

export interface Tally {
  readonly total: number;
  readonly waiting: number;
  readonly byOutcome: Readonly<Record<string, number>>;
}

/** The items of every campaign, found by campaign: a look at one does not go through all there ever were. Follows the directory. */
export class ReviewLedger {
  readonly #campaigns = new Map<string, Campaign>();

  constructor(directory: Directory) {
    for (const { body } of directory.stored('review-item')) this.#take(body as unknown as ReviewItem);
    directory.onChange((changed) => {
      for (const { kind, id } of changed) {
        const body = kind === 'review-item' ? directory.storedOne(kind, id)?.body : undefined;
        if (body !== undefined) this.#take(body as unknown as ReviewItem);
      }
    });
  }

  /** In the order of the agents. */
  of(review: string): readonly ReviewItem[] {
    const campaign = this.#campaigns.get(review);
    if (campaign === undefined) return [];
    campaign.sorted ??= [...campaign.items.values()].sort((a, b) => (a.agent < b.agent ? -1 : 1));
    return campaign.sorted;
  }

  tally(review: string): Tally {
    const campaign = this.#campaigns.get(review);
    if (campaign === undefined) return { total: 0, waiting: 0, byOutcome: {} };
    return (campaign.tally ??= tallyOf(campaign.items));
  }

  #take(item: ReviewItem): void {
    let campaign = this.#campaigns.get(item.review);
    if (campaign === undefined)
      this.#campaigns.set(item.review, (campaign = { items: new Map(), sorted: null, tally: null }));
    const { items, sorted } = campaign;
    campaign.tally = null;
    if (!items.has(item.agent)) campaign.sorted = null;
    else if (sorted !== null) sorted[placeOf(sorted, item.agent)] = item;
    items.set(item.agent, item);
  }
}

function tallyOf(items: ReadonlyMap<string, ReviewItem>): Tally {
  const byOutcome: Record<string, number> = {};
  let waiting = 0;
  for (const { decision } of items.values()) {
    if (decision === null) waiting++;
    else byOutcome[decision.outcome] = (byOutcome[decision.outcome] ?? 0) + 1;
  }
  return { total: items.size, waiting, byOutcome };
}

/** Index of the item of this agent, which is there. */
function placeOf(sorted: readonly ReviewItem[], agent: string): number {
  let low = 0;
  let high = sorted.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]!.agent < agent) low = middle + 1;
    else high = middle;
  }
  return low;
}
