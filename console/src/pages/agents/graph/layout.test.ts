import { describe, expect, it } from 'vitest';
import { drawnEdges, heightOf, hrefOf, layout, NODE } from './layout.ts';

const node = (id: string) => ({ id, kind: 'agent' as const, label: id, tone: 'plain' as const, note: null });
const edge = (from: string, to: string) => ({ from, to, kind: 'calls' as const, note: null });

describe('the graph of connections', () => {
  it('goes from left to right, and nothing covers anything', () => {
    const nodes = ['person:a', 'agent:b', 'server:c', 'server:d', 'tool:c/x'].map(node);
    const edges = [
      edge('person:a', 'agent:b'),
      edge('agent:b', 'server:c'),
      edge('agent:b', 'server:d'),
      edge('server:c', 'tool:c/x'),
      // What was left out is no reason to fail.
      edge('agent:b', 'server:gone'),
    ];
    const placed = layout({ nodes, edges });
    const at = (id: string) => placed.find((each) => each.id === id)!;
    expect(at('person:a').x).toBeLessThan(at('agent:b').x);
    expect(at('server:c').x).toBeLessThan(at('tool:c/x').x);
    for (const a of placed)
      for (const b of placed)
        if (a !== b) expect(Math.abs(a.x - b.x) >= NODE.width || Math.abs(a.y - b.y) >= NODE.height).toBe(true);
  });

  it('people stand in one column, and servers in one, however long the way between', () => {
    const nodes = ['person:a', 'person:b', 'agent:first', 'agent:second', 'server:c', 'server:d'].map(node);
    const edges = [
      edge('person:a', 'agent:first'),
      edge('person:b', 'agent:second'),
      edge('agent:first', 'agent:second'),
      edge('agent:first', 'server:c'),
      edge('agent:second', 'server:d'),
    ];
    const placed = layout({ nodes, edges });
    const x = (id: string) => placed.find((each) => each.id === id)!.x;
    expect(x('person:a')).toBe(x('person:b'));
    expect(x('server:c')).toBe(x('server:d'));
    expect(x('agent:first')).toBeLessThan(x('agent:second'));
    expect(placed.map(({ id }) => id)).toEqual(nodes.map(({ id }) => id));
  });

  it('draws one line for each pair, people on the left, and tools from their server', () => {
    const drawn = drawnEdges([
      { from: 'person:p', to: 'agent:a', kind: 'owns', note: null },
      { from: 'agent:a', to: 'person:p', kind: 'asks', note: null },
      { from: 'agent:a', to: 'server:s', kind: 'may-call', note: null },
      { from: 'server:s', to: 'tool:s/x', kind: 'offers', note: null },
      { from: 'agent:a', to: 'tool:s/x', kind: 'may-call', note: 'always' },
      { from: 'agent:a', to: 'tool:s/x', kind: 'calls', note: '1 under way' },
    ]);
    expect(drawn.map(({ from, to, kind, back }) => `${from} ${kind}${back ? ' back' : ''} ${to}`)).toEqual([
      'person:p asks back agent:a',
      'agent:a may-call server:s',
      'server:s may-call tool:s/x',
      'agent:a calls tool:s/x',
    ]);
    expect(drawn[0]!.words).toContain('person:p owns agent:a; agent:a asks');
    expect(heightOf([{ id: 'a', x: 0, y: 500 }], { least: 300, most: 560 })).toBe(560);
    expect(heightOf([], { least: 300, most: 560 })).toBe(300);
  });

  it('leads from every node to its page', () => {
    expect(hrefOf('tool:erp/orders.create')).toEqual({ to: '/servers/$id', id: 'erp' });
    expect(hrefOf('agent:buyer')).toEqual({ to: '/agents/$id', id: 'buyer' });
    expect(hrefOf('what')).toBeNull();
  });
});
