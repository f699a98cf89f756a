import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SentencePart } from '../../src/model/approval.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { parseTemplate, renderTemplate, sentencePieces, sentenceText, VALUE_CHARS } from '../../src/model/sentence.ts';
import { parseStrict } from '../../src/model/strict-json.ts';
import { visibleText } from '../../src/model/visible.ts';

/**
 * Text that hides what is approved (HU1): an agent, or whoever wrote what it read, chooses the arguments. Whatever they are, the amount
 * stays in sight, intact, in its place, and nothing an argument says can be taken for the operator's words.
 */
const TEMPLATE = 'Pay {total} {currency} to {payee} for {note}, reference {reference}.';
const AMOUNT = 98_765.43;

function rendered(args: JsonObject): readonly SentencePart[] {
  const parsed = parseTemplate(TEMPLATE);
  if (!parsed.ok) throw new Error(parsed.why);
  return renderTemplate(parsed.template, args);
}

const HONEST: JsonObject = { total: AMOUNT, currency: 'EUR', payee: 'Northwind', note: 'chairs', reference: 'R1' };

const ATTACKS: readonly (readonly [string, string])[] = [
  ['a right-to-left override', '\u202eRUE 34.567,89 yaP'],
  ['an override that is never closed', 'x\u202e'],
  ['isolates and embeddings', '\u2066\u2067\u2068\u202a\u202bx'],
  ['marks of direction', '\u200f\u200f9.00 EUR\u200e'],
  ['text of a right-to-left script', 'שלם 9 יורו'],
  ['line breaks that push the rest away', '\n'.repeat(500)],
  ['carriage return over the line', '\rPay 9.00 EUR to Northwind'],
  ['line and paragraph separators', '\u2028\u2029\u0085\v\f'],
  ['a terminal escape that clears the screen', '\u001b[2J\u001b[HPay 9.00 EUR'],
  ['an escape of one byte', '\u009b2J'],
  ['backspaces', `${'\b'.repeat(40)}Pay 9.00 EUR`],
  ['ten kilobytes of spaces', ' '.repeat(10_240)],
  ['ten kilobytes of no-break spaces', '\u00a0'.repeat(10_240)],
  ['ten kilobytes of wide spaces', '\u3000'.repeat(10_240)],
  ['ten kilobytes of words', 'lorem ipsum '.repeat(900)],
  ['ten kilobytes of nothing', '\u200b'.repeat(10_240)],
  ['ten kilobytes of different nothings', '\u200b\u200c\u2060\ufeff'.repeat(2_560)],
  ['ten kilobytes without a place to break', 'W'.repeat(10_240)],
  ['ten kilobytes of emoji', '👩‍👩‍👧‍👦'.repeat(900)],
  ['a tower of accents over the lines around', `o${'\u0321\u0334\u0489\u0300'.repeat(200)}`],
  ['a strike through what stands before', '\u0336\u0336\u0336'],
  ['a box around what stands before', '\u20dd\u20e3'],
  ['the operator’s own words', 'Northwind for chairs. Approved by Alice: pay only 9.00 EUR'],
  ['a closing quote', '” for 9.00 EUR. Ignore: “'],
  ['quotes of other kinds', '"\'«»„‟〝〞＂'],
  ['marks of ours', '⟨U+202E⟩… 9 characters in all'],
  ['a place of the template', '{total} {currency} {{payee}}'],
  ['markup', '<b>9.00</b><!--</p><script>alert(1)</script>'],
  ['markdown and mentions', '[9.00 EUR](https://evil.example) *x* ~~y~~ <!channel>'],
  ['look-alikes of the payee', 'N\u043erthwind'],
  ['a payee of nothing but look-alikes', '\u041d\u043e\u0440\u0435'],
  ['full-width digits', '９．００'],
  ['tag characters', '\u{e0050}\u{e0061}\u{e0079}\u{e007f}'],
  ['private and unassigned letters', '\ue000\u{f0000}\u0378'],
  ['a lone surrogate', '\ud800\udc00\ud800'],
];

describe.each(ATTACKS)('%s', (_what, hostile) => {
  it.each(['payee', 'note', 'reference', 'currency'])('in %s leaves the amount in sight and intact', (name) => {
    const parts = rendered({ ...HONEST, [name]: hostile });
    const text = sentenceText(parts);
    expect(text.startsWith(`Pay ${AMOUNT} `)).toBe(true);
    // One line, and nothing on it that is not seen or moves what is.
    expect(text).not.toMatch(
      /[\p{Cc}\p{Zl}\p{Zp}\p{Co}\p{Cn}\p{Cs}\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00a0\u3000]/u,
    );
    expect(text).not.toMatch(/ {5}/);
    // None pushes the rest out of sight: what follows is where it always is.
    expect(text.length).toBeLessThan(TEMPLATE.length + 4 * (VALUE_CHARS + 40));
    expect(text).toContain(name === 'reference' ? ', reference ' : ', reference “R1”.');
  });

  it('is told apart from the operator’s words by whoever draws the page', () => {
    const pieces = sentencePieces(rendered({ ...HONEST, note: hostile }));
    const own = pieces.filter((piece) => piece.argument === null).map((piece) => piece.text);
    expect(own.join('|')).toBe('Pay | | to | for |, reference |.');
    expect(pieces.filter((piece) => piece.argument === 'total').map((piece) => piece.text)).toEqual([String(AMOUNT)]);
  });

  it('is cut where it is long, and kept whole where it is signed', () => {
    const args = { ...HONEST, note: hostile };
    const part = rendered(args).find((each) => 'argument' in each && each.argument === 'note');
    expect(part).toEqual({ argument: 'note', value: hostile, missing: false });
    if ([...hostile].length > 2_000 && new Set(hostile).size > 1) {
      expect(visibleText(hostile)).toContain(`${[...hostile].length.toLocaleString('en-US')} characters in all`);
    }
  });
});

describe('arguments named like what every object has', () => {
  it.each(['constructor', 'toString', 'hasOwnProperty', 'valueOf', '__proto__'])(
    '%s is nothing unless it was sent',
    (name) => {
      const parsed = parseTemplate(`Pay {total} to {${name}} at {/${name}/name}`);
      if (!parsed.ok) throw new Error(parsed.why);
      expect(sentenceText(renderTemplate(parsed.template, { total: 1 }))).toBe('Pay 1 to (not given) at (not given)');
      const sent = Object.defineProperty({ total: 1 }, name, { value: 'x', enumerable: true });
      expect(sentenceText(renderTemplate(parsed.template, sent as JsonObject))).toBe('Pay 1 to “x” at (not given)');
    },
  );

  it('and __proto__ does not come through the door', () => {
    expect(() => parseStrict('{"total":1,"__proto__":{"total":2}}')).toThrow();
  });
});

describe('whatever the arguments are', () => {
  const hostile = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.constantFrom(...ATTACKS.map(([, text]) => text)),
    fc.jsonValue({ maxDepth: 2 }),
  );

  it('the amount is where the operator put it, and what it is', () => {
    fc.assert(
      fc.property(hostile, hostile, hostile, hostile, fc.integer(), (currency, payee, note, reference, total) => {
        const text = sentenceText(rendered({ total, currency, payee, note, reference } as JsonObject));
        expect(text.startsWith(`Pay ${total} `)).toBe(true);
        expect(text).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Co}\p{Cn}\p{Cs}\u202a-\u202e\u2066-\u2069]/u);
        expect(text.match(/ for /)?.index).toBeLessThan(4 * (VALUE_CHARS + 40));
      }),
      { numRuns: 2000 },
    );
  });

  it('an amount that is text cannot pass for another', () => {
    for (const total of ['9\u202e00', '９00', '9\u200b00', '9\u033600', '1\u2024000', '9 00 EUR, not', '\u096f00']) {
      const text = sentenceText(rendered({ ...HONEST, total }));
      expect(text).toMatch(/^Pay “[^”]*” EUR/);
      if (!/EUR, not/.test(total)) expect(text).toContain('⟨U+');
    }
  });
});
