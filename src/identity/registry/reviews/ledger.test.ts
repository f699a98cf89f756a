import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Changed, Directory, StoredEntity } from '../../directory.ts';
import { ReviewLedger } from './ledger.ts';
import type { ReviewItem } from './review.ts';

/** As much of a directory as a ledger needs. */
function someDirectory() {
  const stored = new Map<string, ReviewItem>();
  const listeners: ((changed: readonly Changed[]) => void)[] = [];
  const entity = (item: ReviewItem) => ({ id: item.id, version: 1, body: item }) as unknown as StoredEntity;
  const directory = {
    stored: () => [...stored.values()].map(entity).values(),
    storedOne: (_kind: string, id: string) => (stored.has(id) ? entity(stored.get(id)!) : undefined),
    onChange: (listener: (changed: readonly Changed[]) => void) => void listeners.push(listener),
  } as unknown as Directory;
  const put = (item: ReviewItem): void => {
    stored.set(item.id, item);
    for (const listener of listeners) listener([{ kind: 'review-item', id: item.id }]);
  };
  return { directory, stored, put };
}

const item = (review: string, agent: string, outcome: string | null): ReviewItem => ({
  ...{ id: `${review}.${agent}`, review, agent },
  decision: outcome === null ? null : ({ outcome } as ReviewItem['decision']),
});

const written = fc.record({
  review: fc.constantFrom('r-1', 'r-2'),
  agent: fc.integer({ min: 0, max: 20 }).map((i) => `a-${i}`),
  outcome: fc.option(fc.constantFrom('certify', 'revoke')),
  look: fc.boolean(),
});

describe('the ledger of reviews', () => {
  it('says of each campaign what the store holds, whenever it was opened and looked at', () => {
    fc.assert(
      fc.property(fc.array(written, { maxLength: 80 }), fc.nat(80), (writes, openedAfter) => {
        const { directory, stored, put } = someDirectory();
        const ledgers: ReviewLedger[] = [];
        for (const [i, { review, agent, outcome, look }] of writes.entries()) {
          if (i === Math.min(openedAfter, writes.length - 1)) ledgers.push(new ReviewLedger(directory));
          put(item(review, agent, outcome));
          if (look) for (const ledger of ledgers) ledger.of(review);
        }
        for (const ledger of ledgers)
          for (const review of ['r-1', 'r-2', 'r-none']) {
            const all = [...stored.values()].filter((each) => each.review === review);
            expect(ledger.of(review)).toEqual(all.sort((a, b) => (a.agent < b.agent ? -1 : 1)));
            const { total, waiting, byOutcome } = ledger.tally(review);
            expect([total, waiting]).toEqual([all.length, all.filter(({ decision }) => decision === null).length]);
            expect(byOutcome.certify ?? 0).toBe(all.filter(({ decision }) => decision?.outcome === 'certify').length);
          }
      }),
    );
  });
});
