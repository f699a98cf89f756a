import { describe, expect, it } from 'vitest';
import type { Graph, GraphNode } from '../../../../../src/model/insight/agents.ts';
import { filterGraph } from './filter-graph.ts';

const node = (id: string, kind: GraphNode['kind']): GraphNode => ({ id, kind, label: id, tone: 'plain', note: null });
const GRAPH: Graph = {
  nodes: [node('person:p', 'person'), node('agent:a', 'agent'), node('agent:b', 'agent'), node('server:s', 'server')],
  edges: [
    { from: 'person:p', to: 'agent:a', kind: 'owns', note: null },
    { from: 'agent:a', to: 'server:s', kind: 'may-call', note: null },
    { from: 'agent:b', to: 'server:s', kind: 'may-call', note: null },
  ],
  leftOut: 0,
};

describe('the map, filtered', () => {
  it('keeps what matches and its neighbours', () => {
    const { nodes, edges } = filterGraph(GRAPH, { q: 'AGENT:A', without: new Set() });
    expect(nodes.map(({ id }) => id)).toEqual(['person:p', 'agent:a', 'server:s']);
    expect(edges).toHaveLength(2);
  });

  it('leaves kinds out, with their lines', () => {
    const { nodes, edges } = filterGraph(GRAPH, { q: '', without: new Set(['server'] as const) });
    expect(nodes).toHaveLength(3);
    expect(edges.map(({ kind }) => kind)).toEqual(['owns']);
  });

  it('of nothing that matches is nothing', () => {
    expect(filterGraph(GRAPH, { q: 'zzz', without: new Set() }).nodes).toEqual([]);
  });
});
