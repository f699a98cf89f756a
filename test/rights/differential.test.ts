import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RelationTuple } from '../../src/ports/identity-stores.ts';
import { readModel } from '../../src/rights/language/read.ts';
import { Unbounded } from '../../src/rights/relations/evaluate.ts';
import { MemoryRelations } from '../../src/rights/relations/memory.ts';
import { everyObject, extent, isValid, type ReferenceModel } from './reference.ts';
import { anyModel, anyTuples, textOf } from './worlds.ts';

/** The evaluator against one that only follows the published semantics, bottom up, over random models and tuples (AZ2). */
const RUNS = Number(process.env.INTERLOCK_FUZZ_RUNS ?? 300);
const clock = { nowMs: () => 0, monotonicUs: () => 0 };
const nothing = {
  apply: async () => {},
  changesSince: async () => ({ seq: 0, floor: 0, changes: [], restart: false }),
  prune: async () => 0,
  onChange: () => () => {},
};

async function relationsOf(model: ReferenceModel, tuples: readonly RelationTuple[]): Promise<MemoryRelations> {
  const read = await readModel(textOf(model));
  // What nobody could ever have, OpenFGA's validator refuses: another world is drawn.
  if (!read.ok) fc.pre(!read.problems.every((problem) => /impossible relation/.test(problem.message)));
  if (!read.ok) throw new Error(`${textOf(model)}\n${JSON.stringify(read.problems)}`);
  const relations = new MemoryRelations({ store: nothing, clock });
  await relations.load();
  relations.use(read.model, tuples);
  return relations;
}

function ask(
  relations: MemoryRelations,
  question: { object: string; relation: string; subject: string },
): boolean | 'undecided' {
  try {
    return relations.check({ ...question, given: [] });
  } catch (error) {
    if (error instanceof Unbounded) return 'undecided';
    throw error;
  }
}

function* questions(model: ReferenceModel): Generator<{ object: string; relation: string }> {
  for (const object of everyObject(model)) {
    for (const relation of Object.keys(model[object.slice(0, object.indexOf(':'))]!)) yield { object, relation };
  }
}

describe('relations in memory answer as the published semantics do (AZ2)', { timeout: 300_000 }, () => {
  const subjects = ['user:1', 'user:2', 'user:3', 'group:1'];

  it('for every question about random models and tuples, invalid ones among them', async () => {
    let [yes, no, invalid] = [0, 0, 0];
    await fc.assert(
      fc.asyncProperty(anyModel(true), anyTuples, async (model, tuples) => {
        const relations = await relationsOf(model, tuples);
        invalid += tuples.filter((tuple) => !isValid(model, tuple)).length;
        for (const subject of subjects) {
          const { sure } = extent(model, tuples, subject);
          for (const { object, relation } of questions(model)) {
            const wanted = sure.has(`${object} ${relation}`);
            if (wanted) yes++;
            else no++;
            expect([subject, relation, object, ask(relations, { object, relation, subject })]).toEqual([
              subject,
              relation,
              object,
              wanted,
            ]);
          }
        }
      }),
      { numRuns: RUNS },
    );
    // It has looked: both answers, and tuples the model does not allow.
    expect(Math.min(yes, no, invalid)).toBeGreaterThan(RUNS);
  });

  it('and where a relation depends on its own absence, it grants only what is sure and refuses the rest', async () => {
    await fc.assert(
      fc.asyncProperty(anyModel(false), anyTuples, async (model, tuples) => {
        const relations = await relationsOf(model, tuples);
        for (const subject of subjects) {
          const { sure, possible } = extent(model, tuples, subject);
          for (const { object, relation } of questions(model)) {
            const key = `${object} ${relation}`;
            const answer = ask(relations, { object, relation, subject });
            if (answer === true) expect([key, sure.has(key)]).toEqual([key, true]);
            if (answer === false) expect([key, possible.has(key)]).toEqual([key, false]);
          }
        }
      }),
      { numRuns: RUNS },
    );
  });
});
