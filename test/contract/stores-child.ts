import { systemClock } from '../../src/adapters/clock.ts';
import type { CallKeys, Lock } from '../../src/model/lock.ts';
import type { EntityChange, OAuthRow, RelationTuple, SecretRow } from '../../src/ports/identity-stores.ts';
import type { ApprovalRow } from '../../src/ports/stores.ts';
import { type Entered, openRevocation } from '../../src/revocation/revocation.ts';
import { answer, consume, join } from './approval-row.ts';
import { type Location, open } from './stores-fixture.ts';

/** Another gateway process, as far as the stores are concerned: does what its parent asks, ends when its parent does. */
const location = JSON.parse(process.argv[2] as string) as Location;
const stores = await open(location);
const maxStaleMs = Number(process.env.MAX_STALE_MS ?? 2_000);
const revocation = await openRevocation({ locks: stores.locks, clock: systemClock, maxStaleMs });
const entries = new Map<string, Entered>();

/** CLOCK_MONOTONIC: one clock for all processes of a machine. */
const stampNs = (): string => process.hrtime.bigint().toString();

const COMMANDS: Record<string, (...args: never[]) => unknown> = {
  ready: () => true,
  claim: (id: string, expiresAtMs: number, times: number) =>
    Promise.all(Array.from({ length: times }, () => stores.replay.claim(id, expiresAtMs))),
  consume: (id: string, digest: string, times: number) =>
    Promise.all(
      Array.from({ length: times }, () => consume(stores.approvals, id, { digest, nowMs: systemClock.nowMs() })),
    ),
  answer: (id: string, by: string, times: number) =>
    Promise.all(
      Array.from({ length: times }, (_, i) =>
        answer(stores.approvals, id, {
          state: i % 2 === 0 ? 'approved' : 'denied',
          by,
          reason: '',
          nowMs: systemClock.nowMs(),
        }),
      ),
    ),
  join: (rows: ApprovalRow[], maxPending: number) =>
    Promise.all(rows.map(async (row) => (await join(stores.approvals, row, maxPending))?.id ?? null)),
  put: async (locks: Lock[]) => {
    const epochs: number[] = [];
    for (const lock of locks) epochs.push(await stores.locks.put(lock));
    return epochs;
  },
  load: () => stores.locks.load(),
  insertOAuth: (row: OAuthRow, times: number) =>
    Promise.all(Array.from({ length: times }, () => stores.oauth.insert(row))),
  consumeOAuth: (row: OAuthRow, times: number) =>
    Promise.all(
      Array.from({ length: times }, async () => {
        // As the provider does: others go on saving what they read before it was used.
        const won = await stores.oauth.consume(row.kind, row.id, systemClock.nowMs());
        await stores.oauth.put(row);
        return won;
      }),
    ),
  putSecret: (row: SecretRow, expected: number | null, times: number) =>
    Promise.all(Array.from({ length: times }, () => stores.secrets.put(row, expected))),
  /** Each list of changes in a transaction of its own, all at once. */
  change: (lists: EntityChange[][]) =>
    Promise.all(
      lists.map(async (changes) => {
        const act = { by: 'peer', act: 'race', reason: '', atMs: systemClock.nowMs() };
        const result = await stores.directory.apply(changes, act);
        return result.ok || result.why;
      }),
    ),
  relate: async (lists: RelationTuple[][]) => {
    for (const writes of lists) await stores.relations.apply({ writes, deletes: [] });
  },
  revoke: async (ids: string[]) => {
    for (const id of ids) {
      await stores.revoked.revoke([{ kind: 'agent', id, issuedUntilMs: 1, expiresAtMs: Number.MAX_SAFE_INTEGER }]);
    }
  },
  enter: (name: string, keys: CallKeys) => {
    const entry = revocation.enter(keys);
    if (entry.ok) entries.set(name, entry);
    return entry.ok ? { ok: true, watched: entry.watched } : entry;
  },
  /** Answers when the signal of that call is aborted: when, and with what reason. */
  aborted: (name: string) =>
    new Promise((resolve) => {
      const { signal } = entries.get(name) as Entered;
      const told = (): void => resolve({ atNs: stampNs(), reason: signal.reason });
      if (signal.aborted) told();
      else signal.addEventListener('abort', told, { once: true });
    }),
  isAborted: (name: string) => entries.get(name)?.signal.aborted,
  again: (name: string) => entries.get(name)?.again(),
  leave: (name: string) => entries.get(name)?.leave(),
  status: () => revocation.status(),
  apply: (lock: Lock) => revocation.apply(lock),
};

process.on('message', async ({ id, command, args }: { id: number; command: string; args: never[] }) => {
  try {
    process.send?.({ id, value: (await COMMANDS[command]?.(...args)) ?? null });
  } catch (error) {
    process.send?.({ id, error: String(error) });
  }
});
process.on('disconnect', async () => {
  revocation.close();
  await stores.close();
  process.exit(0);
});
