import { describe, expect, it } from 'vitest';
import { example, fieldsIn, partsOf, readArguments } from './request.ts';

describe('a request to try', () => {
  it('shows what a tool takes, whatever its server wrote there', () => {
    const schema = {
      properties: {
        total: { type: 'number', description: 'In all' },
        currency: { enum: ['EUR', 'USD'] },
        note: { type: 'string' },
        odd: 'no schema',
      },
      required: ['total', 'currency'],
    };
    const fields = fieldsIn(schema);
    expect(fields.map(({ name, type, required }) => [name, type, required])).toEqual([
      ['total', 'number', true],
      ['currency', 'EUR | USD', true],
      ['note', 'string', false],
      ['odd', 'any', false],
    ]);
    expect(example(fields)).toEqual({ total: 0, currency: 'EUR' });
    for (const hostile of [null, 'x', [], { properties: null }, { properties: 5, required: 7 }])
      expect(fieldsIn(hostile)).toEqual([]);
  });

  it('reads names and arguments', () => {
    expect(partsOf('erp/orders/create')).toEqual(['erp', 'orders/create']);
    expect(partsOf('orders')).toEqual(['', '']);
    expect(readArguments(' {"a":1} ')).toEqual({ ok: true, value: { a: 1 } });
    expect(readArguments('')).toEqual({ ok: true, value: {} });
    expect(readArguments('[1]')).toMatchObject({ ok: false });
    expect(readArguments('{a}')).toMatchObject({ ok: false });
  });
});
