import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DIR, intentOf, OK, openOn, refusalOf, simulatedDisk } from '../../../test/crash/fixture.ts';
import type { SimulatedDisk } from '../../adapters/disk/simulated.ts';
import type { Entry } from '../journal.ts';
import { readJournal } from './read-journal.ts';
import { verifyJournal } from './verify.ts';

const RECORDS = join(DIR, '0000000000000000.jsonl');
const NOTES = join(DIR, '0000000000000000.checkpoints');

/** A journal that was killed: three batches of two records behind the last checkpoint. */
async function killed(): Promise<SimulatedDisk> {
  const disk = simulatedDisk(1);
  const journal = await openOn(disk);
  await journal.outcome(await journal.intent(intentOf('covered')), OK);
  await journal.checkpoint();
  for (const name of ['a', 'b', 'c'])
    await Promise.all([journal.append(refusalOf(`${name}1`)), journal.append(refusalOf(`${name}2`))]);
  return disk.afterKill();
}

function edit(disk: SimulatedDisk, path: string, change: (bytes: Buffer) => Buffer): void {
  disk.poke(path, change(disk.peek(path)));
}

/** Flips one bit inside the line of the refusal of this call. */
function damage(disk: SimulatedDisk, call: string): void {
  edit(disk, RECORDS, (bytes) => {
    const at = bytes.indexOf(`"call":"${call}"`);
    expect(at).toBeGreaterThan(0);
    bytes[at + 9] = (bytes[at + 9] as number) ^ 0x04;
    return bytes;
  });
}

async function reopen(disk: SimulatedDisk): Promise<string> {
  return openOn(disk).then(
    async (journal) => {
      await journal.close();
      return 'opened';
    },
    (cause: Error) => cause.message,
  );
}

async function records(disk: SimulatedDisk): Promise<Entry[]> {
  const found: Entry[] = [];
  for await (const entry of readJournal(DIR, { disk })) found.push(entry);
  return found;
}

const calls = async (disk: SimulatedDisk): Promise<string[]> =>
  (await records(disk)).flatMap(({ record }) => (record.type === 'refusal' ? [record.call] : []));

describe('opening after a crash', () => {
  it('keeps every whole record, acknowledged or not', async () => {
    const disk = await killed();
    expect(await reopen(disk)).toBe('opened');
    expect(await calls(disk)).toEqual(['a1', 'a2', 'b1', 'b2', 'c1', 'c2']);
  });

  it('cuts a torn tail off, says how long it was, and writes on behind the last whole record', async () => {
    for (const torn of [Buffer.from('{"seq":12,"time"'), Buffer.alloc(700), Buffer.from('garbage\nmore garbage\n')]) {
      const disk = await killed();
      edit(disk, RECORDS, (bytes) => Buffer.concat([bytes, torn]));
      expect(await reopen(disk)).toBe('opened');
      const opening = (await records(disk)).findLast(
        ({ record }) => record.type === 'admin' && record.act === 'journal.open',
      );
      expect((opening?.record as { detail: object }).detail).toEqual({ tornBytes: torn.length, closedIntents: 0 });
    }
  });

  it('takes a hole in the last batch for a torn write, although whole records of the same batch follow', async () => {
    const disk = await killed();
    damage(disk, 'c1');
    expect(await reopen(disk)).toBe('opened');
    expect(await calls(disk)).toEqual(['a1', 'a2', 'b1', 'b2']);
  });

  it('makes durable what it found and never saw synced, before anything is built on it', async () => {
    const disk = simulatedDisk(1);
    const journal = await openOn(disk);
    disk.trouble = ({ kind }) => (kind === 'sync' ? 'halt' : null);
    await journal.append(refusalOf('written')).catch(() => {});
    // Killed between write and sync; the next life begins a new segment at once; then power is lost, with everything unsynced.
    const killed = disk.afterKill({ random: () => 0.3 });
    await (await openOn(killed, { segmentBytes: 1 })).close();
    const after = killed.afterPowerLoss();
    expect((await verifyJournal(DIR, { disk: after })).problems).toEqual([]);
    expect(await calls(after)).toEqual(['written']);
  });

  it('refuses when a record of an earlier batch is damaged: a later batch proves that it was acknowledged', async () => {
    for (const call of ['a1', 'a2', 'b1', 'b2']) {
      const disk = await killed();
      damage(disk, call);
      const before = disk.peek(RECORDS);
      expect(await reopen(disk)).toMatch(/had been acknowledged.*restore the directory/);
      expect(disk.peek(RECORDS).equals(before), 'nothing was changed').toBe(true);
    }
  });

  it('refuses when the line end between two records of different batches is destroyed', async () => {
    const disk = await killed();
    edit(disk, RECORDS, (bytes) => {
      bytes[bytes.lastIndexOf('\n', bytes.indexOf('"call":"c1"'))] = 0x20;
      return bytes;
    });
    expect(await reopen(disk)).toMatch(/had been acknowledged/);
  });

  it('refuses when records that a signed checkpoint covers are cut off or damaged', async () => {
    const cut = await killed();
    edit(cut, RECORDS, (bytes) => bytes.subarray(0, bytes.indexOf('{"seq":3')));
    expect(await reopen(cut)).toMatch(/records 3 to 3 were acknowledged .* are gone or damaged/);
    const damaged = await killed();
    damage(damaged, 'covered');
    expect(await reopen(damaged)).toMatch(/acknowledged/);
  });

  it('refuses when checkpoints or records are missing, damaged or signed by another key', async () => {
    const flip = (bytes: Buffer): Buffer => {
      bytes[60] = (bytes[60] as number) ^ 1;
      return bytes;
    };
    const other = await killed();
    const foreign = simulatedDisk(2);
    await (await openOn(foreign)).close();
    const cases: [(disk: SimulatedDisk) => void, RegExp][] = [
      [(disk) => disk.poke(NOTES, null), /checkpoints of segment 0 are missing/],
      [(disk) => disk.poke(RECORDS, null), /its records are gone, only checkpoints are left/],
      [(disk) => edit(disk, NOTES, flip), /checkpoints of segment 0 are damaged or signed by another key/],
      [(disk) => disk.poke(NOTES, foreign.peek(NOTES)), /missing|another key/],
      [(disk) => disk.poke(RECORDS, foreign.peek(RECORDS)), /not those of its own signed checkpoint|acknowledged/],
      [(disk) => disk.poke(join(DIR, 'signing.key'), foreign.peek(join(DIR, 'signing.key'))), /another key|missing/],
    ];
    for (const [tamper, message] of cases) {
      const disk = other.afterKill();
      const saved = [RECORDS, NOTES, join(DIR, 'signing.key')].map((path) => [path, disk.peek(path)] as const);
      tamper(disk);
      expect(await reopen(disk)).toMatch(message);
      for (const [path, bytes] of saved) other.poke(path, bytes);
    }
  });

  it('never opens with fewer records than a stopped journal had, whatever was changed in its files', async () => {
    const pristine = simulatedDisk(7);
    const journal = await openOn(pristine, { segmentBytes: 3000 });
    for (let i = 0; i < 8; i++) await journal.append(refusalOf(`call-${i}`));
    await journal.close();
    const names = (await pristine.list(DIR)).filter((name) => /^\d/.test(name)).slice(-2);
    const saved = new Map(names.map((name) => [name, pristine.peek(join(DIR, name))]));
    const first = Number(names[0]?.slice(0, 16));
    const hashes = (await records(pristine)).filter(({ seq }) => seq >= first).map(({ hash }) => hash);
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...names),
        fc.nat(100_000),
        fc.integer({ min: 0, max: 300 }),
        async (name, at, length) => {
          const disk = simulatedDisk(7);
          await disk.makeDir(DIR);
          for (const file of ['signing.key']) disk.poke(join(DIR, file), pristine.peek(join(DIR, file)));
          for (const [file, bytes] of saved) disk.poke(join(DIR, file), bytes);
          edit(disk, join(DIR, name), (bytes) => {
            const start = at % bytes.length;
            if (length === 0) return bytes.subarray(0, start);
            return Buffer.concat([
              bytes.subarray(0, start),
              Buffer.alloc(Math.min(length, bytes.length - start), 0x78),
              bytes.subarray(start + length),
            ]);
          });
          if ((await reopen(disk)) !== 'opened') {
            refused++;
            return;
          }
          const kept = (await records(disk)).map(({ hash }) => hash);
          expect(kept.slice(0, hashes.length)).toEqual(hashes);
        },
      ),
      { numRuns: 150 },
    );
    expect(refused).toBeGreaterThan(50);
  });
});
