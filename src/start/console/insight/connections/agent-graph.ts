import type { Agent } from '../../../../model/agent.ts';
import { parseAsk } from '../../../../model/ask.ts';
import type { Graph, GraphNode, ToolPermission } from '../../../../model/insight/agents.ts';
import { Problem } from '../../../../surfaces/admin/problem.ts';
import { permissions } from '../agents/permissions.ts';
import type { InsightParts } from '../parts.ts';
import { Drawing, nodesOf } from './drawing.ts';

const MAX_NODES = 300;
const MAX_PEOPLE = 20;

/** Everything one agent is connected to: who answers for it, for whom it acts, what it may call, whom it asks, with whom it works. */
export async function agentGraph(parts: InsightParts, id: string): Promise<Graph> {
  const agent = parts.live.directory.agent(id);
  if (agent === undefined) throw new Problem(404, 'unknown-agent', `there is no agent "${id}"`);
  const drawing = new Drawing(MAX_NODES);
  const { tools } = await permissions(parts, { agent: id, subject: null });
  const nodes = nodesOf(parts);
  drawing.node(nodes.agent(agent));
  people(parts, agent, { drawing, tools });
  others(parts, agent, drawing);
  may(parts, agent, { drawing, tools });
  return drawing.done();
}

interface Drawn {
  readonly drawing: Drawing;
  readonly tools: readonly ToolPermission[];
}

function people(parts: InsightParts, agent: Agent, { drawing, tools }: Drawn): void {
  const nodes = nodesOf(parts);
  const own = `agent:${agent.id}`;
  for (const [person, note] of [
    [agent.owner, null],
    ...agent.deputies.map((each) => [each, 'deputy'] as const),
  ] as const) {
    drawing.node(nodes.person(person));
    drawing.edge({ from: `person:${person}`, to: own, kind: 'owns', note });
  }
  for (const person of subjectsOf(parts, agent).slice(0, MAX_PEOPLE)) {
    drawing.node(nodes.person(person));
    drawing.edge({ from: own, to: `person:${person}`, kind: 'acts-for', note: null });
  }
  for (const person of askedOf(parts, agent, tools).slice(0, MAX_PEOPLE)) {
    drawing.node(nodes.person(person));
    drawing.edge({ from: own, to: `person:${person}`, kind: 'asks', note: null });
  }
}

/** For whom it acts now: in sessions that are open, and in tasks. */
function subjectsOf({ live, mcp }: InsightParts, { id }: Agent): readonly string[] {
  const found = new Set<string>();
  for (const { caller } of mcp.open()) if (caller.agent.id === id && caller.subject !== null) found.add(caller.subject);
  for (const task of live.directory.tasks())
    if (task.agent === id && task.state === 'open' && task.subject !== null) found.add(task.subject);
  return [...found];
}

/** Whom policies name for what it may do; groups, roles and routes are told on the page of policies. */
function askedOf({ gateway }: InsightParts, { owner }: Agent, tools: readonly ToolPermission[]): readonly string[] {
  const asking = new Set(
    tools
      .flatMap(({ outcome, policies }) => (outcome === 'ask' ? policies : []))
      .flatMap(({ id, effect }) => (effect === 'ask' ? [id] : [])),
  );
  const found = new Set<string>();
  for (const { policy, ask } of gateway.snapshot().policies.rules) {
    if (ask === null || !asking.has(policy.id)) continue;
    const parsed = parseAsk(ask);
    if ('problem' in parsed || parsed.kind === 'route') continue;
    for (const who of parsed.slots.flatMap((slot) => slot.who)) {
      if (who.kind === 'owner') found.add(owner);
      else if (who.kind === 'person') found.add(who.id);
    }
  }
  return [...found];
}

function others(parts: InsightParts, { id }: Agent, drawing: Drawing): void {
  const { directory } = parts.live;
  const nodes = nodesOf(parts);
  for (const { from, to, scopes, requiresTask } of directory.connections()) {
    if (from !== id && to !== id) continue;
    const other = directory.agent(from === id ? to : from);
    if (other === undefined || !drawing.node(nodes.agent(other))) continue;
    const terms = [...(scopes === null ? [] : [scopes.join(', ')]), ...(requiresTask ? ['within a task'] : [])];
    const note = terms.length === 0 ? null : terms.join('; ');
    drawing.edge({ from: `agent:${from}`, to: `agent:${to}`, kind: 'delegates', note });
  }
}

const NOTES = { always: 'always', depends: 'depends', ask: 'people are asked' } as const;

function may(parts: InsightParts, { id }: Agent, { drawing, tools }: Drawn): void {
  const own = `agent:${id}`;
  const nodes = nodesOf(parts);
  const under = new Map<string, number>();
  for (const { agent, tool } of parts.gateway.revocation.inFlight({ kind: 'agent', id }))
    if (agent === id && tool !== null) under.set(tool, (under.get(tool) ?? 0) + 1);
  const servers = Map.groupBy(tools, ({ server }) => server);
  for (const [server, all] of servers) {
    const possible = all.filter(({ outcome }) => outcome !== 'never');
    if (possible.length === 0 || !drawing.node(nodes.server(server))) continue;
    const to = `server:${server}`;
    drawing.edge({ from: own, to, kind: 'may-call', note: `${possible.length} of ${all.length} tools` });
  }
  // Servers first: a tool without its server says less than a server without its tools.
  for (const tool of tools) {
    const { server, outcome } = tool;
    if (outcome === 'never' || !drawing.has(`server:${server}`)) continue;
    const node = toolNode(tool);
    drawing.node(node);
    drawing.edge({ from: `server:${server}`, to: node.id, kind: 'offers', note: null });
    drawing.edge({ from: own, to: node.id, kind: 'may-call', note: NOTES[outcome] });
    const now = under.get(`${server}/${tool.tool}`);
    if (now !== undefined) drawing.edge({ from: own, to: node.id, kind: 'calls', note: `${now} under way` });
  }
}

const RISKY: ReadonlySet<string | null> = new Set(['destructive', 'external', 'credential']);

function toolNode({ server, tool, effect, outcome }: ToolPermission): GraphNode {
  const tone = outcome === 'ask' ? 'good' : RISKY.has(effect) ? 'warn' : 'plain';
  return { id: `tool:${server}/${tool}`, kind: 'tool', label: tool, tone, note: effect };
}
