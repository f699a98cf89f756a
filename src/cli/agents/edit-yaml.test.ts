import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { addToList, addToMap } from './edit-yaml.ts';

describe('adding to a YAML file', () => {
  const value = { name: 'B', keys: [{ kid: 'x' }] };
  const cells: readonly (readonly [string, string, string])[] = [
    [
      'an empty flow mapping becomes lines',
      'agents: {}\n\n# end\n',
      'agents:\n  b:\n    name: B\n    keys:\n      - kid: x\n\n# end\n',
    ],
    [
      'with a comment behind it',
      'agents: {} # none\nx: 1\n',
      'agents:\n  b:\n    name: B\n    keys:\n      - kid: x\n # none\nx: 1\n',
    ],
    [
      'behind the last entry and the comments that belong to it',
      'agents:\n  a:\n    name: A # first\n    # more: 1\n\n# Servers.\nservers: {}\n',
      'agents:\n  a:\n    name: A # first\n    # more: 1\n  b:\n    name: B\n    keys:\n      - kid: x\n\n# Servers.\nservers: {}\n',
    ],
    [
      'in the indentation of the file',
      'agents:\n    a: {name: A}\nx: [1,  2]\n',
      'agents:\n    a: {name: A}\n    b:\n      name: B\n      keys:\n        - kid: x\nx: [1,  2]\n',
    ],
    [
      'into a flow mapping',
      'agents: { a: { name: A } }\n',
      'agents: { a: { name: A }, "b":{"name":"B","keys":[{"kid":"x"}]} }\n',
    ],
    ['a mapping that is missing', 'x: 1', 'x: 1\n\nagents:\n  b:\n    name: B\n    keys:\n      - kid: x\n'],
    [
      'behind a block text',
      'agents:\n  a:\n    name: |\n      A\n      B\nx: 1\n',
      'agents:\n  a:\n    name: |\n      A\n      B\n  b:\n    name: B\n    keys:\n      - kid: x\nx: 1\n',
    ],
    [
      'a file without a last line break',
      'agents:\n  a: 1',
      'agents:\n  a: 1\n  b:\n    name: B\n    keys:\n      - kid: x\n',
    ],
  ];
  it.each(cells)('%s', (_name, before, after) => {
    expect(addToMap(before, ['agents'], { key: 'b', value })).toBe(after);
  });

  it('adds a key to a list of lines, to a flow list, and where there is none', () => {
    const add = (text: string): string => addToList(text, ['agents', 'a', 'keys'], { kid: 'y' });
    expect(add('agents:\n  a:\n    keys:\n      - kid: x # old\n    z: 1\n')).toBe(
      'agents:\n  a:\n    keys:\n      - kid: x # old\n      - kid: y\n    z: 1\n',
    );
    expect(add('agents:\n  a:\n    keys:\n    - {kid: x}\n')).toBe(
      'agents:\n  a:\n    keys:\n    - {kid: x}\n    - kid: y\n',
    );
    expect(add('agents:\n  a:\n    keys: [{kid: x}]\n')).toBe('agents:\n  a:\n    keys: [{kid: x}, {"kid":"y"}]\n');
    expect(add('agents:\n  a:\n    z: 1\n')).toBe('agents:\n  a:\n    z: 1\n    keys:\n      - kid: y\n');
    expect(add('agents:\n  a: {z: 1}\n')).toBe('agents:\n  a: {z: 1, "keys":[{"kid":"y"}] }\n');
  });

  it('adds exactly the entry, whatever else the file holds, and keeps every line that was there', () => {
    const tree = fc.dictionary(
      fc.stringMatching(/^[a-z]{1,8}$/),
      fc.oneof(
        fc.string(),
        fc.integer(),
        fc.boolean(),
        fc.array(fc.string(), { maxLength: 3 }),
        fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.string(), { maxKeys: 3 }),
      ),
      { minKeys: 1, maxKeys: 5 },
    );
    fc.assert(
      fc.property(tree, tree, fc.constantFrom(2, 4), (agents, rest, indent) => {
        fc.pre(!('agents' in rest));
        const before = `# top\n${stringify({ agents, ...rest }, { indent })}# bottom\n`;
        const after = addToMap(before, ['agents'], { key: 'new-one', value });
        expect(parse(after)).toEqual({ agents: { ...agents, 'new-one': value }, ...rest });
        const lines = after.split('\n');
        expect(before.split('\n').every((line) => lines.includes(line))).toBe(true);
      }),
    );
  });
});
