import { useNavigate } from '@tanstack/react-router';
import { Unplug } from 'lucide-react';
import type { ReachLine } from '../../../../src/model/insight/agents.ts';
import { Badge } from '../../kit/badge.tsx';
import { Go } from '../../kit/go.tsx';
import { Empty, Failed, Loading } from '../../kit/states.tsx';
import { type Column, DataTable } from '../../kit/table.tsx';
import { visible } from '../../kit/text.tsx';
import { count, counted } from '../../kit/time.tsx';
import { usePages } from '../../use-pages.ts';

const COLUMNS: readonly Column<ReachLine>[] = [
  {
    id: 'agent',
    head: 'Agent',
    width: 'minmax(7rem,1.5fr)',
    cell: ({ agent, name }) => (
      <>
        <span className="font-medium">{visible(name)}</span> <span className="text-soft">{agent}</span>
      </>
    ),
  },
  {
    id: 'owner',
    head: 'Owner',
    width: 'minmax(7rem,1fr)',
    wideOnly: true,
    cell: ({ owner, ownerName }) => (
      <Go to="/people/$id" params={{ id: owner }}>
        {visible(ownerName)}
      </Go>
    ),
  },
  {
    id: 'now',
    head: 'Now',
    width: 'minmax(5rem,1fr)',
    cell: ({ notNow }) => (
      <Badge tone={notNow === null ? 'good' : 'warn'}>{notNow === null ? 'can' : visible(notNow)}</Badge>
    ),
  },
  {
    id: 'tools',
    head: 'Tools it may call',
    width: 'minmax(8rem,2fr)',
    wideOnly: true,
    cell: ({ tools, examples }) => (
      <span title={visible(examples.join(', '))}>
        {count(tools)} <span className="text-soft">{visible(examples.join(', '))}</span>
      </span>
    ),
  },
  {
    id: 'asking',
    head: 'Asked about',
    width: '5.5rem',
    align: 'right',
    cell: ({ asking }) => (asking === 0 ? <span className="text-soft">0</span> : count(asking)),
  },
];

/** The agents that may call something of this server by the policies in force, whatever they did so far. */
export function Reach({ server }: { server: string }) {
  const navigate = useNavigate();
  const list = usePages<ReachLine>(`/v1/servers/${encodeURIComponent(server)}/reach`, {}, { limit: 50 });
  if (list.isPending) return <Loading lines={6} label="Working out who may reach it" />;
  if (list.error !== null && list.rows.length === 0)
    return <Failed error={list.error} retry={() => void list.refetch()} />;
  if (list.rows.length === 0)
    return (
      <div className="rounded-xl border bg-card shadow-card">
        <Empty icon={Unplug} title="No agent may reach it">
          No policy in force permits any agent a call to it. <Go to="/policies">Policies</Go> say who may.
        </Empty>
      </div>
    );
  return (
    <DataTable
      label="Agents that may reach it"
      columns={COLUMNS}
      rows={list.rows}
      keyOf={({ agent }) => agent}
      onOpen={({ agent }) => void navigate({ to: '/agents/$id', params: { id: agent }, search: { tab: 'abilities' } })}
      onEnd={list.more}
      footer={`${counted(list.rows.length, 'agent')}${list.hasNextPage ? ' so far' : ''}, worked out from the policies in force`}
    />
  );
}
