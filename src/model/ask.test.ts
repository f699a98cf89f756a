import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AskSlot, formatWho, parseAsk } from './ask.ts';

/** The slots, or the problem. */
function read(text: string): unknown {
  const ask = parseAsk(text);
  if ('problem' in ask) return ask.problem;
  if (ask.kind === 'route') return `route ${ask.name}`;
  return ask.slots.map(format).join(' + ');
}

function format({ count, who, exceptStarter }: AskSlot): string {
  return `${count} ${who.map(formatWho).join('|')}${exceptStarter ? ' except starter' : ''}`;
}

describe('an ask', () => {
  const cells: readonly (readonly [text: string, wanted: string])[] = [
    ['owner', '1 owner'],
    ['subject', '1 subject'],
    ['role:security', '1 role:security'],
    ['person:bob', '1 person:bob'],
    ['group:finance', '1 group:finance'],
    ['on-call:treasury', '1 on-call:treasury'],
    ['route:purchases', 'route purchases'],
    ["route:'big purchases'", 'route big purchases'],
    ['2 group:finance', '2 group:finance'],
    ['owner|group:finance', '1 owner|group:finance'],
    [' owner |group:finance ', '1 owner|group:finance'],
    ['owner | owner | role:a', '1 owner|role:a'],
    ['owner + 2 group:finance | role:cfo except starter', '1 owner + 2 group:finance|role:cfo except starter'],
    ['owner except starter + subject', '1 owner except starter + 1 subject'],
    ["group:'Finance managers' | person:'a+b'", "1 group:'Finance managers'|person:'a+b'"],
    ['person:7f3c-1@corp', '1 person:7f3c-1@corp'],
    ['person:a + person:b', '1 person:a + 1 person:b'],
    ['2 person:a | person:b', '2 person:a|person:b'],
  ];
  it.each(cells)('%j asks %j', (text, wanted) => {
    expect(read(text)).toBe(wanted);
  });

  const wrong: readonly (readonly [text: string, problem: string])[] = [
    ['', 'names nobody'],
    ['  ', 'names nobody'],
    ['boss', 'names nobody'],
    ['Owner', 'names nobody'],
    ['role:', 'names nobody'],
    ["role:' '", 'names nobody'],
    ['role', 'names nobody'],
    ['owner group:finance', 'names nobody'],
    ['owner +', 'names nobody'],
    ['| owner', 'names nobody'],
    ['2', 'names nobody'],
    ['owner except', 'excepts somebody unknown'],
    ['owner except subject', 'excepts somebody unknown'],
    ['except starter', 'names nobody'],
    ["group:'open", 'names nobody'],
    ["'owner'", 'names nobody'],
    ['group:a\u0000b', 'names nobody'],
    ['0 owner', 'asks owner for 0 answers'],
    ['6 group:x', 'asks group:x for 6 answers'],
    ['-1 owner', 'names nobody'],
    ['route:a | owner', 'adds something to a route'],
    ['owner | route:a', 'adds something to a route'],
    ['2 route:a', 'adds something to a route'],
    ['2 person:a', 'needs more answers of person:a than there are people'],
    ['person:a + person:a', 'needs more answers of person:a than there are people'],
    ['2 subject', 'needs more answers of subject than there are people'],
    ['person:a | person:b + person:a + person:b', 'needs more answers of person:a, person:b than there are people'],
    [Array(5).fill('5 group:a').join(' + '), 'asks for more than 20 answers'],
    [
      Array(21)
        .fill('')
        .map((_, i) => `role:${i}`)
        .join('|'),
      'names too many in one place',
    ],
    [`role:${'a'.repeat(500)}`, 'is longer than 500 characters'],
  ];
  it.each(wrong)('%j %s', (text, problem) => {
    expect(read(text)).toBe(problem);
  });

  it('reads back what it writes, whatever the names', () => {
    const id = fc
      .string({ minLength: 1, maxLength: 20, unit: 'grapheme' })
      .filter((name) => name.trim() !== '' && !/['\p{Cc}]/u.test(name));
    const who = fc.oneof(
      fc.constantFrom({ kind: 'owner' } as const, { kind: 'subject' } as const),
      fc.record({ kind: fc.constantFrom('person', 'group', 'role', 'schedule'), id }),
    );
    fc.assert(
      fc.property(who, fc.constantFrom('', '3 '), fc.boolean(), (one, count, except) => {
        const text = `${count}${formatWho(one)} | group:z${except ? ' except starter' : ''}`;
        const wanted = formatWho(one) === 'group:z' ? [one] : [one, { kind: 'group', id: 'z' }];
        expect(parseAsk(text)).toEqual({
          kind: 'slots',
          slots: [{ count: count === '' ? 1 : 3, who: wanted, exceptStarter: except }],
        });
      }),
    );
  });

  it('ends for any text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 600 }), (text) => {
        parseAsk(text);
      }),
    );
    const started = parseAsk(`${'group:'.repeat(80)}`);
    expect(started).toBeDefined();
  });
});
