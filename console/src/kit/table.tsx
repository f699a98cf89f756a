import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { cn } from './cn.ts';

export interface Column<T> {
  readonly id: string;
  readonly head: ReactNode;
  /** CSS grid track: `minmax(10rem,2fr)`, `7rem`, … */
  readonly width: string;
  readonly cell: (row: T) => ReactNode;
  readonly align?: 'right';
  /** Left out below 768 px. */
  readonly wideOnly?: boolean;
}

interface TableProps<T> {
  readonly label: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly keyOf: (row: T) => string;
  /** Where a row leads; Enter opens it. */
  readonly onOpen?: (row: T) => void;
  /** Rendered for the last rows: asks for more. */
  readonly onEnd?: (() => void) | undefined;
  readonly rowHeight?: number;
  /** Rows that change all the time: what is drawn is filled anew instead of made anew. */
  readonly pours?: boolean;
  /** Height of the whole; rows beyond scroll inside. Only what can be seen is rendered, whatever the number. */
  readonly height?: string;
  readonly selected?: string | null;
  readonly footer?: ReactNode;
}

/** Rows of one height, of which only those in sight exist; arrow keys, j and k move, Enter opens. */
export function DataTable<T>({
  label,
  columns,
  rows,
  keyOf,
  onOpen,
  onEnd,
  rowHeight = 44,
  pours = false,
  height = 'min(70vh, 46rem)',
  selected,
  footer,
}: TableProps<T>) {
  const id = useId();
  const scroller = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState(-1);
  // What stood there when it was pressed: where rows pour, another stands there when the button is let go.
  const pressed = useRef<T | null>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 8,
  });
  const items = virtual.getVirtualItems();
  const lastSeen = items.at(-1)?.index ?? -1;
  useEffect(() => {
    if (onEnd !== undefined && lastSeen >= rows.length - 5) onEnd();
  }, [lastSeen, rows.length, onEnd]);
  const go = (to: number): void => {
    const next = Math.max(0, Math.min(rows.length - 1, to));
    setAt(next);
    virtual.scrollToIndex(next);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.target !== event.currentTarget && event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
    const page = Math.floor((scroller.current?.clientHeight ?? rowHeight) / rowHeight) - 1;
    const moves: Record<string, number> = {
      ArrowDown: at + 1,
      j: at + 1,
      ArrowUp: at - 1,
      k: at - 1,
      Home: 0,
      End: rows.length - 1,
      PageDown: at + page,
      PageUp: at - page,
    };
    const to = moves[event.key];
    if (to !== undefined) {
      event.preventDefault();
      go(to);
    } else if (event.key === 'Enter' && at >= 0 && rows[at] !== undefined && onOpen !== undefined) {
      event.preventDefault();
      onOpen(rows[at]);
    }
  };
  const template = {
    '--wide': columns.map((c) => c.width).join(' '),
    '--narrow': columns
      .filter((c) => c.wideOnly !== true)
      // Cut with dots rather than beyond the edge of the phone.
      .map((c) => c.width.replace(/^minmax\([^,]+,/, 'minmax(0,'))
      .join(' '),
  } as React.CSSProperties;
  const grid = 'grid grid-cols-(--narrow) items-center gap-x-4 px-4 md:grid-cols-(--wide)';
  const cellClass = (column: Column<T>) =>
    cn(
      'min-w-0 truncate',
      column.align === 'right' && 'text-right tabular',
      column.wideOnly === true && 'hidden md:block',
    );
  return (
    <div className="overflow-hidden rounded-xl border bg-card shadow-card" style={template}>
      <div
        ref={scroller}
        role="grid"
        aria-label={label}
        aria-rowcount={rows.length + 1}
        aria-activedescendant={at >= 0 ? `${id}-row-${at}` : undefined}
        tabIndex={0}
        onKeyDown={onKeyDown}
        className="relative overflow-auto focus-visible:-outline-offset-2"
        style={{ maxHeight: height }}
      >
        <div role="row" className={cn(grid, 'sticky top-0 z-10 h-9 border-b bg-card text-xs font-medium text-soft')}>
          {columns.map((column) => (
            <div key={column.id} role="columnheader" className={cellClass(column)}>
              {column.head}
            </div>
          ))}
        </div>
        <div role="rowgroup" className="relative" style={{ height: virtual.getTotalSize() }}>
          {items.map((item) => {
            const row = rows[item.index] as T;
            const key = keyOf(row);
            return (
              <div
                key={pours ? item.index : key}
                id={`${id}-row-${item.index}`}
                role="row"
                aria-rowindex={item.index + 2}
                aria-selected={selected === undefined ? undefined : selected === key}
                data-key={key}
                onPointerDown={() => (pressed.current = row)}
                onClick={
                  onOpen === undefined
                    ? undefined
                    : () => {
                        setAt(item.index);
                        onOpen(pressed.current ?? row);
                        pressed.current = null;
                      }
                }
                className={cn(
                  grid,
                  'absolute inset-x-0 top-0 border-b border-line/70',
                  onOpen !== undefined && 'cursor-pointer hover:bg-sunk',
                  (item.index === at || selected === key) && 'bg-accent-tint hover:bg-accent-tint',
                )}
                style={{ height: item.size, transform: `translateY(${item.start}px)` }}
              >
                {columns.map((column) => (
                  <div key={column.id} role="gridcell" className={cellClass(column)}>
                    {column.cell(row)}
                  </div>
                ))}
              </div>
            );
          })}
        </div>
      </div>
      {footer !== undefined && <div className="border-t px-4 py-2 text-[13px] text-soft">{footer}</div>}
    </div>
  );
}
