import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exactAmount } from '../model/amount.ts';
import { resolvePointer } from '../model/pointer.ts';
import { extractFacts } from './facts.ts';

describe('exactAmount', () => {
  const cases: readonly (readonly [value: unknown, wanted: number | null])[] = [
    [399.99, 3999900],
    [0, 0],
    [-0, 0],
    [-5, -50000],
    [0.0001, 1],
    [1e5, 1000000000],
    ['399.99', 3999900],
    ['399.9900000', 3999900],
    ['007', 70000],
    ['-0.5', -5000],
    ['-0', 0],
    [0.00001, null],
    ['0.00001', null],
    [0.1 + 0.2, null],
    [1e21, null],
    [900719925472.9999, 9007199254729999],
    [900719925474, null],
    ['99999999999999999999', null],
    [Number.NaN, null],
    [Number.POSITIVE_INFINITY, null],
    ['', null],
    ['.5', null],
    ['5.', null],
    ['+5', null],
    ['5e3', null],
    ['1,000', null],
    [' 5', null],
    ['٥', null],
    ['0x10', null],
    [true, null],
    [null, null],
    [[5], null],
    [{}, null],
    [undefined, null],
  ];
  for (const [value, wanted] of cases) {
    it(`reads ${typeof value} ${JSON.stringify(value) ?? 'undefined'} as ${wanted}`, () => {
      // toBe tells 0 from -0.
      expect(exactAmount(value as never)).toBe(wanted);
    });
  }

  it('reads every amount of up to four decimals exactly, as text and as a number', () => {
    fc.assert(
      fc.property(fc.integer({ min: -8_000_000_000_000_000, max: 8_000_000_000_000_000 }), (units) => {
        const digits = String(Math.abs(units)).padStart(5, '0');
        const text = `${units < 0 ? '-' : ''}${digits.slice(0, -4)}.${digits.slice(-4)}`;
        expect(exactAmount(text)).toBe(units === 0 ? 0 : units);
        const number = Number(text);
        // A number the text rounds to may print fewer digits; what it prints is what is sent upstream.
        const read = exactAmount(number);
        if (read !== null && Math.abs(units) < 2 ** 50) expect(read).toBe(units === 0 ? 0 : units);
      }),
    );
  });
});

describe('extractFacts', () => {
  it('finds mapped arguments by pointer, and nothing else', () => {
    const args = {
      order: { total: '12.50', 'a/b': 'EUR', 'm~n': 3 },
      items: [{ env: 'production' }],
      to: 'x@example.com',
      quantity: 9,
    };
    const mapping = {
      amount: '/order/total',
      currency: '/order/a~1b',
      quantity: '/order/m~0n',
      environment: '/items/0/env',
    };
    expect(extractFacts(args, mapping)).toEqual({
      amount: 125000,
      currency: 'EUR',
      quantity: 3,
      environment: 'production',
      recipient: null,
    });
  });

  it('has no fact where the type is wrong', () => {
    const mapping = { amount: '/v', currency: '/v', quantity: '/v', environment: '/v', recipient: '/v' };
    const nothing = { amount: null, currency: null, quantity: null, environment: null, recipient: null };
    for (const v of [null, true, [], {}, ['x']]) expect(extractFacts({ v }, mapping)).toEqual(nothing);
    expect(extractFacts({ v: 'text' }, mapping)).toEqual({
      ...nothing,
      currency: 'text',
      environment: 'text',
      recipient: 'text',
    });
    expect(extractFacts({ v: 1.5 }, mapping)).toEqual({ ...nothing, amount: 15000 });
    expect(extractFacts({ v: 2 }, mapping)).toEqual({ ...nothing, amount: 20000, quantity: 2 });
  });
});

describe('resolvePointer', () => {
  it('follows RFC 6901, its examples included', () => {
    const root = {
      foo: ['bar', 'baz'],
      '': 0,
      'a/b': 1,
      'c%d': 2,
      'e^f': 3,
      'g|h': 4,
      'i\\j': 5,
      'k"l': 6,
      ' ': 7,
      'm~n': 8,
    };
    const wanted = {
      '': root,
      '/foo': ['bar', 'baz'],
      '/foo/0': 'bar',
      '/': 0,
      '/a~1b': 1,
      '/c%d': 2,
      '/i\\j': 5,
      '/ ': 7,
      '/m~0n': 8,
    };
    for (const [pointer, value] of Object.entries(wanted)) expect(resolvePointer(root, pointer)).toEqual(value);
  });

  it('finds nothing through malformed steps, missing members or inherited ones', () => {
    const root = { a: [1], b: { c: 1 } };
    for (const pointer of [
      'a',
      '/a/01',
      '/a/-',
      '/a/1',
      '/a/0/x',
      '/b/~2',
      '/b/~',
      '/b/toString',
      '/constructor',
      '/a/length',
    ]) {
      expect(resolvePointer(root, pointer), pointer).toBeUndefined();
    }
  });
});
