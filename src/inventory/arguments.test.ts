import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../model/json.ts';
import { argumentProblems } from './arguments.ts';

const ORDER: JsonObject = {
  type: 'object',
  properties: {
    supplier: { type: 'string', minLength: 1, maxLength: 40 },
    quantity: { type: 'integer', minimum: 1 },
    total: { type: 'number', exclusiveMinimum: 0, maximum: 1_000_000 },
    currency: { type: 'string', pattern: '^[A-Z]{3}$' },
    lines: { type: 'array', items: { $ref: '#/$defs/line' }, maxItems: 3 },
  },
  required: ['supplier', 'total'],
  additionalProperties: false,
  $defs: { line: { type: 'object', properties: { sku: { enum: ['a', 'b'] } }, required: ['sku'] } },
};

describe('changed arguments fit the tool (HU1)', () => {
  it.each<[string, JsonObject, string | null]>([
    ['as they should be', { supplier: 'northwind', total: 12.5, currency: 'EUR', lines: [{ sku: 'a' }] }, null],
    ['one missing', { supplier: 'northwind' }, 'the arguments must have required properties total'],
    ['of another type', { supplier: 'northwind', total: '12' }, '/total must be number'],
    ['too large', { supplier: 'northwind', total: 2_000_000 }, '/total must be <= 1000000'],
    ['not an integer', { supplier: 'n', total: 1, quantity: 1.5 }, '/quantity must be integer'],
    ['another pattern', { supplier: 'n', total: 1, currency: 'eur' }, '/currency must match pattern'],
    ['one too many', { supplier: 'n', total: 1, more: 1 }, 'the arguments must not have additional properties'],
    ['one of those objects have', { supplier: 'n', total: 1, toString: 1 }, 'additional properties'],
    [
      'deep inside',
      { supplier: 'n', total: 1, lines: [{ sku: 'c' }] },
      '/lines/0/sku must be equal to one of the allowed values: ["a","b"]',
    ],
  ])('%s', (_what, args, problem) => {
    const problems = argumentProblems(ORDER, args);
    if (problem === null) expect(problems).toEqual([]);
    else expect(problems.join('; ')).toContain(problem);
  });

  it('what nobody sent is not there', () => {
    const schema: JsonObject = {
      type: 'object',
      properties: { toString: { type: 'string' }, constructor: { type: 'string' } },
    };
    expect(argumentProblems(schema, {})).toEqual([]);
    expect(argumentProblems({ ...schema, required: ['constructor'] }, {})).not.toEqual([]);
  });

  it.each<[string, JsonObject, JsonObject, boolean]>([
    ['tuples of draft 7', { items: [{ type: 'string' }], additionalItems: false }, { a: ['x'] }, true],
    ['tuples of draft 7, too long', { items: [{ type: 'string' }], additionalItems: false }, { a: ['x', 1] }, false],
    ['definitions of draft 7', { $ref: '#/definitions/n' }, { a: 5 }, true],
    ['definitions of draft 7, wrong', { $ref: '#/definitions/n' }, { a: 'x' }, false],
  ])('%s', (_what, a, args, fits) => {
    const $schema = 'http://json-schema.org/draft-07/schema#';
    const schema = { $schema, type: 'object', properties: { a }, definitions: { n: { type: 'number' } } };
    expect(argumentProblems(schema, args).length === 0).toBe(fits);
  });

  it.each<[string, JsonObject, JsonObject, boolean]>([
    ['tuples', { properties: { a: { prefixItems: [{ type: 'string' }], items: false } } }, { a: ['x', 1] }, false],
    ['required together', { dependentRequired: { a: ['b'] } }, { a: 1 }, false],
    ['unevaluated', { allOf: [{ properties: { a: true } }], unevaluatedProperties: false }, { a: 1, b: 1 }, false],
    ['one of two', { oneOf: [{ required: ['a'] }, { required: ['b'] }] }, { a: 1 }, true],
    ['a recursive one', { properties: { a: { $ref: '#' } }, maxProperties: 1 }, { a: { a: {} } }, true],
    [
      'a recursive one, wrong deep inside',
      { properties: { a: { $ref: '#' } }, maxProperties: 1 },
      { a: { a: 1 } },
      false,
    ],
  ])('draft 2020-12: %s', (_what, schema, args, fits) => {
    expect(argumentProblems({ type: 'object', ...schema }, args).length === 0).toBe(fits);
  });
});

describe('a schema nobody can understand lets nothing through', () => {
  const doubling = Object.fromEntries(
    Array.from({ length: 60 }, (_, i) => [`a${i}`, { anyOf: [1, 2].map(() => ({ $ref: `#/$defs/a${i + 1}` })) }]),
  );

  it.each<[string, JsonObject, string]>([
    ['another dialect', { $schema: 'http://json-schema.org/draft-04/schema#', type: 'object' }, 'dialect'],
    ['a dialect that is no text', { $schema: 4, type: 'object' }, 'dialect'],
    ['not an object', { type: 'string' }, 'arguments are an object'],
    ['no type', {}, 'arguments are an object'],
    ['a type that does not exist', { type: 'object', properties: { a: { type: 'strnig' } } }, 'no valid JSON Schema'],
    ['a bound that is no number', { type: 'object', properties: { a: { minimum: '5' } } }, 'no valid JSON Schema'],
    ['another document', { type: 'object', properties: { a: { $ref: 'https://evil.example/s' } } }, 'another document'],
    ['a reference into nothing', { type: 'object', not: { $ref: '#/$defs/gone' } }, 'leads nowhere'],
    ['an anchor', { type: 'object', properties: { a: { $ref: '#x' } } }, 'leads nowhere'],
    ['a reference to a prototype', { type: 'object', properties: { a: { $ref: '#/constructor' } } }, 'leads nowhere'],
    [
      'a part of another document',
      { type: 'object', properties: { a: { $id: 'https://x.example/' } } },
      'id of its own',
    ],
    ['an expression that takes forever', { type: 'object', properties: { a: { pattern: '(a+)+$' } } }, 'exponential'],
    [
      'an expression that does not compile',
      { type: 'object', properties: { a: { pattern: '^\\-a$' } } },
      'no valid JSON Schema',
    ],
    ['a ring', { type: 'object', properties: { a: { $ref: '#/properties/a' } } }, 'schema: it '],
    [
      'one that doubles with every step',
      { type: 'object', properties: { a: { $ref: '#/$defs/a0' } }, $defs: { ...doubling, a60: { type: 'string' } } },
      'takes too long',
    ],
  ])('%s', (_what, schema, why) => {
    const problems = argumentProblems(schema, { a: 5 });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain("cannot be checked against this tool's schema");
    expect(problems[0]).toContain(why);
  });

  it('never throws, and what a server wrote cannot steer who reads it', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), fc.jsonValue({ maxDepth: 2 }), (schema, args) => {
        argumentProblems({ type: 'object', properties: { a: schema as never } }, { a: args as never });
      }),
      { numRuns: 100 },
    );
    const schema = { type: 'object', properties: { a: { enum: ['x\u202e\n'] } } };
    expect(argumentProblems(schema, { a: 1 }).join()).toContain('⟨U+202E⟩\\n');
  });
});
