import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { DIR, intentOf, OK, openOn, refusalOf, simulatedDisk } from '../../../test/crash/fixture.ts';
import { SimulatedDisk } from '../../adapters/disk/simulated.ts';
import { splitStored } from '../format/checkpoint.ts';
import { type VerifyReport, verifyJournal } from './verify.ts';

type Files = ReadonlyMap<string, Buffer>;

interface Made {
  readonly files: Files;
  readonly vkey: string;
  /** The last checkpoint: covers every record. */
  readonly outside: string;
}

async function make(seed: number, tag: string, keyOf?: Made): Promise<Made> {
  const disk = simulatedDisk(seed);
  if (keyOf !== undefined) {
    await disk.makeDir(DIR);
    disk.poke(join(DIR, 'signing.key'), keyOf.files.get('signing.key') as Buffer);
  }
  const journal = await openOn(disk, { segmentBytes: 6000 });
  for (let i = 0; i < 18; i++) {
    if (i % 5 === 0) await journal.append(refusalOf(`${tag}-refused-${i}`));
    if (i % 4 === 0) await journal.checkpoint();
    const permit = await journal.intent(intentOf(`${tag}-${i}`));
    if (i % 7 !== 6) await journal.outcome(permit, OK);
  }
  await journal.close();
  const files = new Map<string, Buffer>();
  for (const name of await disk.list(DIR)) files.set(name, disk.peek(join(DIR, name)));
  const last = [...files.keys()].filter((name) => name.endsWith('.checkpoints')).at(-1) as string;
  const { notes } = splitStored((files.get(last) as Buffer).toString('utf8'));
  return { files, vkey: journal.vkey, outside: notes.at(-1)?.note as string };
}

async function verify(files: Files, made: Pick<Made, 'vkey'> & { readonly outside?: string }): Promise<VerifyReport> {
  const disk = new SimulatedDisk();
  await disk.makeDir(DIR);
  for (const [name, bytes] of files) disk.poke(join(DIR, name), bytes);
  return verifyJournal(DIR, {
    disk,
    vkey: made.vkey,
    ...(made.outside === undefined ? {} : { checkpoint: made.outside }),
  });
}

function changed(files: Files, name: string, bytes: Buffer | null): Files {
  const next = new Map(files);
  if (bytes === null) next.delete(name);
  else next.set(name, bytes);
  return next;
}

const lines = (bytes: Buffer): string[] => bytes.toString('utf8').split(/(?<=\n)/);

let made: Made;
let foreign: Made;
let forged: Made;
beforeAll(async () => {
  made = await make(1, 'mine');
  foreign = await make(2, 'other');
  forged = await make(3, 'forged', made);
});

/** One change to one file of records. Null when it changes nothing. */
type Mutation = (bytes: Buffer, at: number, other: number) => Buffer | null;

const MUTATIONS: Readonly<Record<string, Mutation>> = {
  'flip a bit': (bytes, at, other) => {
    const next = Buffer.from(bytes);
    const i = at % bytes.length;
    next[i] = (next[i] as number) ^ (1 << (other % 8));
    return next;
  },
  'delete a line': (bytes, at) =>
    Buffer.from(
      lines(bytes)
        .toSpliced(at % lines(bytes).length, 1)
        .join(''),
    ),
  'repeat a line': (bytes, at) => {
    const all = lines(bytes);
    const i = at % all.length;
    return Buffer.from(all.toSpliced(i, 0, all[i] as string).join(''));
  },
  'swap two lines': (bytes, at, other) => {
    const all = lines(bytes);
    const [i, j] = [at % all.length, other % all.length];
    return i === j
      ? null
      : Buffer.from(
          all
            .with(i, all[j] as string)
            .with(j, all[i] as string)
            .join(''),
        );
  },
  'cut the end off': (bytes, at) => bytes.subarray(0, at % bytes.length),
  'insert bytes': (bytes, at, other) => {
    const i = at % bytes.length;
    return Buffer.concat([bytes.subarray(0, i), Buffer.from([other % 256]), bytes.subarray(i)]);
  },
  'delete bytes': (bytes, at, other) => {
    const i = at % bytes.length;
    return Buffer.concat([bytes.subarray(0, i), bytes.subarray(i + 1 + (other % 50))]);
  },
  'take a line from another journal': (bytes, at, other) => {
    const theirs = lines(foreign.files.get('0000000000000000.jsonl') as Buffer);
    const all = lines(bytes);
    return Buffer.from(all.with(at % all.length, theirs[other % theirs.length] as string).join(''));
  },
};

describe('verifyJournal', () => {
  it('finds an untouched journal intact, in plain words', async () => {
    const report = await verify(made.files, made);
    expect(report.problems).toEqual([]);
    expect(report).toMatchObject({
      ok: true,
      firstSeq: 0,
      openCalls: 2,
      unfinishedTailBytes: 0,
      outsideSize: report.size,
      vkeyFrom: 'given',
    });
    expect(report.segments).toBeGreaterThan(2);
    expect(report.checkpoints).toBeGreaterThan(5);
    expect(report.summary[0]).toMatch(/^The journal is intact: \d+ records/);
  });

  it.each(Object.keys(MUTATIONS))(
    'finds it when somebody does this to the records: %s',
    async (name) => {
      const mutate = MUTATIONS[name] as Mutation;
      const targets = [...made.files.keys()].filter((file) => file.endsWith('.jsonl'));
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...targets), fc.nat(1_000_000), fc.nat(1_000_000), async (file, at, other) => {
          const before = made.files.get(file) as Buffer;
          const after = mutate(before, at, other);
          fc.pre(after !== null && !after.equals(before));
          const report = await verify(changed(made.files, file, after), made);
          expect(report.ok).toBe(false);
          expect(report.problems[0]?.message).not.toBe('');
        }),
        { numRuns: 60 },
      );
    },
    60_000,
  );

  it('finds any changed byte in the stored checkpoints', async () => {
    const targets = [...made.files.keys()].filter((file) => file.endsWith('.checkpoints'));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...targets), fc.nat(1_000_000), fc.nat(7), async (file, at, bit) => {
        const bytes = made.files.get(file) as Buffer;
        const report = await verify(
          changed(made.files, file, MUTATIONS['flip a bit']?.(bytes, at, bit) as Buffer),
          made,
        );
        // A destroyed end of the very last note looks like a write that a crash interrupted, and is reported as that.
        expect(!report.ok || report.unfinishedTailBytes > 0).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  it('finds a whole file removed, or replaced by that of another journal', async () => {
    for (const name of made.files.keys()) {
      if (!/\d/.test(name)) continue;
      expect((await verify(changed(made.files, name, null), made)).ok, `without ${name}`).toBe(false);
      const theirs = foreign.files.get(name);
      if (theirs !== undefined)
        expect((await verify(changed(made.files, name, theirs), made)).ok, `foreign ${name}`).toBe(false);
    }
  });

  it('says where the first damaged record lies', async () => {
    const name = '0000000000000000.jsonl';
    const all = lines(made.files.get(name) as Buffer);
    const offset = all.slice(0, 3).join('').length;
    const after = Buffer.from(
      all
        .with(3, (all[3] as string).replace('"paper"', '"panda"').replace('"deny"', '"dewy"').replace('"ok"', '"no"'))
        .join(''),
    );
    const report = await verify(changed(made.files, name, after), made);
    expect(report.problems[0]).toMatchObject({ code: 'damaged-record', seq: 3, file: name, offset });
  });

  it('finds a history that was rewritten and signed anew with the stolen key, but only by the checkpoint kept elsewhere', async () => {
    expect(forged.vkey).toBe(made.vkey);
    expect((await verify(forged.files, { vkey: made.vkey })).ok).toBe(true);
    const report = await verify(forged.files, made);
    expect(report.problems.map(({ code }) => code)).toContain('different-history');
  });

  it('finds an older state of the whole directory put back', async () => {
    const names = [...made.files.keys()].filter((name) => /^\d/.test(name));
    const older = new Map(made.files);
    for (const name of names.slice(-2)) older.delete(name);
    expect((await verify(older, { vkey: made.vkey })).ok).toBe(true);
    const report = await verify(older, made);
    expect(report.problems).toMatchObject([{ code: 'missing-records' }]);
    expect(report.problems[0]?.message).toMatch(/the checkpoint kept elsewhere covers/);
  });

  it('finds the oldest segment removed by anything but retention', async () => {
    const report = await verify(
      changed(changed(made.files, '0000000000000000.jsonl', null), '0000000000000000.checkpoints', null),
      made,
    );
    expect(report.problems).toMatchObject([{ code: 'missing-records', seq: 0 }]);
  });

  it('refuses a checkpoint from elsewhere that is not of this journal, and works without any key only to say so', async () => {
    const report = await verify(made.files, { vkey: made.vkey, outside: foreign.outside });
    expect(report.problems).toMatchObject([{ code: 'bad-outside-checkpoint' }]);
    const keyless = await verify(changed(made.files, 'verifier.vkey', null), { vkey: 'nonsense' });
    expect(keyless.problems).toMatchObject([{ code: 'no-key' }]);
  });

  it('does not call a write that was interrupted damage', async () => {
    const name = [...made.files.keys()].filter((file) => file.endsWith('.jsonl')).at(-1) as string;
    const torn = Buffer.concat([made.files.get(name) as Buffer, Buffer.from('{"seq":9')]);
    const report = await verify(changed(made.files, name, torn), made);
    expect(report).toMatchObject({ ok: true, unfinishedTailBytes: 8 });
  });
});
