import { Link, useNavigate } from '@tanstack/react-router';
import { ArrowRight } from 'lucide-react';
import type { PolicyChange } from '../../../../../src/model/insight/policies.ts';
import { Effect } from '../../../kit/badge.tsx';
import { cn } from '../../../kit/cn.ts';
import { type Column, DataTable } from '../../../kit/table.tsx';
import { visible } from '../../../kit/text.tsx';
import { count, Time } from '../../../kit/time.tsx';

type Row = Omit<PolicyChange, 'seq'>;

const COLUMNS: readonly Column<Row>[] = [
  { id: 'time', head: 'Time', width: '11.5rem', cell: ({ atMs }) => <Time ms={atMs} />, wideOnly: true },
  {
    id: 'change',
    head: 'Was, and becomes',
    width: '12rem',
    cell: ({ before, after }) => (
      <span className="inline-flex items-center gap-1.5">
        <Effect of={before} />
        <ArrowRight className="size-3.5 text-soft" aria-label="becomes" />
        <Effect of={after} />
      </span>
    ),
  },
  {
    id: 'what',
    head: 'Call',
    width: 'minmax(8rem,1.4fr)',
    cell: ({ call, server, target }) => (
      <Link to="/calls/$id" params={{ id: call }} className="font-mono text-[13px] text-accent hover:underline">
        {visible(target === null ? server : `${server}/${target}`)}
      </Link>
    ),
  },
  { id: 'agent', head: 'Agent', width: 'minmax(6rem,1fr)', cell: ({ agent }) => visible(agent), wideOnly: true },
  {
    id: 'why',
    head: 'Decided by',
    width: 'minmax(8rem,1.6fr)',
    wideOnly: true,
    cell: ({ reasonsBefore, reasonsAfter }) => {
      const [was, is] = [list(reasonsBefore), list(reasonsAfter)];
      return (
        <span className="font-mono text-xs leading-snug">
          <span className="block truncate" title={is}>
            {is}
          </span>
          <span className="block truncate text-soft" title={was}>
            was {was}
          </span>
        </span>
      );
    },
  },
];

function list(reasons: readonly string[]): string {
  return reasons.length === 0 ? 'no policy' : reasons.map(visible).join(', ');
}

/** Every decision that is another one under the draft; each leads to the call. */
export function ChangedTable({ rows, label }: { rows: readonly Row[]; label: string }) {
  const navigate = useNavigate();
  return (
    <DataTable
      label={label}
      columns={COLUMNS}
      rows={rows}
      keyOf={({ call, atMs }) => `${call} ${atMs}`}
      onOpen={({ call }) => void navigate({ to: '/calls/$id', params: { id: call } })}
      height="24rem"
    />
  );
}

/** How many by what became what; each is a filter. */
export function ByChange({
  of,
  chosen,
  onChoose,
}: {
  of: Readonly<Record<string, number>>;
  chosen: string | null;
  onChoose: (change: string | null) => void;
}) {
  const all = Object.entries(of).sort(([, a], [, b]) => b - a);
  if (all.length === 0) return null;
  return (
    <div className="flex flex-wrap gap-2" role="group" aria-label="By what became what">
      {all.map(([change, times]) => {
        const [before = '', after = ''] = change.split('→');
        return (
          <button
            key={change}
            type="button"
            aria-pressed={chosen === change}
            onClick={() => onChoose(chosen === change ? null : change)}
            className={cn(
              'inline-flex items-center gap-1.5 rounded-lg border border-edge/60 px-2.5 py-1 hover:bg-sunk',
              chosen === change && 'border-accent bg-accent-tint',
            )}
          >
            <span className="tabular font-semibold">{count(times)}</span>
            <Effect of={before} />
            <ArrowRight className="size-3.5 text-soft" aria-label="became" />
            <Effect of={after} />
          </button>
        );
      })}
    </div>
  );
}
