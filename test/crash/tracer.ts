import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';

/** Where a thread of a running process is killed: on entering the n-th such call from now on, before it is carried out. */
export interface Moment {
  readonly thread: 'main' | 'pool';
  readonly call: 'pwrite64' | 'fsync' | 'fdatasync' | 'write' | 'writev' | 'sendto';
  readonly nth: number;
}

/** Why a running process cannot be traced here, or null. */
export function unattachable(): string | null {
  const probe = spawnSync('sh', ['-c', 'sleep 0.3 & exec strace -qq -e trace=fsync -o /dev/null -p $!'], {
    encoding: 'utf8',
  });
  if (probe.error !== undefined || probe.status === 127) return 'strace is not installed';
  return probe.status === 0 ? null : `strace cannot attach to a process here (${probe.stderr.trim()})`;
}

/** Attaches to one thread. Resolves once its calls are counted. */
export async function killAt(pid: number, { thread, call, nth }: Moment): Promise<{ detach(): Promise<void> }> {
  const tid = thread === 'main' ? pid : poolThread(pid);
  const inject = `inject=${call}:signal=SIGKILL:when=${nth}`;
  const args = ['-o', '/dev/null', '-e', `trace=${call}`, '-e', inject, '-p', `${tid}`];
  const tracer: ChildProcess = spawn('strace', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(tracer, 'exit');
  const said = once(tracer.stderr as NodeJS.ReadableStream, 'data') as Promise<[Buffer]>;
  const first = await Promise.race([said.then(([text]) => text.toString()), exited.then(() => 'it ended')]);
  if (!first.includes('attached')) throw new Error(`not attached to ${tid}: ${first}`);
  return {
    async detach() {
      if (tracer.exitCode === null && tracer.signalCode === null) tracer.kill();
      await exited;
    },
  };
}

/** The only thread libuv does file work on (UV_THREADPOOL_SIZE=1). */
function poolThread(pid: number): number {
  const found = readdirSync(`/proc/${pid}/task`).filter(
    (tid) => readFileSync(`/proc/${pid}/task/${tid}/comm`, 'utf8').trim() === 'libuv-worker',
  );
  if (found.length !== 1) throw new Error(`process ${pid} has ${found.length} threads for file work`);
  return Number(found[0]);
}
