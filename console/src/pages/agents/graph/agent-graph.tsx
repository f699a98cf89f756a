import type { Graph } from '../../../../../src/model/insight/agents.ts';
import { useGet } from '../../../api/hooks.ts';
import { Answered } from '../../../kit/states.tsx';
import { pathOf } from '../entry.ts';
import { GraphPanel } from './graph-panel.tsx';

/** Who owns it, for whom it acts, what it may reach, and whom it hands work to. */
export function AgentGraph({ id }: { id: string }) {
  const graph = useGet<Graph>(`${pathOf(id)}/graph`);
  return (
    <Answered query={graph} lines={12}>
      {(data) => <GraphPanel graph={data} here={`agent:${id}`} least={420} />}
    </Answered>
  );
}
