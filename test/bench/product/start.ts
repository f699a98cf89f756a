import { median } from '../load/rounds.ts';
import { expectResult, openSession } from '../load/session.ts';
import { freePort, startChild } from '../targets/child.ts';
import { ARGUMENTS, TOOL } from '../upstreams/messages.ts';
import { tokenWhenUp, upCommand } from './interlock.ts';
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
    const session = await openSession(`${url}/mcp/${SERVER}`, headers, 1);
    try {
      const params = { name: TOOL.name, arguments: ARGUMENTS };
      expectResult(await session.post(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params })));
      return performance.now() - startedAt;
    } finally {
      await session.close();
    }
  }
}
