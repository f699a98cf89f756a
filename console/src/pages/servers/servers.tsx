import { useNavigate } from '@tanstack/react-router';
import { Server as ServerIcon } from 'lucide-react';
import type { ServerLine, ToolLine } from '../../../../src/model/insight/estate.ts';
import type { Page } from '../../../../src/model/insight/page.ts';
import { useEvery, useGet } from '../../api/hooks.ts';
import { Badge, State } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { PageHead } from '../../kit/card.tsx';
import { Choice, SearchBox } from '../../kit/field.tsx';
import { Go } from '../../kit/go.tsx';
import { Answered, Empty } from '../../kit/states.tsx';
import { type Column, DataTable } from '../../kit/table.tsx';
import { Tabs } from '../../kit/tabs.tsx';
import { Code, visible } from '../../kit/text.tsx';
import { count, counted, useNow } from '../../kit/time.tsx';
import { useFilters } from '../../use-filters.ts';
import { elapsed } from '../settings/words.ts';
import { Queue } from './queue.tsx';
import { Tools } from './tools.tsx';

/** Servers, their tools, and the definitions that wait for somebody. */
export function ServersPage() {
  const [search, set] = useFilters();
  const waiting = useGet<Page<ToolLine> & { total: number }>('/v1/tools?state=quarantined&limit=1', {
    everyMs: 15_000,
  });
  const total = waiting.data?.total ?? 0;
  return (
    <>
      <PageHead
        title="Servers and tools"
        lead="What agents can connect to. Tools are pinned to what was accepted; what a server changes waits."
      />
      <Tabs
        label="Servers and tools"
        value={search.tab ?? 'servers'}
        onChange={(tab) => set({ tab: tab === 'servers' ? null : tab, review: null, tool: null, q: null, state: null })}
        tabs={[
          { id: 'servers', label: 'Servers', content: <Servers /> },
          { id: 'tools', label: 'Tools', content: <Tools /> },
          {
            id: 'review',
            label: <>Waiting {total > 0 && <Badge tone="bad">{count(total)}</Badge>}</>,
            content: <Queue />,
          },
        ]}
      />
    </>
  );
}

const ORDER = { down: 0, unknown: 1, up: 2 } as const;
export const SERVER_TONES = { up: 'good', down: 'bad', unknown: 'plain' } as const;
export const SERVER_WORDS = { up: 'up', down: 'failing', unknown: 'not heard of' } as const;

const COLUMNS: readonly Column<ServerLine>[] = [
  {
    id: 'server',
    head: 'Server',
    width: 'minmax(6rem,2fr)',
    cell: ({ id, where }) => (
      <span title={where}>
        <span className="font-medium">{id}</span> <span className="hidden text-soft sm:inline">{where}</span>
      </span>
    ),
  },
  {
    id: 'state',
    head: 'Health',
    width: 'minmax(5.5rem,1.4fr)',
    cell: ({ state, sinceMs, lastError }) => (
      <span title={lastError === null ? undefined : visible(lastError)}>
        <Badge tone={SERVER_TONES[state]}>{SERVER_WORDS[state]}</Badge>{' '}
        {sinceMs !== null && (
          <span className="hidden text-soft sm:inline">
            <For sinceMs={sinceMs} />
          </span>
        )}
      </span>
    ),
  },
  { id: 'env', head: 'Environment', width: '8rem', cell: ({ environment }) => environment ?? '—', wideOnly: true },
  { id: 'risk', head: 'Risk', width: '6rem', cell: ({ risk }) => <State of={risk} />, wideOnly: true },
  {
    id: 'trust',
    head: 'New tools',
    width: '9rem',
    cell: ({ trust }) => (trust === 'review' ? 'wait for review' : 'pinned at first'),
    wideOnly: true,
  },
  {
    id: 'tools',
    head: 'Tools',
    width: '4.5rem',
    wideOnly: true,
    align: 'right',
    cell: ({ id, pinned }) => (
      <Go to="/servers/$id" params={{ id }} search={{ state: 'pinned' }}>
        {count(pinned)}
      </Go>
    ),
  },
  {
    id: 'waiting',
    head: 'Waiting',
    width: '4.5rem',
    align: 'right',
    cell: ({ id, quarantined }) =>
      quarantined === 0 ? (
        <span className="text-soft">0</span>
      ) : (
        <Go to="/servers/$id" params={{ id }} search={{ tab: 'review' }} className="font-semibold text-bad">
          {count(quarantined)}
        </Go>
      ),
  },
];

/** How long it has been so. */
function For({ sinceMs }: { sinceMs: number }) {
  return <span title={new Date(sinceMs).toISOString()}>for {elapsed(Math.max(0, useNow(15_000) - sinceMs))}</span>;
}

function Servers() {
  const [search, set] = useFilters();
  const navigate = useNavigate();
  const asked = useEvery<ServerLine>('/v1/servers/lines', { everyMs: 10_000 });
  return (
    <div className="space-y-3">
      <div className="flex flex-wrap gap-2">
        <SearchBox value={search.q ?? ''} onChange={(q) => set({ q })} label="Search servers" />
        <Choice aria-label="Health" value={search.state ?? ''} onChange={(event) => set({ state: event.target.value })}>
          <option value="">Every health</option>
          <option value="up">Up</option>
          <option value="down">Failing</option>
          <option value="unknown">Not heard of</option>
        </Choice>
      </div>
      <Answered query={asked} lines={5}>
        {(items) => {
          const rows = chosenServers(items, search.q ?? '', search.state ?? '');
          if (items.length === 0) return <NoServers />;
          if (rows.length === 0)
            return (
              <Empty
                icon={ServerIcon}
                title="No server is like that"
                action={<Button onClick={() => set({ q: null, state: null })}>Show all</Button>}
              >
                Ids, addresses and environments are searched. The filters all have to hold.
              </Empty>
            );
          return (
            <DataTable
              label="Servers"
              columns={COLUMNS}
              rows={rows}
              keyOf={({ id }) => id}
              onOpen={({ id }) => void navigate({ to: '/servers/$id', params: { id } })}
              footer={`${rows.length === items.length ? '' : `${count(rows.length)} of `}${counted(items.length, 'server')}`}
            />
          );
        }}
      </Answered>
    </div>
  );
}

/** Those that fail come first. */
export function chosenServers(all: readonly ServerLine[], q: string, state: string): readonly ServerLine[] {
  const wanted = q.trim().toLowerCase();
  return all
    .filter((server) => state === '' || server.state === state)
    .filter(({ id, where, environment }) => `${id} ${where} ${environment ?? ''}`.toLowerCase().includes(wanted))
    .toSorted((a, b) => ORDER[a.state] - ORDER[b.state] || (a.id < b.id ? -1 : 1));
}

function NoServers() {
  return (
    <div className="rounded-xl border bg-card shadow-card">
      <Empty icon={ServerIcon} title="No server is configured">
        Servers stand in the configuration file. Add one under <Code>servers</Code>, then{' '}
        <Code copy>interlock check</Code>; the gateway takes it over by itself.
      </Empty>
    </div>
  );
}
