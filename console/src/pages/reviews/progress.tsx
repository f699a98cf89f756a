import type { ReviewProgress } from '../../../../src/model/insight/estate.ts';
import { cn } from '../../kit/cn.ts';
import { count } from '../../kit/time.tsx';

/** How many were decided on, of how many. */
export function Progress({ progress, compact = false }: { progress: ReviewProgress; compact?: boolean }) {
  const done = progress.total - progress.waiting;
  const percent = progress.total === 0 ? 0 : Math.round((done / progress.total) * 100);
  return (
    <span className="flex items-center gap-2">
      <progress
        max={Math.max(1, progress.total)}
        value={done}
        aria-label={`${done} of ${progress.total} decided`}
        className={cn(
          compact && 'max-md:hidden',
          'h-1.5 min-w-10 flex-1 appearance-none overflow-hidden rounded-full [&::-moz-progress-bar]:bg-accent [&::-webkit-progress-bar]:bg-sunk [&::-webkit-progress-value]:bg-accent',
        )}
      />
      <span className="tabular shrink-0 text-[13px] text-soft">
        {compact
          ? `${count(done)}/${count(progress.total)}`
          : `${count(done)} of ${count(progress.total)}, ${percent} %`}
      </span>
    </span>
  );
}
