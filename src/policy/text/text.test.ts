import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { freshMarker, markBigIntegers, splitPolicies } from './lexer.ts';
import { annotationOffset, entityLiterals, stringLiterals } from './literals.ts';
import { parsePiece } from './parse.ts';
import { CedarTrap, withCedar } from './wasm.ts';

describe('splitPolicies', () => {
  it('cuts at semicolons that end a policy, not at those in texts and comments', () => {
    const pieces = splitPolicies('// a;\n@id(";") permit(x); /* not a comment; */ "\\";" ; // end;\n  tail  ');
    expect(pieces.map((piece) => piece.text)).toEqual([
      '@id(";") permit(x);',
      '/* not a comment;',
      '*/ "\\";" ;',
      'tail',
    ]);
    expect(pieces.map((piece) => piece.offset)).toEqual([6, 26, 44, 65]);
  });

  it('loses no policy and puts each where it stands, as the official parser sees them', () => {
    const policy = fc.constantFrom(
      'permit(principal, action, resource);',
      '@id("a;b") forbid(principal, action, resource) when { "x;\\"y" like "*;*" };',
      'permit(principal, action, resource) // ; comment\n unless { 9223372036854775807 > 1 };',
    );
    const gap = fc.constantFrom('', ' ', '\n', '// c; "\n', '\r\n\t');
    fc.assert(
      fc.property(fc.array(fc.tuple(gap, policy), { maxLength: 5 }), gap, (parts, end) => {
        const text = parts.map(([before, body]) => before + body).join('') + end;
        const pieces = splitPolicies(text);
        const official = withCedar((cedar) => cedar.policySetTextToParts(text));
        if (official.type === 'failure') throw new Error(official.errors[0]?.message);
        expect(pieces.map((piece) => piece.text).sort()).toEqual([...official.policies].sort());
        for (const piece of pieces) expect(text.slice(piece.offset, piece.offset + piece.text.length)).toBe(piece.text);
      }),
      { numRuns: 40 },
    );
  });
});

describe('integers beyond 2^53', () => {
  it('reach the compiler exactly, through a marker that occurs nowhere else', () => {
    const text =
      'permit(principal, action, resource) when { 9223372036854775807 == -9223372036854775808 || "long0:1" == "x" };';
    const [piece] = splitPolicies(text);
    if (piece === undefined) throw new Error('no policy');
    expect(freshMarker(text)).toBe('long1:');
    expect(markBigIntegers(piece, 'm:')).toContain('"m:9223372036854775807" == -"m:9223372036854775808"');
    const parsed = parsePiece(piece);
    if (!parsed.ok) throw new Error(parsed.errors[0]?.message);
    expect(parsed.policy.options.markedLong('long1:9223372036854775807')).toBe(9223372036854775807n);
    expect(parsed.policy.options.markedLong('long0:1')).toBeUndefined();
  });
});

describe('literals', () => {
  it('are found with what their escapes mean and where they stand', () => {
    const text = 'a == Agent::"x\\u{1F600}\\x41\\n\\"" // Agent::"no"\n|| NS :: T\n:: "y" || "Agent::\\"z\\""';
    expect(entityLiterals(text).map(({ type, id, start }) => [type, id, start])).toEqual([
      ['Agent', 'x😀A\n"', 5],
      ['NS::T', 'y', 51],
    ]);
    expect(stringLiterals(text).map((literal) => literal.value)).toEqual(['x😀A\n"', 'y', 'Agent::"z"']);
  });

  it('annotations are found outside of texts', () => {
    expect(annotationOffset('@id("@ask") @ask("owner") permit', 'ask')).toBe(12);
    expect(annotationOffset('permit', 'ask')).toBe(0);
  });
});

describe('the official parser', () => {
  it('is replaced after it overflowed its stack, because it would answer wrongly from then on', () => {
    const deep = `permit(principal, action, resource) when { ${'('.repeat(400)}true${')'.repeat(400)} };`;
    expect(() => withCedar((cedar) => cedar.policyToJson(deep))).toThrow(CedarTrap);
    expect(withCedar((cedar) => cedar.policyToJson('permit(principal, action, resource);')).type).toBe('success');
  });
});
