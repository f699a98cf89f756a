import type { Dispatcher, Pool } from 'undici';
import type { Exchange } from './exchange.ts';

/**
 * The connections of one kind to one server, and who waits for one. undici has a queue of its own, but it opens a connection for
 * everyone in it, also for those who gave up meanwhile: with a server that hangs, that is a storm of useless connections.
 */
export class Lane {
  readonly #pool: Pool;
  readonly #connections: number;
  readonly #waits: number;
  /** In order of arrival; a Set, because those who give up leave from anywhere. */
  readonly #waiting = new Set<Exchange>();
  #active = 0;
  #refilling = false;

  constructor(pool: Pool, connections: number, waits: number) {
    this.#pool = pool;
    this.#connections = connections;
    this.#waits = waits;
  }

  get full(): boolean {
    return this.#active >= this.#connections && this.#waiting.size >= this.#waits;
  }

  /** The caller has asked `full` in the same turn. */
  send(exchange: Exchange): void {
    if (this.#active < this.#connections && this.#waiting.size === 0) this.#start(exchange);
    else this.#waiting.add(exchange);
  }

  /** The exchange is over, or its caller gave up while it waited. */
  gone(exchange: Exchange): void {
    if (this.#waiting.delete(exchange)) return;
    this.#active--;
    if (this.#waiting.size === 0 || this.#refilling) return;
    this.#refilling = true;
    // After the turn: when a kill ends a thousand calls at once, those that still wait must not be started only to be ended.
    queueMicrotask(() => {
      this.#refilling = false;
      this.#refill();
    });
  }

  #refill(): void {
    for (const next of this.#waiting) {
      if (this.#active >= this.#connections) return;
      this.#waiting.delete(next);
      this.#start(next);
    }
  }

  #start(exchange: Exchange): void {
    this.#active++;
    this.#pool.dispatch(exchange.dispatched() as Dispatcher.DispatchOptions, exchange);
  }

  async destroy(): Promise<void> {
    for (const exchange of [...this.#waiting]) exchange.drop();
    await this.#pool.destroy();
  }
}
