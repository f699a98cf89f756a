import { count, duration, Time } from '../../kit/time.tsx';
import { Chain } from '../../record/chain.tsx';
import { pathsOf } from './graph/strands.ts';
import type { Story } from './story.ts';

const MOST_PATHS = 3;

interface FactsProps {
  readonly kind: 'session' | 'transaction';
  readonly story: Story;
  readonly more: boolean;
}

/** Who took part, for whom, when, and how it went, in one line. */
export function StoryFacts({ kind, story: { id, calls }, more }: FactsProps) {
  const paths = pathsOf(calls);
  const fromMs = Math.min(...calls.map(({ atMs }) => atMs));
  const toMs = Math.max(...calls.map(({ atMs, endedAtMs }) => endedAtMs ?? atMs));
  const others = kind === 'session' ? calls.filter(({ session }) => session !== id).length : 0;
  const denied = calls.filter(({ effect }) => effect === 'deny').length;
  return (
    <span className="flex flex-wrap items-baseline gap-x-4 gap-y-1 text-[13px]">
      <span className="flex flex-col">
        {paths.slice(0, MOST_PATHS).map(({ subject, path }) => (
          <Chain key={JSON.stringify([subject, ...path])} subject={subject} path={path} />
        ))}
        {paths.length > MOST_PATHS && <span>and {count(paths.length - MOST_PATHS)} more ways</span>}
      </span>
      <span>
        <Time ms={fromMs} />, over {duration(Math.max(1, toMs - fromMs))}
      </span>
      <span>
        {count(calls.length)}
        {more ? '+' : ''} {calls.length === 1 ? 'call' : 'calls'}
        {others > 0 && <>, {count(others)} of them in sessions of other agents</>}
        {denied > 0 && <span className="text-bad">, {count(denied)} denied</span>}
      </span>
    </span>
  );
}
