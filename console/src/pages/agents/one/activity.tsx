import { Link } from '@tanstack/react-router';
import { Activity as Icon } from 'lucide-react';
import { Suspense, useMemo } from 'react';
import type { Activity } from '../../../../../src/model/insight/agents.ts';
import { useGet } from '../../../api/hooks.ts';
import { Panel } from '../../../kit/card.tsx';
import { Chart, type Series } from '../../../kit/chart.tsx';
import { Answered, Empty, Loading } from '../../../kit/states.tsx';
import { visible } from '../../../kit/text.tsx';
import { count } from '../../../kit/time.tsx';
import { sparse } from '../../overview/rates.ts';
import { pathOf } from '../entry.ts';

/** Hour by hour against the usual, and what it uses most. */
export function ActivityPanel({ id }: { id: string }) {
  const activity = useGet<Activity>(`${pathOf(id)}/activity`, { everyMs: 30_000 });
  return (
    <Panel title="Activity" note="Calls per hour.">
      <Answered query={activity} lines={9}>
        {(data) => (isEmpty(data) ? <Quiet /> : <Busy id={id} data={data} />)}
      </Answered>
    </Panel>
  );
}

function isEmpty({ permitted, asked, denied, tools }: Activity): boolean {
  return tools.length === 0 && [permitted, asked, denied].every((each) => each.every((n) => n === 0));
}

function Quiet() {
  return (
    <Empty icon={Icon} title="It has not called anything">
      Once it calls a tool, its calls per hour, and what it uses most, are shown here.
    </Empty>
  );
}

function Busy({ id, data }: { id: string; data: Activity }) {
  const { fromMs, stepMs, permitted, asked, denied, usual, tools } = data;
  const times = useMemo(() => permitted.map((_, i) => fromMs + i * stepMs), [permitted, fromMs, stepMs]);
  const series: readonly Series[] = [
    { label: 'Permitted', color: '--good', values: permitted, look: 'area' },
    { label: 'Asked', color: '--warn', values: sparse(asked) },
    { label: 'Denied', color: '--bad', values: sparse(denied) },
    ...(usual === null ? [] : [{ label: 'Usual', color: '--soft', values: usual, look: 'dashed' as const }]),
  ];
  return (
    <>
      <Suspense fallback={<Loading lines={6} />}>
        <Chart label="Calls per hour" times={times} series={series} height={180} />
      </Suspense>
      <h3 className="mt-5 mb-1.5 text-[13px] font-semibold">Used most</h3>
      <table className="w-full text-[13px]">
        <thead className="text-left text-xs text-soft">
          <tr>
            <th scope="col" className="py-1 font-medium">
              Tool
            </th>
            <th scope="col" className="w-24 py-1 text-right font-medium">
              Calls
            </th>
            <th scope="col" className="w-24 py-1 text-right font-medium">
              Denied
            </th>
          </tr>
        </thead>
        <tbody className="divide-y border-t">
          {tools.map(({ server, target, calls, denied: refused }) => (
            <tr key={`${server}/${target}`}>
              <td className="max-w-0 truncate py-1.5 font-mono text-xs">
                {target === '' ? (
                  <span className="font-sans text-soft">connecting to {visible(server)}</span>
                ) : (
                  `${visible(server)}/${visible(target)}`
                )}
              </td>
              <td className="tabular py-1.5 text-right">
                <Link
                  to="/audit"
                  search={{ agent: id, server, ...(target === '' ? {} : { tool: target }) } as never}
                  className="text-accent hover:underline"
                  aria-label={`${calls} calls of ${server} ${target}`}
                >
                  {count(calls)}
                </Link>
              </td>
              <td className="tabular py-1.5 text-right">
                {refused === 0 ? (
                  <span className="text-soft">0</span>
                ) : (
                  <Link
                    to="/audit"
                    search={{ agent: id, server, ...(target === '' ? {} : { tool: target }), effect: 'deny' } as never}
                    className="text-bad hover:underline"
                    aria-label={`${refused} denied calls of ${server} ${target}`}
                  >
                    {count(refused)}
                  </Link>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
