import { describe, expect, it } from 'vitest';
import type { Lock } from '../../../../src/model/lock.ts';
import { locksOn, pageOf, phraseOf, targetOf } from './words.ts';

const lock = (kind: Lock['target']['kind'], id: string, tier: Lock['tier']): Lock => ({
  ...{ target: { kind, id }, tier, reason: 'r', by: 'olga', atMs: 1, untilMs: null },
});

describe('the words of the kill switch', () => {
  it('make a target of what was chosen, or none yet', () => {
    expect(targetOf('agent', ' buyer ')).toBe('agent:buyer');
    expect(targetOf('agent', ' ')).toBeNull();
    expect(targetOf('tool', 'orders.create')).toBeNull();
    expect(targetOf('tool', 'erp/orders.create')).toBe('tool:erp/orders.create');
    expect(targetOf('all', '')).toBe('all');
  });

  it('say a target in a sentence and know its page', () => {
    expect(phraseOf('owner:alice')).toBe('all agents of alice');
    expect(phraseOf('all')).toBe('everything');
    expect(pageOf({ kind: 'tool', id: 'erp/orders.create' })).toEqual({ to: '/servers/$id', id: 'erp' });
    expect(pageOf({ kind: 'all', id: '*' })).toBeNull();
  });

  it('find what stops an agent, the hardest first', () => {
    const locks = [
      lock('owner', 'alice', 'watch'),
      lock('agent', 'other', 'halt'),
      lock('all', '*', 'pause'),
      lock('agent', 'buyer', 'pause'),
      lock('tool', 'erp/x', 'halt'),
    ];
    expect(locksOn({ id: 'buyer', owner: 'alice' }, locks).map(({ target, tier }) => `${target.kind} ${tier}`)).toEqual(
      ['agent pause', 'all pause', 'owner watch'],
    );
  });
});
