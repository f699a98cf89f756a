import type { NoticeRow } from '../../ports/stores.ts';

/** On one channel at once. */
const PARALLEL = 8;

export interface LaneWork {
  readonly take: () => Promise<NoticeRow | undefined>;
  readonly work: (notice: NoticeRow) => Promise<boolean>;
  readonly onError: (error: unknown) => void;
}

/** One channel: as many at once as there is to do, at most PARALLEL. */
export class Lane {
  readonly #work: LaneWork;
  readonly #running = new Set<Promise<number>>();
  #again = false;

  constructor(work: LaneWork) {
    this.#work = work;
  }

  /** Resolves when nothing is due. How many were sent by what this call began. */
  async run(): Promise<number> {
    this.#again = true;
    const mine = this.#running.size < PARALLEL ? this.#begin() : null;
    const sent = mine === null ? 0 : await mine;
    await this.idle();
    return sent;
  }

  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  #begin(): Promise<number> {
    const worker = this.#loop();
    this.#running.add(worker);
    return worker.finally(() => this.#running.delete(worker));
  }

  async #loop(): Promise<number> {
    let sent = 0;
    const others: Promise<number>[] = [];
    try {
      while (this.#again) {
        this.#again = false;
        for (let notice = await this.#work.take(); notice !== undefined; notice = await this.#work.take()) {
          // There may be more than one can do.
          if (this.#running.size < PARALLEL) {
            this.#again = true;
            others.push(this.#begin());
          }
          if (await this.#work.work(notice)) sent++;
        }
      }
    } catch (error) {
      this.#work.onError(error);
    }
    const theirs = await Promise.all(others);
    return theirs.reduce((sum, each) => sum + each, sent);
  }
}
