import { setTimeout as wait } from 'node:timers/promises';
import { interlockCommand } from '../../../scripts/product.ts';
import { systemClock } from '../../../src/adapters/clock.ts';
import { httpClient } from '../../../src/cli/agents/http.ts';
import { fetchToken } from '../../../src/cli/agents/token.ts';
import { expectResult, openSession } from '../load/session.ts';
import { type Child, freePort, startChild } from '../targets/child.ts';
import type { Target } from '../targets/target.ts';
import { ARGUMENTS, TOOL } from '../upstreams/messages.ts';
import { AGENT, type BenchUpstream, makeWorkspace, SERVER, type Workspace } from './workspace.ts';

/** Interlock as `interlock up` starts it: token checked, 100 policies, tool pinned, kill switch, durable journal. */
export function interlock(
  name: string,
  upstream: Target['upstream'],
  how: { readonly server: BenchUpstream; readonly nodeOptions: readonly string[] },
): Target {
  const start = async () => {
    const gateway = await startInterlock(how.server, how.nodeOptions);
    return { url: gateway.url, headers: gateway.headers, pids: [gateway.child.pid], stop: gateway.stop };
  };
  return { name, upstream, start };
}

export interface Gateway {
  readonly child: Child;
  readonly workspace: Workspace;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

export async function startInterlock(server: BenchUpstream, nodeOptions: readonly string[] = []): Promise<Gateway> {
  const workspace = await makeWorkspace(server, await freePort());
  const child = startChild(upCommand(workspace, nodeOptions));
  const stop = async () => {
    await child.stop();
    workspace.remove();
  };
  try {
    const token = await Promise.race([tokenWhenUp(workspace), child.died]);
    const url = `${workspace.url}/mcp/${SERVER}`;
    const headers = { authorization: `Bearer ${token}` };
    await Promise.race([firstPermittedCall(url, headers), child.died]);
    return { child, workspace, url, headers, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

export function upCommand(workspace: Workspace, nodeOptions: readonly string[] = []): readonly string[] {
  const [node, ...main] = interlockCommand() as [string, ...string[]];
  const quiet = '--disable-warning=ExperimentalWarning';
  return [node, quiet, ...nodeOptions, ...main, 'up', '--config', workspace.configFile];
}

/**
 * Calls the tool until the answer is a result: at the start the tool's definition may not have been seen yet, and what has not
 * been seen is refused.
 */
export async function firstPermittedCall(
  url: string,
  headers: Readonly<Record<string, string>>,
  patienceMs = 20_000,
): Promise<void> {
  const deadline = performance.now() + patienceMs;
  const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: TOOL.name, arguments: ARGUMENTS } };
  const session = await openSession(url, headers, 1);
  try {
    for (;;) {
      try {
        return expectResult(await session.post(JSON.stringify(call)));
      } catch (error) {
        if (performance.now() > deadline) throw error;
      }
      await wait(5);
    }
  } finally {
    await session.close();
  }
}

/** Asks for a token until the gateway answers, as an agent would: signed assertion against short-lived token. */
export async function tokenWhenUp(workspace: Workspace, patienceMs = 20_000): Promise<string> {
  const http = await httpClient();
  const deadline = performance.now() + patienceMs;
  const request = {
    agent: AGENT,
    key: workspace.key,
    gateway: workspace.url,
    resource: `${workspace.url}/mcp/${SERVER}`,
  };
  try {
    for (;;) {
      try {
        return (await fetchToken(request, { http, clock: systemClock })).token;
      } catch (error) {
        if (performance.now() > deadline) throw error;
      }
      await wait(5);
    }
  } finally {
    await http.close();
  }
}
