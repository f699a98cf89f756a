import { count, duration, Time } from '../../kit/time.tsx';
import { AgentLink, PersonLink } from '../../record/links.tsx';
import type { Story } from './story.ts';

/** Who took part, for whom, when, and how it went, in one line. */
export function StoryFacts({ story: { calls }, more }: { story: Story; more: boolean }) {
  const agents = [...new Set(calls.map(({ agent }) => agent))];
  const people = [...new Set(calls.flatMap(({ subject }) => (subject === null ? [] : [subject])))];
  const fromMs = Math.min(...calls.map(({ atMs }) => atMs));
  const toMs = Math.max(...calls.map(({ atMs, endedAtMs }) => endedAtMs ?? atMs));
  const denied = calls.filter(({ effect }) => effect === 'deny').length;
  return (
    <span className="flex flex-wrap gap-x-4 gap-y-1 text-[13px]">
      <span>
        {agents.map((agent, i) => (
          <span key={agent}>
            {i > 0 && ', '}
            <AgentLink id={agent} />
          </span>
        ))}
        {people.length > 0 && ' for '}
        {people.map((person, i) => (
          <span key={person}>
            {i > 0 && ', '}
            <PersonLink id={person} />
          </span>
        ))}
      </span>
      <span>
        <Time ms={fromMs} />, over {duration(Math.max(1, toMs - fromMs))}
      </span>
      <span>
        {count(calls.length)}
        {more ? '+' : ''} {calls.length === 1 ? 'call' : 'calls'}
        {denied > 0 && <span className="text-bad">, {count(denied)} denied</span>}
      </span>
    </span>
  );
}
