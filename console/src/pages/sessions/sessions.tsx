import { useNavigate } from '@tanstack/react-router';
import { ListTree } from 'lucide-react';
import type { SessionLine } from '../../../../src/model/insight/records.ts';
import { Badge } from '../../kit/badge.tsx';
import { PageHead } from '../../kit/card.tsx';
import { Choice } from '../../kit/field.tsx';
import { Empty, Failed, Loading } from '../../kit/states.tsx';
import { type Column, DataTable } from '../../kit/table.tsx';
import { Code } from '../../kit/text.tsx';
import { count, duration, Time } from '../../kit/time.tsx';
import { AgentLink, PersonLink } from '../../record/links.tsx';
import { AgentField, PersonField } from '../../record/pick-fields.tsx';
import { SPANS, useSince } from '../../record/span.ts';
import { useFilters } from '../../use-filters.ts';
import { usePages } from '../../use-pages.ts';

const COLUMNS: readonly Column<SessionLine>[] = [
  {
    id: 'last',
    head: 'Last call',
    width: '7.5rem',
    wideOnly: true,
    cell: ({ lastAtMs }) => <Time ms={lastAtMs} look="ago" />,
  },
  {
    id: 'agent',
    head: 'Agent',
    width: 'minmax(6rem,1.2fr)',
    cell: ({ agent, lastAtMs }) => (
      <>
        <span className="block truncate">
          <AgentLink id={agent} />
        </span>
        <span className="block truncate text-xs text-soft md:hidden">
          <Time ms={lastAtMs} look="ago" />
        </span>
      </>
    ),
  },
  {
    id: 'for',
    head: 'For',
    width: 'minmax(6rem,1fr)',
    wideOnly: true,
    cell: ({ subject }) => (subject === null ? <span className="text-soft">itself</span> : <PersonLink id={subject} />),
  },
  { id: 'id', head: 'Session', width: 'minmax(9rem,1.4fr)', wideOnly: true, cell: ({ id }) => <Code>{id}</Code> },
  {
    id: 'open',
    head: 'State',
    width: '5.5rem',
    wideOnly: true,
    cell: ({ open }) => (open ? <Badge tone="good">Open</Badge> : <Badge>Ended</Badge>),
  },
  {
    id: 'span',
    head: 'Lasted',
    width: '5rem',
    align: 'right',
    wideOnly: true,
    cell: ({ firstAtMs, lastAtMs }) => duration(Math.max(1, lastAtMs - firstAtMs)),
  },
  { id: 'calls', head: 'Calls', width: '4rem', align: 'right', cell: ({ calls }) => count(calls) },
  {
    id: 'asked',
    head: 'Asked',
    width: '4rem',
    align: 'right',
    wideOnly: true,
    cell: ({ asked }) => <Few n={asked} tone="text-warn" />,
  },
  {
    id: 'denied',
    head: 'Denied',
    width: '4rem',
    align: 'right',
    cell: ({ denied }) => <Few n={denied} tone="text-bad" />,
  },
];

function Few({ n, tone }: { n: number; tone: string }) {
  return <span className={n > 0 ? tone : 'text-soft'}>{count(n)}</span>;
}

/** What agents did, conversation by conversation. */
export function SessionsPage() {
  const [filters, set] = useFilters();
  const navigate = useNavigate();
  const { agent, person, since } = filters;
  const { fromMs, hold } = useSince(since);
  const list = usePages<SessionLine>('/v1/sessions/history', { agent, person, fromMs }, { everyMs: 15_000 });
  hold((list.data?.pages.length ?? 0) > 1);
  const filtered = [agent, person, since].some((each) => each !== undefined);
  return (
    <>
      <PageHead
        title="Sessions"
        lead="Each is one conversation of an agent with its servers. Open one to see every call in order, what led to what, and to step through it again."
      />
      <div className="mb-4 flex flex-wrap items-center gap-2">
        <AgentField value={agent ?? ''} onChange={(next) => set({ agent: next })} />
        <PersonField value={person ?? ''} onChange={(next) => set({ person: next })} />
        <Choice aria-label="Last call" value={since ?? ''} onChange={(event) => set({ since: event.target.value })}>
          <option value="">At any time</option>
          {SPANS.map(({ id, words }) => (
            <option key={id} value={id}>
              {words}
            </option>
          ))}
        </Choice>
      </div>
      {list.error !== null && list.rows.length === 0 ? (
        <Failed error={list.error} retry={() => void list.refetch()} />
      ) : list.isPending ? (
        <Loading lines={10} />
      ) : list.rows.length === 0 ? (
        <NoSessions filtered={filtered} />
      ) : (
        <DataTable
          label="Sessions"
          columns={COLUMNS}
          rows={list.rows}
          keyOf={({ id }) => id}
          onOpen={({ id }) => void navigate({ to: '/sessions/$id', params: { id } })}
          onEnd={list.more}
          footer={
            list.hasNextPage
              ? `${count(list.rows.length)} shown, more as you scroll`
              : `${count(list.rows.length)} sessions`
          }
        />
      )}
    </>
  );
}

function NoSessions({ filtered }: { filtered: boolean }) {
  return (
    <Empty icon={ListTree} title={filtered ? 'No session fits these filters' : 'No agent has called anything yet'}>
      {filtered ? (
        'Take one of them away.'
      ) : (
        <>
          A session begins when an agent connects to <code className="font-mono">/mcp</code> and makes its first call.
          Try it: <code className="font-mono">interlock demo</code>
        </>
      )}
    </Empty>
  );
}
