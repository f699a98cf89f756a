import { describe, expect, it } from 'vitest';
import { EMPTY, taskOf } from './form.ts';

const NOW = 1_790_000_000_000;
const filled = { ...EMPTY, agent: 'buyer', purpose: 'order 4711', tools: 'erp/orders.create' };

describe('the form of a task', () => {
  it('says what was filled in, and no more', () => {
    expect(taskOf(filled, NOW)).toEqual({
      body: {
        ...{ agent: 'buyer', purpose: 'order 4711', tools: ['erp/orders.create'] },
        ...{ maxCalls: null, maxAmount: null, dataClasses: null, notAfterMs: NOW + 3_600_000 },
      },
    });
    const tools = 'erp/orders.create, crm/*\nerp/orders.create';
    const whole = { ...filled, tools, upTo: 'internal', maxCalls: '3', maxAmount: '99,50', hours: '24' } as const;
    expect(taskOf(whole, NOW)).toMatchObject({
      body: {
        ...{ tools: ['erp/orders.create', 'crm/*'], dataClasses: ['public', 'internal'] },
        ...{ maxCalls: 3, maxAmount: 995_000, notAfterMs: NOW + 86_400_000 },
      },
    });
  });

  it.each([
    [{ agent: ' ' }, 'agent'],
    [{ purpose: '' }, 'purpose'],
    [{ tools: ' ' }, 'tools'],
    [{ tools: 'erp' }, 'tools'],
    [{ tools: 'erp/a*' }, 'tools'],
    [{ maxCalls: '0' }, 'maxCalls'],
    [{ maxCalls: '1.5' }, 'maxCalls'],
    [{ maxAmount: '-1' }, 'maxAmount'],
    [{ maxAmount: '1e9' }, 'maxAmount'],
  ])('names the field that is wrong: %o', (change, field) => {
    const checked = taskOf({ ...filled, ...change }, NOW);
    expect('problems' in checked && Object.keys(checked.problems)).toEqual([field]);
  });
});
