import { useParams } from '@tanstack/react-router';
import { OctagonX } from 'lucide-react';
import { useState } from 'react';
import type { Lock } from '../../../../src/model/lock.ts';
import { useEvery, useGet, useMay } from '../../api/hooks.ts';
import { State, TierBadge } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { PageHead } from '../../kit/card.tsx';
import { Back, One } from '../../kit/one.tsx';
import { Tabs } from '../../kit/tabs.tsx';
import { Code, visible } from '../../kit/text.tsx';
import { Time } from '../../kit/time.tsx';
import { useFilters } from '../../use-filters.ts';
import { ReleaseDialog } from '../stop/release.tsx';
import { StopDialog } from '../stop/stop-dialog.tsx';
import { locksOn, phraseOf } from '../stop/words.ts';
import { type AgentEntry, pathOf } from './entry.ts';
import { AgentGraph } from './graph/agent-graph.tsx';
import { Abilities } from './one/abilities.tsx';
import { About } from './one/about.tsx';
import { AgentActs } from './one/acts.tsx';
import { Calls } from './one/calls.tsx';
import { History } from './one/history.tsx';

const BACK = { to: '/agents', words: 'Agents' } as const;

/** One agent: who it is, what it can do, what it did, and stop that one now. */
export function AgentPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const entry = useGet<AgentEntry>(pathOf(id), { everyMs: 10_000 });
  return (
    <One
      query={entry}
      kind="agent"
      id={id}
      back={BACK}
      gone="It may have been rejected before it was ever active, or have another id. Decommissioned agents stay in the list."
    >
      {({ agent, version }) => <OneAgent key={id} agent={agent} version={version} />}
    </One>
  );
}

function OneAgent({ agent, version }: AgentEntry) {
  const [search, set] = useFilters();
  const [stopping, setStopping] = useState(false);
  const [releasing, setReleasing] = useState<Lock | null>(null);
  const may = useMay();
  const locks = useEvery<Lock>('/v1/locks', { everyMs: 3_000 });
  const on = locksOn(agent, locks.data ?? []);
  const tab = search.tab ?? 'about';
  return (
    <>
      <PageHead
        back={<Back {...BACK} />}
        tab={visible(agent.name)}
        title={
          <>
            {visible(agent.name)} <State of={agent.state} />
            {on[0] !== undefined && <TierBadge tier={on[0].tier} />}
          </>
        }
        lead={
          <>
            <Code copy>{agent.id}</Code>
            <span className="mt-0.5 block">{visible(agent.purpose)}</span>
          </>
        }
        actions={
          <>
            {may('agents.write') && <AgentActs agent={agent} version={version} />}
            {may('locks.write') && agent.state !== 'decommissioned' && (
              <Button look="danger" onClick={() => setStopping(true)}>
                <OctagonX aria-hidden /> Stop
              </Button>
            )}
          </>
        }
      />
      {on.map((lock) => (
        <InForce
          key={`${lock.target.kind} ${lock.tier}`}
          lock={lock}
          onRelease={may('locks.write') ? () => setReleasing(lock) : null}
        />
      ))}
      <Tabs
        label="About this agent"
        value={tab}
        onChange={(next) => set({ tab: next === 'about' ? null : next })}
        tabs={[
          { id: 'about', label: 'Overview', content: <About agent={agent} version={version} /> },
          { id: 'abilities', label: 'What it can do', content: <Abilities id={agent.id} /> },
          { id: 'graph', label: 'Connections', content: <AgentGraph id={agent.id} /> },
          { id: 'calls', label: 'Sessions and calls', content: <Calls id={agent.id} /> },
          { id: 'history', label: 'History', content: <History id={agent.id} /> },
        ]}
      />
      {stopping && <StopDialog target={`agent:${agent.id}`} onClose={() => setStopping(false)} />}
      {releasing !== null && <ReleaseDialog lock={releasing} onClose={() => setReleasing(null)} />}
    </>
  );
}

const WORDS = { halt: 'Halted', pause: 'Paused', watch: 'Watched' } as const;

/** A lock that holds: who, why, until when, and the way out. */
function InForce({ lock, onRelease }: { lock: Lock; onRelease: (() => void) | null }) {
  const { tier, by, reason, atMs, untilMs, target } = lock;
  const whole = target.kind === 'agent' ? '' : `, with ${phraseOf(`${target.kind}:${target.id}`)}`;
  const look = tier === 'halt' ? 'border-bad-line bg-bad-tint text-bad' : 'border-warn-line bg-warn-tint text-warn';
  return (
    <div
      role="status"
      className={`mb-4 flex flex-wrap items-center gap-x-4 gap-y-2 rounded-xl border px-4 py-3 ${look}`}
    >
      <p className="min-w-0 flex-[1_1_15rem]">
        <b className="font-semibold">
          {WORDS[tier]} by {visible(by)}
          {whole}
        </b>{' '}
        <Time ms={atMs} look="ago" />, {untilMs === null ? 'until it is released' : <>until {<Time ms={untilMs} />}</>}.
        <span className="block text-ink">{visible(reason)}</span>
      </p>
      {onRelease !== null && <Button onClick={onRelease}>Release</Button>}
    </div>
  );
}
