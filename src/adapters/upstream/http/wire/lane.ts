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
    if (this.#active < this.#connections) this.#start(exchange);
    else this.#waiting.add(exchange);
  }

  /** The exchange is over, or its caller gave up while it waited. */
  gone(exchange: Exchange): void {
    if (this.#waiting.delete(exchange)) return;
    this.#active--;
    const next = this.#waiting.values().next().value;
    if (next === undefined) return;
    this.#waiting.delete(next);
    this.#start(next);
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
