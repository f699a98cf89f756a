import { ClipboardCheck } from 'lucide-react';
import { Badge } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { Choice, SearchBox } from '../../kit/field.tsx';
import { Go } from '../../kit/go.tsx';
import { Empty, Failed, Loading } from '../../kit/states.tsx';
import { type Column, DataTable } from '../../kit/table.tsx';
import { visible } from '../../kit/text.tsx';
import { counted, Time } from '../../kit/time.tsx';
import { useFilters } from '../../use-filters.ts';
import { usePages } from '../../use-pages.ts';
import { type Campaign, changeWords, type Item, OUTCOMES, type Outcome } from './words.ts';

const COLUMNS: readonly Column<Item>[] = [
  {
    id: 'agent',
    head: 'Agent',
    width: 'minmax(9rem,1.5fr)',
    cell: ({ agent, name }) => (
      <Go to="/agents/$id" params={{ id: agent }} className="font-medium">
        {visible(name ?? agent)}
      </Go>
    ),
  },
  {
    id: 'outcome',
    head: 'Decided',
    width: 'minmax(6rem,auto)',
    cell: ({ decision }) => {
      if (decision === null) return <Badge>waits</Badge>;
      const [tone, words] = OUTCOMES[decision.outcome] ?? ['plain', decision.outcome];
      return <Badge tone={tone}>{words}</Badge>;
    },
  },
  {
    id: 'reason',
    head: 'Why',
    width: 'minmax(8rem,2fr)',
    cell: ({ decision }) => (
      <span title={visible(decision?.reason ?? '')}>
        {visible(decision?.reason ?? '')}{' '}
        <span className="text-soft">{decision === null ? '' : visible(changeWords(decision.change))}</span>
      </span>
    ),
    wideOnly: true,
  },
  { id: 'by', head: 'By', width: '7rem', cell: ({ decision }) => decision?.by ?? '', wideOnly: true },
  {
    id: 'at',
    head: 'When',
    width: '9rem',
    cell: ({ decision }) => (decision === null ? '' : <Time ms={decision.atMs} look="ago" />),
    wideOnly: true,
  },
];

/** Every agent of a campaign with what was said about it. */
export function Decided({ campaign }: { campaign: Campaign }) {
  const [search, set] = useFilters();
  const path = `/v1/reviews/${encodeURIComponent(campaign.id)}/items`;
  const list = usePages<Item>(path, { outcome: search.outcome, q: search.q });
  const filtered = search.outcome !== undefined || search.q !== undefined;
  return (
    <div className="space-y-3">
      <div className="flex flex-wrap gap-2">
        <SearchBox value={search.q ?? ''} onChange={(q) => set({ q })} label="Search agents of this review" />
        <Choice
          aria-label="Decision"
          value={search.outcome ?? ''}
          onChange={(event) => set({ tab: 'decided', outcome: event.target.value })}
        >
          <option value="">Every agent</option>
          {(Object.keys(OUTCOMES) as Outcome[]).map((outcome) => (
            <option key={outcome} value={outcome}>
              {OUTCOMES[outcome][1]}
            </option>
          ))}
        </Choice>
      </div>
      {list.isPending ? (
        <Loading lines={6} />
      ) : list.error !== null && list.rows.length === 0 ? (
        <Failed error={list.error} retry={() => void list.refetch()} />
      ) : list.rows.length === 0 ? (
        <div className="rounded-xl border bg-card shadow-card">
          <Empty
            icon={ClipboardCheck}
            title={filtered ? 'None is like that' : 'Nothing is part of this review'}
            action={filtered ? <Button onClick={() => set({ outcome: null, q: null })}>Show all</Button> : undefined}
          />
        </div>
      ) : (
        <DataTable
          label="Agents of the review"
          columns={COLUMNS}
          rows={list.rows}
          keyOf={({ agent }) => agent}
          onEnd={list.more}
          footer={`${counted(list.total ?? list.rows.length, 'agent')}${filtered ? ' like that' : ''}`}
        />
      )}
    </div>
  );
}
