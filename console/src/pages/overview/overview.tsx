import { Link } from '@tanstack/react-router';
import { ShieldQuestion } from 'lucide-react';
import { useState } from 'react';
import type { Overview } from '../../../../src/model/insight/overview.ts';
import { useGet } from '../../api/hooks.ts';
import { Button } from '../../kit/button.tsx';
import { PageHead } from '../../kit/card.tsx';
import { Answered } from '../../kit/states.tsx';
import { RunDrill } from '../stop/drills.tsx';
import { AttentionList } from './attention.tsx';
import { Health } from './health.tsx';
import { PulsePanel } from './pulse.tsx';
import { Questions } from './questions.tsx';

/** Where are my agents, what can they connect to, what can they do; and what needs somebody now. */
export function OverviewPage() {
  const overview = useGet<Overview>('/v1/overview', { everyMs: 15_000 });
  const [drill, setDrill] = useState(false);
  return (
    <>
      <PageHead
        title="Overview"
        actions={
          <Button asChild>
            <Link to="/posture">
              <ShieldQuestion aria-hidden /> Posture
            </Link>
          </Button>
        }
      />
      <Answered query={overview} lines={14}>
        {(data) => (
          <div className="space-y-4">
            <Questions overview={data} />
            <div className="grid grid-cols-1 items-start gap-4 xl:grid-cols-[minmax(0,1.6fr)_minmax(0,1fr)]">
              <div className="order-last xl:order-none">
                <PulsePanel />
              </div>
              <AttentionList attention={data.attention} />
            </div>
            <Health overview={data} onDrill={() => setDrill(true)} />
          </div>
        )}
      </Answered>
      {drill && <RunDrill onClose={() => setDrill(false)} />}
    </>
  );
}
