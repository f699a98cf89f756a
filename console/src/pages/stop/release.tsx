import { formatTarget, type Lock } from '../../../../src/model/lock.ts';
import { query } from '../../api/client.ts';
import { Act } from '../../kit/act.tsx';
import { phraseOf } from './words.ts';

/** Lets go of what was stopped. */
export function ReleaseDialog({
  lock,
  onClose,
}: {
  lock: Pick<Lock, 'target' | 'tier' | 'reason' | 'by'>;
  onClose: () => void;
}) {
  const target = formatTarget(lock.target);
  return (
    <Act
      open
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      title={`Release ${phraseOf(target)}`}
      description="Calls that policies permit pass again from that moment. What was cut off does not come back by itself."
      verb="Release"
      order={(reason) => ({
        method: 'DELETE',
        path: `/v1/locks/${encodeURIComponent(target)}${query({ reason })}`,
      })}
      done={`The lock on ${phraseOf(target)} is released.`}
    >
      <blockquote className="rounded-lg bg-sunk px-3 py-2 text-[13px]">
        <span className="text-soft">Placed by {lock.by}:</span> {lock.reason}
      </blockquote>
    </Act>
  );
}
