import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from './json.ts';
import { effectWords, parseTemplate, plainSentence, renderTemplate, sentencePieces, sentenceText } from './sentence.ts';

function say(source: string, args: JsonObject): string {
  const parsed = parseTemplate(source);
  if (!parsed.ok) throw new Error(parsed.why);
  return sentenceText(renderTemplate(parsed.template, args));
}

describe('a reviewed sentence (HU1)', () => {
  it('puts arguments into its places, by name and by pointer', () => {
    const args = {
      total: 1250.5,
      currency: 'EUR',
      supplier: { name: 'Acme Ltd' },
      items: [{ sku: 'chair' }],
      'a/b': 7,
    };
    expect(say('Pay {total} {currency} to {/supplier/name}', args)).toBe('Pay 1250.5 EUR to “Acme Ltd”');
    expect(say('{/items/0/sku} {a/b} {/a~1b}', args)).toBe('“chair” 7 7');
    expect(say('{items} {supplier}', args)).toBe('[{"sku":"chair"}] {"name":"Acme Ltd"}');
  });

  it('writes braces', () => {
    expect(say('{{total}} is {total}', { total: 1 })).toBe('{total} is 1');
  });

  it('says that something is not there, and takes nothing from prototypes', () => {
    expect(say('{total} {constructor} {__proto__} {toString} {/length}', {})).toBe(
      Array(5).fill('(not given)').join(' '),
    );
    expect(say('{x}', { x: null })).toBe('null');
  });

  it.each([
    ['', 'empty'],
    ['   ', 'empty'],
    ['x'.repeat(501), 'longer than 500'],
    ['Pay {total', 'not closed'],
    ['Pay total}', 'stands alone'],
    ['Pay {}', 'names no argument'],
    ['Pay { total }', 'not the name'],
    ['Pay {a{b}', 'not the name'],
    ['Pay {/a~2}', 'no RFC 6901 pointer'],
    ['Pay \u202e{total}', 'U+202E'],
    ['Pay\n{total}', 'U+000A'],
    ['Pay {to\u200btal}', 'U+200B'],
  ])('refuses %j', (source, why) => {
    const parsed = parseTemplate(source);
    expect(parsed.ok ? '' : parsed.why).toContain(why);
  });

  it('is total', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('{', '}', '/', '~', 'a', '0', ' ') }), (source) => {
        const parsed = parseTemplate(source);
        if (parsed.ok) sentenceText(renderTemplate(parsed.template, { a: 1 }));
      }),
    );
  });

  it('holds whatever a value says inside its quotes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (name) => {
        const text = say('Pay 900 EUR to {name}.', { name });
        expect(text.startsWith('Pay 900 EUR to ')).toBe(true);
        const value = text.slice('Pay 900 EUR to '.length, -1);
        if (value !== name) expect(value).toMatch(/^“[^“”]*”$/);
        else expect(value).toMatch(/^(-?[\d.]+|[A-Z]{3})$/);
      }),
    );
  });

  it('shortens a long value and says so; what follows stays in sight', () => {
    expect(say('Send {note} for {total} EUR', { note: 'x'.repeat(10_240), total: 900 })).toBe(
      `Send “${'x'.repeat(80)}… 10,240 characters in all” for 900 EUR`,
    );
  });

  it('tells a page which piece is whose', () => {
    const parts = [{ text: 'Pay ' }, { argument: 'to', value: 'a\u202eb', missing: false }];
    expect(sentencePieces(parts)).toEqual([
      { text: 'Pay ', kind: 'plain', argument: null },
      { text: '“', kind: 'marked', argument: 'to' },
      { text: 'a', kind: 'plain', argument: 'to' },
      { text: '⟨U+202E⟩', kind: 'marked', argument: 'to' },
      { text: 'b', kind: 'plain', argument: 'to' },
      { text: '”', kind: 'marked', argument: 'to' },
    ]);
  });

  it('isolates values of right-to-left scripts for displays that reorder', () => {
    const parts = [{ text: 'Pay ' }, { argument: 'to', value: 'אבג', missing: false }, { text: ' 900' }];
    expect(sentenceText(parts, { isolate: true })).toBe('Pay \u2068“אבג”\u2069 900');
  });
});

describe('without a sentence', () => {
  it('tool, server and effect are named, and nothing else', () => {
    const plain = { action: 'tools/call', server: 'erp', tool: 'orders.create', other: null };
    expect(sentenceText(plainSentence({ ...plain, effect: 'write', reversible: false }))).toBe(
      'Run orders.create on erp (changes data, cannot be undone)',
    );
    expect(sentenceText(plainSentence({ ...plain, effect: null, reversible: null }))).toBe(
      'Run orders.create on erp (nobody has said what it does)',
    );
    const read = { ...plain, action: 'resources/read', tool: null, other: 'file:///a for free', effect: null };
    expect(sentenceText(plainSentence({ ...read, reversible: null }))).toBe(
      'Do resources/read for “file:///a for free” on erp (nobody has said what it does)',
    );
  });

  it('effects in words', () => {
    expect(effectWords({ effect: 'read', reversible: false })).toBe('reads data');
    expect(effectWords({ effect: 'external', reversible: null })).toBe('sends something outside, cannot be undone');
  });
});
