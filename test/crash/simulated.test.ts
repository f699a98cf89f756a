import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DiskTrouble, SimulatedDisk } from '../../src/adapters/disk/simulated.ts';
import type { Entry, Journal, Permit } from '../../src/audit/journal.ts';
import { readJournal } from '../../src/audit/read/read-journal.ts';
import { verifyJournal } from '../../src/audit/read/verify.ts';
import { Fault } from '../../src/model/fault.ts';
import { DIR, intentOf, OK, openOn, randomFrom, refusalOf, simulatedDisk } from './fixture.ts';

/** What callers were told: exactly this may never be untrue afterwards. */
interface Told {
  readonly records: Map<number, string>;
  readonly effects: Set<string>;
  checkpoint: string | null;
}

type Step = 'intent' | 'refusal' | 'close' | 'pause' | 'checkpoint' | 'big';

const workload = fc.record({
  seed: fc.integer(),
  steps: fc.array(fc.constantFrom<Step>('intent', 'intent', 'refusal', 'close', 'pause', 'checkpoint', 'big'), {
    minLength: 1,
    maxLength: 40,
    size: 'max',
  }),
  stopAt: fc.nat(120),
  segmentBytes: fc.constantFrom(1500, 5000, 1_000_000),
});

/** Runs the steps, concurrently but for `pause`. Failures are what a caller would see: no acknowledgement. */
async function work(
  journal: Journal,
  name: string,
  at: { readonly steps: readonly Step[]; readonly told: Told },
): Promise<void> {
  const { told } = at;
  const permits: Permit[] = [];
  const waiting: Promise<unknown>[] = [];
  for (const [i, step] of at.steps.entries()) {
    const call = `${name}-${i}`;
    if (step === 'pause') {
      await Promise.allSettled(waiting.splice(0));
      // Callers come back later, too: whatever a failure left behind must still hold then.
      await turn();
      await turn();
    } else if (step === 'checkpoint') waiting.push(journal.checkpoint().then(({ note }) => (told.checkpoint = note)));
    else if (step === 'refusal')
      waiting.push(journal.append(refusalOf(call)).then(({ seq }) => told.records.set(seq, `refusal ${call}`)));
    else if (step === 'close') {
      const permit = permits.pop();
      if (permit !== undefined)
        waiting.push(journal.outcome(permit, OK).then(({ seq }) => told.records.set(seq, `outcome ${permit.call}`)));
    } else {
      const args = step === 'big' ? { text: 'x'.repeat(3000) } : { i };
      const effect = (permit: Permit): void => {
        permit.spend();
        told.records.set(permit.seq, `intent ${call}`);
        told.effects.add(call);
        permits.push(permit);
      };
      waiting.push(journal.intent(intentOf(call, args)).then(effect));
    }
  }
  await Promise.allSettled(waiting);
}

async function entries(disk: SimulatedDisk): Promise<Entry[]> {
  const found: Entry[] = [];
  for await (const entry of readJournal(DIR, { disk })) found.push(entry);
  return found;
}

async function expectKept(disk: SimulatedDisk, told: Told, vkey: string | null): Promise<void> {
  const found = await entries(disk);
  const closings = new Map<string, number>();
  const intents = new Set<string>();
  for (const { record } of found) {
    if (record.type === 'outcome') closings.set(record.call, (closings.get(record.call) ?? 0) + 1);
    if (record.type === 'intent') intents.add(record.call);
  }
  for (const [seq, what] of told.records) {
    const record = found[seq]?.record as { type?: string; call?: string } | undefined;
    expect(`${record?.type} ${record?.call}`).toBe(what);
  }
  for (const call of told.effects) expect(intents.has(call), `effect ${call} without its intent`).toBe(true);
  for (const call of intents) expect(closings.get(call), `outcomes of ${call}`).toBe(1);
  const report = await verifyJournal(DIR, {
    disk,
    ...(told.checkpoint === null ? {} : { checkpoint: told.checkpoint }),
    ...(vkey === null ? {} : { vkey }),
  });
  expect(report.problems).toEqual([]);
}

describe('a journal on a disk that keeps no promise it did not make', () => {
  it('loses no acknowledged record, lets no effect go without its intent, reopens and verifies, wherever power is lost', async () => {
    let halts = 0;
    await fc.assert(
      fc.asyncProperty(
        workload,
        fc.array(fc.nat(40), { maxLength: 3 }),
        fc.constantFrom(0, 0.5, 1),
        async ({ seed, steps, stopAt, segmentBytes }, recoveries, kill) => {
          const told: Told = { records: new Map(), effects: new Set(), checkpoint: null };
          let vkey: string | null = null;
          let disk = simulatedDisk(seed, { trouble: ({ index }) => (index === stopAt ? 'halt' : null) });
          const kills = randomFrom(seed);
          const next = (stop: number | null): SimulatedDisk => {
            const trouble = ({ index }: { index: number }): DiskTrouble => (index === stop ? 'halt' : null);
            return kills() < kill ? disk.afterKill({ trouble }) : disk.afterPowerLoss({ trouble });
          };
          // The first life, then some that end early (also while recovering), then one that goes to the end.
          for (const [life, stop] of [stopAt, ...recoveries, null].entries()) {
            if (life > 0) disk = next(stop);
            const journal = await openOn(disk, { segmentBytes }).catch((cause: unknown) => {
              if (!disk.halted) throw cause;
              halts++;
              return null;
            });
            if (journal === null) continue;
            vkey ??= journal.vkey;
            expect(journal.vkey).toBe(vkey);
            await work(journal, `life${life}`, { steps, told });
            await journal.close().catch((cause: unknown) => {
              if (!disk.halted) throw cause;
            });
            if (disk.halted) halts++;
          }
          disk = next(null);
          await (await openOn(disk, { segmentBytes })).close();
          await expectKept(disk, told, vkey);
        },
      ),
      { numRuns: 100 },
    );
    // A property that never crashed would prove nothing.
    expect(halts).toBeGreaterThan(50);
  }, 120_000);

  it('acknowledges nothing that an I/O error or a full disk kept from stable storage', async () => {
    let failed = 0;
    const errors = fc.constantFrom<DiskTrouble>('EIO', 'EIO', 'ENOSPC', 'ENOSPC', 'short');
    await fc.assert(
      fc.asyncProperty(
        workload,
        errors,
        fc.constantFrom('write', 'write', 'sync', 'sync', 'syncDir', 'create'),
        async ({ seed, steps, stopAt, segmentBytes }, error, kind) => {
          const told: Told = { records: new Map(), effects: new Set(), checkpoint: null };
          let seen = 0;
          const disk = simulatedDisk(seed, {
            trouble: (operation) => (operation.kind === kind && seen++ === stopAt % 14 ? error : null),
          });
          const journal = await openOn(disk, { segmentBytes }).catch((cause: unknown) => {
            expect(cause).toBeInstanceOf(Fault);
            failed++;
            return null;
          });
          if (journal !== null) {
            await work(journal, 'first', { steps, told });
            if (journal.health().state === 'failed') failed++;
            await journal.close().catch(() => {});
          }
          // The process restarts on the same machine, whose cache shows what never reached the disk; works on; then power is lost.
          const restarted = disk.afterKill();
          const second = await openOn(restarted, { segmentBytes });
          await work(second, 'second', { steps, told });
          if (seed % 2 === 0) await second.close();
          const after = restarted.afterPowerLoss();
          await (await openOn(after, { segmentBytes })).close();
          await expectKept(after, told, second.vkey);
        },
      ),
      { numRuns: 100 },
    );
    expect(failed).toBeGreaterThan(20);
  }, 120_000);
});
