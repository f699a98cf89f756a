import dagre from '@dagrejs/dagre';
import type { Graph } from '../../../../../src/model/insight/agents.ts';

export interface Placed {
  readonly id: string;
  readonly x: number;
  readonly y: number;
}

export const NODE = { width: 200, height: 52 } as const;

/** People, agents, servers, tools from left to right, so that few lines cross. */
export function layout({ nodes, edges }: Pick<Graph, 'nodes' | 'edges'>): readonly Placed[] {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: 'LR', nodesep: 14, ranksep: 90, marginx: 16, marginy: 16 });
  graph.setDefaultEdgeLabel(() => ({}));
  const known = new Set(nodes.map(({ id }) => id));
  for (const { id } of nodes) graph.setNode(id, { ...NODE });
  for (const { from, to } of edges) if (known.has(from) && known.has(to)) graph.setEdge(from, to);
  dagre.layout(graph);
  return nodes.map(({ id }) => {
    const { x, y } = graph.node(id) as { x: number; y: number };
    return { id, x: x - NODE.width / 2, y: y - NODE.height / 2 };
  });
}

/** `tool:erp/orders.create` has the page of its server. */
export function hrefOf(id: string): { readonly to: string; readonly id: string } | null {
  const kind = id.slice(0, id.indexOf(':'));
  const rest = id.slice(id.indexOf(':') + 1);
  if (kind === 'agent') return { to: '/agents/$id', id: rest };
  if (kind === 'person') return { to: '/people/$id', id: rest };
  if (kind === 'server') return { to: '/servers/$id', id: rest };
  return kind === 'tool' ? { to: '/servers/$id', id: rest.slice(0, Math.max(0, rest.indexOf('/'))) } : null;
}

export const EDGE_WORDS = {
  owns: 'owns',
  'acts-for': 'acts for',
  'may-call': 'may call',
  calls: 'calls',
  asks: 'asks people before it calls',
  delegates: 'hands on to',
  offers: 'offers',
} as const satisfies Readonly<Record<Graph['edges'][number]['kind'], string>>;
