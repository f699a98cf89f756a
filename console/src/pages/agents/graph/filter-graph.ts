import type { Graph, GraphNode } from '../../../../../src/model/insight/agents.ts';

export interface GraphFilter {
  /** In a label, id or note, without case. */
  readonly q: string;
  /** Kinds that are left out. */
  readonly without: ReadonlySet<GraphNode['kind']>;
}

/** What matches and what it is directly connected to. What is left out of the drawing leaves no line behind. */
export function filterGraph(graph: Graph, { q, without }: GraphFilter): Graph {
  const words = q
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const nodes = graph.nodes.filter(({ kind }) => !without.has(kind));
  const there = new Set(nodes.map(({ id }) => id));
  const edges = graph.edges.filter(({ from, to }) => there.has(from) && there.has(to));
  if (words.length === 0) return { ...graph, nodes, edges };
  const found = new Set(
    nodes
      .filter(({ id, label, note }) => {
        const text = `${id} ${label} ${note ?? ''}`.toLowerCase();
        return words.every((word) => text.includes(word));
      })
      .map(({ id }) => id),
  );
  const kept = new Set(found);
  for (const { from, to } of edges) {
    if (found.has(from)) kept.add(to);
    if (found.has(to)) kept.add(from);
  }
  return {
    nodes: nodes.filter(({ id }) => kept.has(id)),
    edges: edges.filter(({ from, to }) => kept.has(from) && kept.has(to)),
    leftOut: graph.leftOut,
  };
}
