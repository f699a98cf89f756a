import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { authorize } from '../../src/policy/cedar/authorize.ts';
import { evaluatePartly, NEVER, UNKNOWN } from '../../src/policy/cedar/partial.ts';
import { program } from './random-policies.ts';
import { compileText, envOf, officials, ours } from './reference.ts';

/** Seconds of random programs; INTERLOCK_FUZZ_SECONDS makes it longer. */
const SECONDS = Number(process.env.INTERLOCK_FUZZ_SECONDS ?? 4);
const BUDGET = { numRuns: 1_000_000, interruptAfterTimeLimit: SECONDS * 1000, markInterruptAsFailure: false };

describe('our evaluator against the official one', () => {
  it(
    'agrees on decision, reasons and errors for random programs, with and without the index',
    () => {
      const seen = { programs: 0, requests: 0, allow: 0, deny: 0, errors: 0 };
      fc.assert(
        fc.property(program, ({ text, entities, requests }) => {
          const policies = compileText(text);
          seen.programs++;
          const answers = officials(text, requests, entities);
          for (const [i, request] of requests.entries()) {
            const env = envOf(request, entities);
            const { plain, indexed } = ours(policies, env);
            const wanted = answers[i];
            expect(plain, text).toEqual(wanted);
            expect(indexed, text).toEqual(wanted);
            seen.requests++;
            seen[plain.decision as 'allow' | 'deny']++;
            if (plain.errors.length > 0) seen.errors++;
          }
        }),
        BUDGET,
      );
      // Programs that all deny, or never fail, would compare little.
      console.log(`compared ${seen.programs} random programs: ${JSON.stringify(seen)}`);
      expect(seen.allow).toBeGreaterThan(seen.requests / 20);
      expect(seen.errors).toBeGreaterThan(seen.requests / 20);
    },
    (SECONDS + 60) * 1000,
  );

  it(
    'evaluates partly to what evaluation gives under every context',
    () => {
      const seen = { exact: 0, never: 0, unknown: 0, fails: 0 };
      fc.assert(
        fc.property(program, ({ text, entities, requests }) => {
          for (const policy of compileText(text)) {
            if (policy.condition === null) continue;
            for (const request of requests) {
              const env = envOf(request, entities);
              const full = outcome(() => policy.holds?.(env));
              const partial = outcome(() =>
                evaluatePartly(policy.condition as never, { ...env, context: undefined } as never),
              );
              if (partial === UNKNOWN) seen.unknown++;
              else if (partial === NEVER) {
                seen.never++;
                expect(full, text).not.toBe(true);
              } else if (partial === 'fails') {
                seen.fails++;
                expect(full, text).toBe('fails');
              } else {
                seen.exact++;
                expect(full, text).toBe(typeof partial === 'boolean' ? partial : 'fails');
              }
            }
          }
        }),
        { ...BUDGET, interruptAfterTimeLimit: (SECONDS * 1000) / 2 },
      );
      expect(Math.min(seen.exact, seen.never, seen.unknown, seen.fails)).toBeGreaterThan(0);
    },
    (SECONDS + 60) * 1000,
  );

  it('never lets an added forbid permit, nor an added permit forbid', () => {
    fc.assert(
      fc.property(program, program, (base, added) => {
        const policies = compileText(base.text);
        const more = compileText(added.text).map((policy) => ({ ...policy, id: `more-${policy.id}` }));
        for (const request of base.requests) {
          const env = envOf(request, base.entities);
          const before = authorize(policies, env).decision;
          const forbids = more.filter((policy) => policy.effect === 'forbid');
          const permits = more.filter((policy) => policy.effect === 'permit');
          if (before === 'deny') expect(authorize([...policies, ...forbids], env).decision).toBe('deny');
          if (before === 'allow') expect(authorize([...policies, ...permits], env).decision).toBe('allow');
        }
      }),
      { numRuns: 150 },
    );
  });
});

function outcome<T>(evaluate: () => T): T | 'fails' {
  try {
    return evaluate();
  } catch {
    return 'fails';
  }
}
