import { Link } from '@tanstack/react-router';
import { OctagonX, ShieldCheck } from 'lucide-react';
import { useState } from 'react';
import { formatTarget, type Lock, parseTarget } from '../../../../src/model/lock.ts';
import { useEvery, useMay } from '../../api/hooks.ts';
import { TierBadge } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { PageHead } from '../../kit/card.tsx';
import { Answered, Empty } from '../../kit/states.tsx';
import { type Column, DataTable } from '../../kit/table.tsx';
import { visible } from '../../kit/text.tsx';
import { Time } from '../../kit/time.tsx';
import { useFilters } from '../../use-filters.ts';
import { Drills } from './drills.tsx';
import { ReleaseDialog } from './release.tsx';
import { StopDialog } from './stop-dialog.tsx';
import { pageOf, phraseOf } from './words.ts';

/** The kill switch: what is stopped now, and stopping more. */
export function StopPage() {
  const [search, set] = useFilters();
  const [placing, setPlacing] = useState<string | null | undefined>(search.target ?? undefined);
  const locks = useEvery<Lock>('/v1/locks', { everyMs: 3_000 });
  const may = useMay();
  const asked = parseTarget(search.release ?? '');
  const releasing = locks.data?.find(({ target }) => asked !== null && formatTarget(target) === formatTarget(asked));
  return (
    <>
      <PageHead
        title="Kill switch"
        lead={
          may('locks.write')
            ? 'What is stopped now. A lock holds at once for every call, also in the middle of one.'
            : 'What is stopped now. Stopping and releasing needs the role operator.'
        }
        actions={
          may('locks.write') && (
            <Button look="danger" onClick={() => setPlacing(null)}>
              <OctagonX aria-hidden /> Stop something
            </Button>
          )
        }
      />
      <Answered query={locks} lines={6}>
        {(all) => (
          <LockTable
            locks={all}
            onRelease={may('locks.write') ? (lock) => set({ release: formatTarget(lock.target) }) : null}
          />
        )}
      </Answered>
      <div className="mt-6">
        <Drills />
      </div>
      {placing !== undefined && (
        <StopDialog
          target={placing}
          onClose={() => {
            setPlacing(undefined);
            if (search.target !== undefined) set({ target: null });
          }}
        />
      )}
      {releasing !== undefined && may('locks.write') && (
        <ReleaseDialog lock={releasing} onClose={() => set({ release: null })} />
      )}
    </>
  );
}

function LockTable({ locks, onRelease }: { locks: readonly Lock[]; onRelease: ((lock: Lock) => void) | null }) {
  if (locks.length === 0)
    return (
      <div className="rounded-xl border bg-card shadow-card">
        <Empty icon={ShieldCheck} title="Nothing is stopped">
          {onRelease === null ? (
            'Locks somebody places appear here, with who placed them and why.'
          ) : (
            <>
              Stop an agent here or on its page, or with{' '}
              <code className="font-mono">interlock kill agent:buyer --reason …</code>. Everything that is stopped stays
              in this list until it is released.
            </>
          )}
        </Empty>
      </div>
    );
  const newest = [...locks].sort((a, b) => b.atMs - a.atMs);
  return (
    <DataTable
      label="Locks in force"
      columns={columns(onRelease)}
      rows={newest}
      rowHeight={56}
      keyOf={({ target }) => formatTarget(target)}
      footer={`${locks.length} ${locks.length === 1 ? 'lock' : 'locks'} in force`}
    />
  );
}

function columns(onRelease: ((lock: Lock) => void) | null): readonly Column<Lock>[] {
  return [
    { id: 'target', head: 'What', width: 'minmax(7rem,1.4fr)', cell: Target },
    { id: 'tier', head: 'How hard', width: '5.5rem', wideOnly: true, cell: ({ tier }) => <TierBadge tier={tier} /> },
    {
      id: 'reason',
      head: 'Why',
      width: 'minmax(10rem,2fr)',
      wideOnly: true,
      cell: ({ reason, by }) => (
        <>
          <span className="block truncate" title={reason}>
            {visible(reason)}
          </span>
          <span className="block truncate text-xs text-soft">by {visible(by)}</span>
        </>
      ),
    },
    { id: 'since', head: 'Since', width: '8rem', wideOnly: true, cell: ({ atMs }) => <Time ms={atMs} look="ago" /> },
    {
      id: 'until',
      head: 'Until',
      width: '8rem',
      wideOnly: true,
      cell: ({ untilMs }) =>
        untilMs === null ? <span className="text-soft">it is released</span> : <Time ms={untilMs} look="ago" />,
    },
    ...(onRelease === null
      ? []
      : [
          {
            id: 'release',
            head: <span className="sr-only">Release</span>,
            width: '6rem',
            align: 'right' as const,
            cell: (lock: Lock) => (
              <Button
                size="small"
                aria-label={`Release ${phraseOf(formatTarget(lock.target))}`}
                onClick={() => onRelease(lock)}
              >
                Release
              </Button>
            ),
          },
        ]),
  ];
}

function Target({ target, reason, by, tier }: Lock) {
  const page = pageOf(target);
  const words = phraseOf(formatTarget(target));
  return (
    <>
      <span className="block truncate font-medium" title={words}>
        {page === null ? (
          visible(words)
        ) : (
          <Link to={page.to} params={{ id: page.id } as never} className="hover:underline">
            {visible(words)}
          </Link>
        )}
      </span>
      <span className="flex items-center gap-2 text-xs text-soft md:hidden">
        <TierBadge tier={tier} />
        <span className="truncate">
          {visible(by)}: {visible(reason)}
        </span>
      </span>
    </>
  );
}
