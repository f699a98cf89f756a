import { CircleAlert, RotateCw } from 'lucide-react';
import type { ComponentType, ReactNode } from 'react';
import { ApiProblem } from '../api/client.ts';
import { Button } from './button.tsx';
import { cn } from './cn.ts';

/** Nothing there, and what would be, and how it gets there. */
export function Empty({
  icon: Icon,
  title,
  children,
  action,
}: {
  icon?: ComponentType<{ className?: string }>;
  title: ReactNode;
  children?: ReactNode;
  action?: ReactNode;
}) {
  return (
    <div className="mx-auto flex max-w-md flex-col items-center px-4 py-10 text-center">
      {Icon !== undefined && <Icon className="mb-3 size-8 text-soft" aria-hidden />}
      <div className="font-semibold">{title}</div>
      {children !== undefined && <div className="mt-1 text-soft">{children}</div>}
      {action !== undefined && <div className="mt-4">{action}</div>}
    </div>
  );
}

/** What went wrong, in the gateway's words, and another try. */
export function Failed({ error, retry, className }: { error: unknown; retry?: () => void; className?: string }) {
  const problem = error instanceof ApiProblem ? error : null;
  return (
    <div
      role="alert"
      className={cn(
        'flex flex-wrap items-start gap-3 rounded-lg border border-bad-line bg-bad-tint p-3 text-bad',
        className,
      )}
    >
      <CircleAlert className="mt-0.5 size-4 shrink-0" aria-hidden />
      <div className="min-w-0 flex-[1_1_12rem]">
        <p className="font-semibold">{problem?.title ?? 'That did not work'}</p>
        <p>{error instanceof Error ? error.message : String(error)}</p>
      </div>
      {retry !== undefined && (
        <Button size="small" onClick={retry}>
          <RotateCw aria-hidden /> Try again
        </Button>
      )}
    </div>
  );
}

function Skeleton({ className }: { className?: string }) {
  return <div aria-hidden className={cn('animate-[pulse-soft_1.6s_infinite] rounded-md bg-sunk', className)} />;
}

/** Lines of about the height of what is coming, so that nothing moves when it comes. */
export function Loading({ lines = 5, label = 'Loading' }: { lines?: number; label?: string }) {
  return (
    <div role="status" aria-label={label} className="space-y-2.5 p-1">
      {Array.from({ length: lines }, (_, i) => (
        <Skeleton key={i} className={cn('h-5', i % 3 === 2 ? 'w-2/3' : i % 3 === 1 ? 'w-5/6' : 'w-full')} />
      ))}
    </div>
  );
}

/** What was shown to somebody who may not see it any more is shown no longer. */
export function isRefused(error: unknown): boolean {
  return error instanceof ApiProblem && error.status === 403;
}

/** The three ends of a question to the gateway, so that no page forgets one. */
export function Answered<T>({
  query,
  children,
  lines,
}: {
  query: { data: T | undefined; error: unknown; isPending: boolean; refetch: () => unknown };
  children: (data: T) => ReactNode;
  lines?: number;
}) {
  if (query.data !== undefined && !isRefused(query.error)) return children(query.data);
  if (query.error !== null && query.error !== undefined)
    return <Failed error={query.error} retry={() => void query.refetch()} />;
  return <Loading lines={lines ?? 5} />;
}
