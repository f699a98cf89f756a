import { useNavigate } from '@tanstack/react-router';
import { FilePen } from 'lucide-react';
import type { PolicyDraftHead } from '../../../../../src/model/insight/policies.ts';
import { useMay } from '../../../api/hooks.ts';
import { Badge, type Tone } from '../../../kit/badge.tsx';
import { Button } from '../../../kit/button.tsx';
import { Choice } from '../../../kit/field.tsx';
import { Empty, Failed, Loading } from '../../../kit/states.tsx';
import { type Column, DataTable } from '../../../kit/table.tsx';
import { Code, visible } from '../../../kit/text.tsx';
import { Time } from '../../../kit/time.tsx';
import { useFilters } from '../../../use-filters.ts';
import { usePages } from '../../../use-pages.ts';

const TONES: Readonly<Record<PolicyDraftHead['state'], Tone>> = {
  open: 'accent',
  published: 'good',
  discarded: 'plain',
};

const COLUMNS: readonly Column<PolicyDraftHead>[] = [
  {
    id: 'title',
    head: 'Draft',
    width: 'minmax(10rem,2fr)',
    cell: ({ title }) => <span className="font-medium">{visible(title)}</span>,
  },
  {
    id: 'state',
    head: 'State',
    width: '6.5rem',
    cell: ({ state }) => <Badge tone={TONES[state]}>{state}</Badge>,
  },
  { id: 'author', head: 'Begun by', width: 'minmax(6rem,1fr)', cell: ({ author }) => visible(author), wideOnly: true },
  {
    id: 'saved',
    head: 'Last saved',
    width: 'minmax(9rem,1fr)',
    wideOnly: true,
    cell: ({ updatedBy, updatedAtMs }) => (
      <>
        {visible(updatedBy)} <Time ms={updatedAtMs} look="ago" />
      </>
    ),
  },
  { id: 'revision', head: 'Revision', width: '5rem', align: 'right', cell: ({ revision }) => revision, wideOnly: true },
  { id: 'base', head: 'Based on', width: '9rem', cell: ({ base }) => <Code>{base.slice(0, 12)}</Code>, wideOnly: true },
];

export function Drafts({ onNew }: { onNew: () => void }) {
  const [search, set] = useFilters();
  const may = useMay();
  const navigate = useNavigate();
  const state = search.state ?? 'open';
  const pages = usePages<PolicyDraftHead>(
    '/v1/policies/drafts',
    { state: state === 'all' ? null : state },
    { limit: 50, everyMs: 15_000 },
  );
  return (
    <>
      <Choice
        aria-label="State"
        value={state}
        onChange={(event) => set({ state: event.target.value === 'open' ? null : event.target.value })}
        className="mb-3"
      >
        <option value="open">Open</option>
        <option value="published">Published</option>
        <option value="discarded">Discarded</option>
        <option value="all">All</option>
      </Choice>
      {pages.error !== null && pages.data === undefined ? (
        <Failed error={pages.error} retry={() => void pages.refetch()} />
      ) : pages.data === undefined ? (
        <Loading />
      ) : pages.rows.length === 0 ? (
        <Empty
          icon={FilePen}
          title={state === 'open' ? 'No draft is open' : 'There is none'}
          action={may('policies.draft') && state === 'open' ? <Button onClick={onNew}>New draft</Button> : undefined}
        >
          A draft is a copy of the policies in force that people change, try, replay against recorded calls, and then
          publish.
        </Empty>
      ) : (
        <DataTable
          label="Drafts"
          columns={COLUMNS}
          rows={pages.rows}
          keyOf={({ id }) => id}
          onOpen={({ id }) => void navigate({ to: '/policies/drafts/$id', params: { id }, search: {} as never })}
          onEnd={pages.more}
        />
      )}
    </>
  );
}
