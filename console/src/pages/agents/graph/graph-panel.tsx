import { Network } from 'lucide-react';
import { lazy, type ReactNode, Suspense, useState } from 'react';
import type { Graph } from '../../../../../src/model/insight/agents.ts';
import { Button } from '../../../kit/button.tsx';
import { Card } from '../../../kit/card.tsx';
import { Segmented } from '../../../kit/pick.tsx';
import { Empty, Loading } from '../../../kit/states.tsx';
import { useFilters } from '../../../use-filters.ts';
import { GraphTable } from './graph-table.tsx';

const GraphView = lazy(() => import('./graph-view.tsx').then(({ GraphView: component }) => ({ default: component })));

const LEGEND = [
  ['may call', 'var(--good)', 'solid'],
  ['asks people first', 'var(--warn)', 'dashed'],
  ['calls, hands on', 'var(--accent)', 'solid'],
  ['owns, acts for', 'var(--edge)', 'dotted'],
] as const;

/** The same connections as a picture or as a table; which one stands in the address. */
export function GraphPanel({
  graph,
  here,
  least,
  filters,
  onClear,
}: {
  graph: Graph;
  here: string | null;
  /** Pixels it is high at least. */
  least: number;
  filters?: ReactNode;
  /** Where something is left out because of filters: shows all again. */
  onClear?: (() => void) | undefined;
}) {
  const [search, set] = useFilters();
  // On a phone a picture of that width says nothing: there the table comes first.
  const [first] = useState<'table' | 'graph'>(() =>
    window.matchMedia('(max-width: 639px)').matches ? 'table' : 'graph',
  );
  const view = search.view === 'table' || search.view === 'graph' ? search.view : first;
  return (
    <>
      <div className="mb-3 flex flex-wrap items-center gap-2">
        {filters}
        <span className="flex-1" />
        {graph.nodes.length > 0 && (
          <Segmented
            label="Shown as"
            value={view}
            options={[
              ['graph', 'Graph'],
              ['table', 'Table'],
            ]}
            onChange={(next) => set({ view: next === first ? null : next })}
          />
        )}
      </div>
      {graph.nodes.length === 0 ? (
        <Card>
          {onClear === undefined ? (
            <Empty icon={Network} title="Nothing is connected here">
              Agents appear with their owners, the servers they may reach and the tools they may call.
            </Empty>
          ) : (
            <Empty icon={Network} title="Nothing fits" action={<Button onClick={onClear}>Show everything</Button>}>
              Names and ids are searched; what is connected to it is shown with it.
            </Empty>
          )}
        </Card>
      ) : view === 'table' ? (
        <GraphTable graph={graph} />
      ) : (
        <Card className="overflow-hidden">
          <Suspense
            fallback={
              <div style={{ height: least }} className="p-4">
                {<Loading lines={8} />}
              </div>
            }
          >
            <GraphView graph={graph} here={here} least={least} />
          </Suspense>
          <div className="flex flex-wrap gap-x-5 gap-y-1 border-t px-4 py-2 text-xs text-soft">
            {LEGEND.map(([words, color, line]) => (
              <span key={words} className="inline-flex items-center gap-1.5">
                <span
                  aria-hidden
                  className="inline-block w-5 border-t-2"
                  style={{ borderColor: color, borderStyle: line }}
                />
                {words}
              </span>
            ))}
          </div>
        </Card>
      )}
      {graph.leftOut > 0 && (
        <p className="mt-2 text-[13px] text-soft">
          {graph.leftOut.toLocaleString()} more are not drawn. Narrow it down to see them.
        </p>
      )}
    </>
  );
}
