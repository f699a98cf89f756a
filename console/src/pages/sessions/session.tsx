import { useInfiniteQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { ListTree } from 'lucide-react';
import { useMemo } from 'react';
import type { SessionView } from '../../../../src/model/insight/records.ts';
import { get } from '../../api/client.ts';
import { isMissing } from '../../api/hooks.ts';
import { PageHead } from '../../kit/card.tsx';
import { Back, One } from '../../kit/one.tsx';
import { Empty } from '../../kit/states.tsx';
import { Code, visible } from '../../kit/text.tsx';
import { sessionPath, transactionPath } from '../../record/paths.ts';
import { SessionActions } from './actions.tsx';
import { StoryBody } from './body.tsx';
import { StoryFacts } from './facts.tsx';
import { joinPages, type Story } from './story.ts';

const EVERY_MS = 10_000;

const BACK = { to: '/sessions', words: 'Sessions' } as const;

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
    refetchInterval: ({ state }) => (isMissing(state.error) ? false : EVERY_MS),
  });
  const first = { data: asked.data?.pages[0], error: asked.error, refetch: asked.refetch };
  const story = useMemo(() => joinPages(asked.data?.pages ?? []), [asked.data]);
  const mayGoOn = asked.hasNextPage && !asked.isFetchingNextPage && asked.error === null;
  const more = mayGoOn ? () => void asked.fetchNextPage() : undefined;
  return (
    <One
      query={first}
      kind={kind}
      id={id}
      back={BACK}
      lines={12}
      gone={
        <>
          The record knows no call of this {kind}. Calls appear as soon as they are decided, and stay as long as records
          are kept: <code className="font-mono">journal.retentionDays</code>.
        </>
      }
    >
      {() => <Told {...{ kind, id, pathOf, story, more }} complete={!asked.hasNextPage} />}
    </One>
  );
}

interface ToldProps extends StoryPageProps {
  readonly story: Story;
  readonly more: (() => void) | undefined;
  readonly complete: boolean;
}

function Told({ kind, id, pathOf, story, more, complete }: ToldProps) {
  return (
    <>
      <PageHead
        tab={`${kind === 'session' ? 'Session' : 'Transaction'} ${visible(id).slice(0, 12)}`}
        back={<Back {...BACK} />}
        title={
          <>
            {kind === 'session' ? 'Session' : 'Transaction'}{' '}
            <Code copy className="text-[17px] break-all">
              {id}
            </Code>
          </>
        }
        lead={story.calls.length === 0 ? undefined : <StoryFacts kind={kind} story={story} more={more !== undefined} />}
        actions={<SessionActions kind={kind} id={id} story={story} pathOf={pathOf} complete={complete} />}
      />
      {story.calls.length === 0 ? (
        <Empty icon={ListTree} title="No call is on record here">
          The record knows no call of this {kind}. Calls appear here as soon as they are decided.
        </Empty>
      ) : (
        <StoryBody story={story} more={more} />
      )}
    </>
  );
}
