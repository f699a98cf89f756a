import { type KeyboardEvent, type RefObject, useEffect, useRef } from 'react';
import type { ApprovalLine } from '../../../../src/model/insight/approvals.ts';
import { cn } from '../../kit/cn.ts';
import { visible } from '../../kit/text.tsx';
import { Time } from '../../kit/time.tsx';
import { Left, Marks, Said, StateOf } from './parts.tsx';

interface ListProps {
  readonly label: string;
  readonly rows: readonly ApprovalLine[];
  readonly at: string | null;
  /** `null`: nothing is chosen until somebody does. */
  readonly onChoose: (id: string) => void;
  readonly onEnter: (row: ApprovalLine) => void;
  readonly box: RefObject<HTMLDivElement | null>;
  readonly more?: (() => void) | undefined;
}

/** j, k and the arrows choose; Enter goes on with what is chosen. */
export function ApprovalList({ label, rows, at, onChoose, onEnter, box, more }: ListProps) {
  const index = rows.findIndex(({ id }) => id === at);
  const end = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (more === undefined || end.current === null) return;
    const seen = new IntersectionObserver(([entry]) => entry?.isIntersecting === true && more());
    seen.observe(end.current);
    return () => seen.disconnect();
  }, [more]);
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const to = stepOf(event.key, index, rows.length);
    if (to !== null) {
      event.preventDefault();
      event.stopPropagation();
      const row = rows[to];
      if (row !== undefined) onChoose(row.id);
      document.getElementById(`approval-${row?.id}`)?.scrollIntoView({ block: 'nearest' });
    } else if (event.key === 'Enter' && rows[index] !== undefined) {
      event.preventDefault();
      onEnter(rows[index]);
    }
  };
  return (
    <div
      ref={box}
      role="listbox"
      aria-label={label}
      tabIndex={0}
      aria-activedescendant={index >= 0 ? `approval-${at}` : undefined}
      onKeyDown={onKeyDown}
      className="overflow-y-auto rounded-xl border bg-card shadow-card focus-visible:-outline-offset-2 lg:max-h-[calc(100dvh-13rem)]"
    >
      {rows.map((row) => (
        <Row key={row.id} row={row} chosen={row.id === at} onChoose={onChoose} />
      ))}
      {more !== undefined && <div ref={end} aria-hidden className="h-8" />}
    </div>
  );
}

function Row({ row, chosen, onChoose }: { row: ApprovalLine; chosen: boolean; onChoose: (id: string) => void }) {
  const pending = row.state === 'pending';
  return (
    <div
      id={`approval-${row.id}`}
      role="option"
      aria-selected={chosen}
      onClick={() => onChoose(row.id)}
      className={cn(
        'cursor-pointer border-b px-4 py-3 last:border-b-0 hover:bg-sunk',
        chosen && 'bg-accent-tint shadow-[inset_3px_0_0_var(--accent)] hover:bg-accent-tint',
      )}
    >
      <p className="line-clamp-2 font-medium">
        <Said of={row} />
      </p>
      <p className="mt-1 flex flex-wrap items-center gap-x-2 gap-y-0.5 text-[13px] text-soft">
        <bdi className="font-medium">{visible(row.agent.name)}</bdi>
        {row.subject !== null && <bdi>for {visible(row.subject.name)}</bdi>}
        <span aria-hidden>·</span>
        <Time ms={row.requestedAtMs} look="ago" />
        <span className="ml-auto">
          {pending ? (
            <>
              <Left untilMs={row.expiresAtMs} /> left
            </>
          ) : (
            <StateOf of={row.state} />
          )}
        </span>
      </p>
      <p className="mt-1.5 flex flex-wrap gap-1.5 empty:hidden">
        <Marks of={row} />
        {pending && row.approvedBy.length > 0 && (
          <span className="text-xs text-soft">
            {row.approvedBy.length} of {row.approvedBy.length + row.missing} approved
          </span>
        )}
        {!pending && row.answeredBy !== null && (
          <span className="text-xs text-soft">decided by {visible(row.answeredBy.name)}</span>
        )}
      </p>
    </div>
  );
}

/** Where a key leads to; `null`: it is none that moves. */
function stepOf(key: string, index: number, count: number): number | null {
  const to = { j: index + 1, ArrowDown: index + 1, k: index - 1, ArrowUp: index - 1, Home: 0, End: count - 1 }[key];
  return to === undefined ? null : Math.max(0, Math.min(count - 1, to));
}
