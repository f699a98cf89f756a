import type { CallView } from '../../../../../src/model/insight/records.ts';
import { nameOfCall, type Stand, standOf } from '../../../record/words.ts';
import { pathOf } from './strands.ts';

/** An agent, or the person at the root, where it stands in the drawing. */
export interface Actor {
  readonly id: string;
  readonly kind: 'person' | 'agent';
  /** Null: nobody, an agent acts on its own authority. */
  readonly name: string | null;
  readonly depth: number;
  readonly parent: string | null;
  readonly y: number;
}

/** What one agent did with one tool. */
export interface Use {
  readonly actor: string;
  readonly agent: string;
  readonly calls: readonly string[];
  readonly stands: readonly (readonly [Stand, number])[];
  readonly worst: Stand;
  readonly y: number;
}

export interface Reached {
  readonly name: string;
  readonly y: number;
  readonly heightPx: number;
  readonly uses: readonly Use[];
}

export interface Reach {
  readonly actors: readonly Actor[];
  readonly tools: readonly Reached[];
  readonly heightPx: number;
  /** Tools that are not drawn. */
  readonly leftOut: number;
}

export const ACTOR_PX = 42;
const ACTOR_GAP_PX = 14;
export const HEAD_PX = 34;
export const USE_PX = 26;
const FOOT_PX = 6;
const TOOL_GAP_PX = 12;
const MOST_TOOLS = 60;
/** The worse, the earlier: what a line looks like. */
const WORST: readonly Stand[] = ['denied', 'failed', 'unknown', 'asked', 'running', 'permitted', 'ok'];

/** Agents on the left in the order in which work came to them, tools on the right: one line for all calls of one to the other. */
export function reachOf(calls: readonly CallView[]): Reach {
  const actors = actorsOf(calls);
  const order = new Map(actors.map(({ id }, i) => [id, i]));
  const found = new Map<string, Map<string, CallView[]>>();
  for (const call of calls) {
    const name = nameOfCall(call);
    const of = found.get(name) ?? new Map<string, CallView[]>();
    found.set(name, of);
    const actor = idOf(call.subject, pathOf(call));
    of.set(actor, [...(of.get(actor) ?? []), call]);
  }
  const tools: Reached[] = [];
  let y = 0;
  for (const [name, of] of [...found].slice(0, MOST_TOOLS)) {
    const heightPx = HEAD_PX + of.size * USE_PX + FOOT_PX;
    const uses = [...of]
      .toSorted(([a], [b]) => (order.get(a) ?? 0) - (order.get(b) ?? 0))
      .map(([actor, made], i) => useOf(actor, made, y + HEAD_PX + i * USE_PX + USE_PX / 2));
    tools.push({ name, y, heightPx, uses });
    y += heightPx + TOOL_GAP_PX;
  }
  const placed = placedActors(actors, tools);
  const last = placed.at(-1);
  const heightPx = Math.max(y - TOOL_GAP_PX, last === undefined ? 0 : last.y + ACTOR_PX);
  return { actors: placed, tools, heightPx, leftOut: Math.max(0, found.size - MOST_TOOLS) };
}

function useOf(actor: string, made: readonly CallView[], y: number): Use {
  const counts = new Map<Stand, number>();
  for (const call of made) counts.set(standOf(call), (counts.get(standOf(call)) ?? 0) + 1);
  const stands = [...counts].toSorted(([a], [b]) => WORST.indexOf(b) - WORST.indexOf(a));
  const worst = stands.at(-1)?.[0] ?? 'ok';
  return { actor, agent: made[0]?.agent ?? '', calls: made.map(({ call }) => call), stands, worst, y };
}

type Unplaced = Omit<Actor, 'y'>;

/** Depth first: below each agent those it handed work to. */
function actorsOf(calls: readonly CallView[]): readonly Unplaced[] {
  const all = new Map<string, Unplaced>();
  for (const call of calls) {
    const root = idOf(call.subject, []);
    all.set(root, { id: root, kind: 'person', name: call.subject, depth: 0, parent: null });
    let parent = root;
    for (const [i, name] of pathOf(call).entries()) {
      const id = idOf(call.subject, pathOf(call).slice(0, i + 1));
      if (!all.has(id)) all.set(id, { id, kind: 'agent', name, depth: i + 1, parent });
      parent = id;
    }
  }
  const inOrder: Unplaced[] = [];
  const add = (actor: Unplaced): void => {
    inOrder.push(actor);
    for (const each of all.values()) if (each.parent === actor.id) add(each);
  };
  for (const actor of all.values()) if (actor.parent === null) add(actor);
  return inOrder;
}

/** Near what they use, never over each other: an agent's lines are as short as the order allows. */
function placedActors(actors: readonly Unplaced[], tools: readonly Reached[]): readonly Actor[] {
  const heights = new Map<string, number[]>();
  for (const { uses } of tools) for (const { actor, y } of uses) heights.set(actor, [...(heights.get(actor) ?? []), y]);
  let next = 0;
  return actors.map((actor) => {
    const own = heights.get(actor.id) ?? [];
    const middle = own.reduce((sum, y) => sum + y, 0) / Math.max(1, own.length) - ACTOR_PX / 2;
    const y = own.length === 0 ? next : Math.max(next, Math.round(middle));
    next = y + ACTOR_PX + ACTOR_GAP_PX;
    return { ...actor, y };
  });
}

function idOf(subject: string | null, path: readonly string[]): string {
  return JSON.stringify([subject, ...path]);
}
