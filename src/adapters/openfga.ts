import { Pool } from 'undici';
import type { Clock } from '../ports/clock.ts';
import type { RelationQuestion, Relations } from '../ports/rights.ts';

export interface OpenFgaOptions {
  /** Where its HTTP API answers, without a final slash. */
  readonly url: string;
  readonly store: string;
  /** The authorization model that is asked. `null`: its newest, whatever that is. */
  readonly model: string | null;
  readonly token: string | null;
  /** Of one question, the wait for a free connection included. */
  readonly timeoutMs: number;
  /** Questions at the same time; four times as many may wait. */
  readonly concurrency: number;
  /** How long a yes is remembered. 0: not at all. A no never is. */
  readonly cacheMs: number;
  readonly clock: Clock;
}

export interface OpenFga extends Relations {
  close(): Promise<void>;
}

const MAX_ANSWER_BYTES = 65_536;
const MAX_REMEMBERED = 10_000;
const WAITING_PER_CONNECTION = 4;

/**
 * Relations at an OpenFGA server (Check of its API, version 1). Rejects on anything but a clear yes or no in time: an error, an answer
 * of another shape, too many questions at once.
 */
export function openFga(options: OpenFgaOptions): OpenFga {
  const { clock, cacheMs } = options;
  const base = new URL(options.url);
  const pool = new Pool(base.origin, { connections: options.concurrency, pipelining: 1 });
  const path = `${base.pathname.replace(/\/$/, '')}/stores/${encodeURIComponent(options.store)}/check`;
  const remembered = new Map<string, number>();
  let open = 0;
  return {
    async check(question) {
      const body = JSON.stringify(bodyOf(question, options.model));
      const untilUs = remembered.get(body);
      if (untilUs !== undefined && clock.monotonicUs() < untilUs) return true;
      if (open >= options.concurrency * (1 + WAITING_PER_CONNECTION)) throw new Error('too many questions at once');
      open++;
      const startedUs = clock.monotonicUs();
      try {
        const allowed = await ask(pool, { path, body, options });
        if (allowed && cacheMs > 0) remember(remembered, body, startedUs + cacheMs * 1000);
        else remembered.delete(body);
        return allowed;
      } finally {
        open--;
      }
    },
    close: () => pool.close(),
  };
}

function bodyOf({ object, relation, subject, given }: RelationQuestion, model: string | null): object {
  const keys = given.map((tuple) => ({ user: tuple.subject, relation: tuple.relation, object: tuple.object }));
  return {
    tuple_key: { user: subject, relation, object },
    ...(model === null ? {} : { authorization_model_id: model }),
    ...(keys.length === 0 ? {} : { contextual_tuples: { tuple_keys: keys } }),
  };
}

/** Oldest out first: what is remembered is bounded. */
function remember(remembered: Map<string, number>, body: string, untilUs: number): void {
  remembered.delete(body);
  remembered.set(body, untilUs);
  const oldest = remembered.keys().next();
  if (remembered.size > MAX_REMEMBERED && !oldest.done) remembered.delete(oldest.value);
}

interface Ask {
  readonly path: string;
  readonly body: string;
  readonly options: OpenFgaOptions;
}

async function ask(pool: Pool, { path, body, options }: Ask): Promise<boolean> {
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json',
    ...(options.token === null ? {} : { authorization: `Bearer ${options.token}` }),
  };
  // Of the whole: a server that answers one byte a second is as late as one that does not answer.
  const signal = AbortSignal.timeout(options.timeoutMs);
  const answer = await pool.request({ method: 'POST', path, headers, body, signal });
  const text = await readBounded(answer.body);
  if (answer.statusCode !== 200) throw new Error(`the OpenFGA server answered ${answer.statusCode}`);
  const { allowed } = JSON.parse(text) as { readonly allowed?: unknown };
  // Its JSON leaves out what is false.
  if (allowed !== true && allowed !== false && allowed !== undefined) throw new Error('an answer of another shape');
  return allowed === true;
}

async function readBounded(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) throw new Error('the answer of the OpenFGA server is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
