import { expect, it } from 'vitest';
import { identityBench } from './identity.ts';

it('the identity benchmark measures every figure, and everybody is refused once their owner has left', async () => {
  const plan = { agents: 3_000, tuples: 10_000, owned: 1_200, tokens: 1_000, rounds: 1, requests: 32 };
  const result = await identityBench(plan);
  expect(result.deprovision.agents).toBe(plan.owned);
  const figures = (value: object): unknown[] =>
    Object.values(value).flatMap((one) => (typeof one === 'object' && one !== null ? figures(one) : [one]));
  expect(figures(result)).toHaveLength(23);
  // Memory is not among them: without a collector to call, less may be in use after than before.
  const { directory, relations, ...timed } = result;
  for (const figure of figures(timed)) expect(figure).toBeGreaterThan(0);
  for (const { load_ms } of [directory, relations]) expect(load_ms).toBeGreaterThan(0);
}, 120_000);
