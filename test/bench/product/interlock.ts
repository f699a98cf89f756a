import { interlockCommand } from '../../../scripts/product.ts';
import { systemClock } from '../../../src/adapters/clock.ts';
import { httpClient } from '../../../src/cli/agents/http.ts';
import { fetchToken } from '../../../src/cli/agents/token.ts';
import { type Child, freePort, startChild, untilReady } from '../targets/child.ts';
import type { Target } from '../targets/target.ts';
import { AGENT, type BenchUpstream, makeWorkspace, SERVER, type Workspace } from './workspace.ts';

/** Interlock as `interlock up` starts it: token checked, 100 policies, tool pinned, kill switch, durable journal. */
export function interlock(name: string, upstream: Target['upstream'], server: BenchUpstream): Target {
  const start = async () => {
    const gateway = await startInterlock(server);
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
    await untilReady(child, url, headers);
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
      await new Promise((done) => setTimeout(done, 5));
    }
  } finally {
    await http.close();
  }
}
