import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Given, input, labels, OPS, PROCUREMENT, published } from '../../../test/policy/company.ts';
import type { ToolLabels } from '../../model/tool.ts';
import type { PolicySet } from '../policy-set.ts';

/** Conditions over what is known before a call, and over what only a call brings. Each is valid against the schema by itself. */
const KNOWN = [
  'resource.effect == "read"',
  'resource.effect == "write"',
  'resource.dataClass == "restricted"',
  '!resource.reversible',
  'principal.riskTier == "high"',
  'principal.department == "purchasing"',
  'principal in AgentGroup::"buyers"',
  'resource.server.risk == "high"',
  'principal.owner.name == "Ada"',
  'true',
  'false',
].map((text) => (text.includes('department') ? `principal has department && ${text}` : text));
const OPEN = [
  'context has amount && context.amount.greaterThan(decimal("100.0"))',
  'context has amount && context.amount.lessThanOrEqual(decimal("1000.0"))',
  'context.session.readUntrusted',
  'context.session.calls < 3',
  'context.usage.agent.callsLastDay + 1 > 9223372036854775807 - 5',
  'context.watched',
  'context.hour >= 8 && context.hour < 18',
  'context has subject && context.subject.name == "Bob"',
  'context.args.hasTag("to") && context.args.getTag("to") like "*@example.com"',
  'context.numbers.hasTag("n") && context.numbers.getTag("n") * 9223372036854775807 > 0',
  'context.authMethod == "dpop"',
];
const atom = fc.oneof(fc.constantFrom(...KNOWN), fc.constantFrom(...OPEN)).map((text) => `(${text})`);
const condition = fc.letrec<{ expr: string }>((tie) => ({
  expr: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    atom,
    fc.tuple(tie('expr'), fc.constantFrom('&&', '||'), tie('expr')).map(([a, op, b]) => `(${a} ${op} ${b})`),
    tie('expr').map((a) => `!(${a})`),
    fc.tuple(atom, tie('expr'), tie('expr')).map(([a, b, c]) => `(if ${a} then ${b} else ${c})`),
  ),
})).expr;
const head = fc
  .tuple(
    fc.constantFrom('principal', 'principal == Agent::"procurement"', 'principal in AgentGroup::"buyers"'),
    fc.constantFrom('resource is Tool', 'resource == Tool::"crm/orders.create"', 'resource is Tool in Server::"cloud"'),
  )
  .map(([who, what]) => `(${who}, action == Action::"tools/call", ${what})`);
const policy = fc
  .tuple(fc.constantFrom('permit', 'permit', '@ask("owner") permit', 'forbid'), head, fc.option(condition))
  .map(([effect, where, when]) => `${effect} ${where}${when === null ? '' : ` when { ${when} }`};`);
const texts = fc
  .array(policy, { minLength: 1, maxLength: 5 })
  .map((all) => all.map((text, i) => `@id("p${i}") ${text}`).join('\n'));

const tool: fc.Arbitrary<Pick<Given, 'server' | 'tool' | 'labels' | 'agent'>> = fc.record({
  ...{ agent: fc.constantFrom(PROCUREMENT, OPS), server: fc.constantFrom('crm', 'cloud') },
  tool: fc.constantFrom('orders.create', 'orders.list'),
  labels: fc.constantFrom<ToolLabels | null>(labels('read'), labels('write', { dataClass: 'restricted' }), null),
});
const context: fc.Arbitrary<Given> = fc.record({
  args: fc.constantFrom({}, { to: 'a@example.com' }, { to: 'x', n: 7 }, { n: -1 }),
  facts: fc.record({ amount: fc.constantFrom(null, 50_0000, 500_0000, 5000_0000) }),
  session: fc.record({ readUntrusted: fc.boolean(), calls: fc.constantFrom(0, 9) }),
  usage: fc.constantFrom({}, { agent: { ...input().usage.agent, callsLastDay: 12 } }),
  // Nobody knows Carol: reading her name fails.
  subject: fc.constantFrom(null, 'bob', 'ada', 'carol'),
  watched: fc.boolean(),
  nowMs: fc.constantFrom(0, 9 * 3_600_000),
});

/** Policies that Cedar's own validator refuses are of no interest. */
function publishable(text: string): PolicySet | null {
  try {
    return published(text);
  } catch {
    return null;
  }
}

describe('what will be decided, before anything is known of the call', () => {
  it('always is permitted and never is denied, whatever the context; nobody is asked but where it says so', () => {
    const seen = { always: 0, depends: 0, ask: 0, never: 0, refused: 0 };
    fc.assert(
      fc.property(texts, tool, fc.array(context, { minLength: 4, maxLength: 8 }), (text, what, contexts) => {
        const policies = publishable(text);
        if (policies === null) return void seen.refused++;
        const { caller, action, labels: given } = input(what);
        const { outcome, parts, why } = policies.foresee(caller, action, given);
        seen[outcome]++;
        expect(outcome === 'never').toBe(!policies.couldPermit(caller, action, given));
        expect(why === null).toBe(outcome !== 'never');
        for (const each of contexts) {
          const question = input({ ...each, ...what });
          const { effect, reasons } = policies.decide(question);
          if (outcome === 'always') expect(effect, text).toBe('permit');
          if (outcome === 'never') expect(effect, text).toBe('deny');
          if (effect === 'ask') expect(outcome, text).toBe('ask');
          // Nothing decides that was not named beforehand, and what holds always was part of it.
          const named = parts.map((part) => part.policy);
          if (outcome !== 'never') {
            expect(named).toEqual(expect.arrayContaining([...reasons]));
            const explained = new Map(policies.explain(question).map((one) => [one.policy, one.outcome]));
            for (const part of parts)
              if (part.holds === 'always') expect(explained.get(part.policy), text).toBe('matched');
          }
        }
      }),
      { numRuns: 900 },
    );
    console.log(`foreseen: ${JSON.stringify(seen)}`);
    expect(Math.min(seen.always, seen.depends, seen.ask, seen.never)).toBeGreaterThan(15);
  });

  it('a rule for another kind of tool takes nothing away from what is certain', () => {
    const policies = published(`
      @id("reads") permit(principal, action in Action::"use", resource is Tool) when { resource.effect == "read" };
      @id("small") permit(principal, action in Action::"use", resource is Tool)
        when { resource.effect == "write" && context has amount && context.amount.lessThan(decimal("10.0")) };
      @id("night") forbid(principal, action in Action::"use", resource is Tool)
        when { resource.effect == "write" && context.hour < 6 };`);
    const of = (given: Given) => {
      const { caller, action, labels: its } = input(given);
      return policies.foresee(caller, action, its);
    };
    expect(of({ tool: 'orders.list', labels: labels('read') })).toMatchObject({
      outcome: 'always',
      parts: [{ policy: 'test.cedar#reads', effect: 'permit', holds: 'always', line: 2 }],
      facts: [],
    });
    const write = of({ labels: labels('write') });
    expect(write.outcome).toBe('depends');
    expect(write.parts.map(({ policy, holds }) => [policy, holds])).toEqual([
      ['test.cedar#night', 'depends'],
      ['test.cedar#small', 'depends'],
    ]);
    expect(new Set(write.facts)).toEqual(new Set(['hour', 'amount']));
    expect(of({ labels: labels('external') })).toMatchObject({ outcome: 'never', why: 'no-permit', parts: [] });
    expect(of({ server: 'nowhere' })).toMatchObject({ outcome: 'never', why: 'unknown' });
  });

  it('the deciding policy comes first, and what forbids for certain comes alone', () => {
    const policies = published(`
      @id("any") permit(principal, action in Action::"use", resource is Tool);
      @id("ask") @ask("owner") permit(principal, action in Action::"use", resource is Tool) when { context.watched };
      @id("no") forbid(principal, action in Action::"use", resource is Tool) when { resource.dataClass == "restricted" };`);
    const of = (its: ToolLabels) => {
      const { caller, action } = input();
      const { outcome, why, parts } = policies.foresee(caller, action, its);
      return [outcome, why, ...parts.map(({ policy }) => policy.split('#')[1])];
    };
    expect(of(labels('read'))).toEqual(['ask', null, 'ask', 'any']);
    expect(of(labels('read', { dataClass: 'restricted' }))).toEqual(['never', 'forbidden', 'no']);
  });

  it('keeps nothing: looking at an estate pushes out nothing a call needs', () => {
    const policies = published('permit(principal, action in Action::"use", resource is Tool);');
    for (let i = 0; i < 50; i++) {
      const { caller, action } = input({ tool: `t${i}` });
      policies.foresee(caller, action, labels('read'));
    }
    expect(policies.remembered).toEqual({ targets: 0, plans: 0 });
  });
});
