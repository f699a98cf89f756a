import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../model/json.ts';
import { fill, type ObjectTemplate, readTemplate } from './template.ts';

function template(text: string): ObjectTemplate {
  const read = readTemplate(text);
  if (!read.ok) throw new Error(read.why);
  return read.template;
}

const objects = (text: string, args: JsonObject) => {
  const filled = fill(template(text), args);
  return filled.ok ? filled.objects : filled.why;
};

describe('the object of a relation', () => {
  it.each([
    ['customer:{args.id}', { id: 'acme' }, ['customer:acme']],
    ['customer:{args.id}', { id: 42 }, ['customer:42']],
    ['customer:{args.id}', { id: 'a@b.example' }, ['customer:a@b.example']],
    ['customer:{args.order.customer.id}', { order: { customer: { id: 'x' } } }, ['customer:x']],
    ['customer:{args.ids.1}', { ids: ['a', 'b'] }, ['customer:b']],
    ['customer:{args.items.*.id}', { items: [{ id: 'a' }, { id: 'b' }, { id: 'a' }] }, ['customer:a', 'customer:b']],
    ['doc:{args.org}/{args.id}', { org: 'acme', id: '7' }, ['doc:acme/7']],
    ['shop:main', {}, ['shop:main']],
  ])('%s with %j is %j', (text, args, wanted) => {
    expect(objects(text, args)).toEqual(wanted);
  });

  it.each<[string, string, JsonObject]>([
    ['nothing is there', 'customer:{args.id}', {}],
    ['it is null', 'customer:{args.id}', { id: null }],
    ['it is empty', 'customer:{args.id}', { id: '' }],
    ['it is everybody', 'customer:{args.id}', { id: '*' }],
    ['it would be a set', 'customer:{args.id}', { id: '1#viewer' }],
    ['it would be another type', 'customer:{args.id}', { id: 'x:1' }],
    ['it has a space', 'customer:{args.id}', { id: '1 ' }],
    ['it has a line break', 'customer:{args.id}', { id: '1\n' }],
    ['it has a control character', 'customer:{args.id}', { id: '1\u0000' }],
    ['it is half a character', 'customer:{args.id}', { id: '1\ud83d' }],
    ['it is too long', 'customer:{args.id}', { id: 'x'.repeat(300) }],
    ['it is a yes', 'customer:{args.id}', { id: true }],
    ['it is a fraction', 'customer:{args.id}', { id: 1.5 }],
    ['it is beyond exact numbers', 'customer:{args.id}', { id: 2 ** 60 }],
    ['it is a list', 'customer:{args.id}', { id: ['1'] }],
    ['it is an object', 'customer:{args.id}', { id: { toString: 'x' } }],
    ['it is only inherited', 'customer:{args.constructor.name}', {}],
    ['it belongs to what it inherits from', 'customer:{args.id}', Object.create({ id: '7' }) as JsonObject],
    ['one of the list lacks it', 'customer:{args.items.*.id}', { items: [{ id: 'a' }, {}] }],
    ['the list is empty', 'customer:{args.items.*.id}', { items: [] }],
    ['the list is no list', 'customer:{args.items.*.id}', { items: { id: 'a' } }],
    ['the list is long', 'customer:{args.ids.*}', { ids: Array.from({ length: 101 }, (_, i) => i) }],
    ['it could be read in two ways', 'doc:{args.org}/{args.id}', { org: 'acme/7', id: '8' }],
    ['so could the other', 'doc:{args.org}/{args.id}', { org: 'acme', id: '7/8' }],
  ])('names nothing when %s', (_name, text, args) => {
    expect(objects(text, args)).toEqual(expect.any(String));
  });

  it.each([
    'customer',
    ':x',
    'customer:',
    'customer:*',
    'customer:{id}',
    'customer:{args}',
    'customer:{args.a}{args.b}',
    'a:{args.x.*}/{args.y.*}',
    'a:b c',
    'a:{args.x}#b',
    'a:{args.}',
  ])('%s is refused when it is read', (text) => {
    expect(readTemplate(text).ok).toBe(false);
  });

  it('is the same object only for the same arguments', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '/', '1', ':', '#', '*', ' '), maxLength: 6 });
    fc.assert(
      fc.property(text, text, text, text, (a, b, c, d) => {
        const [left, right] = [
          objects('doc:{args.x}/{args.y}', { x: a, y: b }),
          objects('doc:{args.x}/{args.y}', { x: c, y: d }),
        ];
        return typeof left === 'string' || typeof right === 'string' || (left[0] === right[0]) === (a === c && b === d);
      }),
      { numRuns: 2_000 },
    );
  });
});
