import { describe, expect, it } from 'vitest';
import { DIR, intentOf, ManualClock, OK, openOn, refusalOf, simulatedDisk } from '../../test/crash/fixture.ts';
import type { SimulatedDisk } from '../adapters/disk/simulated.ts';
import { Fault } from '../model/fault.ts';
import type { Entry, Permit } from './journal.ts';
import { readJournal } from './read/read-journal.ts';
import { verifyReceipt } from './read/receipt.ts';
import { verifyJournal } from './read/verify.ts';

async function entries(disk: SimulatedDisk, fromSeq = 0): Promise<Entry[]> {
  const found: Entry[] = [];
  for await (const entry of readJournal(DIR, { disk, fromSeq })) found.push(entry);
  return found;
}

async function faultOf(promise: Promise<unknown>): Promise<Fault> {
  const caught = await promise.then(
    () => null,
    (cause: unknown) => cause,
  );
  if (!(caught instanceof Fault)) throw new Error(`expected a Fault, got ${String(caught)}`);
  return caught;
}

describe('intent', () => {
  it('resolves only after the record is synced', async () => {
    const disk = simulatedDisk(1);
    const journal = await openOn(disk);
    const seen: string[] = [];
    disk.trouble = ({ kind, path }) => {
      if (path.endsWith('.jsonl')) seen.push(kind);
      return null;
    };
    await journal.intent(intentOf('a')).then(() => seen.push('permit'));
    expect(seen).toEqual(['write', 'sync', 'permit']);
  });

  it('commits everything that queued meanwhile with one write and one sync', async () => {
    const disk = simulatedDisk(1);
    const journal = await openOn(disk);
    const kinds: string[] = [];
    disk.trouble = ({ kind }) => {
      kinds.push(kind);
      return null;
    };
    await Promise.all(Array.from({ length: 200 }, (_, i) => journal.intent(intentOf(`call-${i}`))));
    expect(kinds).toEqual(['write', 'sync']);
  });

  it('gives a permit that can be spent once', async () => {
    const journal = await openOn(simulatedDisk(1));
    const permit = await journal.intent(intentOf('a'));
    permit.spend();
    expect(() => permit.spend()).toThrow(/bug: permit of call a is spent/);
  });

  it('gives a permit that cannot be spent once its call is closed', async () => {
    const journal = await openOn(simulatedDisk(1));
    const permit = await journal.intent(intentOf('a'));
    await journal.outcome(permit, OK);
    expect(() => permit.spend()).toThrow(/closed/);
  });

  it('gives a permit nobody else can make', async () => {
    const journal = await openOn(simulatedDisk(1));
    const permit = await journal.intent(intentOf('a'));
    const Forged = permit.constructor as unknown as new (mint: symbol, made: object) => Permit;
    expect(() => new Forged(Symbol('mint'), { owner: journal, call: 'b', seq: 1 })).toThrow(/bug/);
    const lookalike = { call: 'a', seq: permit.seq, spend() {} } as unknown as Permit;
    expect(() => journal.outcome(lookalike, OK)).toThrow(/bug/);
    const other = await openOn(simulatedDisk(2));
    expect(() => other.outcome(permit, OK)).toThrow(/not of this journal/);
  });

  it('is a bug twice for one call, until that is closed', async () => {
    const journal = await openOn(simulatedDisk(1));
    const permit = await journal.intent(intentOf('a'));
    await expect(journal.intent(intentOf('a'))).rejects.toThrow(/bug: call a has an open intent/);
    await journal.outcome(permit, OK);
    await expect(journal.intent(intentOf('a'))).resolves.toBeDefined();
  });
});

describe('outcome', () => {
  it('closes a call exactly once', async () => {
    const disk = simulatedDisk(1);
    const journal = await openOn(disk);
    const permit = await journal.intent(intentOf('a'));
    const { seq } = await journal.outcome(permit, OK);
    expect(() => journal.outcome(permit, OK)).toThrow(/bug: call a has an outcome already/);
    await journal.close();
    expect((await entries(disk, seq))[0]?.record).toEqual({ type: 'outcome', call: 'a', ...OK });
  });

  it('does not crash the process when nobody waits for it and the disk fails', async () => {
    const disk = simulatedDisk(1);
    const journal = await openOn(disk);
    const permit = await journal.intent(intentOf('a'));
    disk.trouble = () => 'EIO';
    void journal.outcome(permit, OK);
    await expect(journal.append(refusalOf('b'))).rejects.toThrow(Fault);
  });
});

describe('backpressure', () => {
  it('refuses with `overloaded` beyond the bounds on records, bytes and open calls, and goes on afterwards', async () => {
    for (const limits of [{ maxQueuedRecords: 5 }, { maxQueuedBytes: 4000 }, { maxOpenIntents: 5 }]) {
      const journal = await openOn(simulatedDisk(1), limits);
      const tries = await Promise.allSettled(
        Array.from({ length: 20 }, (_, i) => journal.intent(intentOf(`call-${i}`))),
      );
      const permits = tries.flatMap((t) => (t.status === 'fulfilled' ? [t.value] : []));
      const codes = tries.flatMap((t) => (t.status === 'rejected' ? [(t.reason as Fault).code] : []));
      expect(permits.length).toBeGreaterThan(0);
      expect(codes.length).toBeGreaterThan(0);
      expect(new Set(codes)).toEqual(new Set(['overloaded']));
      await Promise.all(permits.map((permit) => journal.outcome(permit, OK)));
      await expect(journal.intent(intentOf('later'))).resolves.toBeDefined();
    }
  });

  it('never refuses an outcome for load', async () => {
    const journal = await openOn(simulatedDisk(1), { maxQueuedRecords: 3 });
    const permits = [await journal.intent(intentOf('a')), await journal.intent(intentOf('b'))];
    const crowd = Array.from({ length: 10 }, (_, i) =>
      journal.append(refusalOf(`r${i}`)).catch((fault: Fault) => fault.code),
    );
    await Promise.all(permits.map((permit) => journal.outcome(permit, OK)));
    expect(await Promise.all(crowd)).toContain('overloaded');
  });

  it('refuses a record that is too large', async () => {
    const journal = await openOn(simulatedDisk(1), { maxRecordBytes: 2000 });
    expect((await faultOf(journal.intent(intentOf('a', { text: 'x'.repeat(3000) })))).code).toBe('too-large');
    await expect(journal.intent(intentOf('a'))).resolves.toBeDefined();
  });
});

describe('a failing disk', () => {
  it.each([
    ['write', 'EIO', /disk failed while writing/],
    ['sync', 'EIO', /disk failed while writing/],
    ['write', 'ENOSPC', /is full: free space, then restart/],
    ['write', 'EACCES', /can no longer be written to/],
  ] as const)(
    'that answers a %s with %s stops the journal for good, and the message says what to do',
    async (kind, errno, message) => {
      const disk = simulatedDisk(3);
      const journal = await openOn(disk);
      const permit = await journal.intent(intentOf('a'));
      let failures = 0;
      disk.trouble = (operation) => (operation.kind === kind && failures++ === 0 ? errno : null);
      const waiting = [journal.intent(intentOf('b')), journal.append(refusalOf('c')), journal.outcome(permit, OK)];
      for (const promise of waiting) expect((await faultOf(promise)).message).toMatch(message);
      // The disk works again: what was said to have failed must stay failed.
      await new Promise((resolve) => setTimeout(resolve, 5));
      const later = await faultOf(journal.intent(intentOf('d')));
      expect([later.code, later.kind]).toEqual(['journal-unavailable', 'operator']);
      expect(journal.health().state).toBe('failed');
      expect((await faultOf(journal.close())).code).toBe('journal-unavailable');
    },
  );

  it('leaves a journal that opens again, with every acknowledged record, and the open call closed as unknown', async () => {
    const disk = simulatedDisk(4);
    const journal = await openOn(disk);
    await journal.intent(intentOf('acknowledged'));
    let failures = 0;
    disk.trouble = ({ kind }) => (kind === 'sync' && failures++ === 0 ? 'EIO' : null);
    await faultOf(journal.intent(intentOf('refused')));
    await journal.close().catch(() => {});
    const again = await openOn(disk.afterPowerLoss());
    await again.close();
    expect(again.health().size).toBeGreaterThan(3);
  });

  it('with short writes loses nothing', async () => {
    const disk = simulatedDisk(5);
    const journal = await openOn(disk);
    disk.trouble = ({ kind, index }) => (kind === 'write' && index % 2 === 0 ? 'short' : null);
    for (let i = 0; i < 20; i++) await journal.intent(intentOf(`call-${i}`));
    await journal.close();
    const report = await verifyJournal(DIR, { disk });
    expect(report.problems).toEqual([]);
    expect(report.openCalls).toBe(20);
  });

  it('that is nearly full refuses new calls, lets outcomes through, and goes on by itself when there is room', async () => {
    const disk = simulatedDisk(6, { capacityBytes: 100_000 });
    const journal = await openOn(disk, { minFreeBytes: 50_000, spaceCheckIntervalMs: 5 });
    const permits: Permit[] = [];
    let fault: Fault | null = null;
    for (let i = 0; fault === null; i++) {
      await journal.intent(intentOf(`call-${i}`)).then(
        (permit) => permits.push(permit),
        (cause: Fault) => {
          fault = cause;
        },
      );
    }
    expect((fault as Fault).code).toBe('journal-unavailable');
    expect((fault as Fault).message).toMatch(/nearly full/);
    expect(journal.health().state).toBe('low-space');
    for (const permit of permits.slice(0, 10)) await journal.outcome(permit, OK);
    disk.capacityBytes = 1_000_000;
    await new Promise((resolve) => setTimeout(resolve, 40));
    await expect(journal.intent(intentOf('after'))).resolves.toBeDefined();
    await journal.close();
  });
});

describe('opening', () => {
  it('is refused to a second opener, and granted after the first has closed', async () => {
    const disk = simulatedDisk(1);
    const journal = await openOn(disk);
    expect((await faultOf(openOn(disk))).message).toMatch(/another process writes it/);
    await journal.close();
    const next = await openOn(disk);
    await next.close();
  });

  it('closes as unknown what a former process left open, also across rotations', async () => {
    const disk = simulatedDisk(1);
    const journal = await openOn(disk, { segmentBytes: 3000 });
    await journal.intent(intentOf('forgotten'));
    for (let i = 0; i < 40; i++) await journal.outcome(await journal.intent(intentOf(`call-${i}`)), OK);
    expect(journal.health().segment).toBeGreaterThan(10);
    const after = disk.afterKill();
    const next = await openOn(after);
    await next.close();
    const records = (await entries(after)).map(({ record }) => record);
    const closing = records.filter((record) => record.type === 'outcome' && record.call === 'forgotten');
    expect(closing).toMatchObject([{ outcome: 'unknown', code: 'restart' }]);
    const report = await verifyJournal(DIR, { disk: after });
    expect([report.ok, report.openCalls]).toEqual([true, 0]);
  });

  it('keeps its key and its name, and refuses another name or a missing key', async () => {
    const disk = simulatedDisk(1);
    const first = await openOn(disk);
    await first.close();
    const second = await openOn(disk);
    expect(second.vkey).toBe(first.vkey);
    await second.close();
    expect((await faultOf(openOn(disk, {}, { origin: 'example.com/other' }))).message).toMatch(
      /it is the journal "example.com\/journal"/,
    );
    disk.poke(`${DIR}/signing.key`, null);
    expect((await faultOf(openOn(disk))).message).toMatch(/signing key .* is missing/);
  });

  it('after a clean stop reports nothing torn', async () => {
    const disk = simulatedDisk(1);
    await (await openOn(disk)).close();
    await (await openOn(disk)).close();
    const acts = (await entries(disk)).flatMap(({ record }) =>
      record.type === 'admin' ? [[record.act, record.detail]] : [],
    );
    expect(acts.slice(1)).toEqual([
      ['journal.open', { tornBytes: 0, closedIntents: 0 }],
      ['journal.close', { openIntents: 0 }],
      ['journal.open', { tornBytes: 0, closedIntents: 0 }],
      ['journal.close', { openIntents: 0 }],
    ]);
  });
});

describe('rotation and retention', () => {
  it('starts a segment by size, by age, and each one verifies without those before', async () => {
    const disk = simulatedDisk(1);
    const clock = new ManualClock();
    const journal = await openOn(disk, { segmentAgeMs: 60_000 }, { clock });
    await journal.append(refusalOf('a'));
    expect(journal.health().segment).toBe(0);
    clock.advance(60_001);
    await journal.append(refusalOf('b'));
    expect(journal.health().segment).toBe(3);
    await journal.close();
    expect((await verifyJournal(DIR, { disk })).segments).toBe(2);
  });

  it('removes whole segments beyond the limit, says so in a record, and what is left still verifies and proves', async () => {
    const disk = simulatedDisk(1);
    const journal = await openOn(disk, { segmentBytes: 4000, retainBytes: 12_000 });
    for (let i = 0; i < 60; i++) await journal.outcome(await journal.intent(intentOf(`call-${i}`)), OK);
    const outside = (await journal.checkpoint()).note;
    const { size } = journal.health();
    const receipt = await journal.receipt(size - 2);
    const early = await faultOf(journal.receipt(3));
    await journal.close();
    const report = await verifyJournal(DIR, { disk, checkpoint: outside, vkey: journal.vkey });
    expect(report.problems).toEqual([]);
    expect(report.firstSeq).toBeGreaterThan(50);
    expect(report.summary.join(' ')).toMatch(/removed by retention/);
    expect(early.code).toBe('not-found');
    expect(verifyReceipt(receipt, { vkey: journal.vkey })).toMatchObject({ ok: true, entry: { seq: size - 2 } });
  });

  it('verifies after a removal that was interrupted, and finishes it the next time', async () => {
    const disk = simulatedDisk(1);
    const journal = await openOn(disk, { segmentBytes: 2000, retainBytes: 8000 });
    disk.trouble = ({ kind, path }) => (kind === 'remove' && path.endsWith('.checkpoints') ? 'halt' : null);
    for (let i = 0; i < 40 && !disk.halted; i++) await journal.append(refusalOf(`call-${i}`)).catch(() => {});
    expect(disk.halted).toBe(true);
    const after = disk.afterKill();
    const report = await verifyJournal(DIR, { disk: after, vkey: journal.vkey });
    expect(report.problems).toEqual([]);
    expect(report.firstSeq).toBeGreaterThan(0);
    expect(await after.list(DIR)).toContain('0000000000000000.checkpoints');
    const next = await openOn(after, { segmentBytes: 2000, retainBytes: 8000 });
    await next.append(refusalOf('more'));
    await next.close();
    expect(await after.list(DIR)).not.toContain('0000000000000000.checkpoints');
  });

  it('never removes by age what is younger', async () => {
    const disk = simulatedDisk(1);
    const clock = new ManualClock();
    const journal = await openOn(disk, { segmentBytes: 2000, retainMs: 1000 }, { clock });
    for (let i = 0; i < 10; i++) await journal.append(refusalOf(`old-${i}`));
    clock.advance(2000);
    for (let i = 0; i < 10; i++) await journal.append(refusalOf(`new-${i}`));
    await journal.close();
    const calls = (await entries(disk)).flatMap(({ record }) => (record.type === 'refusal' ? [record.call] : []));
    expect(calls.filter((call) => call.startsWith('new'))).toHaveLength(10);
    expect(calls.filter((call) => call.startsWith('old')).length).toBeLessThan(4);
  });
});

describe('receipts', () => {
  it('prove any record in any segment, offline, and nothing else', async () => {
    const disk = simulatedDisk(1);
    const journal = await openOn(disk, { segmentBytes: 3000 });
    for (let i = 0; i < 30; i++) await journal.outcome(await journal.intent(intentOf(`call-${i}`)), OK);
    const { size } = journal.health();
    for (let seq = 0; seq < size; seq += 3) {
      const receipt = await journal.receipt(seq);
      expect(verifyReceipt(JSON.parse(JSON.stringify(receipt)), { vkey: journal.vkey })).toMatchObject({
        ok: true,
        entry: { seq },
      });
    }
    const receipt = await journal.receipt(10);
    const other = await openOn(simulatedDisk(9), {}, { origin: 'example.com/other' });
    expect(verifyReceipt(receipt, { vkey: other.vkey }).ok).toBe(false);
    for (const forged of [
      { ...receipt, leaf: receipt.leaf.replace('"call-', '"tall-') },
      { ...receipt, proof: receipt.proof.replace('index 10', 'index 11') },
      { ...receipt, proof: (await journal.receipt(11)).proof },
      { ...receipt, format: 'something' },
      null,
    ]) {
      expect(verifyReceipt(forged, { vkey: journal.vkey })).toMatchObject({ ok: false, problem: expect.any(String) });
    }
  });
});

describe('readJournal', () => {
  it('follows a running writer across rotations, from where it is told, and ends when aborted', async () => {
    const disk = simulatedDisk(1);
    const journal = await openOn(disk, { segmentBytes: 2000 });
    await journal.append(refusalOf('before'));
    const stop = new AbortController();
    const seen: number[] = [];
    const reading = (async () => {
      for await (const { seq } of readJournal(DIR, { disk, fromSeq: 2, follow: true, signal: stop.signal, pollMs: 1 }))
        seen.push(seq);
    })();
    for (let i = 0; i < 25; i++) await journal.append(refusalOf(`r${i}`));
    const { size } = journal.health();
    while (seen.at(-1) !== size - 1) await new Promise((resolve) => setTimeout(resolve, 2));
    stop.abort();
    await reading;
    expect(seen).toEqual(Array.from({ length: size - 2 }, (_, i) => i + 2));
    await journal.close();
  });

  it('and verifyJournal find nothing wrong beside a writer that rotates and removes all the time', async () => {
    const disk = simulatedDisk(1);
    const journal = await openOn(disk, { segmentBytes: 4000, retainBytes: 60_000, checkpointIntervalMs: 1 });
    let writing = true;
    const lanes = Array.from({ length: 4 }, async (_, lane) => {
      for (let i = 0; writing; i++) await journal.append(refusalOf(`${lane}-${i}`));
    });
    let oldest = 0;
    try {
      for (let round = 0; round < 15 || (oldest === 0 && round < 500); round++) {
        const { note } = await journal.checkpoint();
        const report = await verifyJournal(DIR, { disk, vkey: journal.vkey, checkpoint: note });
        expect(report.problems).toEqual([]);
        oldest = report.firstSeq;
      }
    } finally {
      writing = false;
      await Promise.all(lanes);
      await journal.close();
    }
    expect(oldest).toBeGreaterThan(0);
  });

  it('stops at damage instead of handing it on', async () => {
    const disk = simulatedDisk(1);
    const journal = await openOn(disk);
    await journal.append(refusalOf('a'));
    await journal.close();
    const path = `${DIR}/0000000000000000.jsonl`;
    const bytes = disk.peek(path);
    bytes[bytes.length - 400] = (bytes[bytes.length - 400] as number) ^ 1;
    disk.poke(path, bytes);
    expect((await faultOf(entries(disk))).message).toMatch(/damaged/);
  });
});
