import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PERSON_DEFAULTS, type Person } from '../../model/person.ts';
import type { Changed, Directory } from '../directory.ts';
import { PeopleRoll } from './roll.ts';

const person = (id: string, name: string): Person => ({ ...PERSON_DEFAULTS, id, userName: id, name });

/** As much of a directory as a roll needs. */
function someDirectory(people = new Map<string, Person>()) {
  const listeners: ((changed: readonly Changed[]) => void)[] = [];
  const directory = {
    people: () => people.values(),
    onChange: (listener: (changed: readonly Changed[]) => void) => void listeners.push(listener),
  } as unknown as Directory;
  const put = (id: string, name: string | null): void => {
    if (name === null) people.delete(id);
    else people.set(id, person(id, name));
    for (const listener of listeners) listener([{ kind: 'person', id }]);
  };
  return { directory, people, put };
}

describe('the roll of people', () => {
  it('is everybody in the order of their names, after whatever changes, also while it is made', async () => {
    const change = fc.tuple(
      fc.integer({ min: 0, max: 20 }),
      fc.option(fc.constantFrom('Zoe', 'ada', 'Möller', 'Ümit')),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 60 }), async (changes) => {
        const { directory, people, put } = someDirectory();
        const roll = new PeopleRoll(directory, () => 0);
        for (const [id, name] of changes) {
          const making = roll.all();
          put(`p${id}`, name);
          await making;
        }
        const expected = [...people.values()].map(({ id, name }) => `${name.normalize('NFKC').toLowerCase()} ${id}`);
        expect((await roll.all()).map(({ key }) => key)).toEqual(expected.sort());
      }),
      { numRuns: 30 },
    );
  });

  it('is made again when the configuration names other people', async () => {
    const { directory, people } = someDirectory();
    const configuration = { current: 1 };
    const roll = new PeopleRoll(directory, () => configuration.current);
    expect(await roll.all()).toEqual([]);
    // A reload tells nobody who is new.
    people.set('ada', person('ada', 'Ada'));
    configuration.current = 2;
    expect((await roll.all()).map(({ person: { id } }) => id)).toEqual(['ada']);
  });

  it('of a hundred thousand is made without holding anybody up, once', async () => {
    const people = Array.from({ length: 100_000 }, (_, i) => person(`p-${i}`, `Person ${(i * 7919) % 100_000}`));
    const roll = new PeopleRoll(someDirectory(new Map(people.map((one) => [one.id, one]))).directory, () => 0);
    // Time tells nothing on a machine that is busy; how often others had their turn does.
    const others = { turns: 0, over: false };
    const tick = (): void => {
      others.turns++;
      if (!others.over) setImmediate(tick);
    };
    tick();
    const all = await roll.all();
    others.over = true;
    expect(all).toHaveLength(100_000);
    expect(await roll.all()).toBe(all);
    expect(others.turns).toBeGreaterThan(100);
  });
});
