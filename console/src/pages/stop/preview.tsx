import { useQuery } from '@tanstack/react-query';
import { CircleSlash, ShieldCheck } from 'lucide-react';
import type { ReactNode } from 'react';
import type { LockEffect, LockPreview } from '../../../../src/model/insight/agents.ts';
import type { Tier } from '../../../../src/model/lock.ts';
import { post } from '../../api/client.ts';
import { TierBadge } from '../../kit/badge.tsx';
import { Failed, Loading } from '../../kit/states.tsx';
import { visible } from '../../kit/text.tsx';
import { count, Time } from '../../kit/time.tsx';

const ASK_MS = 2_000;

/** What a lock would do, asked again while it is looked at: calls come and go. */
function usePreview(target: string | null, tier: Tier) {
  return useQuery({
    queryKey: ['get', '/v1/locks/preview', target, tier],
    queryFn: () => post<LockPreview>('/v1/locks/preview', { target, tier }),
    enabled: target !== null,
    refetchInterval: ASK_MS,
    placeholderData: (before) => (before?.target === target ? before : undefined),
  });
}

/** Exactly what will be cut and what will not. Stopping never waits for it. */
export function Preview({ target, tier }: { target: string | null; tier: Tier }) {
  const asked = usePreview(target, tier);
  if (target === null) return null;
  if (asked.error !== null && asked.data === undefined)
    return (
      <div className="space-y-2">
        <Failed error={asked.error} retry={() => void asked.refetch()} />
        <p className="text-[13px] text-soft">You can stop it all the same: the lock does not depend on this view.</p>
      </div>
    );
  if (asked.data === undefined) return <Loading lines={6} label="Looking at what this would cut" />;
  const { cuts, spares, inFlight, inFlightTotal, existing } = asked.data;
  return (
    <div className="space-y-3">
      {existing !== null && (
        <p className="rounded-lg border border-warn-line bg-warn-tint px-3 py-2 text-[13px] text-warn">
          There is a lock on it already: <TierBadge tier={existing.tier} /> by {existing.by},{' '}
          <Time ms={existing.atMs} look="ago" />. It is replaced by this one.
        </p>
      )}
      <div className="grid grid-cols-1 gap-3 sm:grid-cols-2">
        <Side
          title={tier === 'watch' ? 'What is flagged' : 'What it cuts'}
          icon={<CircleSlash className="size-4 text-bad" aria-hidden />}
          effects={cuts}
          none="Nothing that is there now."
        />
        <Side
          title="What it does not touch"
          icon={<ShieldCheck className="size-4 text-good" aria-hidden />}
          effects={spares}
          none="Nothing is left out."
        />
      </div>
      <InFlight calls={inFlight} total={inFlightTotal} tier={tier} />
    </div>
  );
}

function Side({
  title,
  icon,
  effects,
  none,
}: {
  title: string;
  icon: ReactNode;
  effects: readonly LockEffect[];
  none: string;
}) {
  return (
    <section className="rounded-lg border p-3">
      <h3 className="mb-2 flex items-center gap-1.5 text-[13px] font-semibold">
        {icon} {title}
      </h3>
      {effects.length === 0 ? (
        <p className="text-[13px] text-soft">{none}</p>
      ) : (
        <ul className="space-y-1.5 text-[13px]">
          {effects.map(({ kind, count: n, text, examples }) => (
            <li key={`${kind} ${text}`}>
              {n > 0 && <b className="tabular mr-1.5 font-semibold">{count(n)}</b>}
              {visible(text)}
              {examples.length > 0 && (
                <span className="block truncate text-xs text-soft">{visible(examples.join(', '))}</span>
              )}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

const ENDS: Readonly<Record<Tier, string>> = {
  halt: 'cut off at once',
  pause: 'may finish',
  watch: 'go on, flagged',
};

function InFlight({ calls, total, tier }: { calls: LockPreview['inFlight']; total: number; tier: Tier }) {
  return (
    <section aria-live="polite" className="rounded-lg bg-sunk p-3 text-[13px]">
      <h3 className="font-semibold">
        {total === 0
          ? 'No call under way right now'
          : `${count(total)} ${total === 1 ? 'call' : 'calls'} under way: ${ENDS[tier]}`}
      </h3>
      {calls.length > 0 && (
        <ul className="mt-1.5 space-y-0.5">
          {calls.slice(0, 5).map(({ agent, server, tool, session, through }, i) => (
            <li key={i} className="truncate">
              <span className="font-medium">{agent}</span>
              <span className="text-soft"> calls </span>
              <span className="font-mono text-xs">
                {visible(tool === null ? server : tool.includes('/') ? tool : `${server}/${tool}`)}
              </span>
              {through.length > 0 && <span className="text-soft"> through {through.join(', ')}</span>}
              {session !== null && <span className="font-mono text-xs text-soft"> {session.slice(0, 8)}</span>}
            </li>
          ))}
          {total > 5 && <li className="text-soft">and {count(total - Math.min(5, calls.length))} more</li>}
        </ul>
      )}
    </section>
  );
}
