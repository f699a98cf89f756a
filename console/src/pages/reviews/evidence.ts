import type { Page } from '../../../../src/model/insight/page.ts';
import { get, query } from '../../api/client.ts';
import type { Campaign, Item } from './words.ts';

/** The whole campaign with every decision, as one JSON file. The same is on record in the journal, where it can be verified. */
export async function downloadEvidence(campaign: Campaign): Promise<void> {
  const path = `/v1/reviews/${encodeURIComponent(campaign.id)}`;
  const items: Item[] = [];
  let cursor: string | null = null;
  do {
    const page: Page<Item> = await get(`${path}/items${query({ limit: 1000, cursor })}`);
    items.push(...page.items);
    cursor = page.next;
  } while (cursor !== null);
  const review = await get<Campaign>(path);
  const file = new Blob([JSON.stringify({ review, items }, null, 2)], { type: 'application/json' });
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = `${campaign.id}.json`;
  link.click();
  URL.revokeObjectURL(link.href);
}
