import type { CallView } from '../../../src/model/insight/records.ts';
import { duration } from '../kit/time.tsx';

/** Where the time of a call went. What is neither is people, queues and the way back. */
export function parts(timings: NonNullable<CallView['timingsUs']>): readonly (readonly [string, number, string])[] {
  const { decide, durable, upstream, total } = timings;
  const rest = Math.max(0, total - decide - durable - upstream);
  return [
    ['Decide', decide, 'bg-accent'],
    ['Record', durable, 'bg-warn'],
    ['Server', upstream, 'bg-good'],
    ['Else', rest, 'bg-edge'],
  ];
}

export function Timings({ timings }: { timings: NonNullable<CallView['timingsUs']> }) {
  const all = parts(timings);
  const total = Math.max(1, timings.total);
  return (
    <div>
      <div className="flex h-2 gap-px overflow-hidden rounded-full bg-sunk" aria-hidden>
        {all.map(([name, us, color]) => (
          <div key={name} className={color} style={{ width: `${(us / total) * 100}%` }} />
        ))}
      </div>
      <dl className="mt-2 flex flex-wrap gap-x-4 gap-y-1 text-[13px]">
        {all.map(([name, us, color]) => (
          <div key={name} className="flex items-center gap-1.5">
            <span aria-hidden className={`size-2 rounded-full ${color}`} />
            <dt className="text-soft">{name}</dt>
            <dd className="tabular">{duration(us / 1000)}</dd>
          </div>
        ))}
        <div className="flex items-center gap-1.5 font-medium">
          <dt>Total</dt>
          <dd className="tabular">{duration(timings.total / 1000)}</dd>
        </div>
      </dl>
    </div>
  );
}
