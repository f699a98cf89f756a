import { Play } from 'lucide-react';
import type { VerificationRun } from '../../../../../src/model/insight/records.ts';
import { useChange, useGet } from '../../../api/hooks.ts';
import { Badge } from '../../../kit/badge.tsx';
import { Button } from '../../../kit/button.tsx';
import { Panel } from '../../../kit/card.tsx';
import { Answered, Failed } from '../../../kit/states.tsx';
import { visible } from '../../../kit/text.tsx';
import { count, duration, Time } from '../../../kit/time.tsx';
import { VERIFICATION } from '../../../record/paths.ts';

const STATES = {
  never: ['plain', 'Not run since the start'],
  running: ['accent', 'Running'],
  good: ['good', 'Intact'],
  bad: ['bad', 'Not intact'],
} as const;

/** The check `interlock verify` makes, made by the gateway itself: quick, and worth as much as the gateway is trusted. */
export function ServerPanel() {
  const asked = useGet<VerificationRun>(VERIFICATION, { everyMs: 2_000 });
  const start = useChange<VerificationRun>();
  const running = asked.data?.state === 'running';
  return (
    <Panel
      title="Let the gateway check"
      note="The same check, on the gateway’s own machine, for logs too large to read here. It is worth as much as you trust that machine."
    >
      <p className="mb-3">
        <Button
          busy={start.isPending || running}
          onClick={() => start.mutate({ method: 'POST', path: VERIFICATION, body: {} })}
        >
          <Play aria-hidden /> Run
        </Button>
      </p>
      {start.error !== null && <Failed error={start.error} className="mb-3" />}
      <Answered query={asked} lines={2}>
        {(run) => <Said run={run} />}
      </Answered>
    </Panel>
  );
}

function Said({ run }: { run: VerificationRun }) {
  const [tone, words] = STATES[run.state];
  return (
    <div className="space-y-2">
      <p className="flex flex-wrap items-center gap-2" aria-live="polite">
        <Badge tone={tone}>{words}</Badge>
        {run.state !== 'never' && (
          <span className="tabular text-[13px] text-soft">
            {count(run.checked)} of {count(run.of)} records
            {run.endedAtMs !== null &&
              run.startedAtMs !== null &&
              ` in ${duration(Math.max(1, run.endedAtMs - run.startedAtMs))}`}
            {run.startedAtMs !== null && (
              <>
                , <Time ms={run.startedAtMs} look="ago" />
              </>
            )}
          </span>
        )}
      </p>
      {run.problems.map((problem) => (
        <p key={problem} className="text-bad">
          {visible(problem)}
        </p>
      ))}
    </div>
  );
}
