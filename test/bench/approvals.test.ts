import { expect, it } from 'vitest';
import { approvalsBench } from './approvals.ts';

it('the approvals benchmark measures every figure, and every answered call has its effect', async () => {
  const plan = { alone: 2, together: 3, rounds: 1, pending: 1_100, questions: 50 };
  const result = await approvalsBench(plan);
  const figures = (value: object): unknown[] =>
    Object.values(value).flatMap((one) => (typeof one === 'object' && one !== null ? figures(one) : [one]));
  expect(figures(result)).toHaveLength(50);
  for (const figure of figures(result)) expect(figure).toBeGreaterThan(0);
}, 180_000);
