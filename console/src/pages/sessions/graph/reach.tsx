import { Bot, UserRound, Wrench } from 'lucide-react';
import { useEffect, useMemo, useRef, useState } from 'react';
import { cn } from '../../../kit/cn.ts';
import { visible } from '../../../kit/text.tsx';
import { AgentLink, PersonLink } from '../../../record/links.tsx';
import { StandBadge } from '../../../record/stand.tsx';
import type { Stand } from '../../../record/words.ts';
import { ACTOR_PX, type Actor, HEAD_PX, type Reach, type Reached, reachOf, USE_PX, type Use } from './reach-layout.ts';
import type { StoryGraphProps } from './tree.tsx';

const ACTOR_WIDTH_PX = 214;
const INDENT_PX = 26;
const TOOL_WIDTH_PX = 290;
/** With less, lines would be too short to follow: then the same is told without them. */
const LEAST_GUTTER_PX = 70;

const LINE: Readonly<
  Record<Stand, { readonly stroke: string; readonly fill: string; readonly dash?: string; readonly words: string }>
> = {
  ok: { stroke: 'stroke-good', fill: 'fill-good', words: 'all done' },
  permitted: { stroke: 'stroke-good', fill: 'fill-good', words: 'all done' },
  running: { stroke: 'stroke-accent', fill: 'fill-accent', words: 'under way' },
  asked: { stroke: 'stroke-warn', fill: 'fill-warn', dash: '2 4', words: 'some wait for people' },
  failed: { stroke: 'stroke-warn', fill: 'fill-warn', dash: '8 4', words: 'some failed' },
  unknown: { stroke: 'stroke-warn', fill: 'fill-warn', dash: '8 4', words: 'some failed' },
  denied: { stroke: 'stroke-bad', fill: 'fill-bad', dash: '5 3', words: 'some denied' },
};

/** Who used what, all calls of one agent to one tool as one line. Choosing a line goes through its calls. */
export function ReachView({ calls, at, onChoose }: Omit<StoryGraphProps, 'links'>) {
  const reach = useMemo(() => reachOf(calls), [calls]);
  const [over, setOver] = useState<string | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const widthPx = useWidth(box);
  const deepest = Math.max(0, ...reach.actors.map(({ depth }) => depth));
  const leftPx = deepest * INDENT_PX + ACTOR_WIDTH_PX;
  const drawn = widthPx >= leftPx + LEAST_GUTTER_PX + TOOL_WIDTH_PX;
  const choose = ({ calls: own }: Use): void => {
    const next = own[(own.indexOf(at ?? '') + 1) % own.length];
    if (next !== undefined) onChoose(next);
  };
  const common = { at, over, onOver: setOver, onChoose: choose };
  return (
    <div>
      <div ref={box} className="p-4">
        {widthPx > 0 &&
          (drawn ? (
            <div className="relative" style={{ height: reach.heightPx }}>
              <Lines reach={reach} over={over} at={at} leftPx={leftPx} widthPx={widthPx} />
              <ul aria-label="Agents, in the order in which work came to them">
                {reach.actors.map((actor) => (
                  <li
                    key={actor.id}
                    className="absolute"
                    style={{ left: actor.depth * INDENT_PX, top: actor.y, width: ACTOR_WIDTH_PX, height: ACTOR_PX }}
                    onPointerEnter={() => setOver(actor.id)}
                    onPointerLeave={() => setOver(null)}
                  >
                    <ActorBox actor={actor} />
                  </li>
                ))}
              </ul>
              <ul aria-label="Tools, and who called them">
                {reach.tools.map((tool) => (
                  <li
                    key={tool.name}
                    className="absolute right-0"
                    style={{ top: tool.y, width: TOOL_WIDTH_PX, height: tool.heightPx }}
                  >
                    <ToolBox tool={tool} {...common} />
                  </li>
                ))}
              </ul>
            </div>
          ) : (
            <div className="space-y-4">
              <ul className="space-y-1.5" aria-label="Agents, in the order in which work came to them">
                {reach.actors.map((actor) => (
                  <li key={actor.id} style={{ paddingLeft: actor.depth * 14, height: ACTOR_PX }}>
                    <ActorBox actor={actor} />
                  </li>
                ))}
              </ul>
              <ul className="space-y-2.5" aria-label="Tools, and who called them">
                {reach.tools.map((tool) => (
                  <li key={tool.name} style={{ height: tool.heightPx }}>
                    <ToolBox tool={tool} {...common} />
                  </li>
                ))}
              </ul>
            </div>
          ))}
      </div>
      <Legend reach={reach} drawn={drawn} />
    </div>
  );
}

function useWidth(box: React.RefObject<HTMLDivElement | null>): number {
  const [widthPx, setWidthPx] = useState(0);
  useEffect(() => {
    const at = box.current;
    if (at === null) return;
    const sizes = new ResizeObserver(([entry]) => setWidthPx(Math.floor(entry?.contentRect.width ?? 0)));
    sizes.observe(at);
    return () => sizes.disconnect();
  }, [box]);
  return widthPx;
}

function ActorBox({ actor: { kind, name, depth } }: { actor: Actor }) {
  const Icon = kind === 'agent' ? Bot : UserRound;
  return (
    <div
      className={cn(
        'flex h-full items-center gap-2 border px-3 text-[13px] text-ink',
        kind === 'person' ? 'rounded-full bg-card' : 'rounded-lg',
        kind === 'agent' && (depth > 1 ? 'border-accent/60 bg-accent-tint' : 'bg-sunk'),
      )}
      title={name === null ? undefined : visible(name)}
    >
      <Icon className={cn('size-4 shrink-0', depth > 1 ? 'text-accent' : 'text-soft')} aria-hidden />
      <span className="line-clamp-2 leading-tight font-medium">
        {name === null ? 'On its own authority' : kind === 'agent' ? <AgentLink id={name} /> : <PersonLink id={name} />}
      </span>
    </div>
  );
}

interface ToolProps {
  readonly tool: Reached;
  readonly at: string | null;
  readonly over: string | null;
  readonly onOver: (actor: string | null) => void;
  readonly onChoose: (use: Use) => void;
}

function ToolBox({ tool: { name, uses }, at, over, onOver, onChoose }: ToolProps) {
  return (
    <div className="h-full rounded-lg border bg-card shadow-card">
      <p className="flex items-center gap-2 border-b px-3 text-[13px] font-medium" style={{ height: HEAD_PX - 4 }}>
        <Wrench className="size-3.5 shrink-0 text-soft" aria-hidden />
        <span className="truncate" title={visible(name)}>
          {visible(name)}
        </span>
      </p>
      <ul className="px-1 pt-1">
        {uses.map((use) => (
          <li key={use.actor} style={{ height: USE_PX }}>
            <button
              type="button"
              aria-pressed={at !== null && use.calls.includes(at)}
              onClick={() => onChoose(use)}
              onPointerEnter={() => onOver(use.actor)}
              onPointerLeave={() => onOver(null)}
              className={cn(
                'flex h-full w-full items-center gap-2 rounded-md px-2 text-left text-xs hover:bg-sunk focus-visible:-outline-offset-2',
                (over === use.actor || (at !== null && use.calls.includes(at))) && 'bg-accent-tint',
              )}
            >
              <span className="min-w-0 flex-1 truncate text-soft" title={visible(use.agent)}>
                {visible(use.agent)}
              </span>
              <span className="sr-only">{visible(`, ${name}: `)}</span>
              {use.stands.slice(0, 3).map(([stand, n]) => (
                <span key={stand} className="flex items-center gap-1">
                  <span className={n > 1 ? 'tabular text-soft' : 'sr-only'}>{n}</span> <StandBadge of={stand} />
                </span>
              ))}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

interface LinesProps {
  readonly reach: Reach;
  readonly over: string | null;
  readonly at: string | null;
  readonly leftPx: number;
  readonly widthPx: number;
}

/** Each agent has a height of its own, so that a line on its way to the right passes under no other. */
function Lines({ reach: { actors, tools, heightPx }, over, at, leftPx, widthPx }: LinesProps) {
  const where = new Map(actors.map((actor) => [actor.id, actor]));
  const toX = widthPx - TOOL_WIDTH_PX;
  return (
    <svg
      aria-hidden
      className="absolute inset-0"
      width={widthPx}
      height={heightPx}
      viewBox={`0 0 ${widthPx} ${heightPx}`}
    >
      {actors.map(({ id, parent, depth, y }) => {
        const from = parent === null ? undefined : where.get(parent);
        if (from === undefined) return null;
        const x = from.depth * INDENT_PX + INDENT_PX / 2;
        return (
          <path
            key={id}
            d={`M ${x} ${from.y + ACTOR_PX} V ${y + ACTOR_PX / 2} H ${depth * INDENT_PX}`}
            fill="none"
            strokeWidth={depth > 1 ? 2 : 1.25}
            strokeDasharray={depth > 1 ? undefined : '4 3'}
            className={depth > 1 ? 'stroke-accent' : 'stroke-edge'}
          />
        );
      })}
      {tools.flatMap(({ name, uses }) =>
        uses.map((use) => {
          const from = where.get(use.actor);
          if (from === undefined) return null;
          const strong = over === use.actor || (at !== null && use.calls.includes(at));
          const faint = !strong && (over !== null || at !== null);
          const { stroke, fill, dash } = LINE[use.worst];
          const [x, y] = [from.depth * INDENT_PX + ACTOR_WIDTH_PX, from.y + ACTOR_PX / 2];
          const bend = Math.max(30, (toX - leftPx) / 2);
          return (
            <g key={`${name} ${use.actor}`} opacity={faint ? 0.35 : 1}>
              <path
                d={`M ${x} ${y} H ${leftPx} C ${leftPx + bend} ${y} ${toX - bend} ${use.y} ${toX - 2} ${use.y}`}
                fill="none"
                strokeWidth={strong ? 2.5 : 1.5}
                strokeDasharray={dash}
                className={stroke}
              />
              <circle cx={toX - 2} cy={use.y} r={3} className={fill} />
            </g>
          );
        }),
      )}
    </svg>
  );
}

function Legend({ reach: { tools, leftOut, actors }, drawn }: { reach: Reach; drawn: boolean }) {
  const stands = new Map(tools.flatMap(({ uses }) => uses.map(({ worst }) => [LINE[worst].words, worst] as const)));
  return (
    <p className="flex flex-wrap gap-x-4 gap-y-1 border-t px-4 py-2 text-xs text-soft">
      {drawn && actors.some(({ depth }) => depth > 1) && (
        <span className="inline-flex items-center gap-1.5">
          <svg width="20" height="4" aria-hidden>
            <line x1="0" x2="20" y1="2" y2="2" strokeWidth="2" className="stroke-accent" />
          </svg>
          handed on
        </span>
      )}
      {drawn &&
        [...stands].map(([words, stand]) => (
          <span key={words} className="inline-flex items-center gap-1.5">
            <svg width="20" height="4" aria-hidden>
              <line
                x1="0"
                x2="20"
                y1="2"
                y2="2"
                strokeWidth="2"
                strokeDasharray={LINE[stand].dash}
                className={LINE[stand].stroke}
              />
            </svg>
            {words}
          </span>
        ))}
      <span>Choose a line to go through its calls.</span>
      {leftOut > 0 && <span>{leftOut} more tools are not drawn: filter to see them.</span>}
    </p>
  );
}
