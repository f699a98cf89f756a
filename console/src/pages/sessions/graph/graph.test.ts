import { describe, expect, it } from 'vitest';
import type { CallView, Handover, SessionView } from '../../../../../src/model/insight/records.ts';
import { handovers, layout } from '../timeline-layout.ts';
import { ACTOR_PX, reachOf } from './reach-layout.ts';
import { pathsOf, strandsOf } from './strands.ts';
import { SLOT_PX, treeOf } from './tree-rows.ts';

const hop = (seq: number, from: string, to: string): Handover => ({
  ...{ seq, atMs: seq, how: 'exchange', from, to, connection: `${from}-${to}`, scopes: null, task: null },
});

/** A call by the last of these agents, which the others handed it on to. */
function call(seq: number, path: readonly string[], more: Partial<CallView> = {}): CallView {
  const chain = path.toReversed();
  return {
    ...{ call: `c${seq}`, seq, atMs: seq * 100, endedAtMs: seq * 100 + 50, agent: chain[0], owner: 'o' },
    ...{
      subject: 'alice',
      chain,
      handovers: path.slice(1).map((to, i) => hop(i, path[i]!, to)),
      session: 's',
      txn: 't',
    },
    ...{
      action: 'tools/call',
      server: 'erp',
      target: `tool-${seq % 3}`,
      effect: 'permit',
      code: 'policy',
      reasons: [],
    },
    ...{ approval: null, approvedBy: [], outcome: 'ok', outcomeCode: null, args: null, argsHidden: false },
    ...more,
  } as CallView;
}

const delegated = (from: string, to: string): SessionView['links'][number] => ({ from, to, kind: 'delegated' });
const CALLS = [
  call(1, ['root']),
  call(2, ['root', 'mid', 'leaf'], { effect: 'deny', outcome: null }),
  call(3, ['root']),
  call(4, ['root', 'side']),
];
const LINKS = [delegated('c1', 'c2'), delegated('c3', 'c4')];

describe('who acted for whom', () => {
  it('is found with those between that did nothing but hand on', () => {
    expect(
      strandsOf(CALLS, LINKS).map(({ path, calls, after, hop: by }) => [path, calls.length, after, by?.from]),
    ).toEqual([
      [['root'], 2, null, undefined],
      [['root', 'mid'], 0, 'c1', 'root'],
      [['root', 'mid', 'leaf'], 1, null, 'mid'],
      [['root', 'side'], 1, 'c3', 'root'],
    ]);
    expect(pathsOf(CALLS).map(({ path }) => path)).toEqual([
      ['root', 'mid', 'leaf'],
      ['root', 'side'],
    ]);
  });

  it('what was handed on twice is two strands, and what is for another person is no part of it', () => {
    const twice = [call(1, ['root', 'mid']), { ...call(2, ['root', 'mid']), handovers: [hop(7, 'root', 'mid')] }];
    expect(strandsOf([...twice, call(3, ['root'], { subject: 'bob' })], []).map(({ calls }) => calls.length)).toEqual([
      0, 1, 1, 1,
    ]);
  });
});

describe('from cause to effect', () => {
  it('stands from top to bottom and from left to right, nothing over another', () => {
    const { rows, heightPx } = treeOf(CALLS, LINKS, null);
    const told = rows.map((row) => {
      const what = row.kind === 'call' ? row.call.call : row.kind === 'agent' ? row.strand.agent : row.person;
      return `${row.depth} ${what}`;
    });
    expect(told).toEqual(['0 alice', '1 root', '2 c1', '3 mid', '4 leaf', '5 c2', '2 c3', '3 side', '4 c4']);
    for (const [i, row] of rows.entries()) {
      expect(rows[i + 1]?.top ?? heightPx).toBe(row.top + SLOT_PX[row.kind]);
      if (row.parent !== null) expect(rows[row.parent]!.depth).toBeLessThan(row.depth);
    }
  });

  it('arcs never lie over each other, and where there are too many only those of the chosen call are drawn', () => {
    const many = Array.from({ length: 30 }, (_, i) => call(i + 1, ['root']));
    const links = many.slice(1).map(({ call: to }) => ({ from: 'c1', to, kind: 'data' as const }));
    const few = treeOf(many, links.slice(0, 4), null);
    expect([few.crowded, few.arcs.length, new Set(few.arcs.map(({ lane }) => lane)).size]).toEqual([false, 4, 4]);
    expect(treeOf(many, links, null)).toMatchObject({ crowded: true, arcs: [] });
    expect(treeOf(many, links, 'c9').arcs).toHaveLength(1);
    const [from] = treeOf(many, links, null).rows.flatMap((row) =>
      row.kind === 'call' && row.n === 9 ? [row.from] : [],
    );
    expect(from).toEqual([1]);
  });

  it('is bounded, and says what is not drawn', () => {
    const many = Array.from({ length: 900 }, (_, i) => call(i + 1, ['root', `agent-${i % 12}`]));
    const { rows, leftOut } = treeOf(many, [], null);
    expect(rows.filter(({ kind }) => kind === 'call').length + leftOut).toBe(900);
    expect(rows.length).toBeLessThanOrEqual(400);
  });
});

describe('agents and tools', () => {
  it('are one line for all calls of one to the other, the worst of them in its look, and nobody stands on another', () => {
    const { actors, tools } = reachOf([...CALLS, call(7, ['root'])]);
    expect(actors.map(({ name, depth }) => [name, depth])).toEqual([
      ['alice', 0],
      ['root', 1],
      ['mid', 2],
      ['leaf', 3],
      ['side', 2],
    ]);
    for (const [i, { y }] of actors.entries()) if (i > 0) expect(y).toBeGreaterThan(actors[i - 1]!.y + ACTOR_PX);
    for (const [i, { y }] of tools.entries())
      if (i > 0) expect(y).toBeGreaterThan(tools[i - 1]!.y + tools[i - 1]!.heightPx);
    const first = tools.find(({ name }) => name === 'erp/tool-1')!;
    expect(first.uses.map(({ agent, calls, worst }) => [agent, calls, worst])).toEqual([
      ['root', ['c1', 'c7'], 'ok'],
      ['side', ['c4'], 'ok'],
    ]);
    expect(tools.find(({ name }) => name === 'erp/tool-2')!.uses[0]!.worst).toBe('denied');
  });
});

describe('in the timeline', () => {
  it('a line goes from the call that handed on to the first that came of it', () => {
    const { lanes } = layout(CALLS, 'steps', 0);
    const lines = handovers(lanes, [...LINKS, delegated('c3', 'c5')]);
    expect(lines.map(({ at }) => at)).toEqual([0.25, 0.75]);
    expect(lines.every(({ fromPx, toPx }) => fromPx < toPx)).toBe(true);
  });
});
