import { address } from '../api/client.ts';
import type { KnownCheckpoint, LogProgress, LogReport, SegmentAt } from './log.ts';
import type { Answer, Question } from './messages.ts';
import type { ReceiptResult } from './receipt.ts';

/** Told to a person: why nothing could be checked. */
export class NotChecked extends Error {}

interface Waiting {
  readonly settle: (answer: Answer) => void;
  readonly onProgress?: (progress: LogProgress) => void;
}

let worker: Worker | null = null;
let last = 0;
const waiting = new Map<number, Waiting>();

/** One worker for the page, started with the first question. */
function started(): Worker {
  if (worker !== null) return worker;
  worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  worker.onmessage = ({ data }: MessageEvent<Answer>) => {
    const one = waiting.get(data.id);
    if (data.kind === 'progress') one?.onProgress?.(data.progress);
    else {
      waiting.delete(data.id);
      one?.settle(data);
    }
  };
  worker.onerror = (event) => {
    event.preventDefault();
    for (const [id, { settle }] of waiting)
      settle({ kind: 'failed', id, message: event.message || 'The part of the page that checks could not be loaded.' });
    waiting.clear();
    worker?.terminate();
    worker = null;
  };
  return worker;
}

type Asked<Q> = Q extends Question ? Omit<Q, 'id'> : never;

function ask(
  question: Asked<Question>,
  onProgress?: (progress: LogProgress) => void,
): { id: number; answer: Promise<Answer> } {
  const id = ++last;
  const answer = new Promise<Answer>((resolve, reject) => {
    const settle = (given: Answer): void =>
      given.kind === 'failed' ? reject(new NotChecked(given.message)) : resolve(given);
    waiting.set(id, { settle, ...(onProgress === undefined ? {} : { onProgress }) });
  });
  started().postMessage({ ...question, id });
  return { id, answer };
}

export async function verifyReceipt(text: string, vkey: string): Promise<ReceiptResult> {
  const answer = await ask({ kind: 'receipt', text, vkey }).answer;
  return (answer as Extract<Answer, { kind: 'receipt' }>).result;
}

export interface LogCheckOrder {
  readonly vkey: string;
  readonly segments: readonly SegmentAt[];
  readonly whole: boolean;
  readonly checkpoints: readonly KnownCheckpoint[];
}

export function verifyLog(
  order: LogCheckOrder,
  onProgress: (progress: LogProgress) => void,
): { report: Promise<LogReport>; cancel: () => void } {
  const base = new URL(address(''), window.location.href).href;
  const { id, answer } = ask({ kind: 'log', ...order, base }, onProgress);
  return {
    report: answer.then((given) => (given as Extract<Answer, { kind: 'log' }>).report),
    cancel: () => started().postMessage({ kind: 'cancel', id }),
  };
}
