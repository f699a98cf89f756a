import { Siren } from 'lucide-react';
import { useState } from 'react';
import type { Drill } from '../../../../src/model/insight/overview.ts';
import { useGet, useMay } from '../../api/hooks.ts';
import { Act } from '../../kit/act.tsx';
import { Badge } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { Panel } from '../../kit/card.tsx';
import { Answered, Empty } from '../../kit/states.tsx';
import { visible } from '../../kit/text.tsx';
import { duration, Time } from '../../kit/time.tsx';

/** Whether the kill switch works, tried out on a target nobody uses. */
export function Drills() {
  const [running, setRunning] = useState(false);
  const drills = useGet<{ readonly items: readonly Drill[] }>('/v1/drills');
  const may = useMay();
  return (
    <Panel
      title="Kill drills"
      note="A lock is placed on a target nobody uses, a call for it is refused, and the lock is released. Nobody’s work is touched."
      actions={
        may('locks.write') && (
          <Button onClick={() => setRunning(true)}>
            <Siren aria-hidden /> Run a drill
          </Button>
        )
      }
    >
      <Answered query={drills} lines={3}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No drill was run yet">
              A switch that was never tried is a hope. Run one now, and again after every change of the installation.
            </Empty>
          ) : (
            <ul className="-m-4 divide-y">
              {items.map((drill) => (
                <DrillLine key={`${drill.atMs} ${drill.by}`} drill={drill} />
              ))}
            </ul>
          )
        }
      </Answered>
      {running && <RunDrill onClose={() => setRunning(false)} />}
    </Panel>
  );
}

function DrillLine({ drill: { atMs, by, refusedMs, releasedMs, ok, message } }: { drill: Drill }) {
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-1 px-4 py-2.5 text-[13px]">
      <Badge tone={ok ? 'good' : 'bad'}>{ok ? 'Worked' : 'Failed'}</Badge>
      <span className="tabular">
        refused after <b className="font-semibold">{duration(refusedMs)}</b>, released after {duration(releasedMs)}
      </span>
      {!ok && <span className="text-bad">{visible(message)}</span>}
      <span className="ml-auto text-soft">
        {visible(by)}, <Time ms={atMs} />
      </span>
    </li>
  );
}

export function RunDrill({ onClose }: { onClose: () => void }) {
  return (
    <Act<Drill>
      open
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      title="Run a kill drill"
      description="Nobody’s work is touched: the target of a drill is used by nobody."
      verb="Run it"
      order={(reason) => ({ method: 'POST', path: '/v1/drills', body: { reason } })}
      done={({ ok, refusedMs, message }) =>
        ok ? `The kill switch works: refused after ${duration(refusedMs)}.` : `The drill failed: ${message}`
      }
    />
  );
}
