import { Cable, Plus } from 'lucide-react';
import { useState } from 'react';
import type { Connection } from '../../../../src/model/connection.ts';
import { useMay } from '../../api/hooks.ts';
import { Button } from '../../kit/button.tsx';
import { PageHead } from '../../kit/card.tsx';
import { Go } from '../../kit/go.tsx';
import { Empty, Failed, Loading } from '../../kit/states.tsx';
import { type Column, DataTable } from '../../kit/table.tsx';
import { Tabs } from '../../kit/tabs.tsx';
import { Code } from '../../kit/text.tsx';
import { counted, Time, useNow } from '../../kit/time.tsx';
import { useFilters } from '../../use-filters.ts';
import { usePages } from '../../use-pages.ts';
import { hoursWords, initiatorWords, scopeWords } from './form.ts';
import { ConnectionGraph } from './graph.tsx';
import { NewConnection } from './new.tsx';
import { OneConnection } from './one.tsx';
import { Tasks } from './tasks/tasks.tsx';

/** Which agent may hand work to which, and the tasks work is bound to. */
export function ConnectionsPage() {
  const [search, set] = useFilters();
  const may = useMay()('connections.write');
  const [making, setMaking] = useState(false);
  return (
    <>
      <PageHead
        title="Connections"
        lead="Which agent may hand work to which. Without a connection nothing is handed on."
        actions={
          may && (
            <Button look="accent" onClick={() => setMaking(true)}>
              <Plus aria-hidden /> Connect agents
            </Button>
          )
        }
      />
      <Tabs
        label="Connections"
        value={search.tab ?? 'connections'}
        onChange={(tab) => set({ tab: tab === 'connections' ? null : tab, id: null, task: null })}
        tabs={[
          { id: 'connections', label: 'Connections', content: <List onConnect={() => setMaking(true)} /> },
          { id: 'graph', label: 'Graph', content: <ConnectionGraph /> },
          { id: 'tasks', label: 'Tasks', content: <Tasks /> },
        ]}
      />
      {making && <NewConnection onClose={() => setMaking(false)} />}
    </>
  );
}

const COLUMNS: readonly Column<Connection>[] = [
  {
    id: 'pair',
    head: 'From → to',
    width: 'minmax(12rem,2fr)',
    cell: ({ from, to }) => (
      <span className="font-medium">
        <Go to="/agents/$id" params={{ id: from }}>
          {from}
        </Go>{' '}
        <span aria-label="to" className="text-soft">
          →
        </span>{' '}
        <Go to="/agents/$id" params={{ id: to }}>
          {to}
        </Go>
      </span>
    ),
  },
  {
    id: 'scopes',
    head: 'At most',
    width: 'minmax(8rem,1.5fr)',
    cell: ({ scopes }) => (scopes === null ? <span className="text-soft">whatever it holds</span> : scopeWords(scopes)),
    wideOnly: true,
  },
  { id: 'who', head: 'Begun by', width: '10rem', cell: ({ initiators }) => initiatorWords(initiators), wideOnly: true },
  { id: 'hours', head: 'Open', width: '8rem', cell: ({ hours }) => hoursWords(hours), wideOnly: true },
  {
    id: 'end',
    head: 'Until',
    width: 'minmax(6.5rem,1fr)',
    cell: ({ notAfterMs }) =>
      notAfterMs === null ? <span className="text-soft">no end</span> : <End ms={notAfterMs} />,
  },
];

function End({ ms }: { ms: number }) {
  const over = useNow(30_000) >= ms;
  return (
    <span className={over ? 'text-bad' : undefined}>
      {over && 'over '}
      <Time ms={ms} look={over ? 'ago' : 'full'} />
    </span>
  );
}

function List({ onConnect }: { onConnect: () => void }) {
  const [search, set] = useFilters();
  const may = useMay()('connections.write');
  const list = usePages<Connection>('/v1/connections', {}, { limit: 500, everyMs: 15_000 });
  if (list.isPending) return <Loading lines={6} />;
  if (list.error !== null && list.rows.length === 0)
    return <Failed error={list.error} retry={() => void list.refetch()} />;
  if (list.rows.length === 0)
    return (
      <div className="rounded-xl border bg-card shadow-card">
        <Empty
          icon={Cable}
          title="No agent may hand work to another"
          action={may ? <Button onClick={onConnect}>Connect agents</Button> : undefined}
        >
          With a connection, an agent can exchange its token for one with which another acts for it, never with more
          rights. They stand in the configuration under <Code>connections</Code>, or are made here.
        </Empty>
      </div>
    );
  return (
    <>
      <DataTable
        label="Connections"
        columns={COLUMNS}
        rows={list.rows}
        keyOf={({ id }) => id}
        onOpen={({ id }) => set({ id })}
        onEnd={list.more}
        footer={`${counted(list.rows.length, 'connection')}${list.hasNextPage ? ' so far' : ''}`}
      />
      <OneConnection id={search.id ?? null} onClose={() => set({ id: null })} />
    </>
  );
}
