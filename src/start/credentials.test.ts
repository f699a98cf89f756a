import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Connection, Credentials, HeldCredential } from '../credentials/credentials.ts';
import { vaultOperations } from './credentials.ts';

/** As many as are wanted after that row, as the vault has them. */
function holding(kept: readonly string[], held: readonly string[]): Credentials {
  const connection = (id: string): Connection => ({
    ...{ id, server: id, owner: 'agent:a', by: null, issuer: null, scope: null },
    ...{ connectedAtMs: null, changedAtMs: 0, readable: true },
  });
  const inMemory = held.map(
    (server): HeldCredential => ({
      ...{ server, person: null, agent: 'a', task: null, kind: 'exchange', fresh: true },
    }),
  );
  const page = async (_who: object, { limit, after = '' }: { limit: number; after?: string }) =>
    kept
      .filter((id) => id > after)
      .slice(0, limit)
      .map(connection);
  return { connectionsAfter: page, inMemory: () => inMemory } as unknown as Credentials;
}

it('goes through what is kept and then through what is in memory, each once, whatever the pages', async () => {
  const ids = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 4 }), { maxLength: 9 });
  await fc.assert(
    fc.asyncProperty(ids, ids, fc.integer({ min: 1, max: 4 }), async (some, held, limit) => {
      const kept = [...some].sort();
      const { list } = vaultOperations(holding(kept, held), { append: async () => 0 } as never);
      const seen: string[] = [];
      for (let after: string | null = null, pages = 0; pages < 30; pages++) {
        const page: Awaited<ReturnType<typeof list>> = await list({ agent: 'a' }, { after, limit });
        expect(page.items.length).toBeLessThanOrEqual(limit);
        seen.push(...page.items.map(({ where, server }) => `${where} ${server}`));
        after = page.next;
        if (after === null) break;
      }
      const all = [...kept.map((id) => `vault ${id}`), ...held.map((id) => `memory ${id}`)];
      expect(seen.toSorted()).toEqual(all.sort());
    }),
  );
});

it('says nothing of what is in memory where nobody is named', async () => {
  const { list } = vaultOperations(holding(['x'], ['y']), { append: async () => 0 } as never);
  const { items, next } = await list({}, { after: null, limit: 10 });
  expect([items.map(({ server }) => server), next]).toEqual([['x'], null]);
});
