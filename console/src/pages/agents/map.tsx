import { useMemo } from 'react';
import type { Graph, GraphNode } from '../../../../src/model/insight/agents.ts';
import { useGet } from '../../api/hooks.ts';
import { PageHead } from '../../kit/card.tsx';
import { SearchBox } from '../../kit/field.tsx';
import { Answered } from '../../kit/states.tsx';
import { useFilters } from '../../use-filters.ts';
import { filterGraph } from './graph/filter-graph.ts';
import { GraphPanel } from './graph/graph-panel.tsx';

const KINDS: readonly (readonly [GraphNode['kind'], string])[] = [
  ['person', 'People'],
  ['agent', 'Agents'],
  ['server', 'Servers'],
  ['tool', 'Tools'],
];

/** The whole estate: who owns what, and what reaches what. */
export function MapPage() {
  const graph = useGet<Graph>('/v1/graph');
  return (
    <>
      <PageHead
        title="Map"
        lead="People, their agents, and the servers those may reach, as policies say now. What an agent may do there is on its page."
      />
      <Answered query={graph} lines={14}>
        {(data) => <WholeGraph graph={data} />}
      </Answered>
    </>
  );
}

function WholeGraph({ graph }: { graph: Graph }) {
  const [search, set] = useFilters();
  const q = search.q ?? '';
  const hidden = search.without ?? '';
  const shown = useMemo(
    () => filterGraph(graph, { q, without: new Set(hidden.split(',') as GraphNode['kind'][]) }),
    [graph, q, hidden],
  );
  const toggle = (kind: string): void => {
    const all = new Set(hidden.split(',').filter((each) => each !== ''));
    if (!all.delete(kind)) all.add(kind);
    set({ without: [...all].join(',') });
  };
  return (
    <GraphPanel
      graph={shown}
      here={null}
      least={520}
      onClear={graph.nodes.length === 0 ? undefined : () => set({ q: null, without: null })}
      filters={
        <>
          <SearchBox
            label="Find in the map"
            placeholder="Find somebody or something"
            value={q}
            onChange={(text) => set({ q: text })}
            className="max-w-md"
          />
          <fieldset className="flex flex-wrap gap-x-4 gap-y-1">
            <legend className="sr-only">Shown kinds</legend>
            {KINDS.filter(([kind]) => graph.nodes.some((node) => node.kind === kind)).map(([kind, words]) => (
              <label key={kind} className="flex items-center gap-1.5 text-[13px]">
                <input type="checkbox" checked={!hidden.split(',').includes(kind)} onChange={() => toggle(kind)} />
                {words}
              </label>
            ))}
          </fieldset>
        </>
      }
    />
  );
}
