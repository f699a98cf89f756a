import { Link, useParams } from '@tanstack/react-router';
import { Download } from 'lucide-react';
import { useState } from 'react';
import { useGet, useMay, useMe } from '../../api/hooks.ts';
import { Act } from '../../kit/act.tsx';
import { Badge } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { Card, Facts, PageHead } from '../../kit/card.tsx';
import { Back, One } from '../../kit/one.tsx';
import { Tabs } from '../../kit/tabs.tsx';
import { Code, visible } from '../../kit/text.tsx';
import { count, counted, Time } from '../../kit/time.tsx';
import { toast } from '../../kit/toast.tsx';
import { useFilters } from '../../use-filters.ts';
import { Decided } from './decided.tsx';
import { downloadEvidence } from './evidence.ts';
import { Progress } from './progress.tsx';
import { CampaignState } from './reviews.tsx';
import { Triage } from './triage/triage.tsx';
import { type Campaign, filterWords, OUTCOMES, type Outcome } from './words.ts';

const BACK = { to: '/reviews', words: 'Access reviews' } as const;

/** One campaign: how far it is, what waits for whom, what was decided, and its end. */
export function ReviewPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const asked = useGet<Campaign>(`/v1/reviews/${encodeURIComponent(id)}`, { everyMs: 15_000 });
  return (
    <One
      query={asked}
      kind="review"
      id={id}
      back={BACK}
      gone="Reviews are never removed: the address must be another one, or of another gateway."
    >
      {(campaign) => <OneReview campaign={campaign} />}
    </One>
  );
}

function OneReview({ campaign }: { campaign: Campaign }) {
  const [search, set] = useFilters();
  const may = useMay()('reviews.write');
  const [closing, setClosing] = useState(false);
  const [loading, setLoading] = useState(false);
  const { id, state, progress } = campaign;
  const evidence = async (): Promise<void> => {
    setLoading(true);
    try {
      await downloadEvidence(campaign);
    } catch (error) {
      toast({ tone: 'bad', text: error instanceof Error ? error.message : String(error) });
    }
    setLoading(false);
  };
  return (
    <>
      <PageHead
        tab={campaign.name}
        back={<Back {...BACK} />}
        title={
          <>
            {visible(campaign.name)} <CampaignState campaign={campaign} />
          </>
        }
        lead={<Code copy>{id}</Code>}
        actions={
          <>
            <Button onClick={() => void evidence()} busy={loading}>
              <Download aria-hidden /> Evidence
            </Button>
            {may && state === 'open' && (
              <Button look={progress.waiting === 0 ? 'accent' : 'plain'} onClick={() => setClosing(true)}>
                Close the review
              </Button>
            )}
          </>
        }
      />
      <Head campaign={campaign} />
      <Tabs
        label={campaign.name}
        value={search.tab ?? (state === 'open' && progress.waiting > 0 ? 'waiting' : 'decided')}
        onChange={(tab) => set({ tab, agent: null, outcome: null })}
        tabs={[
          { id: 'waiting', label: `Waiting ${count(progress.waiting)}`, content: <Triage campaign={campaign} /> },
          {
            id: 'decided',
            label: `Decided ${count(progress.total - progress.waiting)}`,
            content: <Decided campaign={campaign} />,
          },
        ]}
      />
      <Act<Campaign>
        open={closing}
        onOpenChange={setClosing}
        title={`Close ${campaign.name}`}
        description={
          progress.waiting === 0
            ? 'Everything is decided. Afterwards nothing about it changes any more.'
            : `Nobody has decided on ${counted(progress.waiting, 'agent')}.`
        }
        verb="Close the review"
        danger={progress.waiting > 0 && campaign.overdue === 'suspend'}
        order={(reason) => ({ method: 'POST', path: `/v1/reviews/${encodeURIComponent(id)}/close`, body: { reason } })}
        done={({ name }) => `${name} is closed`}
      >
        {progress.waiting > 0 && (
          <p className="rounded-lg border border-warn-line bg-warn-tint p-3 text-warn">
            {campaign.overdue === 'suspend'
              ? `${counted(progress.waiting, 'agent nobody looked at is', 'agents nobody looked at are')} suspended.`
              : `${counted(progress.waiting, 'agent nobody looked at stays as it is', 'agents nobody looked at stay as they are')}; that nobody looked is on record.`}
          </p>
        )}
      </Act>
    </>
  );
}

function Head({ campaign }: { campaign: Campaign }) {
  const me = useMe().data;
  const { progress, reviewers, dueAtMs, createdBy, createdAtMs, overdue } = campaign;
  const named = reviewers?.map((person) => (person === me?.id ? `${person} (you)` : person)).join(', ');
  return (
    <Card className="mb-5 space-y-4 p-4">
      <Progress progress={progress} />
      <div className="flex flex-wrap gap-2 empty:hidden">
        {Object.entries(progress.byOutcome).map(([outcome, number]) => {
          const [tone, words] = OUTCOMES[outcome as Outcome] ?? ['plain', outcome];
          return (
            <Link key={outcome} to="." search={{ tab: 'decided', outcome }}>
              <Badge tone={tone}>
                <span className="tabular">{count(number)}</span> {words}
              </Badge>
            </Link>
          );
        })}
      </div>
      <div className="grid grid-cols-1 gap-x-8 gap-y-2 md:grid-cols-2">
        <Facts
          items={[
            ['Agents', visible(filterWords(campaign.filter))],
            ['Reviewers', named ?? 'owner and deputies of each agent'],
            campaign.excludeRequester && ['Except', 'whoever requested the agent'],
          ]}
        />
        <Facts
          items={[
            ['Due', <Time key="due" ms={dueAtMs} />],
            ['If nobody looks', overdue === 'suspend' ? 'the agent is suspended' : 'it stays as it is, on record'],
            [
              'Begun',
              <span key="begun">
                <Time ms={createdAtMs} /> by {createdBy},{' '}
                <Link to="/audit" search={{ q: campaign.id }} className="underline">
                  its records
                </Link>
              </span>,
            ],
          ]}
        />
      </div>
    </Card>
  );
}
