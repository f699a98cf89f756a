import { Link, useParams } from '@tanstack/react-router';
import type { CallView } from '../../../../src/model/insight/records.ts';
import { useGet } from '../../api/hooks.ts';
import { Button } from '../../kit/button.tsx';
import { Card, PageHead } from '../../kit/card.tsx';
import { Back, One } from '../../kit/one.tsx';
import { visible } from '../../kit/text.tsx';
import { Time } from '../../kit/time.tsx';
import { CallBasics, CallStand, CallStory } from '../../record/call-detail.tsx';
import { AgentLink } from '../../record/links.tsx';
import { callPath } from '../../record/paths.ts';
import { nameOfCall, standOf } from '../../record/words.ts';

const BACK = { to: '/sessions', words: 'Sessions' } as const;

/** Everything about one call. */
export function CallPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const asked = useGet<CallView>(callPath(id), { everyMs: 10_000 });
  return (
    <One
      query={asked}
      kind="call"
      id={id}
      back={BACK}
      lines={14}
      gone={
        <>
          The record holds no call of this id. It may be older than what is kept:{' '}
          <code className="font-mono">journal.retentionDays</code>.
        </>
      }
    >
      {(call) => <CallShown call={call} />}
    </One>
  );
}

function CallShown({ call }: { call: CallView }) {
  return (
    <>
      <PageHead
        tab={visible(nameOfCall(call)).slice(0, 60)}
        back={<Back {...BACK} />}
        title={
          <>
            {visible(nameOfCall(call))} <CallStand call={call} />
          </>
        }
        lead={
          <>
            By <AgentLink id={call.agent} />, <Time ms={call.atMs} />
            {standOf(call) === 'running' && ', still under way'}
          </>
        }
        actions={
          call.session !== null && (
            <Button asChild>
              <Link to="/sessions/$id" params={{ id: call.session }} search={{ call: call.call } as never}>
                See it in its session
              </Link>
            </Button>
          )
        }
      />
      <div className="grid grid-cols-1 items-start gap-5 xl:grid-cols-[minmax(0,1fr)_26rem]">
        <Card className="min-w-0 p-5">
          <CallStory call={call} level="h2" />
        </Card>
        <Card className="min-w-0 p-5">
          <CallBasics call={call} level="h2" />
        </Card>
      </div>
    </>
  );
}
