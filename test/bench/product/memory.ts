import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { residentBytes } from '../load/cpu.ts';
import { openSessions } from '../load/session.ts';
import { type Gateway, startInterlock } from './interlock.ts';
import type { BenchUpstream } from './workspace.ts';

export interface MemoryReport {
  readonly bytesPerIdleSession: number;
  readonly sessions: number;
  readonly residentBytesBefore: number;
  readonly residentBytesAfter: number;
}

/** Sessions opened first and left open, so that code, caches and the heap's own growth are there before counting starts. */
const WARM_UP_SESSIONS = 200;

/**
 * Opens `count` sessions, initialised and idle, through the gateway to its upstream, and reads how much larger the process is
 * after its dead objects were collected: resident memory, what the operating system sees.
 */
export async function measureMemory(upstream: BenchUpstream, count: number): Promise<MemoryReport> {
  const preload = fileURLToPath(new URL('collect-on-signal.ts', import.meta.url));
  const gateway = await startInterlock(upstream, ['--expose-gc', '--import', preload]);
  try {
    await openSessions(gateway.url, gateway.headers, WARM_UP_SESSIONS);
    const residentBytesBefore = await settledBytes(gateway);
    await openSessions(gateway.url, gateway.headers, count);
    const residentBytesAfter = await settledBytes(gateway);
    const bytesPerIdleSession = Math.round((residentBytesAfter - residentBytesBefore) / count);
    return { bytesPerIdleSession, sessions: count, residentBytesBefore, residentBytesAfter };
  } finally {
    await gateway.stop();
  }
}

async function settledBytes({ child }: Gateway): Promise<number> {
  for (let pass = 0; pass < 3; pass++) {
    process.kill(child.pid, 'SIGUSR2');
    await wait(400);
  }
  return residentBytes(child.pid);
}
