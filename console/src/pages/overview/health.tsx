import { Link } from '@tanstack/react-router';
import { Siren } from 'lucide-react';
import type { Drill, Overview } from '../../../../src/model/insight/overview.ts';
import { useGet, useMay } from '../../api/hooks.ts';
import { Badge } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { Panel } from '../../kit/card.tsx';
import { visible } from '../../kit/text.tsx';
import { count, duration, Time } from '../../kit/time.tsx';

/** Whether the two things everything depends on work: stopping, and the record. */
export function Health({ overview, onDrill }: { overview: Overview; onDrill: () => void }) {
  const may = useMay();
  const { journal } = overview;
  // The list is asked again as soon as one was run; the overview remembers for a while.
  const drills = useGet<{ readonly items: readonly Drill[] }>('/v1/drills?limit=1').data?.items;
  const lastDrill = drills?.[0] ?? overview.lastDrill;
  const fine = journal.state === 'ok';
  return (
    <div className="grid grid-cols-1 gap-4 lg:grid-cols-2">
      <Panel
        title="Kill switch"
        actions={
          may('locks.write') && (
            <Button size="small" onClick={onDrill}>
              <Siren aria-hidden /> Run a drill
            </Button>
          )
        }
      >
        {lastDrill === null ? (
          <p className="text-soft">
            It was never tried out here. A drill stops a target nobody uses, and releases it again.
          </p>
        ) : (
          <p className="flex flex-wrap items-center gap-x-3 gap-y-1">
            <Badge tone={lastDrill.ok ? 'good' : 'bad'}>{lastDrill.ok ? 'Works' : 'Failed'}</Badge>
            <span>
              refused after <b className="tabular font-semibold">{duration(lastDrill.refusedMs)}</b>
            </span>
            <span className="text-soft">
              {visible(lastDrill.by)}, <Time ms={lastDrill.atMs} look="ago" />
            </span>
            <Link to="/stop" className="ml-auto text-[13px] text-accent hover:underline">
              All drills
            </Link>
          </p>
        )}
        {lastDrill !== null && !lastDrill.ok && <p className="mt-1 text-bad">{visible(lastDrill.message)}</p>}
      </Panel>
      <Panel
        title="Record"
        actions={
          <Link to="/audit" className="text-[13px] font-medium text-accent hover:underline">
            Search and verify
          </Link>
        }
      >
        <p className="flex flex-wrap items-center gap-x-3 gap-y-1">
          <Badge tone={fine ? 'good' : 'bad'}>{fine ? 'Healthy' : journal.state}</Badge>
          <span>
            <b className="tabular font-semibold">{count(journal.records)}</b> records
          </span>
          {!fine && journal.message !== null && <span className="text-bad">{visible(journal.message)}</span>}
        </p>
      </Panel>
    </div>
  );
}
