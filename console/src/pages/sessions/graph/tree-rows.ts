import type { CallView } from '../../../../../src/model/insight/records.ts';
import type { Story } from '../story.ts';
import { type Strand, strandsOf } from './strands.ts';

const MOST_ROWS = 400;
/** So many arcs beside each other can be followed with the eye. */
const MOST_LANES = 7;
export const SLOT_PX = { person: 46, agent: 62, call: 58 } as const;
/** Between a box and the next. */
export const GAP_PX = 8;

export type Row = {
  readonly depth: number;
  /** The row it hangs on; `null`: a root. */
  readonly parent: number | null;
  readonly top: number;
} & (
  | { readonly kind: 'person'; readonly person: string | null }
  | { readonly kind: 'agent'; readonly strand: Strand }
  | { readonly kind: 'call'; readonly call: CallView; readonly n: number; readonly from: readonly number[] }
);

/** A value that went from one call to another, or the answer of people. */
export interface Arc {
  readonly from: number;
  readonly to: number;
  readonly kind: 'data' | 'approval';
  readonly lane: number;
}

export interface Tree {
  readonly rows: readonly Row[];
  readonly arcs: readonly Arc[];
  readonly lanes: number;
  readonly heightPx: number;
  /** Calls that are not drawn. */
  readonly leftOut: number;
  /** More values went from call to call than can be drawn: only those of the chosen call are. */
  readonly crowded: boolean;
}

type Growing = { rows: Row[]; top: number; left: number };

/** From cause to effect, from top to bottom and from left to right: the person, the agent, its calls, and what it handed on below the call after which it did. */
export function treeOf(calls: readonly CallView[], links: Story['links'], at: string | null): Tree {
  const strands = strandsOf(calls, links);
  const numbers = new Map(calls.map(({ call }, i) => [call, i + 1]));
  const sources = sourcesOf(links, numbers);
  const growing: Growing = { rows: [], top: 0, left: 0 };
  const put = (row: object, kind: Row['kind']): number | null => {
    if (growing.rows.length >= MOST_ROWS) {
      if (kind === 'call') growing.left++;
      return null;
    }
    growing.rows.push({ ...row, kind, top: growing.top } as Row);
    growing.top += SLOT_PX[kind];
    return growing.rows.length - 1;
  };
  const grow = (strand: Strand, parent: number | null, depth: number): void => {
    const own = put({ strand, parent, depth }, 'agent');
    const handed = strands.filter((each) => each.parent === strand.id);
    const shown = new Set(strand.calls.map(({ call }) => call));
    for (const each of handed) if (each.after === null || !shown.has(each.after)) grow(each, own, depth + 1);
    for (const call of strand.calls) {
      const n = numbers.get(call.call) ?? 0;
      const row = put({ call, n, from: sources.get(call.call) ?? [], parent: own, depth: depth + 1 }, 'call');
      for (const each of handed) if (each.after === call.call) grow(each, row, depth + 2);
    }
  };
  for (const subject of new Set(strands.map((strand) => strand.subject))) {
    const root = put({ person: subject, parent: null, depth: 0 }, 'person');
    for (const strand of strands) if (strand.parent === null && strand.subject === subject) grow(strand, root, 1);
  }
  return { ...arcsOf(growing.rows, links, at), rows: growing.rows, heightPx: growing.top, leftOut: growing.left };
}

/** Numbers of the calls whose values a call uses. */
function sourcesOf(
  links: Story['links'],
  numbers: ReadonlyMap<string, number>,
): ReadonlyMap<string, readonly number[]> {
  const sources = new Map<string, number[]>();
  for (const { from, to, kind } of links) {
    const n = numbers.get(from);
    if (kind === 'data' && n !== undefined) sources.set(to, [...(sources.get(to) ?? []), n]);
  }
  return sources;
}

function arcsOf(
  rows: readonly Row[],
  links: Story['links'],
  at: string | null,
): Pick<Tree, 'arcs' | 'lanes' | 'crowded'> {
  const place = new Map(rows.flatMap((row, i) => (row.kind === 'call' ? [[row.call.call, i] as const] : [])));
  const wanted: { from: number; to: number; kind: 'data' | 'approval'; own: boolean }[] = [];
  for (const { from, to, kind } of links) {
    const [a, b] = [place.get(from), place.get(to)];
    if (kind === 'delegated' || a === undefined || b === undefined || a === b) continue;
    wanted.push({ from: a, to: b, kind, own: from === at || to === at });
  }
  const all = inLanes(wanted);
  if (all.lanes <= MOST_LANES) return { ...all, crowded: false };
  const own = inLanes(wanted.filter((arc) => arc.own));
  return {
    arcs: own.arcs.filter(({ lane }) => lane < MOST_LANES),
    lanes: Math.min(own.lanes, MOST_LANES),
    crowded: true,
  };
}

/** The short ones inside; none over another. */
function inLanes(wanted: readonly Omit<Arc, 'lane'>[]): Pick<Tree, 'arcs' | 'lanes'> {
  const lanes: (readonly [number, number])[][] = [];
  const span = ({ from, to }: Omit<Arc, 'lane'>): number => Math.abs(to - from);
  const arcs = wanted
    .toSorted((a, b) => span(a) - span(b))
    .map(({ from, to, kind }): Arc => {
      const [low, high] = [Math.min(from, to), Math.max(from, to)];
      const free = lanes.findIndex((taken) => taken.every(([a, b]) => high < a || low > b));
      const lane = free < 0 ? lanes.length : free;
      lanes[lane] = [...(lanes[lane] ?? []), [low, high]];
      return { from, to, kind, lane };
    });
  return { arcs, lanes: lanes.length };
}
