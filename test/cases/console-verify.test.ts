import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { checkLog, type LogReport } from '../../console/src/verify/log.ts';
import { parseKey, type VerifierKey } from '../../console/src/verify/note.ts';
import { checkReceipt } from '../../console/src/verify/receipt.ts';
import { SimulatedDisk } from '../../src/adapters/disk/simulated.ts';
import { splitStored } from '../../src/audit/format/checkpoint.ts';
import { type Receipt, readReceipt, verifyReceipt } from '../../src/audit/read/receipt.ts';
import { verifyJournal } from '../../src/audit/read/verify.ts';
import { DIR, intentOf, OK, openOn, refusalOf, simulatedDisk } from '../crash/fixture.ts';

/** What the console's pages check a journal with in the browser says what `interlock verify` says, of every journal. */
type Files = ReadonlyMap<string, Buffer>;

interface Made {
  readonly files: Files;
  readonly key: VerifierKey;
  readonly last: string;
}

async function make(seed: number, calls: number, keyOf?: Made): Promise<Made> {
  const disk = simulatedDisk(seed);
  if (keyOf !== undefined) {
    await disk.makeDir(DIR);
    disk.poke(join(DIR, 'signing.key'), keyOf.files.get('signing.key')!);
  }
  const journal = await openOn(disk, { segmentBytes: 6000 });
  for (let i = 0; i < calls; i++) {
    if (i % 5 === 0) await journal.append(refusalOf(`${seed}-refused-ü-${i}`));
    if (i % 4 === 0) await journal.checkpoint();
    const permit = await journal.intent(intentOf(`${seed}-${i}`));
    if (i % 7 !== 6) await journal.outcome(permit, OK);
  }
  await journal.close();
  const files = new Map<string, Buffer>();
  for (const name of await disk.list(DIR)) files.set(name, disk.peek(join(DIR, name)));
  const notes = [...files.keys()].filter((name) => name.endsWith('.checkpoints'));
  const last = splitStored(files.get(notes.at(-1)!)!.toString('utf8')).notes.at(-1)!.note;
  return { files, key: parseKey(journal.vkey)!, last };
}

function firstsOf(files: Files): number[] {
  return [...files.keys()].filter((name) => name.endsWith('.jsonl')).map((name) => Number(name.slice(0, 16)));
}

const nameOf = (first: number, kind: string): string => `${String(first).padStart(16, '0')}.${kind}`;

interface Ask {
  readonly piece?: number;
  readonly outside?: string;
  readonly segments?: readonly number[];
  readonly cancelAfter?: number;
}

async function browser(files: Files, { key, last }: Made, ask: Ask = {}): Promise<LogReport> {
  const firsts = (ask.segments ?? firstsOf(files)).toSorted((a, b) => a - b);
  let pieces = 0;
  return checkLog({
    source: {
      segments: firsts.map((first) => ({ first, sizeBytes: files.get(nameOf(first, 'jsonl'))!.length })),
      async *bytes(first) {
        const whole = files.get(nameOf(first, 'jsonl'))!;
        for (let at = 0; at < whole.length; at += ask.piece ?? 4096) {
          pieces++;
          yield Uint8Array.from(whole.subarray(at, at + (ask.piece ?? 4096)));
        }
      },
      notes: async (first) => files.get(nameOf(first, 'checkpoints'))?.toString('utf8') ?? '',
    },
    key,
    checkpoints: [
      { note: last, from: 'gateway' },
      ...(ask.outside === undefined ? [] : [{ note: ask.outside, from: 'elsewhere' as const }]),
    ],
    whole: ask.segments === undefined,
    onProgress: () => {},
    cancelled: () => pieces >= (ask.cancelAfter ?? Infinity),
  });
}

function diskOf(files: Files): SimulatedDisk {
  const disk = new SimulatedDisk();
  for (const [name, bytes] of files) disk.poke(join(DIR, name), bytes);
  return disk;
}

async function server(files: Files, made: Made, outside?: string) {
  const disk = diskOf(files);
  await disk.makeDir(DIR);
  return verifyJournal(DIR, {
    disk,
    vkey: made.key.vkey,
    checkpoint: outside ?? made.last,
  });
}

let made: Made;
let forged: Made;
beforeAll(async () => {
  made = await make(1, 18);
  forged = await make(2, 18, made);
});

describe('the browser checks the log by itself', () => {
  it('and finds what the gateway finds in journals of every length, in pieces of every size', async () => {
    for (const [seed, calls] of [0, 1, 2, 3, 7, 18, 40].entries()) {
      const each = await make(seed + 10, calls);
      const theirs = await server(each.files, each);
      expect(theirs.ok).toBe(true);
      for (const piece of [1, 57, 100_000]) {
        const ours = await browser(each.files, each, { piece });
        expect(ours.problems).toEqual([]);
        expect(ours).toMatchObject({ state: 'intact', to: theirs.size, from: 0, segments: theirs.segments });
        expect(ours.root.replaceAll('+', '-').replaceAll('/', '_').slice(0, 43)).toBe(theirs.root);
        // The server was given the last one once more, from elsewhere; the browser counts the gateway's word for it.
        expect([ours.checkpoints - 1, ours.openCalls]).toEqual([theirs.checkpoints, theirs.openCalls]);
        expect(ours.signedTo).toBe(theirs.size);
      }
    }
  });

  it('and finds any change of any byte of any file, at the record where the gateway finds it', async () => {
    const names = [...made.files.keys()].filter((name) => /\.(jsonl|checkpoints)$/.test(name));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...names),
        fc.nat(1_000_000),
        fc.integer({ min: 1, max: 255 }),
        async (name, at, flip) => {
          const bytes = Buffer.from(made.files.get(name)!);
          const i = at % bytes.length;
          bytes[i] = bytes[i]! ^ flip;
          const files = new Map(made.files).set(name, bytes);
          const [ours, theirs] = [await browser(files, made), await server(files, made)];
          // The last note of a file may be cut off by a crash: that is nobody's doing, to both.
          expect(ours.state === 'intact').toBe(theirs.ok);
          if (!name.endsWith('.jsonl')) return;
          expect(theirs.ok).toBe(false);
          expect(ours.problems[0]!.seq).toBe(theirs.problems[0]!.seq);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('and finds lines taken away, repeated or swapped, and ends cut off', async () => {
    const name = nameOf(0, 'jsonl');
    const lines = made.files
      .get(name)!
      .toString('utf8')
      .split(/(?<=\n)/);
    const changes = lines.flatMap((line, i) => [
      lines.toSpliced(i, 1),
      lines.toSpliced(i, 0, line),
      lines.with(i, lines[(i + 1) % lines.length]!).with((i + 1) % lines.length, line),
      lines.slice(0, i),
    ]);
    for (const change of changes) {
      const files = new Map(made.files).set(name, Buffer.from(change.join('')));
      const [ours, theirs] = [await browser(files, made), await server(files, made)];
      expect([ours.state, theirs.ok]).toEqual(['tampered', false]);
      expect(ours.problems[0]!.seq).toBe(theirs.problems[0]!.seq);
    }
    const last = firstsOf(made.files).at(-1)!;
    const without = new Map(made.files);
    without.delete(nameOf(last, 'jsonl'));
    expect((await browser(without, made)).problems[0]!.message).toMatch(/are missing/);
    const hole = new Map(made.files);
    hole.delete(nameOf(firstsOf(made.files)[1]!, 'jsonl'));
    expect((await browser(hole, made)).problems[0]!.message).toMatch(/missing between two segments/);
    const front = new Map(made.files);
    front.delete(nameOf(0, 'jsonl'));
    expect((await browser(front, made)).problems[0]!.message).toMatch(/no record says that retention removed them/);
  });

  it('another history signed with the same key is told from the one a kept checkpoint covers', async () => {
    expect((await browser(forged.files, forged)).state).toBe('intact');
    const ours = await browser(forged.files, forged, { outside: made.last });
    expect(ours.state).toBe('tampered');
    expect(ours.problems[0]!.message).toMatch(/not those that the checkpoint you kept covers|are missing/);
    expect((await browser(made.files, made, { outside: made.last })).elsewhereTo).toBeGreaterThan(0);
    const { problems } = await browser(made.files, made, { outside: 'not a note' });
    expect(problems[0]!.message).toMatch(/not a checkpoint of this log/);
  });

  it('one segment alone is bound to the rest by the checkpoints stored with it', async () => {
    for (const first of firstsOf(made.files)) {
      const ours = await browser(made.files, made, { segments: [first] });
      expect(ours.problems).toEqual([]);
      expect(ours).toMatchObject({ state: 'intact', from: first, segments: 1 });
      expect(ours.signedTo).toBeGreaterThanOrEqual(first);
      // Of another history, signed with the same key, whole in itself: the notes in front say no.
      if (first === 0 || !firstsOf(forged.files).includes(first)) continue;
      const mixed = new Map(made.files).set(nameOf(first, 'jsonl'), forged.files.get(nameOf(first, 'jsonl'))!);
      expect((await browser(mixed, made, { segments: [first] })).state).toBe('tampered');
    }
  });

  it('what was cancelled says how far it came, and is not called intact', async () => {
    const ours = await browser(made.files, made, { piece: 3000, cancelAfter: 2 });
    expect(ours.state).toBe('cancelled');
    expect(ours.to).toBeGreaterThan(0);
    expect(ours.to).toBeLessThan((await browser(made.files, made)).to);
  });

  it('receipts: what the gateway finds genuine, and nothing else', async () => {
    const disk = diskOf(made.files);
    await disk.makeDir(DIR);
    const { size } = await server(made.files, made);
    const receipts: Receipt[] = [];
    for (let seq = 0; seq < size; seq++) receipts.push(await readReceipt(DIR, seq, { disk }));
    for (const [seq, receipt] of receipts.entries()) {
      const ours = await checkReceipt(receipt, made.key);
      const theirs = verifyReceipt(receipt, { vkey: made.key.vkey });
      if (!ours.ok || !theirs.ok) throw new Error(`receipt ${seq} is not found genuine`);
      expect([ours.seq, ours.covered.size, ours.record]).toEqual([seq, theirs.checkpoint.size, theirs.entry.record]);
    }
    await fc.assert(
      fc.asyncProperty(
        fc.nat(size - 1),
        fc.constantFrom('leaf', 'proof'),
        fc.nat(1_000_000),
        fc.string({ minLength: 1, maxLength: 3 }),
        async (seq, part, at, put) => {
          const text = receipts[seq]![part as 'leaf' | 'proof'];
          const i = at % text.length;
          const changed = { ...receipts[seq]!, [part]: text.slice(0, i) + put + text.slice(i + put.length) };
          const ours = await checkReceipt(changed, made.key);
          expect(ours.ok).toBe(verifyReceipt(changed, { vkey: made.key.vkey }).ok);
        },
      ),
      { numRuns: 500 },
    );
    const mixed = { ...receipts[3]!, proof: receipts[4]!.proof };
    expect(await checkReceipt(mixed, made.key)).toMatchObject({ ok: false });
    for (const none of [null, 'x', 7, [], {}, { format: 'interlock-receipt-v1', leaf: '{}', proof: '' }])
      expect(await checkReceipt(none, made.key)).toMatchObject({ ok: false });
  });

  it('a key that is no key, or does not fit its own id, is refused', () => {
    expect(parseKey(` ${made.key.vkey}\n`)?.vkey).toBe(made.key.vkey);
    for (const bad of ['', 'x', made.key.vkey.slice(0, -2), made.key.vkey.replace(/\+[0-9a-f]{8}\+/, '+00000000+')])
      expect(parseKey(bad)).toBeNull();
  });
});
