import type { Journal } from '../../audit/journal.ts';
import type { KeyRing } from '../../identity/ring/key-ring.ts';
import type { KeyOperations } from '../../surfaces/admin/keys.ts';

/** Recorded before it is done: a key nobody ordered is a key somebody should ask about. */
export function keyOperations(ring: KeyRing, journal: Pick<Journal, 'append'>): KeyOperations {
  return {
    list: () => ring.list(),
    async rotate({ by, reason, immediately }) {
      await journal.append({ type: 'admin', act: 'keys.rotate', by, reason, detail: { immediately } });
      return ring.rotate({ immediately });
    },
    async remove(kid, { by, reason }) {
      await journal.append({ type: 'admin', act: 'keys.remove', by, reason, detail: { kid } });
      return ring.remove(kid);
    },
  };
}
