import { describe, expect, it } from 'vitest';
import { hrefOf, layout, NODE } from './layout.ts';

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

  it('leads from every node to its page', () => {
    expect(hrefOf('tool:erp/orders.create')).toEqual({ to: '/servers/$id', id: 'erp' });
    expect(hrefOf('agent:buyer')).toEqual({ to: '/agents/$id', id: 'buyer' });
    expect(hrefOf('what')).toBeNull();
  });
});
