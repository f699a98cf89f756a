import { useNavigate } from '@tanstack/react-router';
import { ClipboardCheck, Plus } from 'lucide-react';
import { useState } from 'react';
import { useMay } from '../../api/hooks.ts';
import { Badge } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { PageHead } from '../../kit/card.tsx';
import { Empty, Failed, Loading } from '../../kit/states.tsx';
import { type Column, DataTable } from '../../kit/table.tsx';
import { Code, visible } from '../../kit/text.tsx';
import { counted, Time, useNow } from '../../kit/time.tsx';
import { usePages } from '../../use-pages.ts';
import { NewReview } from './new.tsx';
import { Progress } from './progress.tsx';
import { type Campaign, filterWords, standing } from './words.ts';

const COLUMNS: readonly Column<Campaign>[] = [
  {
    id: 'name',
    head: 'Review',
    width: 'minmax(6rem,2fr)',
    cell: ({ name, filter }) => (
      <>
        <span className="font-medium">{visible(name)}</span>{' '}
        <span className="text-soft">{visible(filterWords(filter))}</span>
      </>
    ),
  },
  { id: 'state', head: 'State', width: '6.5rem', cell: (campaign) => <CampaignState campaign={campaign} /> },
  {
    id: 'progress',
    head: 'Decided',
    width: 'minmax(5rem,1fr)',
    cell: ({ progress }) => <Progress progress={progress} compact />,
  },
  { id: 'due', head: 'Due', width: '11rem', cell: ({ dueAtMs }) => <Time ms={dueAtMs} />, wideOnly: true },
  { id: 'by', head: 'Begun by', width: '8rem', cell: ({ createdBy }) => createdBy, wideOnly: true },
];

export function CampaignState({ campaign }: { campaign: Campaign }) {
  const [tone, words] = standing(campaign, useNow(30_000));
  return <Badge tone={tone}>{words}</Badge>;
}

/** Campaigns in which people look again at what agents may do. */
export function ReviewsPage() {
  const navigate = useNavigate();
  const may = useMay()('reviews.write');
  const [making, setMaking] = useState(false);
  const list = usePages<Campaign>('/v1/reviews', {}, { everyMs: 30_000 });
  return (
    <>
      <PageHead
        title="Access reviews"
        lead="Somebody looks again at what each agent may do, and says so on record."
        actions={
          may && (
            <Button look="accent" onClick={() => setMaking(true)}>
              <Plus aria-hidden /> Start a review
            </Button>
          )
        }
      />
      {list.isPending ? (
        <Loading lines={6} />
      ) : list.error !== null && list.rows.length === 0 ? (
        <Failed error={list.error} retry={() => void list.refetch()} />
      ) : list.rows.length === 0 ? (
        <div className="rounded-xl border bg-card shadow-card">
          <Empty
            icon={ClipboardCheck}
            title="No review has been held"
            action={may ? <Button onClick={() => setMaking(true)}>Start a review</Button> : undefined}
          >
            A review asks the owner of each agent, or people you name, to certify, reduce, revoke or reassign it by a
            day. On the command line: <Code copy>interlock reviews create</Code>
          </Empty>
        </div>
      ) : (
        <DataTable
          label="Access reviews"
          columns={COLUMNS}
          rows={list.rows}
          keyOf={({ id }) => id}
          onOpen={({ id }) => void navigate({ to: '/reviews/$id', params: { id } })}
          onEnd={list.more}
          footer={`${counted(list.rows.length, 'review')}${list.hasNextPage ? ' so far' : ''}`}
        />
      )}
      {making && <NewReview onClose={() => setMaking(false)} />}
    </>
  );
}
