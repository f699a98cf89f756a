import { describe, expect, it } from 'vitest';
import { ATTRIBUTES, entitiesOf } from './vocabulary.ts';

describe('what a policy can say, for completion', () => {
  it('is read from the schema: every type, with optional attributes marked', () => {
    expect(Object.keys(ATTRIBUTES).sort()).toEqual(
      [
        'Agent',
        'Person',
        'Prompt',
        'Resource',
        'Server',
        'Tool',
        'Window',
        'context',
        'context.session',
        'context.usage',
      ].sort(),
    );
    expect(ATTRIBUTES.Tool).toContainEqual({ name: 'effect', type: 'String' });
    expect(ATTRIBUTES.context).toContainEqual({ name: 'amount?', type: 'decimal' });
    expect(ATTRIBUTES.context).toContainEqual({ name: 'session', type: 'context.session' });
    expect(ATTRIBUTES['context.session']).toContainEqual({ name: 'toolsCalled', type: 'Set<String>' });
    expect(ATTRIBUTES['context.usage']).toEqual([
      { name: 'agent', type: 'Window' },
      { name: 'session', type: 'Window' },
      { name: 'task?', type: 'Window' },
    ]);
    expect(ATTRIBUTES.context).toContainEqual({ name: 'weekday', type: 'Long' });
  });

  it('offers at most 2,000 of a type, those that were searched for', () => {
    const agents = Array.from({ length: 5_000 }, (_, i) => ({ id: `bot-${i}`, groups: [] }) as never);
    const world = { agents, people: [], servers: [{ id: 'crm', risk: 'low', environment: null }], tools: [] } as const;
    expect(entitiesOf(world, '').Agent).toHaveLength(2_000);
    expect(entitiesOf(world, 'BOT-4999').Agent).toEqual(['bot-4999']);
    expect(entitiesOf(world, '').Server).toEqual(['crm']);
  });
});
