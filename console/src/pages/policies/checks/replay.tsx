import { History, Square } from 'lucide-react';
import { useState } from 'react';
import type { PolicyFile, PolicyReplay } from '../../../../../src/model/insight/policies.ts';
import { useChange, useGet } from '../../../api/hooks.ts';
import { Badge } from '../../../kit/badge.tsx';
import { Button } from '../../../kit/button.tsx';
import { Choice } from '../../../kit/field.tsx';
import { Empty, Failed } from '../../../kit/states.tsx';
import { visible } from '../../../kit/text.tsx';
import { count, Time } from '../../../kit/time.tsx';
import { useFilters } from '../../../use-filters.ts';
import { ByChange, ChangedTable } from './changed-table.tsx';

const DAYS = [1, 7, 14, 30, 90] as const;
const LOOK_EVERY_MS = 500;

interface ReplayProps {
  readonly files: readonly PolicyFile[];
  /** Version these files would be; `null`: they are wrong. */
  readonly version: string | null;
  readonly mayStart: boolean;
}

/** Recorded calls decided again, by the policies in force and by the draft: every decision that would change. */
export function Replay({ files, version, mayStart }: ReplayProps) {
  const [search, set] = useFilters();
  const [days, setDays] = useState<number>(7);
  const id = search.replay ?? null;
  const path = `/v1/policies/replays/${encodeURIComponent(id ?? '')}`;
  const [over, setOver] = useState<string | null>(null);
  const asked = useGet<PolicyReplay>(path, {
    enabled: id !== null,
    ...(over === id ? {} : { everyMs: LOOK_EVERY_MS }),
  });
  const replay = asked.data;
  if (replay !== undefined && replay.state !== 'running' && over !== id) setOver(id);
  const start = useChange<PolicyReplay>({ onDone: (made) => set({ replay: made.id, change: null }) });
  const cancel = useChange();
  const running = replay?.state === 'running';
  return (
    <div className="space-y-4">
      <div className="flex flex-wrap items-center gap-2">
        <label htmlFor="replay-days">Decide the recorded calls of the last</label>
        <Choice id="replay-days" value={days} onChange={(event) => setDays(Number(event.target.value))}>
          {DAYS.map((each) => (
            <option key={each} value={each}>
              {each === 1 ? 'day' : `${each} days`}
            </option>
          ))}
        </Choice>
        <span>again, by this draft.</span>
        <Button
          look="accent"
          disabled={!mayStart || version === null || running}
          busy={start.isPending}
          onClick={() => start.mutate({ method: 'POST', path: '/v1/policies/replays', body: { files, days } })}
        >
          <History aria-hidden /> Replay
        </Button>
        {running && (
          <Button busy={cancel.isPending} onClick={() => cancel.mutate({ method: 'DELETE', path })}>
            <Square aria-hidden /> Cancel
          </Button>
        )}
        {version === null && <span className="text-[13px] text-soft">It has errors: mend them first.</span>}
      </div>
      {start.error !== null && <Failed error={start.error} />}
      {cancel.error !== null && <Failed error={cancel.error} />}
      {id === null ? (
        <Empty icon={History} title="What would have been different?">
          Each recorded call is decided twice with what is on record of it: by the policies in force, and by this draft.
          You see every decision that changes, before anybody is affected.
        </Empty>
      ) : asked.error !== null && replay === undefined ? (
        <Failed error={asked.error} retry={() => void asked.refetch()} />
      ) : (
        replay !== undefined && <Result replay={replay} stale={version !== null && replay.version !== version} />
      )}
    </div>
  );
}

const STATES = {
  running: ['accent', 'Running'],
  done: ['good', 'Done'],
  failed: ['bad', 'Failed'],
  cancelled: ['warn', 'Cancelled'],
} as const;

function Result({ replay, stale }: { replay: PolicyReplay; stale: boolean }) {
  const [search, set] = useFilters();
  const chosen = search.change ?? null;
  const [tone, words] = STATES[replay.state];
  const rows = replay.changes.filter(({ before, after }) => chosen === null || chosen === `${before}→${after}`);
  const share = replay.of === 0 ? 0 : Math.min(1, replay.checked / replay.of);
  return (
    <div className="space-y-4">
      {stale && (
        <p className="rounded-lg border border-warn-line bg-warn-tint px-3 py-2 text-warn">
          The draft was changed after this replay: replay it again to see what it does now.
        </p>
      )}
      <div className="flex flex-wrap items-center gap-x-4 gap-y-1" role="status">
        <Badge tone={tone}>{words}</Badge>
        <span>
          <strong className="tabular">{count(replay.changed)}</strong> of{' '}
          <strong className="tabular">{count(replay.calls)}</strong> calls would be decided otherwise
        </span>
        <span className="text-[13px] text-soft">
          since <Time ms={replay.fromMs} />
        </span>
        {replay.message !== null && <span className="text-[13px] text-soft">{visible(replay.message)}</span>}
      </div>
      {replay.state === 'running' && (
        <progress
          aria-label="Records looked at"
          value={share}
          max={1}
          className="h-1.5 w-full overflow-hidden rounded-full [&::-webkit-progress-bar]:bg-sunk [&::-webkit-progress-value]:bg-accent"
        />
      )}
      <ByChange of={replay.byChange} chosen={chosen} onChoose={(change) => set({ change })} />
      {rows.length > 0 && <ChangedTable rows={rows} label="Calls that would be decided otherwise" />}
      {replay.changed > replay.changes.length && (
        <p className="text-[13px] text-soft">
          The table has the first {count(replay.changes.length)}; the numbers count them all.
        </p>
      )}
      {replay.state === 'done' && replay.changed === 0 && replay.calls > 0 && (
        <p className="py-4 text-center text-soft">Every call would be decided as it is now.</p>
      )}
      {replay.state === 'done' && replay.calls === 0 && (
        <p className="py-4 text-center text-soft">No calls are on record in that time.</p>
      )}
      <Undecidable replay={replay} />
    </div>
  );
}

function Undecidable({ replay }: { replay: PolicyReplay }) {
  const reasons = Object.entries(replay.undecidable).sort(([, a], [, b]) => b - a);
  return (
    <>
      {reasons.length > 0 && (
        <details className="rounded-lg border px-4 py-2" open={reasons.length <= 3}>
          <summary className="cursor-pointer font-medium">
            {count(reasons.reduce((sum, [, times]) => sum + times, 0))} calls could not be decided again
          </summary>
          <ul className="mt-1 text-[13px]">
            {reasons.map(([reason, times]) => (
              <li key={reason}>
                <span className="tabular font-medium">{count(times)}</span> {visible(reason)}
              </li>
            ))}
          </ul>
        </details>
      )}
      {replay.drifted > 0 && (
        <p className="text-[13px] text-soft">
          {count(replay.drifted)} calls were decided otherwise at the time than the policies in force would decide them
          now. That is no doing of this draft.
        </p>
      )}
    </>
  );
}
