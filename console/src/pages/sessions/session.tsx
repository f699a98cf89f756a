import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { ListTree } from 'lucide-react';
import { useMemo } from 'react';
import type { SessionView } from '../../../../src/model/insight/records.ts';
import { get } from '../../api/client.ts';
import { PageHead } from '../../kit/card.tsx';
import { Empty, Failed, Loading } from '../../kit/states.tsx';
import { Code, visible } from '../../kit/text.tsx';
import { sessionPath, transactionPath } from '../../record/paths.ts';
import { SessionActions } from './actions.tsx';
import { StoryBody } from './body.tsx';
import { StoryFacts } from './facts.tsx';
import { joinPages } from './story.ts';

const EVERY_MS = 10_000;

/** One conversation of an agent, call by call, with what other agents did because of it. */
export function SessionPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  return <StoryPage kind="session" id={id} pathOf={(cursor) => sessionPath(id, cursor)} />;
}

/** Everything that followed from one root authorization, whatever sessions it went through. */
export function TransactionPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  return <StoryPage kind="transaction" id={id} pathOf={(cursor) => transactionPath(id, cursor)} />;
}

interface StoryPageProps {
  readonly kind: 'session' | 'transaction';
  readonly id: string;
  readonly pathOf: (cursor: string | null) => string;
}

function StoryPage({ kind, id, pathOf }: StoryPageProps) {
  const asked = useInfiniteQuery({
    queryKey: ['get', kind, id],
    queryFn: ({ pageParam, signal }) => get<SessionView>(pathOf(pageParam), signal),
    initialPageParam: null as string | null,
    getNextPageParam: ({ next }) => next,
    refetchInterval: EVERY_MS,
  });
  const story = useMemo(() => joinPages(asked.data?.pages ?? []), [asked.data]);
  const more = asked.hasNextPage && !asked.isFetchingNextPage ? () => void asked.fetchNextPage() : undefined;
  return (
    <>
      <PageHead
        tab={`${kind === 'session' ? 'Session' : 'Transaction'} ${visible(id).slice(0, 12)}`}
        back={
          <Link to="/sessions" className="text-accent hover:underline">
            Sessions
          </Link>
        }
        title={
          <>
            {kind === 'session' ? 'Session' : 'Transaction'}{' '}
            <Code copy className="text-[17px] break-all">
              {id}
            </Code>
          </>
        }
        lead={story.calls.length === 0 ? undefined : <StoryFacts story={story} more={more !== undefined} />}
        actions={<SessionActions kind={kind} id={id} story={story} pathOf={pathOf} complete={!asked.hasNextPage} />}
      />
      {asked.error !== null && asked.data === undefined ? (
        <Failed error={asked.error} retry={() => void asked.refetch()} />
      ) : asked.isPending ? (
        <Loading lines={12} />
      ) : story.calls.length === 0 ? (
        <Empty icon={ListTree} title="No call is on record here">
          The record knows no call of this {kind}. Calls appear here as soon as they are decided.
        </Empty>
      ) : (
        <StoryBody story={story} more={more} />
      )}
    </>
  );
}
