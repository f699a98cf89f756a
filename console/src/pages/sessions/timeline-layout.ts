import type { CallView } from '../../../../src/model/insight/records.ts';
import type { Story } from './story.ts';

export type Scale = 'time' | 'steps';

export interface Bar {
  readonly call: CallView;
  readonly row: number;
  /** Parts of the whole width, 0 to 1. */
  readonly left: number;
  readonly width: number;
}

export interface Lane {
  readonly agent: string;
  readonly rows: number;
  readonly bars: readonly Bar[];
}

export interface Layout {
  readonly lanes: readonly Lane[];
  readonly fromMs: number;
  readonly toMs: number;
}

export const ROW_PX = 32;
const LANE_EXTRA_PX = 8;

/** Where work went from one lane to another, as part of the width and in pixels of the height. */
export interface HandedLine {
  readonly at: number;
  readonly fromPx: number;
  readonly toPx: number;
}

/** One for each call that was handed on and each agent it was handed to: at the first call that came of it. */
export function handovers(lanes: readonly Lane[], links: Story['links']): readonly HandedLine[] {
  const places = new Map<string, { lane: number; middlePx: number; left: number; agent: string }>();
  let topPx = 0;
  for (const [lane, { agent, rows, bars }] of lanes.entries()) {
    for (const { call, row, left } of bars)
      places.set(call.call, { lane, middlePx: topPx + row * ROW_PX + ROW_PX / 2, left, agent });
    topPx += rows * ROW_PX + LANE_EXTRA_PX;
  }
  const first = new Map<string, HandedLine>();
  for (const { from, to, kind } of links) {
    const [cause, effect] = [places.get(from), places.get(to)];
    if (kind !== 'delegated' || cause === undefined || effect === undefined || cause.lane === effect.lane) continue;
    const key = JSON.stringify([from, effect.agent]);
    const line = { at: effect.left, fromPx: cause.middlePx, toPx: effect.middlePx };
    if ((first.get(key)?.at ?? 2) > line.at) first.set(key, line);
  }
  return [...first.values()];
}

/** So wide that a finger hits it. */
const MIN_PX = 25;
const STEP_PX = 58;
/** With a word on it. */
const ROOMY_PX = 92;
const WIDE_PX = { time: 800, steps: 520 } as const;

/** How wide the drawing is at least: a few calls are seen whole, also on a phone; many are scrolled through. */
export function leastPx(scale: Scale, calls: number): number {
  return Math.max(Math.min(WIDE_PX[scale], calls * ROOMY_PX), scale === 'steps' ? calls * STEP_PX : 0);
}

const leastWidth = (scale: Scale, calls: number): number => Math.min(1, MIN_PX / leastPx(scale, calls));

/** Bars by time, or one after the other where most of the time nothing happened; a lane for each agent, in the order they came in. */
export function layout(calls: readonly CallView[], scale: Scale, nowMs: number): Layout {
  const fromMs = Math.min(...calls.map(({ atMs }) => atMs));
  const toMs = Math.max(...calls.map((call) => endOf(call, nowMs)), fromMs + 1);
  const least = leastWidth(scale, calls.length);
  const lanes = new Map<string, { bars: Bar[]; ends: number[] }>();
  for (const [i, call] of calls.entries()) {
    const lane = lanes.get(call.agent) ?? { bars: [], ends: [] };
    lanes.set(call.agent, lane);
    const place = scale === 'steps' ? step(i, calls.length) : moment(call, { fromMs, toMs, nowMs, least });
    const free = lane.ends.findIndex((end) => end <= place.left + 1e-9);
    const row = free < 0 ? lane.ends.length : free;
    lane.ends[row] = place.left + place.width;
    lane.bars.push({ call, row, ...place });
  }
  return {
    lanes: [...lanes].map(([agent, { bars, ends }]) => ({ agent, rows: ends.length, bars })),
    ...{ fromMs, toMs },
  };
}

function step(i: number, of: number): { left: number; width: number } {
  return { left: i / of, width: 1 / of };
}

function moment(
  call: CallView,
  { fromMs, toMs, nowMs, least }: { fromMs: number; toMs: number; nowMs: number; least: number },
): { left: number; width: number } {
  const span = toMs - fromMs;
  const width = Math.max(least, (endOf(call, nowMs) - call.atMs) / span);
  return { left: Math.min((call.atMs - fromMs) / span, 1 - width), width };
}

function endOf(call: CallView, nowMs: number): number {
  // A call that was refused took no time; one under way has taken all until now.
  if (call.endedAtMs !== null) return call.endedAtMs;
  return call.effect === 'permit' && call.outcome === null ? Math.max(call.atMs, nowMs) : call.atMs;
}

/** By time where time tells something: where at least half of the calls took long enough to be seen as longer than a point. */
export function defaultScale(calls: readonly CallView[]): Scale {
  if (calls.length > 60) return 'steps';
  const fromMs = Math.min(...calls.map(({ atMs }) => atMs));
  const toMs = Math.max(...calls.map(({ atMs, endedAtMs }) => endedAtMs ?? atMs), fromMs + 1);
  const least = leastWidth('time', calls.length);
  const seen = calls.filter(({ atMs, endedAtMs }) => ((endedAtMs ?? atMs) - atMs) / (toMs - fromMs) >= least);
  return seen.length * 2 >= calls.length ? 'time' : 'steps';
}

/** Three or four round moments to write below. */
export function ticks({ fromMs, toMs }: Pick<Layout, 'fromMs' | 'toMs'>): readonly { at: number; ms: number }[] {
  const span = toMs - fromMs;
  const raw = span / 4;
  const power = 10 ** Math.floor(Math.log10(raw));
  const stepMs = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= raw) ?? raw;
  const found: { at: number; ms: number }[] = [];
  for (let ms = 0; ms <= span; ms += stepMs) found.push({ at: ms / span, ms });
  return found;
}
