import { useNavigate } from '@tanstack/react-router';
import { Bot } from 'lucide-react';
import type { PersonView } from '../../../../src/model/insight/estate.ts';
import { State } from '../../kit/badge.tsx';
import { Go } from '../../kit/go.tsx';
import { Empty } from '../../kit/states.tsx';
import { type Column, DataTable } from '../../kit/table.tsx';
import { visible } from '../../kit/text.tsx';
import { count, counted } from '../../kit/time.tsx';

type Owned = PersonView['agents'][number];

const COLUMNS: readonly Column<Owned>[] = [
  {
    id: 'agent',
    head: 'Agent',
    width: 'minmax(7rem,2fr)',
    cell: ({ id, name }) => (
      <>
        <span className="font-medium">{visible(name)}</span> <span className="text-soft">{id}</span>
      </>
    ),
  },
  { id: 'state', head: 'State', width: '6.5rem', cell: ({ state }) => <State of={state} /> },
  { id: 'risk', head: 'Risk', width: '6rem', cell: ({ riskTier }) => <State of={riskTier} />, wideOnly: true },
];

export function OwnedAgents({ person }: { person: PersonView }) {
  const navigate = useNavigate();
  if (person.agents.length === 0)
    return (
      <div className="rounded-xl border bg-card shadow-card">
        <Empty icon={Bot} title="They answer for no agent">
          Every agent has one owner. Agents are registered, or given to somebody else, under{' '}
          <Go to="/agents">Agents</Go>.
        </Empty>
      </div>
    );
  const hidden = person.agentCount - person.agents.length;
  return (
    <DataTable
      label="Agents they answer for"
      columns={COLUMNS}
      rows={person.agents}
      keyOf={({ id }) => id}
      onOpen={({ id }) => void navigate({ to: '/agents/$id', params: { id } })}
      footer={
        hidden > 0 ? (
          <>
            The first {count(person.agents.length)}.{' '}
            <Go to="/agents" search={{ owner: person.id }}>
              All {count(person.agentCount)}
            </Go>
          </>
        ) : (
          counted(person.agentCount, 'agent')
        )
      }
    />
  );
}
