/**
 * A process made to be killed. It opens a journal and calls in a few lanes until it is told to stop, and says only what it was
 * promised: `ack` when a permit arrived, then the effect (a line in another file, only ever after `spend`), `closed` when the
 * outcome is durable. Run: node driver.ts '{"dir":…,"effects":…,"calls":…,"lanes":…,"limits":{…}}'
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { systemClock } from '../../src/adapters/clock.ts';
import { realDisk } from '../../src/adapters/disk/real.ts';
import { type Journal, type JournalLimits, openJournal } from '../../src/audit/journal.ts';
import { Fault } from '../../src/model/fault.ts';
import { intentOf, OK } from './fixture.ts';

export interface DriverTask {
  readonly dir: string;
  readonly effects: string;
  /** Calls per lane. */
  readonly calls: number;
  readonly lanes: number;
  readonly limits: Partial<JournalLimits>;
}

/** The exit code when the journal refused: by design, not by a crash. */
export const REFUSED = 3;

/** Straight to the pipe: what was said survives the process. */
function say(line: string): void {
  writeSync(1, `${line}\n`);
}

async function lane(
  journal: Journal,
  name: string,
  at: { readonly calls: number; readonly effects: number },
): Promise<boolean> {
  let refused = false;
  for (let i = 0; i < at.calls; i++) {
    const call = `${name}-${i}`;
    try {
      const permit = await journal.intent(intentOf(call));
      say(`ack ${permit.seq} ${call}`);
      permit.spend();
      writeSync(at.effects, `${call}\n`);
      const { seq } = await journal.outcome(permit, OK);
      say(`closed ${seq} ${call}`);
    } catch (cause) {
      if (!(cause instanceof Fault)) throw cause;
      say(`refused ${cause.code} ${call}`);
      refused = true;
    }
  }
  return refused;
}

async function main(task: DriverTask): Promise<void> {
  const effects = openSync(task.effects, 'a');
  const journal = await openJournal({ dir: task.dir, disk: realDisk, clock: systemClock, limits: task.limits });
  say(`ready ${journal.vkey}`);
  const lanes = Array.from({ length: task.lanes }, (_, i) =>
    lane(journal, `${process.pid}-${i}`, { calls: task.calls, effects }),
  );
  const refused = (await Promise.all(lanes)).some((was) => was);
  await journal.close().catch(() => {});
  closeSync(effects);
  process.exitCode = refused ? REFUSED : 0;
}

if (import.meta.main) {
  await main(JSON.parse(process.argv[2] ?? '{}') as DriverTask).catch((cause: unknown) => {
    if (!(cause instanceof Fault)) throw cause;
    say(`unopened ${cause.code}`);
    process.exitCode = REFUSED;
  });
}
