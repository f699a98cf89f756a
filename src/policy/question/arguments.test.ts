import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../model/json.ts';
import { argumentsEntity, numbersEntity, splitPath } from './arguments.ts';

const key = fc.oneof(
  fc.string({ maxLength: 4 }),
  fc.constantFrom('a.b', 'a', 'b', '\\', '.', '__proto__', 'constructor', '0'),
);
const leaf = fc.oneof(
  fc.string(),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
);

describe('arguments by path', () => {
  it('every value is found under its own path and under no other', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.array(key, { minLength: 1, maxLength: 3 }), {
          selector: (path) => path.join('\u0000'),
          maxLength: 4,
        }),
        leaf,
        (paths, value) => {
          const [path, ...others] = paths;
          if (path === undefined) return;
          // Built by defineProperty, so that `__proto__` is an ordinary name as the strict JSON reader would refuse it.
          let root: Json = value;
          for (const step of [...path].reverse()) {
            const object = {};
            Object.defineProperty(object, step, { value: root, enumerable: true });
            root = object;
          }
          const text = (steps: readonly string[]): string =>
            steps.map((step) => step.replace(/[.\\]/g, '\\$&')).join('.');
          const tags = argumentsEntity(root as never).data?.tags;
          expect(tags?.get(text(path))).toBe(
            typeof value === 'string' ? value : JSON.stringify(value === 0 ? 0 : value),
          );
          for (const other of others) {
            const isPrefix = other.length < path.length && other.every((step, i) => step === path[i]);
            if (!isPrefix) expect(tags?.get(text(other))).toBeUndefined();
          }
        },
      ),
    );
  });

  it('a name with a dot never poses as a path', () => {
    const tags = argumentsEntity({ 'a.b': 'name', c: { d: 'path' }, 'c.d': 'name' }).data?.tags;
    expect(tags?.get('a.b')).toBeUndefined();
    expect(tags?.get('a\\.b')).toBe('name');
    expect(tags?.get('c.d')).toBe('path');
    expect(tags?.get('c\\.d')).toBe('name');
  });

  it('objects and lists have their canonical text, so that wrapping hides nothing', () => {
    const tags = argumentsEntity({ to: ['x'], o: { b: 1, a: '2' } }).data?.tags;
    expect(tags?.get('to')).toBe('["x"]');
    expect(tags?.get('o')).toBe('{"a":"2","b":1}');
  });

  it('only safe integers are numbers', () => {
    const tags = numbersEntity({ i: 5, n: -0, f: 1.5, s: '5', b: true, l: [7], big: 2 ** 53 }).data?.tags;
    expect([tags?.get('i'), tags?.get('n'), tags?.get('l.0')]).toEqual([5, 0, 7]);
    for (const name of ['f', 's', 'b', 'l', 'big', 'x']) expect(tags?.get(name), name).toBeUndefined();
  });

  it('a stray backslash names nothing', () => {
    expect(splitPath('a\\n')).toBeNull();
    expect(splitPath('a\\')).toBeNull();
    expect(splitPath('a\\\\.b')).toEqual(['a\\', 'b']);
    expect(argumentsEntity({ 'a\\': 1 }).data?.tags.get('a\\')).toBeUndefined();
  });
});
