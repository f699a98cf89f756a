import type { Registry } from '../registry.ts';
import { reminderDue, reviewersOf } from './review.ts';
import type { Reviews } from './reviews.ts';

export interface Reminder {
  readonly review: string;
  readonly name: string;
  readonly to: string;
  readonly pending: number;
  readonly dueAtMs: number;
}

/** Closes what is due and reminds who is late, each once over all processes. */
export async function sweepReviews(
  reviews: Reviews,
  { registry, notify }: { readonly registry: Registry; readonly notify: (reminder: Reminder) => void },
): Promise<void> {
  const nowMs = registry.parts.clock.nowMs();
  const { directory } = registry.world;
  for (const review of reviews.all()) {
    if (review.state !== 'open') continue;
    const { id, name, dueAtMs } = review;
    if (dueAtMs <= nowMs) {
      await reviews.close(id, { by: 'interlock', reason: 'its time is over' });
      continue;
    }
    const days = reminderDue(review, nowMs);
    if (days === null) continue;
    const pending: Record<string, number> = {};
    for (const item of reviews.items(id, { waiting: true })) {
      const agent = directory.agent(item.agent);
      for (const person of agent === undefined ? [] : reviewersOf(review, agent))
        pending[person] = (pending[person] ?? 0) + 1;
    }
    if (!(await reviews.remind(id, days, pending))) continue;
    for (const [to, count] of Object.entries(pending)) notify({ review: id, name, to, pending: count, dueAtMs });
  }
}
