import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { PolicyWorld } from '../../src/model/policy-input.ts';
import { OBLIGATIONS } from '../../src/policy/obligations.ts';
import { publish } from '../../src/policy/publish.ts';
import { ACTION_GROUPS, SCHEMA, WORDS } from '../../src/policy/schema.ts';
import { withCedar } from '../../src/policy/text/wasm.ts';
import { labels, PROCUREMENT, WORLD } from './company.ts';

const page = readFileSync(new URL('../../docs/policy.md', import.meta.url), 'utf8');

const world: PolicyWorld = {
  ...WORLD,
  agents: [PROCUREMENT],
  servers: ['erp', 'infra', 'mail'].map((id) => ({ id, risk: 'low' as const, environment: null })),
  tools: [
    { server: 'erp', name: 'orders.create', labels: labels('write') },
    { server: 'mail', name: 'send', labels: labels('external') },
  ],
};

describe('docs/policy.md', () => {
  it('shows only policies that can be published without a warning', () => {
    const examples = [...page.matchAll(/```cedar\n([\s\S]*?)```/g)].map((match) => match[1] as string);
    expect(examples.length).toBeGreaterThan(1);
    for (const text of examples)
      expect(publish([{ path: 'x.cedar', text }], world)).toMatchObject({ ok: true, warnings: [] });
  });

  it('and so does docs/approvals.md', () => {
    const approvals = readFileSync(new URL('../../docs/approvals.md', import.meta.url), 'utf8');
    const examples = [...approvals.matchAll(/```cedar\n([\s\S]*?)```/g)].map((match) => match[1] as string);
    expect(examples.length).toBeGreaterThan(0);
    const approvers = { roles: ['operations'], routes: ['purchases'], schedules: [], groups: [] };
    for (const text of examples)
      expect(publish([{ path: 'x.cedar', text }], { ...world, approvers })).toMatchObject({ ok: true, warnings: [] });
  });

  it('names every action, every word, every obligation and every fact of the schema', () => {
    for (const action of ACTION_GROUPS.keys()) expect(page).toContain(`\`${action}\``);
    for (const words of WORDS.values()) for (const word of words) expect(page).toContain(`\`${word}\``);
    for (const name of OBLIGATIONS.keys()) expect(page).toContain(`\`${name}`);
    const schema = withCedar((cedar) => cedar.schemaToJson(SCHEMA));
    if (schema.type === 'failure') throw new Error(schema.errors[0]?.message);
    const facts = JSON.stringify(schema.json['']?.commonTypes?.Facts);
    const names = [...facts.matchAll(/"(\w+)":\{"(?:type|required)"/g)].map((match) => match[1] as string);
    expect(names.length).toBeGreaterThan(30);
    const cited = page.slice(page.indexOf('## What a policy can read'), page.indexOf('## More examples'));
    for (const name of names.filter((name) => !['attributes', 'element'].includes(name)))
      expect(cited).toMatch(new RegExp(`[.\`]${name}[?\`.]`));
  });
});
