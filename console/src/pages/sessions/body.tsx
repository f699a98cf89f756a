import { lazy, Suspense, useMemo } from 'react';
import type { CallView } from '../../../../src/model/insight/records.ts';
import { Button } from '../../kit/button.tsx';
import { Card } from '../../kit/card.tsx';
import { Choice, SearchBox } from '../../kit/field.tsx';
import { Empty, Loading } from '../../kit/states.tsx';
import { Tabs } from '../../kit/tabs.tsx';
import { useFilters } from '../../use-filters.ts';
import { Acts } from './acts.tsx';
import { CallPanel } from './panel.tsx';
import { Replay } from './replay.tsx';
import { Steps } from './steps.tsx';
import { around, chosen, type Story } from './story.ts';
import { Timeline } from './timeline.tsx';
import { defaultScale, type Scale } from './timeline-layout.ts';

const Graph = lazy(() => import('./graph.tsx').then(({ StoryGraphView }) => ({ default: StoryGraphView })));

/** The story in three looks, replay above, the chosen call beside. All of it is in the address. */
export function StoryBody({ story, more }: { story: Story; more: (() => void) | undefined }) {
  const [filters, set] = useFilters();
  const { q, effect, agent, view = 'timeline', call: asked } = filters;
  const calls = useMemo(() => chosen(story.calls, { words: q, effect, agent }), [story.calls, q, effect, agent]);
  const agents = useMemo(() => [...new Set(story.calls.map((call) => call.agent))], [story.calls]);
  const current = story.calls.find(({ call }) => call === asked) ?? null;
  const at = current?.call ?? null;
  const near = useMemo(() => {
    if (at === null) return new Set<string>();
    const { causes, effects } = around(at, story.links);
    return new Set([...causes.map(({ from }) => from), ...effects.map(({ to }) => to)]);
  }, [at, story.links]);
  const choose = (call: string): void => set({ call });
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-5 xl:grid-cols-[minmax(0,1fr)_26rem]">
      <div className="min-w-0 space-y-4">
        <div className="flex flex-wrap items-center gap-2">
          <SearchBox label="Filter these calls" value={q ?? ''} onChange={(next) => set({ q: next })} />
          <Choice aria-label="Decision" value={effect ?? ''} onChange={(event) => set({ effect: event.target.value })}>
            <option value="">Every decision</option>
            <option value="permit">Permitted</option>
            <option value="ask">Asked</option>
            <option value="deny">Denied</option>
          </Choice>
          {agents.length > 1 && (
            <Choice aria-label="Agent" value={agent ?? ''} onChange={(event) => set({ agent: event.target.value })}>
              <option value="">Every agent</option>
              {agents.map((id) => (
                <option key={id} value={id}>
                  {id}
                </option>
              ))}
            </Choice>
          )}
        </div>
        <Replay calls={calls} at={at} onChoose={choose} />
        {calls.length === 0 ? (
          <Empty title="No call fits these filters">Take one of them away.</Empty>
        ) : (
          <Looks {...{ calls, story, at, near, view, more }} onChoose={choose} onView={(next) => set({ view: next })} />
        )}
        {more !== undefined && (
          <p className="text-[13px] text-soft">
            Only the first {story.calls.length} calls are loaded.{' '}
            <Button size="small" onClick={more}>
              Load more
            </Button>
          </p>
        )}
        <Acts acts={story.acts} />
      </div>
      <CallPanel call={current} story={story} onChoose={choose} onClose={() => set({ call: null })} />
    </div>
  );
}

interface LooksProps {
  readonly calls: readonly CallView[];
  readonly story: Story;
  readonly at: string | null;
  readonly near: ReadonlySet<string>;
  readonly view: string;
  readonly more: (() => void) | undefined;
  readonly onChoose: (call: string) => void;
  readonly onView: (view: string) => void;
}

function Looks({ calls, story, at, near, view, more, onChoose, onView }: LooksProps) {
  const common = { calls, at, onChoose };
  return (
    <Tabs
      label="How to look at it"
      value={view}
      onChange={onView}
      tabs={[
        { id: 'timeline', label: 'Timeline', content: <ScaledTimeline {...common} near={near} /> },
        {
          id: 'graph',
          label: 'Cause and effect',
          content: (
            <Card className="overflow-hidden">
              <Suspense fallback={<Loading lines={12} />}>
                <Graph {...common} links={story.links} />
              </Suspense>
            </Card>
          ),
        },
        { id: 'list', label: 'List', content: <Steps {...common} onEnd={more} /> },
      ]}
    />
  );
}

interface ScaledProps extends Pick<LooksProps, 'calls' | 'at' | 'near' | 'onChoose'> {}

function ScaledTimeline({ calls, ...rest }: ScaledProps) {
  const [filters, set] = useFilters();
  const scale: Scale = filters.scale === 'time' || filters.scale === 'steps' ? filters.scale : defaultScale(calls);
  return (
    <Card className="p-4 pt-2">
      <div className="mb-1 flex justify-end gap-1" role="group" aria-label="Scale">
        {(['time', 'steps'] as const).map((each) => (
          <Button
            key={each}
            size="small"
            look={scale === each ? 'plain' : 'quiet'}
            aria-pressed={scale === each}
            onClick={() => set({ scale: each })}
          >
            {each === 'time' ? 'By time' : 'Step by step'}
          </Button>
        ))}
      </div>
      <Timeline {...rest} calls={calls} scale={scale} />
    </Card>
  );
}
