import dagre from '@dagrejs/dagre';
import type { Graph, GraphEdge } from '../../../../../src/model/insight/agents.ts';

export interface Placed {
  readonly id: string;
  readonly x: number;
  readonly y: number;
}

export const NODE = { width: 200, height: 52 } as const;

/** Beyond so many nobody sees columns, and the time they take is felt. */
const COLUMNS_UP_TO = 150;

/** People, agents, servers, tools from left to right, so that few lines cross. */
export function layout({ nodes, edges }: Pick<Graph, 'nodes' | 'edges'>): readonly Placed[] {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: 'LR', nodesep: 14, ranksep: 90, marginx: 16, marginy: 16 });
  graph.setDefaultEdgeLabel(() => ({}));
  const known = new Set(nodes.map(({ id }) => id));
  for (const { id } of nodes) graph.setNode(id, { ...NODE });
  for (const { from, to } of drawnEdges(edges)) if (known.has(from) && known.has(to)) graph.setEdge(from, to);
  if (nodes.length <= COLUMNS_UP_TO) inColumns(graph, [...known]);
  dagre.layout(graph);
  const placed = nodes.map(({ id }) => {
    const { x, y } = graph.node(id) as { x: number; y: number };
    return { id, x: x - NODE.width / 2, y: y - NODE.height / 2 };
  });
  // What holds the columns stands outside and is not drawn.
  const [left, top] = [Math.min(...placed.map(({ x }) => x)), Math.min(...placed.map(({ y }) => y))];
  return placed.map(({ id, x, y }) => ({ id, x: x - left + MARGIN / 2, y: y - top + MARGIN / 2 }));
}

/** People stand in one column, and what agents reach in one: lines that pull as hard as many, from and to nodes nobody sees. */
function inColumns(graph: InstanceType<typeof dagre.graphlib.Graph>, ids: readonly string[]): void {
  const of = (kind: string): readonly string[] => ids.filter((id) => id.startsWith(`${kind}:`));
  const people = of('person');
  const last = of('tool').length > 0 ? of('tool') : of('server');
  const hidden = { width: 0, height: 0 };
  const pull = { weight: 1_000, minlen: 1 };
  if (people.length > 1) graph.setNode('left', hidden);
  if (people.length > 1) for (const id of people) graph.setEdge('left', id, pull);
  if (last.length > 1) graph.setNode('right', hidden);
  if (last.length > 1) for (const id of last) graph.setEdge(id, 'right', pull);
}

export interface DrawnEdge {
  /** Always from left to right. */
  readonly from: string;
  readonly to: string;
  /** What decides how it looks. */
  readonly kind: GraphEdge['kind'];
  /** Its arrow is at its left end: it leads to whom people look for on the left. */
  readonly back: boolean;
  /** All it stands for, in words. */
  readonly words: string;
}

/** The most telling first: where several lines would lie on each other, the first is drawn. */
const TELLING: readonly GraphEdge['kind'][] = ['calls', 'asks', 'delegates', 'may-call', 'offers', 'acts-for', 'owns'];

/**
 * One line for each pair. People are on the left, whichever way a line leads; and what an agent may do with a tool is told by the line
 * from the tool's server, instead of by one across the whole picture.
 */
export function drawnEdges(edges: Graph['edges']): readonly DrawnEdge[] {
  const offered = new Map(edges.flatMap(({ from, to, kind }) => (kind === 'offers' ? [[to, from] as const] : [])));
  const pairs = new Map<string, DrawnEdge>();
  for (const { from: left, to: right, kind, note } of edges) {
    const back = right.startsWith('person:') && !left.startsWith('person:');
    const server = kind === 'may-call' || kind === 'asks' ? offered.get(right) : undefined;
    const [from, to] = back ? [right, left] : [server ?? left, right];
    const words = `${left} ${EDGE_WORDS[kind]} ${right}${note === null ? '' : `, ${note}`}`;
    const key = JSON.stringify([from, to]);
    const other = pairs.get(key);
    const first = other === undefined || TELLING.indexOf(kind) < TELLING.indexOf(other.kind);
    pairs.set(key, {
      ...(first ? { from, to, kind, back } : other),
      words: other === undefined ? words : `${other.words}; ${words}`,
    });
  }
  return [...pairs.values()];
}

const MARGIN = 40;

/** High enough to be read without zooming, as far as the screen allows. */
export function heightOf(placed: readonly Placed[], { least, most }: { least: number; most: number }): number {
  const bottom = Math.max(0, ...placed.map(({ y }) => y + NODE.height));
  return Math.round(Math.min(most, Math.max(least, bottom + MARGIN)));
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
