import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RelationTuple } from '../../ports/identity-stores.ts';
import { Names } from './names.ts';
import { FROM_FILE, FROM_STORE, Tuples } from './tuples.ts';

describe('names', () => {
  it('keep their numbers, whatever the texts, through every growth', () => {
    const names = new Names();
    const texts = [...new Set(fc.sample(fc.string({ unit: 'grapheme', maxLength: 30 }), 5_000))];
    const numbers = texts.map((text) => names.intern(text));
    expect(new Set(numbers).size).toBe(texts.length);
    for (const [i, text] of texts.entries()) {
      expect(names.intern(text)).toBe(numbers[i]);
      expect(names.find(text)).toBe(numbers[i]);
      expect(names.text(numbers[i]!)).toBe(text);
    }
    expect(names.size).toBe(texts.length);
    expect(names.find('never seen')).toBe(-1);
  });

  it('do not take a text without bounds', () => {
    expect(() => new Names().intern('x'.repeat(2_049))).toThrow(/longer than/);
    expect(() => new Names().intern('€'.repeat(700))).toThrow(/longer than/);
    expect(new Names().find('x'.repeat(2_049))).toBe(-1);
  });
});

const anyTuple = fc.record({
  object: fc.constantFrom('doc:1', 'doc:2', 'doc:3', 'folder:1'),
  relation: fc.constantFrom('viewer', 'editor', 'parent'),
  subject: fc.constantFrom('user:a', 'user:b', 'user:*', 'group:x#member', 'group:y#member', 'folder:1'),
});

const keyOf = ({ object, relation, subject }: RelationTuple): string => `${object} ${relation} ${subject}`;

describe('tuples', () => {
  it('are what two sets would hold after any writes, deletes and replacements', () => {
    const anyAct = fc.oneof(
      fc.record({
        act: fc.constantFrom('add', 'remove'),
        origin: fc.constantFrom(FROM_FILE, FROM_STORE),
        tuple: anyTuple,
      }),
      fc.record({ act: fc.constant('replace'), tuples: fc.array(anyTuple, { maxLength: 8 }) }),
    );
    fc.assert(
      fc.property(fc.array(anyAct, { maxLength: 120, size: 'max' }), (acts) => {
        const tuples = new Tuples();
        const held = new Map([
          [FROM_FILE, new Set<string>()],
          [FROM_STORE, new Set<string>()],
        ]);
        for (const act of acts) {
          if ('tuples' in act) {
            tuples.replace(act.tuples, FROM_FILE);
            held.set(FROM_FILE, new Set(act.tuples.map(keyOf)));
            continue;
          }
          const set = held.get(act.origin)!;
          const key = keyOf(act.tuple);
          if (act.act === 'add') expect(tuples.add(act.tuple, act.origin)).toBe(!set.has(key));
          else expect(tuples.remove(act.tuple, act.origin)).toBe(set.has(key));
          if (act.act === 'add') set.add(key);
          else set.delete(key);
        }
        const wanted = new Set([...held.values()].flatMap((set) => [...set]));
        expect(new Set([...tuples.from(0)].map((row) => keyOf(row.tuple)))).toEqual(wanted);
        expect(tuples.count).toBe(wanted.size);
        expect(listed(tuples)).toEqual(wanted);
      }),
    );
  });
});

/** Everything that the lists by object and relation lead to. */
function listed(tuples: Tuples): Set<string> {
  const found = new Set<string>();
  for (const object of ['doc:1', 'doc:2', 'doc:3', 'folder:1']) {
    for (const relation of ['viewer', 'editor', 'parent']) {
      for (const sets of [false, true]) {
        const name = tuples.names.find(object);
        const word = tuples.findWord(relation);
        if (name === -1 || word === 0) continue;
        for (let at = tuples.first(name, word, sets); at !== -1; at = tuples.next(at)) {
          const subject = tuples.names.text(tuples.subjectOf(at));
          found.add(keyOf({ object, relation, subject: sets ? `${subject}#member` : subject }));
        }
      }
    }
  }
  return found;
}
