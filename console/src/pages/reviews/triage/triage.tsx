import { Check, CheckCheck } from 'lucide-react';
import { useState } from 'react';
import { useMe } from '../../../api/hooks.ts';
import { Badge, State } from '../../../kit/badge.tsx';
import { Button } from '../../../kit/button.tsx';
import { Card, Facts } from '../../../kit/card.tsx';
import { cn } from '../../../kit/cn.ts';
import { Go } from '../../../kit/go.tsx';
import { useKeys } from '../../../kit/keys.ts';
import { Segmented } from '../../../kit/pick.tsx';
import { Empty, Failed, Loading } from '../../../kit/states.tsx';
import { visible } from '../../../kit/text.tsx';
import { Time } from '../../../kit/time.tsx';
import { useFilters } from '../../../use-filters.ts';
import { usePages } from '../../../use-pages.ts';
import { usePlace } from '../../../use-place.ts';
import type { Campaign, Item } from '../words.ts';
import { Decide, type Verdict } from './decide.tsx';

/** What waits, one agent after the other, by keyboard. */
export function Triage({ campaign }: { campaign: Campaign }) {
  const [search, set] = useFilters();
  const me = useMe().data?.id ?? '';
  const whose = search.whose === 'all' ? 'all' : 'mine';
  const list = usePages<Item>(`/v1/reviews/${encodeURIComponent(campaign.id)}/items`, {
    waiting: true,
    reviewer: whose === 'mine' ? me : null,
  });
  const [deciding, setDeciding] = useState<{ item: Item; verdict: Verdict } | null>(null);
  const [said, setSaid] = useState('');
  const at = usePlace(
    list.rows.map(({ agent }) => agent),
    search.agent,
  );
  const item = list.rows[at];
  const choose = (to: number): void => {
    const index = Math.max(0, Math.min(list.rows.length - 1, to));
    set({ agent: list.rows[index]?.agent });
  };
  const mine = item?.reviewers.includes(me) === true && campaign.state === 'open';
  const decide = (verdict: Verdict) => (): void => {
    if (item !== undefined && mine) setDeciding({ item, verdict });
  };
  useKeys({
    ...{ j: () => choose(at + 1), k: () => choose(at - 1) },
    ...{ c: decide('certify'), r: decide('reduce'), x: decide('revoke'), o: decide('reassign') },
  });
  return (
    <div className="space-y-3">
      <Segmented
        label="Whose"
        value={whose}
        options={[
          ['mine', 'For you'],
          ['all', 'For everybody'],
        ]}
        onChange={(next) => set({ whose: next === 'mine' ? null : next, agent: null })}
      />
      {list.isPending ? (
        <Loading lines={6} />
      ) : list.error !== null ? (
        <Failed error={list.error} retry={() => void list.refetch()} />
      ) : item === undefined ? (
        <Done mine={whose === 'mine'} campaign={campaign} onAll={() => set({ whose: 'all' })} />
      ) : (
        <div className="grid grid-cols-1 items-start gap-4 lg:grid-cols-[18rem_minmax(0,1fr)]">
          <nav aria-label="Waiting agents" className="rounded-xl border bg-card p-1.5 shadow-card">
            <p className="hidden px-2 py-1.5 text-[13px] text-soft lg:block">
              {KEYS.map(([key, words]) => (
                <span key={key} className="mr-2 whitespace-nowrap">
                  <kbd className="rounded border bg-sunk px-1 font-mono text-[11px]">{key}</kbd> {words}
                </span>
              ))}
            </p>
            <ul className="max-h-[35vh] overflow-y-auto lg:max-h-[60vh]">
              {list.rows.map((row, i) => (
                <li key={row.agent}>
                  <button
                    type="button"
                    aria-current={i === at ? 'true' : undefined}
                    onClick={() => choose(i)}
                    className={cn(
                      'flex w-full items-center justify-between gap-2 rounded-lg px-2.5 py-1.5 text-left hover:bg-sunk',
                      i === at && 'bg-accent-tint hover:bg-accent-tint',
                    )}
                  >
                    <span className="min-w-0">
                      <span className="block truncate font-medium">{visible(row.name ?? row.agent)}</span>
                      <span className="block truncate text-[13px] text-soft">{row.owner ?? 'gone'}</span>
                    </span>
                    {row.riskTier !== null && <State of={row.riskTier} />}
                  </button>
                </li>
              ))}
            </ul>
            {list.more !== undefined && (
              <Button size="small" look="quiet" className="mt-1 w-full" onClick={list.more}>
                Show more
              </Button>
            )}
          </nav>
          <AgentCard item={item} mine={mine} onDecide={(verdict) => decide(verdict)()} />
        </div>
      )}
      {deciding !== null && (
        <Decide
          key={`${deciding.item.agent} ${deciding.verdict}`}
          campaign={campaign}
          {...deciding}
          said={said}
          onSaid={setSaid}
          onClose={() => setDeciding(null)}
          onDone={() => set({ agent: null })}
        />
      )}
    </div>
  );
}

const KEYS = [
  ['j', 'next'],
  ['k', 'back'],
  ['c', 'certify'],
  ['r', 'reduce'],
  ['x', 'revoke'],
  ['o', 'reassign'],
] as const;

function AgentCard({ item, mine, onDecide }: { item: Item; mine: boolean; onDecide: (verdict: Verdict) => void }) {
  const { agent, name, owner, ownerName, purpose, riskTier, state, servers, scopes, groups, expiresAtMs, reviewers } =
    item;
  return (
    <Card aria-label={agent}>
      <header className="flex flex-wrap items-center gap-2 border-b px-4 py-3">
        <h2 className="text-[16px] font-semibold">
          <Go to="/agents/$id" params={{ id: agent }}>
            {visible(name ?? agent)}
          </Go>
        </h2>
        {state !== null && <State of={state} />}
        {riskTier !== null && <State of={riskTier} />}
      </header>
      <div className="space-y-4 p-4">
        <p>{purpose === null ? 'The agent is gone.' : visible(purpose)}</p>
        <Facts
          items={[
            ['Id', agent],
            owner !== null && [
              'Owner',
              <Go key="owner" to="/people/$id" params={{ id: owner }}>
                {visible(ownerName ?? owner)}
              </Go>,
            ],
            ['Servers', <Names key="servers" of={servers} none="any that policies let it" />],
            ['Scopes', <Names key="scopes" of={scopes} none="any that policies let it" />],
            ['Groups', <Names key="groups" of={groups} none="none" />],
            ['Ends', expiresAtMs === null ? 'never by itself' : <Time key="end" ms={expiresAtMs} />],
            ['Decided by', reviewers.join(', ') || 'nobody who could'],
          ]}
        />
        {mine ? (
          <div className="flex flex-wrap gap-2 border-t pt-4">
            <Button look="accent" onClick={() => onDecide('certify')}>
              <Check aria-hidden /> Certify
            </Button>
            <Button onClick={() => onDecide('reduce')}>Reduce</Button>
            <Button onClick={() => onDecide('reassign')}>Reassign</Button>
            <Button look="danger" onClick={() => onDecide('revoke')}>
              Revoke
            </Button>
          </div>
        ) : (
          <p className="border-t pt-4 text-[13px] text-soft">You are not among its reviewers.</p>
        )}
      </div>
    </Card>
  );
}

function Names({ of, none }: { of: readonly string[] | null; none: string }) {
  if (of === null || of.length === 0) return <span className="text-soft">{of === null ? none : 'none'}</span>;
  return (
    <span className="flex flex-wrap gap-1">
      {of.map((each) => (
        <Badge key={each}>{visible(each)}</Badge>
      ))}
    </span>
  );
}

function Done({ mine, campaign, onAll }: { mine: boolean; campaign: Campaign; onAll: () => void }) {
  const others = mine && campaign.progress.waiting > 0;
  return (
    <Card>
      <Empty
        icon={CheckCheck}
        title={others ? 'Nothing waits for you here' : 'Everything is decided'}
        action={others ? <Button onClick={onAll}>What waits for others</Button> : undefined}
      >
        {others
          ? 'You are a reviewer of none of the agents that wait, or have decided on all of yours.'
          : campaign.state === 'open'
            ? 'It can be closed now, or closes by itself when it is due.'
            : 'The review is closed.'}
      </Empty>
    </Card>
  );
}
