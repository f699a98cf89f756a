import type { ComponentProps, ReactNode } from 'react';
import { cn } from './cn.ts';

export function Card({ className, ...rest }: ComponentProps<'section'>) {
  return <section {...rest} className={cn('rounded-xl border bg-card shadow-card', className)} />;
}

/** A card with a heading, what can be done about it on the right, and its content below. */
export function Panel({
  title,
  note,
  actions,
  children,
  className,
  bodyClass,
}: {
  title: ReactNode;
  note?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  className?: string;
  bodyClass?: string;
}) {
  return (
    <Card className={className}>
      <header className="flex min-h-12 flex-wrap items-center justify-between gap-x-4 gap-y-1 border-b px-4 py-2">
        <div>
          <h2 className="text-[15px] font-semibold tracking-tight">{title}</h2>
          {note !== undefined && <p className="text-[13px] text-soft">{note}</p>}
        </div>
        {actions !== undefined && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
      </header>
      <div className={cn('p-4', bodyClass)}>{children}</div>
    </Card>
  );
}

/** Top of every page: what it is, one line on what it shows, what can be done. `tab`: the browser's title where `title` is no text. */
export function PageHead({
  title,
  tab,
  lead,
  actions,
  back,
}: {
  title: ReactNode;
  tab?: string;
  lead?: ReactNode;
  actions?: ReactNode;
  back?: ReactNode;
}) {
  const named = tab ?? (typeof title === 'string' ? title : null);
  return (
    <header className="mb-5 flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
      {named !== null && <title>{`${named} · Interlock`}</title>}
      <div className="min-w-0">
        {back !== undefined && <div className="mb-1 text-[13px]">{back}</div>}
        <h1 className="flex flex-wrap items-center gap-2 text-[22px] leading-tight font-semibold tracking-tight">
          {title}
        </h1>
        {lead !== undefined && <div className="mt-1 max-w-4xl text-pretty text-soft">{lead}</div>}
      </div>
      {actions !== undefined && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
    </header>
  );
}

/** Name and value pairs. */
export function Facts({
  items,
  className,
}: {
  items: readonly (readonly [string, ReactNode] | null | false)[];
  className?: string;
}) {
  return (
    <dl className={cn('grid grid-cols-[minmax(7rem,auto)_1fr] content-start gap-x-4 gap-y-1.5 text-[13px]', className)}>
      {items.map((item) =>
        item === null || item === false ? null : (
          <div key={item[0]} className="contents">
            <dt className="text-soft">{item[0]}</dt>
            <dd className="min-w-0">{item[1]}</dd>
          </div>
        ),
      )}
    </dl>
  );
}
