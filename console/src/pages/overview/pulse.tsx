import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import type { Pulse } from '../../../../src/model/insight/overview.ts';
import { useGet } from '../../api/hooks.ts';
import { Panel } from '../../kit/card.tsx';
import { Chart } from '../../kit/chart.tsx';
import { Answered } from '../../kit/states.tsx';
import { count, duration } from '../../kit/time.tsx';
import { ratesOf, sparse } from './rates.ts';

/** What happens right now, second by second; asked only while it is looked at. */
export function PulsePanel() {
  const pulse = useGet<Pulse>('/v1/pulse', { everyMs: 2_000 });
  return (
    <Panel
      title="Calls per second"
      note="The last two minutes."
      actions={
        <Link to="/live" className="text-[13px] font-medium text-accent hover:underline">
          Live stream
        </Link>
      }
    >
      <Answered query={pulse} lines={9}>
        {(data) => <Beats pulse={data} />}
      </Answered>
    </Panel>
  );
}

function Beats({ pulse }: { pulse: Pulse }) {
  const { atMs, stepMs, permitted, asked, denied, addedUs, inFlight, sessions } = pulse;
  const times = useMemo(
    () => permitted.map((_, i) => atMs - (permitted.length - 1 - i) * stepMs),
    [permitted, atMs, stepMs],
  );
  const rates = ratesOf(pulse);
  return (
    <>
      <dl className="mb-3 grid grid-cols-2 gap-x-4 gap-y-2 sm:grid-cols-4">
        <Figure name="Now" value={`${rates.perSecond}/s`} />
        <Figure name="Added, p99" value={addedUs === null ? 'no calls' : duration(addedUs.p99 / 1000)} />
        <Figure name="Under way" value={count(inFlight)} />
        <Figure name="Sessions" value={count(sessions)} to="/sessions" />
      </dl>
      <Chart
        label="Calls per second over the last two minutes"
        times={times}
        height={190}
        series={[
          { label: 'Permitted', color: '--good', values: permitted, look: 'area' },
          { label: 'Asked', color: '--warn', values: sparse(asked) },
          { label: 'Denied', color: '--bad', values: sparse(denied) },
        ]}
      />
    </>
  );
}

function Figure({ name, value, to }: { name: string; value: string; to?: string }) {
  return (
    <div>
      <dt className="text-xs text-soft">{name}</dt>
      <dd className="tabular text-lg font-semibold tracking-tight">
        {to === undefined ? (
          value
        ) : (
          <Link to={to} className="hover:underline">
            {value}
          </Link>
        )}
      </dd>
    </div>
  );
}
