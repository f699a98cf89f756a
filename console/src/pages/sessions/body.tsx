import { lazy, type ReactNode, Suspense, useMemo } from 'react';
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
import { chosen, nearTo, type Story, worthwhile } from './story.ts';
import { Timeline } from './timeline.tsx';
import { defaultScale, type Scale } from './timeline-layout.ts';

const Causes = lazy(() => import('./graph/tree.tsx').then(({ CausesView }) => ({ default: CausesView })));
const Reach = lazy(() => import('./graph/reach.tsx').then(({ ReachView }) => ({ default: ReachView })));

/** The story in four looks, replay above, the chosen call beside. All of it is in the address. */
export function StoryBody({ story, more }: { story: Story; more: (() => void) | undefined }) {
  const [filters, set] = useFilters();
  const { q, effect, agent, view = 'timeline', call: asked } = filters;
  const connecting = filters.connecting === 'yes';
  const worth = useMemo(() => worthwhile(story.calls, { connecting, at: asked }), [story.calls, connecting, asked]);
  const calls = useMemo(() => chosen(worth, { words: q, effect, agent }), [worth, q, effect, agent]);
  const agents = useMemo(() => [...new Set(story.calls.map((call) => call.agent))], [story.calls]);
  const hidden = story.calls.length - worth.length;
  const current = story.calls.find(({ call }) => call === asked) ?? null;
  const at = current?.call ?? null;
  const near = useMemo(() => {
    if (at === null) return new Set<string>();
    return nearTo(at, story.links);
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
        <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-1">
          <Replay calls={calls} at={at} onChoose={choose} />
          {(hidden > 0 || connecting) && (
            <p className="text-[13px] text-soft">
              {connecting ? 'With calls that only connect.' : `${hidden} that only connect are left out.`}{' '}
              <Button size="small" look="quiet" onClick={() => set({ connecting: connecting ? null : 'yes' })}>
                {connecting ? 'Leave them out' : 'Show them'}
              </Button>
            </p>
          )}
        </div>
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
      <CallPanel call={current} calls={calls} story={story} onChoose={choose} onClose={() => set({ call: null })} />
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
        { id: 'timeline', label: 'Timeline', content: <ScaledTimeline {...common} links={story.links} near={near} /> },
        {
          id: 'graph',
          label: 'Cause and effect',
          content: (
            <Drawing>
              <Causes {...common} links={story.links} />
            </Drawing>
          ),
        },
        {
          id: 'reach',
          label: 'Agents and tools',
          content: (
            <Drawing>
              <Reach {...common} />
            </Drawing>
          ),
        },
        { id: 'list', label: 'List', content: <Steps {...common} onEnd={more} /> },
      ]}
    />
  );
}

function Drawing({ children }: { children: ReactNode }) {
  return (
    <Card className="overflow-hidden">
      <Suspense
        fallback={
          <div className="p-4">
            <Loading lines={12} />
          </div>
        }
      >
        {children}
      </Suspense>
    </Card>
  );
}

interface ScaledProps extends Pick<LooksProps, 'calls' | 'at' | 'near' | 'onChoose'> {
  readonly links: Story['links'];
}

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
