import { Link } from '@tanstack/react-router';
import { Bot, Cable, KeyRound } from 'lucide-react';
import type { ComponentType, ReactNode } from 'react';
import type { Overview } from '../../../../src/model/insight/overview.ts';
import { Card } from '../../kit/card.tsx';
import { cn } from '../../kit/cn.ts';
import { Code } from '../../kit/text.tsx';
import { count } from '../../kit/time.tsx';

/** One number and the list it counts. */
export interface Counted {
  readonly words: string;
  readonly n: number;
  readonly to: string;
  readonly search?: Readonly<Record<string, string>>;
  readonly tone?: 'bad' | 'warn';
}

/** The three questions, each with its number and what it is made of. */
export function Questions({ overview: { agents, connections, abilities } }: { overview: Overview }) {
  return (
    <div className="grid grid-cols-1 gap-4 lg:grid-cols-3">
      <Question
        icon={Bot}
        title="Where are my agents?"
        main={{ words: agents.total === 1 ? 'agent' : 'agents', n: agents.total, to: '/agents' }}
        says={
          agents.total === 0 ? (
            <>
              Register one under{' '}
              <Link to="/agents" className="text-accent underline underline-offset-2">
                Agents
              </Link>
              , or list it under <Code>agents</Code> in interlock.yaml.
            </>
          ) : (
            `${count(agents.active24h)} called something in the last 24 hours. ${count(agents.owners)} ${agents.owners === 1 ? 'owner' : 'owners'}.`
          )
        }
        parts={statesOf(agents.byState)}
      />
      <Question
        icon={Cable}
        title="What can they connect to?"
        main={{ words: connections.servers === 1 ? 'server' : 'servers', n: connections.servers, to: '/servers' }}
        says={
          connections.servers === 0 ? (
            <>
              Add the first one under <Code>servers</Code> in interlock.yaml; its tools are listed at once.
            </>
          ) : (
            <>
              with {count(connections.tools)} {connections.tools === 1 ? 'tool' : 'tools'}.{' '}
              <Link to="/map" className="text-accent underline underline-offset-2">
                See the map
              </Link>
            </>
          )
        }
        parts={[
          { words: 'failing', n: connections.serversFailing, to: '/servers', search: { state: 'down' }, tone: 'bad' },
          { words: 'agent to agent', n: connections.agentToAgent, to: '/connections' },
          { words: 'brokered credentials', n: connections.brokeredCredentials, to: '/connections' },
        ]}
      />
      <Question
        icon={KeyRound}
        title="What can they do?"
        main={{ words: abilities.policies === 1 ? 'policy' : 'policies', n: abilities.policies, to: '/policies' }}
        says={`${count(abilities.asking)} ask people, ${count(abilities.forbidding)} forbid. The rest permit; what none permits is refused.`}
        parts={effectsOf(abilities.toolsByEffect)}
      />
    </div>
  );
}

const STATE_ORDER = ['active', 'orphaned', 'suspended', 'requested', 'approved', 'decommissioned'];
const BAD_STATES = new Set(['orphaned']);

export function statesOf(byState: Readonly<Record<string, number>>): readonly Counted[] {
  return STATE_ORDER.filter((state) => (byState[state] ?? 0) > 0).map((state) => ({
    words: state,
    n: byState[state]!,
    to: '/agents',
    search: { state },
    ...(BAD_STATES.has(state) ? { tone: 'bad' as const } : state === 'requested' ? { tone: 'warn' as const } : {}),
  }));
}

const EFFECT_ORDER = ['read', 'write', 'destructive', 'external', 'credential'];

export function effectsOf(byEffect: Readonly<Record<string, number>>): readonly Counted[] {
  const known = EFFECT_ORDER.filter((effect) => (byEffect[effect] ?? 0) > 0);
  const others = Object.keys(byEffect).filter((effect) => !EFFECT_ORDER.includes(effect) && byEffect[effect]! > 0);
  return [...known, ...others].map((effect) => ({
    words: effect,
    n: byEffect[effect]!,
    to: '/servers',
    search: { tab: 'tools', effect },
  }));
}

function Question({
  icon: Icon,
  title,
  main,
  says,
  parts,
}: {
  icon: ComponentType<{ className?: string }>;
  title: string;
  main: Counted;
  says: ReactNode;
  parts: readonly Counted[];
}) {
  return (
    <Card className="flex flex-col p-4">
      <h2 className="flex items-center gap-2 text-[13px] font-medium text-soft">
        <Icon className="size-4" aria-hidden /> {title}
      </h2>
      <p className="mt-2 flex flex-wrap items-baseline gap-x-2">
        <Link to={main.to} className="tabular text-3xl font-semibold tracking-tight hover:underline">
          {count(main.n)} <span className="text-base font-medium">{main.words}</span>
        </Link>
      </p>
      <p className="mt-1 text-[13px] text-soft">{says}</p>
      <ul className="mt-3 flex flex-wrap gap-1.5">
        {parts.map((part) => (
          <li key={part.words}>
            <Part part={part} />
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Part({ part: { words, n, to, search, tone } }: { part: Counted }) {
  return (
    <Link
      to={to}
      {...(search === undefined ? {} : { search: search as never })}
      className={cn(
        'inline-flex items-center gap-1.5 rounded-md border px-2 py-0.5 text-[13px] hover:border-edge',
        n === 0 && 'text-soft',
        n > 0 && tone === 'bad' && 'border-bad-line bg-bad-tint text-bad',
        n > 0 && tone === 'warn' && 'border-warn-line bg-warn-tint text-warn',
      )}
    >
      <b className="tabular font-semibold">{count(n)}</b> {words}
    </Link>
  );
}
