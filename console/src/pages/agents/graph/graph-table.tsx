import { Link } from '@tanstack/react-router';
import type { Graph } from '../../../../../src/model/insight/agents.ts';
import { type Column, DataTable } from '../../../kit/table.tsx';
import { visible } from '../../../kit/text.tsx';
import { EDGE_WORDS, hrefOf } from './layout.ts';

type Row = Graph['edges'][number] & { readonly key: string };

/** The same graph, line by line: for whoever cannot see it, and to find something in it. */
export function GraphTable({ graph }: { graph: Graph }) {
  const labels = new Map(graph.nodes.map(({ id, label }) => [id, label]));
  const rows = graph.edges.map((edge, i): Row => ({ ...edge, key: String(i) }));
  const name = (id: string) => <Named id={id} label={labels.get(id) ?? id} />;
  const columns: readonly Column<Row>[] = [
    { id: 'from', head: 'From', width: 'minmax(8rem,1fr)', cell: ({ from }) => name(from) },
    {
      id: 'kind',
      head: 'How',
      width: 'minmax(6rem,.7fr)',
      cell: ({ kind }) => <span className="text-soft">{EDGE_WORDS[kind]}</span>,
    },
    { id: 'to', head: 'To', width: 'minmax(8rem,1fr)', cell: ({ to }) => name(to) },
    {
      id: 'note',
      head: 'Note',
      width: 'minmax(6rem,1fr)',
      wideOnly: true,
      cell: ({ note }) => <span className="text-soft">{visible(note ?? '')}</span>,
    },
  ];
  return <DataTable label="Connections" columns={columns} rows={rows} keyOf={({ key }) => key} />;
}

function Named({ id, label }: { id: string; label: string }) {
  const page = hrefOf(id);
  return page === null ? (
    <>{visible(label)}</>
  ) : (
    <Link to={page.to} params={{ id: page.id } as never} className="hover:underline">
      {visible(label)}
    </Link>
  );
}
