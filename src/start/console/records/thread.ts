import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../../adapters/clock.ts';
import { realDisk } from '../../../adapters/disk/real.ts';
import { IndexReader } from '../../../audit/index/ask/reader.ts';
import { fillIndex } from '../../../audit/index/fill/fill.ts';
import { verifyJournal } from '../../../audit/read/verify.ts';
import { Fault } from '../../../model/fault.ts';
import type { Answer, Question, ThreadData, VerifyNews } from './threads.ts';

/**
 * A thread that reads the journal, so that the one that serves calls never does. `fill` keeps the index behind the journal, `ask` answers
 * from it: readers do not wait for the writer. `verify` checks the whole journal once.
 */
const port = parentPort;
if (port === null) throw new Error('bug: this is not a thread');
const data = workerData as ThreadData;

/** Below the thread that serves calls: whoever is busy is behind with the index, and not with calls. People wait for answers: they come between. */
const BELOW = { fill: 10, verify: 10, ask: 5 } as const;
// On Linux this is the priority of the calling thread alone; elsewhere it would be everybody's.
if (process.platform === 'linux') setPriority(0, BELOW[data.task]);

if (data.task === 'fill') {
  const stop = new AbortController();
  port.once('message', () => stop.abort());
  await fillIndex({
    ...{ dir: data.dir, disk: realDisk, clock: systemClock, path: data.path, journal: data.journal },
    signal: stop.signal,
    tell: (news) => port.postMessage(news),
  });
  port.close();
} else if (data.task === 'verify') {
  const { size, problems } = await verifyJournal(data.dir, {
    disk: realDisk,
    onProgress: (checked) => port.postMessage({ kind: 'progress', checked } satisfies VerifyNews),
  });
  const told = problems.map(({ message, file, offset }) =>
    file === null ? message : `${message} (${file}, byte ${offset ?? 0})`,
  );
  port.postMessage({ kind: 'done', checked: size, problems: told } satisfies VerifyNews);
} else {
  const { path, dir } = data;
  const reader = new IndexReader({ path, dir, disk: realDisk, clock: systemClock });
  port.on('message', (question: Question) => {
    void answer(reader, question).then((told) => port.postMessage(told));
  });
}

async function answer(reader: IndexReader, { id, op, args }: Question): Promise<Answer> {
  try {
    const ask = reader[op] as (...given: readonly unknown[]) => unknown;
    return { id, ok: true, value: await ask.apply(reader, [...args]) };
  } catch (cause) {
    const code = cause instanceof Fault ? cause.code : 'internal';
    return { id, ok: false, code, message: cause instanceof Error ? cause.message : String(cause) };
  }
}
