import { Link, useParams } from '@tanstack/react-router';
import type { CallView } from '../../../../src/model/insight/records.ts';
import { useGet } from '../../api/hooks.ts';
import { Button } from '../../kit/button.tsx';
import { Card, PageHead } from '../../kit/card.tsx';
import { Answered } from '../../kit/states.tsx';
import { visible } from '../../kit/text.tsx';
import { Time } from '../../kit/time.tsx';
import { CallSections, CallStand } from '../../record/call-detail.tsx';
import { AgentLink } from '../../record/links.tsx';
import { callPath } from '../../record/paths.ts';
import { nameOfCall, standOf } from '../../record/words.ts';

/** Everything about one call. */
export function CallPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const asked = useGet<CallView>(callPath(id), { everyMs: 10_000 });
  return (
    <>
      {asked.data === undefined && <PageHead title="Call" />}
      <Answered query={asked} lines={14}>
        {(call) => <CallShown call={call} />}
      </Answered>
    </>
  );
}

function CallShown({ call }: { call: CallView }) {
  return (
    <>
      <PageHead
        tab={visible(nameOfCall(call)).slice(0, 60)}
        back={
          <Link to="/sessions" className="text-accent hover:underline">
            Sessions
          </Link>
        }
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
      <Card className="max-w-4xl p-5">
        <CallSections call={call} level="h2" />
      </Card>
    </>
  );
}
