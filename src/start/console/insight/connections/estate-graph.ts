import { rollOf } from '../../../../identity/directory/roll.ts';
import type { Agent } from '../../../../model/agent.ts';
import type { Graph } from '../../../../model/insight/agents.ts';
import { couldCall, knownTools } from '../agents/abilities.ts';
import { firstBy, type InsightParts, inTurns, kept, RISKIEST } from '../parts.ts';
import { Drawing, nodesOf } from './drawing.ts';

/** Drawn anew at most this often, for each size. */
const EVERY_MS = 10_000;
/** Servers take at most this part of the nodes. */
const SERVERS = 0.4;
/** Pairs of agent and tool in one turn. */
const TURN = 200;

/** Who is connected to what, as far as one picture can hold it. */
export function openEstateGraph(parts: InsightParts): (limit: number) => Promise<Graph> {
  let last: { readonly limit: number; readonly graph: () => Promise<Graph> } | null = null;
  return (limit) => {
    if (last?.limit !== limit)
      last = {
        limit,
        graph: kept(() => draw(parts, limit), { nowMs: () => parts.gateway.clock.nowMs(), forMs: EVERY_MS }),
      };
    return last.graph();
  };
}

async function draw(parts: InsightParts, limit: number): Promise<Graph> {
  const { live, gateway } = parts;
  const drawing = new Drawing(limit);
  const nodes = nodesOf(parts);
  const servers = [...gateway.snapshot().servers.keys()];
  const shown = servers.slice(0, Math.max(1, Math.floor(limit * SERVERS)));
  for (const server of shown) drawing.node(nodes.server(server));
  const { agents, total } = await inOrder(parts, limit);
  const drawn: Agent[] = [];
  for (const agent of agents) {
    // An agent comes with its owner, or not at all.
    const owner = nodes.person(agent.owner);
    if (drawing.room < (drawing.has(owner.id) ? 1 : 2)) break;
    drawing.node(nodes.agent(agent));
    drawing.node(owner);
    drawing.edge({ from: owner.id, to: `agent:${agent.id}`, kind: 'owns', note: null });
    drawn.push(agent);
  }
  for (const { from, to } of live.directory.connections())
    drawing.edge({ from: `agent:${from}`, to: `agent:${to}`, kind: 'delegates', note: null });
  await reachable(parts, { drawing, drawn });
  return drawing.done(servers.length - shown.length + total - drawn.length);
}

/** Those that work with others first, then the riskiest. Who is gone is not drawn. */
async function inOrder({ live }: InsightParts, most: number): Promise<{ agents: readonly Agent[]; total: number }> {
  const connected = new Set([...live.directory.connections()].flatMap(({ from, to }) => [from, to]));
  const found: Agent[] = [];
  await inTurns(await rollOf(live.directory).ready(), ({ agent }) => {
    if (agent.state !== 'decommissioned') found.push(agent);
  });
  const rank = ({ id, riskTier }: Agent): number => (connected.has(id) ? 0 : 4) + RISKIEST.indexOf(riskTier);
  return { agents: await firstBy(found, rank, most), total: found.length };
}

async function reachable(
  parts: InsightParts,
  { drawing, drawn }: { readonly drawing: Drawing; readonly drawn: readonly Agent[] },
): Promise<void> {
  const { policies } = parts.gateway.snapshot();
  const byServer = [...Map.groupBy(knownTools(parts), ({ server }) => server)].filter(([id]) =>
    drawing.has(`server:${id}`),
  );
  const perAgent = byServer.reduce((sum, [, tools]) => sum + tools.length, 0);
  await inTurns(
    drawn,
    (agent) => {
      const could = couldCall(parts, { agent, person: null }, policies);
      for (const [server, tools] of byServer)
        if (tools.some(could))
          drawing.edge({ from: `agent:${agent.id}`, to: `server:${server}`, kind: 'may-call', note: null });
    },
    Math.max(1, Math.floor(TURN / Math.max(1, perAgent))),
  );
}
