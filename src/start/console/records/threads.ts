import { Worker } from 'node:worker_threads';
import type { IndexReader } from '../../../audit/index/ask/reader.ts';
import { Fault, type FaultCode } from '../../../model/fault.ts';

interface Where {
  /** The journal's directory, and the file of the index. */
  readonly dir: string;
  readonly path: string;
}

export type ThreadData =
  | (Where & { readonly task: 'fill'; readonly journal: string })
  | (Where & { readonly task: 'ask' })
  | { readonly task: 'verify'; readonly dir: string };

export type VerifyNews =
  | { readonly kind: 'progress'; readonly checked: number }
  | { readonly kind: 'done'; readonly checked: number; readonly problems: readonly string[] };

/** What the thread that asks can be asked. */
export type Op = Exclude<keyof IndexReader, 'close'>;

export interface Question {
  readonly id: number;
  readonly op: Op;
  readonly args: readonly unknown[];
}

export type Answer =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly code: FaultCode; readonly message: string };

/** From the sources the file is TypeScript, from a build it is not. */
const ENDING = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
const MAX_WAITING = 256;

export function startThread(file: string, data: unknown): Worker {
  const worker = new Worker(new URL(`./${file}.${ENDING}`, import.meta.url), {
    workerData: data,
    name: `interlock-${file}`,
    resourceLimits: { maxOldGenerationSizeMb: 1_024 },
  });
  worker.unref();
  return worker;
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (cause: Error) => void;
}

type Result<O extends Op> = Awaited<ReturnType<IndexReader[O]>>;

/** The thread that answers from the index, from this side. */
export class Asker {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #count = 0;
  #ended = false;

  constructor(where: Where) {
    this.#worker = startThread('thread', { ...where, task: 'ask' } satisfies ThreadData);
    this.#worker.on('message', (answer: Answer) => this.#take(answer));
    this.#worker.on('error', (cause) => this.#end(`the index cannot be read: ${cause.message}`));
    this.#worker.on('exit', () => this.#end('the index was closed meanwhile: ask again'));
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Faults: `overloaded` when too many wait; what the question itself came to. */
  ask<O extends Op>(op: O, ...args: Parameters<IndexReader[O]>): Promise<Result<O>> {
    if (this.#ended) return Promise.reject(new Fault('overloaded', 'the index was closed meanwhile: ask again'));
    if (this.#waiting.size >= MAX_WAITING)
      return Promise.reject(new Fault('overloaded', 'too many questions to the records wait: ask again in a moment'));
    const id = this.#count++;
    return new Promise<Result<O>>((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.#worker.postMessage({ id, op, args } satisfies Question);
    });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #take(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (answer.ok) waiting?.resolve(answer.value);
    else waiting?.reject(new Fault(answer.code, answer.message));
  }

  #end(why: string): void {
    this.#ended = true;
    for (const { reject } of this.#waiting.values()) reject(new Fault('overloaded', why));
    this.#waiting.clear();
  }
}
