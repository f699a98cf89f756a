import { Link, useNavigate } from '@tanstack/react-router';
import { Bot, ChevronDown, Plus } from 'lucide-react';
import { useCallback, useState } from 'react';
import type { AgentLine } from '../../../../src/model/insight/agents.ts';
import { useMay } from '../../api/hooks.ts';
import { State, TierBadge } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { PageHead } from '../../kit/card.tsx';
import { Menu } from '../../kit/menu.tsx';
import { Empty, Failed, Loading } from '../../kit/states.tsx';
import { type Column, DataTable } from '../../kit/table.tsx';
import { visible } from '../../kit/text.tsx';
import { count, Time } from '../../kit/time.tsx';
import { useFilters } from '../../use-filters.ts';
import { usePages } from '../../use-pages.ts';
import { ImportDialog, MoveOwner, useExport } from './bulk.tsx';
import { AgentFilters } from './filters.tsx';
import { RegisterDialog } from './register/register.tsx';
import { ARCHETYPES, filtersOf, NO_FILTERS } from './words.ts';

const COLUMNS: readonly Column<AgentLine>[] = [
  { id: 'name', head: 'Agent', width: 'minmax(12rem,2.2fr)', cell: NameCell },
  {
    id: 'state',
    head: 'State',
    width: '7rem',
    cell: ({ state, lock }) => (
      <span className="inline-flex items-center gap-1.5">
        {lock === null ? <State of={state} /> : <TierBadge tier={lock} />}
      </span>
    ),
  },
  {
    id: 'owner',
    head: 'Owner',
    width: 'minmax(9rem,1.2fr)',
    wideOnly: true,
    cell: ({ owner, ownerName, department }) => (
      <>
        <span className="block truncate">{visible(ownerName)}</span>
        <span className="block truncate text-xs text-soft">{visible(department ?? owner)}</span>
      </>
    ),
  },
  { id: 'risk', head: 'Risk', width: '5.5rem', wideOnly: true, cell: ({ riskTier }) => <State of={riskTier} /> },
  {
    id: 'kind',
    head: 'Kind',
    width: '8rem',
    wideOnly: true,
    cell: ({ archetype }) => <span className="text-soft">{ARCHETYPES[archetype]}</span>,
  },
  {
    id: 'calls',
    head: 'Calls, 24 h',
    width: '6.5rem',
    align: 'right',
    wideOnly: true,
    cell: ({ calls24h }) => count(calls24h),
  },
  {
    id: 'last',
    head: 'Last call',
    width: '8rem',
    align: 'right',
    wideOnly: true,
    cell: ({ lastCallAtMs }) =>
      lastCallAtMs === null ? <span className="text-soft">none</span> : <Time ms={lastCallAtMs} look="ago" />,
  },
];

function NameCell({ id, name }: AgentLine) {
  return (
    <>
      <Link
        to="/agents/$id"
        params={{ id }}
        tabIndex={-1}
        className="block truncate font-medium hover:underline"
        onClick={(event) => event.stopPropagation()}
      >
        {visible(name)}
      </Link>
      <span className="block truncate font-mono text-xs text-soft">{id}</span>
    </>
  );
}

/** Where are my agents: all of them, found by anything. */
export function AgentsPage() {
  const [search, set] = useFilters();
  const [open, setOpen] = useState<'register' | 'move' | 'import' | null>(search.do === 'register' ? 'register' : null);
  const may = useMay();
  const navigate = useNavigate();
  const filters = filtersOf(search);
  const filtered = Object.keys(filters).length > 0;
  const list = usePages<AgentLine>('/v1/agents/summaries', filters, { limit: 100 });
  const download = useExport(filters);
  const onOpen = useCallback(({ id }: AgentLine) => void navigate({ to: '/agents/$id', params: { id } }), [navigate]);
  const close = (): void => setOpen(null);
  const writes = may('agents.write');
  return (
    <>
      <PageHead
        title="Agents"
        lead="Every agent this gateway knows, from its configuration and from the registry."
        actions={
          <>
            <Menu
              trigger={
                <Button busy={download.busy}>
                  More <ChevronDown aria-hidden />
                </Button>
              }
              items={[
                { label: filtered ? 'Export these as CSV' : 'Export all as CSV', onSelect: download.run },
                ...(writes
                  ? [
                      { label: 'Import a file…', onSelect: () => setOpen('import') },
                      { label: 'Move everything of an owner…', onSelect: () => setOpen('move') },
                    ]
                  : []),
              ]}
            />
            {writes && (
              <Button look="accent" onClick={() => setOpen('register')}>
                <Plus aria-hidden /> Register an agent
              </Button>
            )}
          </>
        }
      />
      <AgentFilters search={search} set={set} rows={list.rows} />
      {list.error !== null ? (
        <Failed error={list.error} retry={() => void list.refetch()} />
      ) : list.data === undefined ? (
        <Loading lines={12} label="Loading agents" />
      ) : list.rows.length === 0 ? (
        <NoAgents
          filtered={filtered}
          writes={writes}
          onRegister={() => setOpen('register')}
          onClear={() => set(NO_FILTERS)}
        />
      ) : (
        <DataTable
          label="Agents"
          columns={COLUMNS}
          rows={list.rows}
          rowHeight={52}
          keyOf={({ id }) => id}
          onOpen={onOpen}
          onEnd={list.more}
          footer={<Footer shown={list.rows.length} total={list.total} filtered={filtered} />}
        />
      )}
      {open === 'register' && <RegisterDialog onClose={close} />}
      {open === 'move' && <MoveOwner onClose={close} />}
      {open === 'import' && <ImportDialog onClose={close} />}
    </>
  );
}

function Footer({ shown, total, filtered }: { shown: number; total: number | null; filtered: boolean }) {
  const all = (total ?? shown).toLocaleString();
  const words = filtered ? (total === 1 ? 'agent matches' : 'agents match') : total === 1 ? 'agent' : 'agents';
  return (
    <span role="status" className="tabular">
      {all} {words}
      {total !== null && shown < total && `, the first ${shown.toLocaleString()} loaded; scroll for more`}
    </span>
  );
}

function NoAgents({
  filtered,
  writes,
  onRegister,
  onClear,
}: {
  filtered: boolean;
  writes: boolean;
  onRegister: () => void;
  onClear: () => void;
}) {
  if (filtered)
    return (
      <Empty icon={Bot} title="No agent matches" action={<Button onClick={onClear}>Clear the filters</Button>}>
        Search looks at ids, names and purposes. The filters all have to hold.
      </Empty>
    );
  return (
    <Empty
      icon={Bot}
      title="No agents yet"
      action={
        writes && (
          <Button look="accent" onClick={onRegister}>
            <Plus aria-hidden /> Register an agent
          </Button>
        )
      }
    >
      Register one here, list them in <code className="font-mono">agents:</code> of interlock.yaml, or import a file
      with <code className="font-mono">interlock agents import agents.csv</code>.
    </Empty>
  );
}
