import { TOPICS, type Topic } from '../queries/schema.ts';

/** Who in this process waits for which topic. A bell that throws is a bug in its owner and must not silence the others. */
export interface Bells {
  on(topic: Topic, ring: () => void): () => void;
  ring(topic: Topic): void;
  ringAll(): void;
  readonly waiting: boolean;
}

export function makeBells(): Bells {
  const rings = new Map<Topic, Set<() => void>>(TOPICS.map((topic) => [topic, new Set<() => void>()]));
  const ring = (topic: Topic): void => {
    for (const call of rings.get(topic) ?? []) {
      try {
        call();
      } catch (error) {
        process.emitWarning(error instanceof Error ? error : String(error));
      }
    }
  };
  return {
    on(topic, call) {
      // A wrapper per subscription: the same function subscribed twice is two subscriptions.
      const own = (): void => call();
      rings.get(topic)?.add(own);
      return () => rings.get(topic)?.delete(own);
    },
    ring,
    ringAll: () => TOPICS.forEach(ring),
    get waiting() {
      for (const calls of rings.values()) if (calls.size > 0) return true;
      return false;
    },
  };
}
