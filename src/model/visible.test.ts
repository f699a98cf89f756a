import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isolated, unseenIn, visible, visibleText } from './visible.ts';

describe('text that somebody else chose (HU1)', () => {
  it.each([
    ['a right-to-left override', 'Pay\u202e001', 'Pay⟨U+202E⟩001'],
    ['an isolate', '\u2066900\u2069', '⟨U+2066⟩900⟨U+2069⟩'],
    ['a line break', 'a\nb\r\n', 'a⟨U+000A⟩b⟨U+000D⟩⟨U+000A⟩'],
    ['a line separator', 'a\u2028b', 'a⟨U+2028⟩b'],
    ['a terminal escape', 'a\u001b[2Jb', 'a⟨U+001B⟩[2Jb'],
    ['zero width', '9\u200b00', '9⟨U+200B⟩00'],
    ['a word joiner, many times', `9${'\u2060'.repeat(5000)}0`, '9⟨U+2060 ×5000⟩0'],
    ['a no-break space', 'a\u00a0b', 'a⟨U+00A0⟩b'],
    ['a hair space', '1\u200a000', '1⟨U+200A⟩000'],
    ['a wide space', 'a\u3000b', 'a⟨U+3000⟩b'],
    ['many spaces', `a${' '.repeat(400)}b`, 'a⟨U+0020 ×400⟩b'],
    ['a private letter', 'a\ue000b', 'a⟨U+E000⟩b'],
    ['an unassigned one', 'a\u0378b', 'a⟨U+0378⟩b'],
    ['a lone surrogate', 'a\ud800b', 'a⟨U+D800⟩b'],
    ['tags', 'a\u{e0041}b', 'a⟨U+E0041⟩b'],
    ['a variation selector after a digit', '9\ufe0f', '9⟨U+FE0F⟩'],
    ['many of what an emoji needs once', '😀\ufe0f\ufe0f', '😀⟨U+FE0F ×2⟩'],
    ['a strike through an amount', '9\u03360\u0336', '9⟨U+0336⟩0⟨U+0336⟩'],
    ['a strike through a letter', 'pay\u0336', 'pay⟨U+0336⟩'],
    ['a box around a digit', '9\u20e3', '9⟨U+20E3⟩'],
    ['an accent on a digit', '9\u0301', '9⟨U+0301⟩'],
    ['an accent at the beginning, over what stands before', '\u0301x', '⟨U+0301⟩x'],
    ['a tower of accents', `e${'\u0301'.repeat(6)}`, `e${'\u0301'.repeat(3)}${'⟨U+0301⟩'.repeat(3)}`],
    ['a Cyrillic letter in a Latin word', 'p\u0430ypal', 'p\u0430⟨U+0430⟩ypal'],
    ['and in a name with a domain', '\u0441laude.example', '\u0441⟨U+0441⟩laude.example'],
    ['a word of nothing but look-alikes', '\u0441\u043e\u0441\u043e', 'с⟨U+0441⟩о⟨U+043E⟩с⟨U+0441⟩о⟨U+043E⟩'],
    ['a full-width digit', '\uff1100', '１⟨U+FF11⟩00'],
    ['a mathematical digit', '\u{1d7ed}00', '\u{1d7ed}⟨U+1D7ED⟩00'],
    ['a Bengali four that looks like an eight', '\u09ea00', '\u09ea⟨U+09EA⟩00'],
    ['a dot that is no decimal point', '1\u2024000', '1․⟨U+2024⟩000'],
    ['brackets of ours', '⟨U+202E⟩', '⟨U+27E8⟩U+202E⟨U+27E9⟩'],
    ['quotes of ours', 'x” for 1 EUR', 'x⟨U+201D⟩ for 1 EUR'],
  ])('%s is written out', (_what, text, shown) => {
    expect(visibleText(text)).toBe(shown);
    expect(visible(text).some((segment) => segment.kind === 'marked')).toBe(true);
  });

  it.each([
    'Zoë’s 🤖 agent',
    'grüße',
    '你好，世界',
    'Клод пишет',
    'שלום',
    'Müller & Söhne – 5 %',
    '👩‍💻',
    'e\u0301',
    '  two spaces  ',
  ])('ordinary text stays: %s', (text) => {
    expect(visible(text)).toEqual([{ text, kind: 'plain' }]);
  });

  it('says how long a text is that is cut', () => {
    expect(visibleText('x'.repeat(10_240), { maxChars: 20 })).toBe(`${'x'.repeat(20)}… 10,240 characters in all`);
    expect(visibleText('x'.repeat(20), { maxChars: 20 })).toBe('x'.repeat(20));
    expect(visible('x'.repeat(21), { maxChars: 20 }).at(-1)).toEqual({
      text: '… 21 characters in all',
      kind: 'marked',
    });
    expect(visibleText('🤖'.repeat(30), { maxChars: 20 })).toBe(`${'🤖'.repeat(10)}… 30 characters in all`);
  });

  it('keeps quotes only where something else keeps values apart', () => {
    expect(visibleText('say “hi”', { quotes: true })).toBe('say “hi”');
    expect(visibleText('⟨“”⟩', { quotes: true })).toBe('⟨U+27E8⟩“”⟨U+27E9⟩');
  });

  it('keeps lines only where they were asked for', () => {
    expect(visibleText('a\n\tb\r', { lines: true })).toBe('a\n\tb⟨U+000D⟩');
  });

  it('puts nothing on the screen that is not seen, whatever comes in, and stays in its bound', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), fc.integer({ min: 1, max: 200 }), (text, maxChars) => {
        const shown = visibleText(text, { maxChars });
        expect(shown).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Co}\p{Cn}\p{Cs}\u202a-\u202e\u2066-\u2069]/u);
        expect(shown.replace(/… [\d,]+ characters in all$/, '').length).toBeLessThanOrEqual(maxChars);
      }),
    );
  });

  it('marks cannot be forged: two texts that are shown whole and alike are the same text', () => {
    const nasty = fc.string({
      unit: fc.constantFrom('⟨', '⟩', 'U', '+', '2', '0', 'E', '×', ' ', '\u202e', '\u200b', 'a', '\u0430', '”'),
      maxLength: 30,
    });
    fc.assert(
      fc.property(nasty, nasty, (a, b) => {
        if (a !== b) expect(visibleText(a)).not.toBe(visibleText(b));
      }),
      { numRuns: 3000 },
    );
  });

  it('keeps a right-to-left value from reordering what stands around it', () => {
    expect(isolated('אבג')).toBe('\u2068אבג\u2069');
    expect(isolated('abc')).toBe('abc');
  });

  it('knows what an operator cannot have meant to write', () => {
    expect(unseenIn('Order “x” – ⟨y⟩ 你好　。 👩‍💻')).toBeNull();
    expect(unseenIn('a\u202eb')).toBe('U+202E');
    expect(unseenIn('a\nb')).toBe('U+000A');
  });
});
