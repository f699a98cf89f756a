import { CornerDownRight } from 'lucide-react';
import { useEffect, useRef } from 'react';
import type { CallView } from '../../../../src/model/insight/records.ts';
import { cn } from '../../kit/cn.ts';
import { visible } from '../../kit/text.tsx';
import { duration, useNow } from '../../kit/time.tsx';
import { AgentLink } from '../../record/links.tsx';
import { STAND_FILL } from '../../record/stand.tsx';
import { nameOfCall, STAND_WORDS, standOf } from '../../record/words.ts';
import { pathOf } from './graph/strands.ts';
import type { Story } from './story.ts';
import { type Bar, type HandedLine, handovers, layout, leastPx, ROW_PX, type Scale, ticks } from './timeline-layout.ts';

interface TimelineProps {
  readonly calls: readonly CallView[];
  readonly links: Story['links'];
  readonly scale: Scale;
  readonly at: string | null;
  /** Those the chosen call came from or led to. */
  readonly near: ReadonlySet<string>;
  readonly onChoose: (call: string) => void;
}

const BAR_PX = 26;
/** Longer names of agents are in two lines. */
const LONG_CHARS = 16;

/** Bars by time, a lane for each agent. One of them can be reached by Tab; arrow keys step through all. */
export function Timeline({ calls, links, scale, at, near, onChoose }: TimelineProps) {
  const now = useNow(5_000);
  const { lanes, fromMs, toMs } = layout(calls, scale, now);
  const handed = handovers(lanes, links);
  const chosen = useRef<HTMLButtonElement>(null);
  const tabbed = at !== null && calls.some(({ call }) => call === at) ? at : calls[0]?.call;
  useEffect(() => {
    if (at !== null) chosen.current?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [at]);
  return (
    <div
      className={cn(
        'grid grid-cols-[6.5rem_minmax(0,1fr)]',
        lanes.some(({ agent }) => agent.length > LONG_CHARS)
          ? 'sm:grid-cols-[12.5rem_minmax(0,1fr)]'
          : 'sm:grid-cols-[9rem_minmax(0,1fr)]',
      )}
    >
      <div>
        {lanes.map(({ agent, rows, bars }) => (
          <div
            key={agent}
            className="flex items-start truncate border-b border-line/70 pt-2 pr-3 text-[13px]"
            style={{ height: rows * ROW_PX + 8 }}
          >
            <span
              className="flex min-w-0 items-center gap-1"
              style={{ paddingLeft: depthOf(bars) * 10 }}
              title={visible(agent)}
            >
              {depthOf(bars) > 0 && <CornerDownRight className="size-3 shrink-0 text-accent" aria-hidden />}
              <AgentLink
                id={agent}
                className={cn(
                  'line-clamp-2 whitespace-normal',
                  agent.length > LONG_CHARS && '-mt-1 text-xs leading-tight',
                )}
              />
            </span>
          </div>
        ))}
      </div>
      <div className="overflow-x-auto" tabIndex={-1}>
        <div className="relative" style={{ minWidth: leastPx(scale, calls.length) }}>
          <Handed lines={handed} />
          <ul aria-label={`Timeline of ${calls.length} calls`}>
            {lanes.map(({ agent, rows, bars }) => (
              <li key={agent} aria-label={visible(agent)} className="border-b border-line/70">
                <ul className="relative" style={{ height: rows * ROW_PX + 7 }}>
                  {bars.map((bar) => (
                    <BarItem
                      key={bar.call.call}
                      bar={bar}
                      scale={scale}
                      calls={calls.length}
                      current={bar.call.call === at}
                      near={near.has(bar.call.call)}
                      tabbed={bar.call.call === tabbed}
                      onChoose={onChoose}
                      refTo={bar.call.call === at ? chosen : undefined}
                    />
                  ))}
                </ul>
              </li>
            ))}
          </ul>
          {scale === 'time' && <Ticks fromMs={fromMs} toMs={toMs} />}
        </div>
      </div>
    </div>
  );
}

function depthOf(bars: readonly Bar[]): number {
  return Math.max(0, ...bars.slice(0, 1).map(({ call }) => pathOf(call).length - 1));
}

/** Where work went over from one agent to another: down (or up) to the first call it led to. */
function Handed({ lines }: { lines: readonly HandedLine[] }) {
  if (lines.length === 0) return null;
  return (
    <svg aria-hidden className="pointer-events-none absolute inset-0 z-10 h-full w-full overflow-visible">
      {lines.map(({ at, fromPx, toPx }, i) => (
        <g key={i} className="stroke-accent fill-accent">
          <line x1={`${at * 100}%`} x2={`${at * 100}%`} y1={fromPx} y2={toPx} strokeWidth={2} strokeDasharray="4 3" />
          <circle cx={`${at * 100}%`} cy={fromPx} r={3} />
          <circle cx={`${at * 100}%`} cy={toPx} r={3} />
        </g>
      ))}
    </svg>
  );
}

interface BarProps {
  readonly bar: Bar;
  readonly scale: Scale;
  /** How many there are. */
  readonly calls: number;
  readonly current: boolean;
  readonly near: boolean;
  readonly tabbed: boolean;
  readonly onChoose: (call: string) => void;
  readonly refTo: React.RefObject<HTMLButtonElement | null> | undefined;
}

function BarItem({ bar: { call, row, left, width }, scale, calls, current, near, tabbed, onChoose, refTo }: BarProps) {
  const stand = standOf(call);
  // Two letters and dots say less than nothing.
  const roomy = scale === 'steps' || width * leastPx(scale, calls) > 56;
  const took = call.endedAtMs === null ? '' : `, ${duration(Math.max(0, call.endedAtMs - call.atMs))}`;
  const words = `${visible(nameOfCall(call))}: ${STAND_WORDS[stand]}${took}`;
  return (
    <li
      className="absolute px-px"
      style={{ left: `${left * 100}%`, width: `${width * 100}%`, top: row * ROW_PX + 4, height: BAR_PX }}
    >
      <button
        ref={refTo}
        type="button"
        title={words}
        aria-label={words}
        aria-current={current ? 'step' : undefined}
        tabIndex={tabbed ? 0 : -1}
        onClick={() => onChoose(call.call)}
        className={cn(
          'block h-full w-full min-w-6 truncate rounded-md border border-l-3 px-1.5 text-left text-xs text-ink',
          STAND_FILL[stand],
          near && 'ring-2 ring-accent/50',
          current && 'ring-2 ring-accent ring-offset-1 ring-offset-card',
        )}
      >
        {roomy && visible(call.target ?? call.action)}
      </button>
    </li>
  );
}

function Ticks({ fromMs, toMs }: { fromMs: number; toMs: number }) {
  return (
    <div className="relative h-6 text-xs text-soft" aria-hidden>
      {ticks({ fromMs, toMs }).map(({ at, ms }) => (
        <span
          key={ms}
          className={cn('tabular absolute top-1', at > 0.95 && '-translate-x-full')}
          style={{ left: `${at * 100}%` }}
        >
          {ms === 0 ? '0' : `+${duration(ms)}`}
        </span>
      ))}
    </div>
  );
}
