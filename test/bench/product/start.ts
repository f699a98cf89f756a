import { median } from '../load/rounds.ts';
import { freePort, startChild } from '../targets/child.ts';
import { firstPermittedCall, tokenWhenUp, upCommand } from './interlock.ts';
import { type BenchUpstream, makeWorkspace, SERVER } from './workspace.ts';

/**
 * From starting the process, with an empty data directory, until an agent that keeps trying has authenticated, opened a session
 * and got the answer of its first permitted, recorded call. Median of `times` starts, in ms.
 */
export async function measureStart(upstream: BenchUpstream, times: number): Promise<number> {
  const taken: number[] = [];
  for (let n = 0; n < times; n++) taken.push(await startOnce(upstream));
  return median(taken);
}

async function startOnce(upstream: BenchUpstream): Promise<number> {
  const workspace = await makeWorkspace(upstream, await freePort());
  const startedAt = performance.now();
  const child = startChild(upCommand(workspace));
  try {
    return await Promise.race([firstCall(workspace), child.died]);
  } finally {
    await child.stop();
    workspace.remove();
  }

  async function firstCall({ url }: { url: string }): Promise<number> {
    const headers = { authorization: `Bearer ${await tokenWhenUp(workspace)}` };
    await firstPermittedCall(`${url}/mcp/${SERVER}`, headers);
    return performance.now() - startedAt;
  }
}
