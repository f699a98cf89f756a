import { graphlib, layout as place } from '@dagrejs/dagre';
import type { CallView } from '../../../../src/model/insight/records.ts';
import type { Story } from './story.ts';

export const MOST_NODES = 150;

export type StoryNode =
  | { readonly id: string; readonly kind: 'person'; readonly person: string }
  | { readonly id: string; readonly kind: 'agent'; readonly agent: string }
  | { readonly id: string; readonly kind: 'call'; readonly call: CallView };

export interface StoryEdge {
  readonly from: string;
  readonly to: string;
  readonly kind: 'acts-for' | 'calls' | 'delegated' | 'data' | 'approval';
}

export interface StoryGraph {
  readonly nodes: readonly (StoryNode & { readonly x: number; readonly y: number })[];
  readonly edges: readonly StoryEdge[];
  readonly leftOut: number;
}

const SIZE = { person: [150, 44], agent: [160, 44], call: [230, 58] } as const;

/** From cause to effect: people, the agents that act for them, their calls, and which calls led to which. */
export function storyGraph(calls: readonly CallView[], links: Story['links']): StoryGraph {
  const shown = calls.slice(0, MOST_NODES);
  const nodes = new Map<string, StoryNode>();
  const edges = new Map<string, StoryEdge>();
  const edge = (from: string, to: string, kind: StoryEdge['kind']): void => {
    if (from !== to) edges.set(`${from} ${to} ${kind}`, { from, to, kind });
  };
  for (const call of shown) nodes.set(`call:${call.call}`, { id: `call:${call.call}`, kind: 'call', call });
  const led = new Set<string>();
  for (const { from, to, kind } of links) {
    if (!nodes.has(`call:${from}`) || !nodes.has(`call:${to}`)) continue;
    edge(`call:${from}`, `call:${to}`, kind);
    led.add(to);
  }
  for (const call of shown) {
    const agent = `agent:${call.agent}`;
    nodes.set(agent, { id: agent, kind: 'agent', agent: call.agent });
    if (call.subject !== null) {
      const person = `person:${call.subject}`;
      nodes.set(person, { id: person, kind: 'person', person: call.subject });
      edge(person, agent, 'acts-for');
    }
    // What another call led to hangs there; who made it is written on it.
    if (!led.has(call.call)) edge(agent, `call:${call.call}`, 'calls');
  }
  return { ...placed([...nodes.values()], [...edges.values()]), leftOut: calls.length - shown.length };
}

function placed(nodes: readonly StoryNode[], edges: readonly StoryEdge[]): Pick<StoryGraph, 'nodes' | 'edges'> {
  const graph = new graphlib.Graph();
  graph.setGraph({ rankdir: 'LR', nodesep: 14, ranksep: 70 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id, kind } of nodes) graph.setNode(id, { width: SIZE[kind][0], height: SIZE[kind][1] });
  for (const { from, to } of edges) graph.setEdge(from, to);
  place(graph);
  const at = new Map(nodes.map(({ id }) => [id, graph.node(id) as { x: number; y: number }]));
  inOrderOfTime(nodes, at);
  return {
    edges,
    nodes: nodes.map((node) => {
      const { x, y } = at.get(node.id)!;
      return { ...node, x: x - SIZE[node.kind][0] / 2, y: y - SIZE[node.kind][1] / 2 };
    }),
  };
}

/** Calls below each other stand in the order in which they were made. */
function inOrderOfTime(nodes: readonly StoryNode[], at: Map<string, { x: number; y: number }>): void {
  const columns = new Map<number, (StoryNode & { kind: 'call' })[]>();
  for (const node of nodes) {
    if (node.kind !== 'call') continue;
    const { x } = at.get(node.id)!;
    columns.set(x, [...(columns.get(x) ?? []), node]);
  }
  for (const column of columns.values()) {
    const places = column.map(({ id }) => at.get(id)!).sort((a, b) => a.y - b.y);
    column.sort((a, b) => a.call.seq - b.call.seq).forEach(({ id }, i) => void at.set(id, places[i]!));
  }
}
