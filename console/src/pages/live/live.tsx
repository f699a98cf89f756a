import { Link } from '@tanstack/react-router';
import { Activity, Eraser, Pause, Play } from 'lucide-react';
import { useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { query } from '../../api/client.ts';
import { Badge } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { Card, PageHead, Panel } from '../../kit/card.tsx';
import { Chart } from '../../kit/chart.tsx';
import { useKeys } from '../../kit/keys.ts';
import { Empty } from '../../kit/states.tsx';
import { DataTable } from '../../kit/table.tsx';
import { count, Time, useNow } from '../../kit/time.tsx';
import { CallDrawer } from '../../record/call-drawer.tsx';
import { LIVE } from '../../record/paths.ts';
import { useFilters } from '../../use-filters.ts';
import { COLUMNS } from './columns.tsx';
import { LiveFilters } from './filters.tsx';
import { type LiveState, LiveStream } from './stream.ts';

/** Decisions as they are made. */
export function LivePage() {
  const [filters, setFilters] = useFilters();
  const { agent, server, effect, session, call } = filters;
  const path = `${LIVE}${query({ agent, server, effect, session })}`;
  const stream = useMemo(() => new LiveStream(path), [path]);
  useEffect(() => stream.start(), [stream]);
  const state = useSyncExternalStore(stream.subscribe, stream.snapshot);
  const [held, setHeld] = useState<LiveState | null>(null);
  useEffect(() => setHeld(null), [stream]);
  const toggle = (): void => setHeld((before) => (before === null ? stream.snapshot() : null));
  useKeys({ ' ': toggle });
  const shown = held ?? state;
  return (
    <>
      <PageHead
        title="Live"
        lead="Every decision as it is made, and how each call ended. What scrolled away is in the audit log."
        actions={
          <>
            <Button
              onClick={() => {
                stream.clear();
                setHeld((before) => (before === null ? null : stream.snapshot()));
              }}
            >
              <Eraser aria-hidden /> Clear
            </Button>
            <Button
              look={held === null ? 'plain' : 'accent'}
              aria-pressed={held !== null}
              onClick={toggle}
              className="min-w-28"
            >
              {held === null ? <Pause aria-hidden /> : <Play aria-hidden />} {held === null ? 'Pause' : 'Resume'}
            </Button>
          </>
        }
      />
      <LiveFilters filters={filters} set={setFilters} />
      <Panel
        className="mb-4"
        title="Decisions per second"
        actions={<Status state={state} held={held} />}
        bodyClass="pt-2 pb-3"
      >
        <Rate state={shown} />
      </Panel>
      {shown.rows.length === 0 ? (
        <Card>
          <p className="px-4 pt-3 text-[13px] empty:hidden">
            <Gap of={shown.gap} />
          </p>
          <Nothing state={state} filtered={[agent, server, effect, session].some((each) => each !== undefined)} />
        </Card>
      ) : (
        <DataTable
          label="Live calls"
          columns={COLUMNS}
          rows={shown.rows}
          keyOf={({ seq }) => String(seq)}
          selected={null}
          pours
          rowHeight={42}
          height="min(60vh, 40rem)"
          onOpen={(row) => {
            if (row.what !== 'act') setFilters({ call: row.call });
          }}
          footer={<Counted state={shown} />}
        />
      )}
      {call !== undefined && <CallDrawer id={call} onClose={() => setFilters({ call: null })} />}
    </>
  );
}

function Rate({ state: { rates } }: { state: LiveState }) {
  const times = useMemo(() => rates.permitted.map((_, i) => (rates.startS + i) * 1000), [rates]);
  const series = useMemo(
    () => [
      { label: 'Permitted', color: '--good', values: rates.permitted, look: 'area' as const },
      { label: 'Asked', color: '--warn', values: rates.asked },
      { label: 'Denied', color: '--bad', values: rates.denied },
    ],
    [rates],
  );
  return <Chart label="Decisions per second over two minutes" times={times} series={series} height={110} />;
}

/** In which time nothing was listened to: what is shown before and after it does not follow one on the other. */
function Gap({ of: gap }: { of: LiveState['gap'] }) {
  if (gap === null || gap.toMs === null) return null;
  return (
    <span className="text-warn">
      Not connected from <Time ms={gap.fromMs} look="clock" /> to <Time ms={gap.toMs} look="clock" />: what happened
      then is in the{' '}
      <Link to="/audit" className="underline">
        audit log
      </Link>
      .
    </span>
  );
}

function Counted({ state: { rows, seen, missed, gap } }: { state: LiveState }) {
  return (
    <span className="flex flex-wrap gap-x-4">
      <span>
        {count(rows.length)} shown, {count(seen)} since you opened this page.
      </span>
      <Gap of={gap} />
      {missed > 0 && (
        <span className="text-warn">{count(missed)} more came than are sent: filter to see all of them.</span>
      )}
    </span>
  );
}

function Status({ state, held }: { state: LiveState; held: LiveState | null }) {
  return (
    <span role="status" className="flex flex-wrap items-center gap-2 text-[13px]">
      {held !== null && <Badge tone="accent">Paused, {count(state.seen - held.seen)} since</Badge>}
      <LinkState state={state} />
    </span>
  );
}

function LinkState({ state: { link, retryAtMs } }: { state: LiveState }) {
  if (link === 'open') return <Badge tone="good">Connected</Badge>;
  if (link === 'lost') return <Lost retryAtMs={retryAtMs} />;
  return <Badge>{link === 'away' ? 'Stopped while you look elsewhere' : 'Connecting'}</Badge>;
}

function Lost({ retryAtMs }: { retryAtMs: number | null }) {
  const now = useNow(1000);
  const seconds = retryAtMs === null ? 0 : Math.max(0, Math.ceil((retryAtMs - now) / 1000));
  return (
    <Badge tone="bad">{seconds === 0 ? 'Disconnected, trying again' : `Disconnected, next try in ${seconds} s`}</Badge>
  );
}

function Nothing({ state, filtered }: { state: LiveState; filtered: boolean }) {
  return (
    <Empty icon={Activity} title={state.link === 'open' ? 'Nothing happens right now' : 'Not connected yet'}>
      {filtered ? (
        'Only calls that fit the filters above are shown here.'
      ) : (
        <>
          The next call of any agent appears here within a moment. What happened before is in the{' '}
          <Link to="/audit" className="text-accent underline">
            audit log
          </Link>
          .
        </>
      )}
    </Empty>
  );
}
