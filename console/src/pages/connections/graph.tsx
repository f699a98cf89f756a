import type { Connection } from '../../../../src/model/connection.ts';
import type { Graph } from '../../../../src/model/insight/agents.ts';
import { Failed, Loading } from '../../kit/states.tsx';
import { usePages } from '../../use-pages.ts';
import { GraphPanel } from '../agents/graph/graph-panel.tsx';
import { hoursWords, scopeWords } from './form.ts';

const MOST = 200;

/** The same connections as a picture. */
export function ConnectionGraph() {
  const list = usePages<Connection>('/v1/connections', {}, { limit: MOST });
  if (list.isPending) return <Loading lines={10} />;
  if (list.error !== null && list.rows.length === 0)
    return <Failed error={list.error} retry={() => void list.refetch()} />;
  return <GraphPanel graph={graphOf(list.rows)} here={null} least={420} />;
}

export function graphOf(connections: readonly Connection[]): Graph {
  const agents = new Set(connections.flatMap(({ from, to }) => [from, to]));
  return {
    nodes: [...agents].map((id) => ({ id: `agent:${id}`, kind: 'agent', label: id, tone: 'plain', note: null })),
    edges: connections.map(({ from, to, scopes, hours }) => ({
      from: `agent:${from}`,
      to: `agent:${to}`,
      kind: 'delegates',
      note: hours === null ? scopeWords(scopes) : `${scopeWords(scopes)}, ${hoursWords(hours)}`,
    })),
    leftOut: 0,
  };
}
