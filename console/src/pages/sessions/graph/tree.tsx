import { Bot, CornerDownRight, UserRound } from 'lucide-react';
import { type KeyboardEvent, useEffect, useMemo, useRef } from 'react';
import type { CallView, Handover } from '../../../../../src/model/insight/records.ts';
import { cn } from '../../../kit/cn.ts';
import { visible } from '../../../kit/text.tsx';
import { Time } from '../../../kit/time.tsx';
import { AgentLink, PersonLink } from '../../../record/links.tsx';
import { STAND_FILL, StandBadge } from '../../../record/stand.tsx';
import { nameOfCall, standOf } from '../../../record/words.ts';
import { nearTo, type Story } from '../story.ts';
import { type Arc, GAP_PX, type Row, SLOT_PX, type Tree, treeOf } from './tree-rows.ts';

export interface StoryGraphProps {
  readonly calls: readonly CallView[];
  readonly links: Story['links'];
  readonly at: string | null;
  readonly onChoose: (call: string) => void;
}

/** Pixels a level is further right; on a phone there are fewer. */
const INDENT = 'var(--indent)';
const LANE_PX = 11;

/** What led to what: read from top to bottom it is a list, drawn it is a graph. Up and down go through it as it stands. */
export function CausesView({ calls, links, at, onChoose }: StoryGraphProps) {
  const tree = useMemo(() => treeOf(calls, links, at), [calls, links, at]);
  const near = useMemo(() => (at === null ? new Set<string>() : nearTo(at, links)), [at, links]);
  const chosen = useRef<HTMLButtonElement>(null);
  const box = useRef<HTMLOListElement>(null);
  useEffect(() => {
    if (at !== null) chosen.current?.scrollIntoView({ block: 'nearest' });
  }, [at]);
  const tabbed = calls.some(({ call }) => call === at) ? at : firstOf(tree);
  const gutterPx = tree.lanes === 0 ? 0 : tree.lanes * LANE_PX + 16;
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
    const buttons = [...(box.current?.querySelectorAll<HTMLButtonElement>('button[data-call]') ?? [])];
    const next = buttons[buttons.indexOf(event.target as HTMLButtonElement) + (event.key === 'ArrowDown' ? 1 : -1)];
    if (next === undefined) return;
    event.preventDefault();
    next.focus();
    onChoose(next.dataset.call ?? '');
  };
  return (
    <div>
      <div className="relative p-3 [--indent:13px] sm:p-4 sm:[--indent:30px]">
        <div className="relative" style={{ height: tree.heightPx }}>
          <Stems rows={tree.rows} />
          <Arcs tree={tree} at={at} widthPx={gutterPx} />
          <ol
            ref={box}
            aria-label={`${calls.length} calls from cause to effect`}
            onKeyDown={onKeyDown}
            className="sm:pr-[var(--gutter)]"
            style={{ '--gutter': `${gutterPx}px` } as React.CSSProperties}
          >
            {tree.rows.map((row, i) => (
              <li
                key={i}
                style={{
                  height: SLOT_PX[row.kind],
                  paddingBottom: GAP_PX,
                  marginLeft: `calc(${INDENT} * ${row.depth})`,
                }}
              >
                {row.kind === 'person' ? (
                  <PersonBox person={row.person} />
                ) : row.kind === 'agent' ? (
                  <AgentBox strand={row.strand} />
                ) : (
                  <CallBox
                    row={row}
                    current={row.call.call === at}
                    near={near.has(row.call.call)}
                    tabbed={row.call.call === tabbed}
                    refTo={row.call.call === at ? chosen : undefined}
                    onChoose={onChoose}
                  />
                )}
              </li>
            ))}
          </ol>
        </div>
      </div>
      <Legend tree={tree} />
    </div>
  );
}

function firstOf({ rows }: Tree): string | null {
  const first = rows.find((row) => row.kind === 'call');
  return first?.kind === 'call' ? first.call.call : null;
}

function PersonBox({ person }: { person: string | null }) {
  return (
    <div className="inline-flex h-full max-w-full items-center gap-2 rounded-full border bg-card px-3.5 text-[13px] text-ink shadow-card">
      <UserRound className="size-4 shrink-0 text-soft" aria-hidden />
      <span className="truncate">
        {person === null ? 'Nobody: by an agent’s own authority' : <>On behalf of {<PersonLink id={person} />}</>}
      </span>
    </div>
  );
}

function AgentBox({ strand }: { strand: Extract<Row, { kind: 'agent' }>['strand'] }) {
  const { agent, hop, path, subject } = strand;
  return (
    <div
      className={cn(
        'flex h-full max-w-full items-center gap-2.5 rounded-lg border px-3 text-[13px] text-ink sm:w-fit sm:min-w-72',
        path.length > 1 ? 'border-accent/60 bg-accent-tint' : 'bg-sunk',
      )}
    >
      <Bot className={cn('size-4 shrink-0', path.length > 1 ? 'text-accent' : 'text-soft')} aria-hidden />
      <span className="min-w-0 leading-tight">
        <span className="block truncate font-semibold">
          <AgentLink id={agent} />
        </span>
        <span className="block truncate text-xs text-soft" title={hop === null ? undefined : visible(hopWords(hop))}>
          {path.length > 1
            ? hop === null
              ? `works for ${visible(path.at(-2) ?? '')}`
              : visible(hopWords(hop))
            : subject === null
              ? 'acts on its own'
              : `acts for ${visible(subject)}`}
        </span>
      </span>
    </div>
  );
}

/** `from buyer, over buyer-checker, at most erp:read`. */
export function hopWords({ from, connection, scopes, task }: Handover): string {
  return [
    `handed on by ${from}`,
    ...(connection === null ? [] : [`over ${connection}`]),
    ...(scopes === null ? [] : [scopes.length === 0 ? 'without a scope' : `at most ${scopes.join(' ')}`]),
    ...(task === null ? [] : [`for task ${task}`]),
  ].join(', ');
}

interface CallBoxProps {
  readonly row: Extract<Row, { kind: 'call' }>;
  readonly current: boolean;
  readonly near: boolean;
  readonly tabbed: boolean;
  readonly refTo: React.RefObject<HTMLButtonElement | null> | undefined;
  readonly onChoose: (call: string) => void;
}

function CallBox({ row: { call, n, from }, current, near, tabbed, refTo, onChoose }: CallBoxProps) {
  const stand = standOf(call);
  const code = stand === 'denied' ? call.code : call.outcomeCode;
  const used = from.length === 0 ? '' : `value from ${from.slice(0, 3).join(', ')}${from.length > 3 ? ' …' : ''}`;
  const said = [
    ...(call.approvedBy.length > 0 && stand !== 'denied' ? [`approved by ${call.approvedBy.join(', ')}`] : []),
    ...(code === null || code === '' || stand === 'ok' ? [] : [code]),
  ];
  return (
    <button
      ref={refTo}
      type="button"
      data-call={call.call}
      tabIndex={tabbed ? 0 : -1}
      aria-current={current ? 'step' : undefined}
      title={visible(nameOfCall(call))}
      onClick={() => onChoose(call.call)}
      className={cn(
        'flex h-full w-full max-w-xl items-center gap-3 rounded-lg border border-l-4 px-2.5 text-left text-[13px] text-ink',
        STAND_FILL[stand],
        near && 'ring-2 ring-accent/50',
        current && 'ring-2 ring-accent ring-offset-1 ring-offset-card',
      )}
    >
      <span className="tabular w-5 shrink-0 text-right text-xs text-soft">
        <span className="sr-only">Call </span>
        {n}
      </span>
      <span className="min-w-0 flex-1 leading-tight">
        <span className="block truncate font-medium">{visible(nameOfCall(call))}</span>
        <span className="sr-only">{` by ${visible(call.agent)}: `}</span>
        <span className="mt-0.5 flex items-center gap-1.5 text-xs text-soft">
          <StandBadge of={stand} />
          {said.length > 0 && <span className="truncate">{visible(said.join(', '))}</span>}
          {used !== '' && (
            <span className="inline-flex shrink-0 items-center gap-0.5 text-warn">
              <CornerDownRight className="size-3" aria-hidden /> {used}
            </span>
          )}
        </span>
      </span>
      <span className="hidden shrink-0 text-xs text-soft sm:block">
        <Time ms={call.atMs} look="clock" />
      </span>
    </button>
  );
}

/** What hangs on what. A level is as wide as the screen allows, which only style sheets know: each stem is a box with two of its edges drawn. */
function Stems({ rows }: { rows: readonly Row[] }) {
  return (
    <div aria-hidden>
      {rows.map((row, i) => {
        const parent = row.parent === null ? undefined : rows[row.parent];
        if (parent === undefined) return null;
        const from = parent.top + SLOT_PX[parent.kind] - GAP_PX;
        const to = row.top + (SLOT_PX[row.kind] - GAP_PX) / 2;
        const handed = row.kind === 'agent' && row.strand.path.length > 1;
        return (
          <div
            key={i}
            className={cn(
              'absolute rounded-bl-md border-b border-l',
              handed ? 'z-10 border-b-2 border-l-2 border-accent' : 'border-edge/70',
              row.kind === 'agent' && !handed && 'border-dashed',
            )}
            style={{
              left: `calc(${INDENT} * ${parent.depth} + ${INDENT} / 2)`,
              width: `calc(${INDENT} * ${row.depth - parent.depth} - ${INDENT} / 2)`,
              top: from,
              height: to - from,
            }}
          />
        );
      })}
    </div>
  );
}

const ARC_LOOK = { data: 'stroke-warn', approval: 'stroke-good' } as const;
const HEAD_LOOK = { data: 'fill-warn', approval: 'fill-good' } as const;

/** At the right edge, from the call a value came from to the one that used it. */
function Arcs({ tree: { arcs, rows, heightPx }, at, widthPx }: { tree: Tree; at: string | null; widthPx: number }) {
  if (arcs.length === 0) return null;
  const middle = (i: number): number => rows[i]!.top + (SLOT_PX.call - GAP_PX) / 2;
  const isOf = ({ from, to }: Arc): boolean =>
    [rows[from], rows[to]].some((row) => row?.kind === 'call' && row.call.call === at);
  return (
    <svg
      aria-hidden
      className="absolute top-0 right-0 hidden sm:block"
      width={widthPx}
      height={heightPx}
      viewBox={`0 0 ${widthPx} ${heightPx}`}
    >
      {arcs.map((arc) => {
        const { from, to, kind, lane } = arc;
        const [y1, y2] = [middle(from) + 6, middle(to) - 6];
        const x = 14 + lane * LANE_PX;
        const bend = y2 > y1 ? 6 : -6;
        const strong = isOf(arc);
        return (
          <g key={`${from} ${to} ${kind}`} opacity={at === null || strong ? 1 : 0.4}>
            <path
              d={`M 2 ${y1} H ${x - 6} Q ${x} ${y1} ${x} ${y1 + bend} V ${y2 - bend} Q ${x} ${y2} ${x - 6} ${y2} H 8`}
              fill="none"
              strokeWidth={strong ? 2.25 : 1.5}
              strokeDasharray={kind === 'approval' ? '5 3' : undefined}
              className={ARC_LOOK[kind]}
            />
            <path d={`M 2 ${y2} l 7 -4 v 8 z`} className={HEAD_LOOK[kind]} />
          </g>
        );
      })}
    </svg>
  );
}

function Legend({ tree: { arcs, crowded, leftOut, rows } }: { tree: Tree }) {
  const handed = rows.some((row) => row.kind === 'agent' && row.strand.path.length > 1);
  const kinds = new Set(arcs.map(({ kind }) => kind));
  const lines: readonly (readonly [string, string])[] = [
    ['calls, in order', 'border-edge/70'],
    ...(handed ? ([['handed on to another agent', 'border-accent']] as const) : []),
    ...(kinds.has('data') ? ([['a value of that call is used', 'border-warn']] as const) : []),
    ...(kinds.has('approval') ? ([['went on with the answer of people', 'border-good border-dashed']] as const) : []),
  ];
  return (
    <p className="flex flex-wrap gap-x-4 gap-y-1 border-t px-4 py-2 text-xs text-soft">
      {lines.map(([words, look]) => (
        <span key={words} className="inline-flex items-center gap-1.5">
          <span aria-hidden className={cn('inline-block w-5 border-t-2', look)} />
          {words}
        </span>
      ))}
      {crowded && <span>Many values went from call to call: choose a call to see its own.</span>}
      {leftOut > 0 && <span>{leftOut} more calls are not drawn: filter to see them.</span>}
    </p>
  );
}
