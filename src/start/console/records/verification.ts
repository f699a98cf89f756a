import type { Worker } from 'node:worker_threads';
import type { VerificationRun } from '../../../model/insight/records.ts';
import type { Clock } from '../../../ports/clock.ts';
import { startThread, type ThreadData, type VerifyNews } from './threads.ts';

const MAX_PROBLEMS = 100;

export interface VerificationParts {
  readonly dir: string;
  readonly records: () => number;
  readonly clock: Clock;
}

/** Checks the whole journal, as `interlock verify` does, in a thread of its own. One at a time; the last result is kept. */
export class Verification {
  readonly #parts: VerificationParts;
  #run: VerificationRun = { state: 'never', startedAtMs: null, endedAtMs: null, checked: 0, of: 0, problems: [] };
  #worker: Worker | null = null;

  constructor(parts: VerificationParts) {
    this.#parts = parts;
  }

  get run(): VerificationRun {
    return this.#run;
  }

  start(): VerificationRun {
    if (this.#worker !== null) return this.#run;
    const { dir, records, clock } = this.#parts;
    const startedAtMs = clock.nowMs();
    this.#run = { state: 'running', startedAtMs, endedAtMs: null, checked: 0, of: records(), problems: [] };
    const worker = startThread('thread', { task: 'verify', dir } satisfies ThreadData);
    this.#worker = worker;
    worker.on('message', (news: VerifyNews) => this.#take(news));
    worker.on('error', (cause) => this.#end([`the journal could not be read: ${cause.message}`]));
    worker.on('exit', () => {
      this.#worker = null;
      if (this.#run.state === 'running') this.#end(['the check ended before its end']);
    });
    return this.#run;
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #take(news: VerifyNews): void {
    if (news.kind === 'progress') this.#run = { ...this.#run, checked: news.checked };
    else {
      this.#run = { ...this.#run, checked: news.checked, of: Math.max(this.#run.of, news.checked) };
      this.#end(news.problems);
    }
  }

  #end(problems: readonly string[]): void {
    const endedAtMs = this.#parts.clock.nowMs();
    const shown = problems.slice(0, MAX_PROBLEMS);
    this.#run = { ...this.#run, state: problems.length === 0 ? 'good' : 'bad', endedAtMs, problems: shown };
  }
}
