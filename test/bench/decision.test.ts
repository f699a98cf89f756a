import { expect, it } from 'vitest';
import { decisionBench } from './decision.ts';

it('the decision benchmark compares engines that agree, at every size', async () => {
  const result = await decisionBench({ budgetMs: 5 });
  for (const name of ['p50_us', 'first_p50_us', 'cedar_wasm', 'agt_sdk', 'agt_sdk_flat'] as const) {
    expect(Object.keys(result[name])).toEqual(['10', '100', '1000']);
    for (const figure of Object.values(result[name])) expect(figure).toBeGreaterThan(0);
  }
  // Permitted, asked and denied all occur, or the figures would say little.
  for (const effects of Object.values(result.effects))
    expect(effects).toMatch(/^[1-9]\d* permit, [1-9]\d* ask, [1-9]\d* deny$/);
}, 120_000);
