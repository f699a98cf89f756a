import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { LoadJob, LoadReply, LoadResult } from './job.ts';

export interface LoadGenerator {
  /** Runs one job; rejects when any call of it fails. */
  run(job: LoadJob): Promise<LoadResult>;
  stop(): void;
}

/** Starts the load process. One job at a time. */
export function startLoadGenerator(): LoadGenerator {
  const child = fork(fileURLToPath(new URL('worker.ts', import.meta.url)), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  return {
    run: (job) =>
      new Promise((resolve, reject) => {
        const ended = () => reject(new Error('the load process ended'));
        child.once('exit', ended);
        child.once('message', (reply: LoadReply) => {
          child.off('exit', ended);
          if (reply.ok) resolve(reply.result);
          else reject(new Error(`${job.url} at ${job.concurrency} concurrent: ${reply.message}`));
        });
        child.send(job);
      }),
    stop: () => void child.kill(),
  };
}
