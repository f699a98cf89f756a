import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ToolDefinition, ToolEffect } from '../model/tool.ts';
import { explainLabels, type LabelOverride, labelsOf, STRICTEST } from './labels.ts';

const RANK: readonly ToolEffect[] = ['read', 'write', 'external', 'destructive', 'credential'];

function withHints(annotations: Record<string, boolean>): ToolDefinition {
  return { name: 't', inputSchema: {}, annotations };
}

function tools(overrides: Record<string, LabelOverride> = {}): ReadonlyMap<string, LabelOverride> {
  return new Map(Object.entries(overrides));
}

const hints = fc.record(
  {
    readOnlyHint: fc.boolean(),
    destructiveHint: fc.boolean(),
    idempotentHint: fc.boolean(),
    openWorldHint: fc.boolean(),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<Record<string, boolean>>;
const override: fc.Arbitrary<LabelOverride> = fc.record(
  {
    effect: fc.constantFrom(...RANK),
    dataClass: fc.constantFrom('public', 'internal', 'confidential', 'restricted'),
    reversible: fc.boolean(),
    untrustedOutput: fc.boolean(),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<LabelOverride>;

describe('labels', () => {
  it('of a tool nobody says anything about are the strictest', () => {
    for (const definition of [null, { name: 't', inputSchema: {} }]) {
      expect(labelsOf('t', definition, { tools: tools() })).toEqual({ ...STRICTEST, origin: 'default' });
    }
  });

  it.each<[Record<string, boolean>, ToolEffect, boolean, boolean]>([
    [{ readOnlyHint: true }, 'read', true, true],
    [{ readOnlyHint: true, openWorldHint: false }, 'read', true, false],
    [{ readOnlyHint: true, destructiveHint: true }, 'read', true, true],
    [{ readOnlyHint: false, destructiveHint: false, openWorldHint: false }, 'write', false, false],
    [{ readOnlyHint: false, destructiveHint: false, openWorldHint: true }, 'external', false, true],
    [{ destructiveHint: false }, 'write', false, true],
    [{ readOnlyHint: false, destructiveHint: true, openWorldHint: false }, 'destructive', false, false],
    [{ readOnlyHint: false }, 'destructive', false, true],
    [{ idempotentHint: true }, 'destructive', false, true],
    [{}, 'destructive', false, true],
  ])('of a trusted server follow its hints: %j', (annotations, effect, reversible, untrustedOutput) => {
    const labels = labelsOf('t', withHints(annotations), { tools: tools(), trustAnnotations: true });
    expect(labels).toMatchObject({ effect, reversible, untrustedOutput, dataClass: 'restricted' });
  });

  it('come from hints only where the operator trusts the server: said so, or called it low risk', () => {
    const definition = withHints({ readOnlyHint: true });
    const effect = (source: object) => labelsOf('t', definition, { tools: tools(), ...source }).effect;
    expect(effect({})).toBe('destructive');
    expect(effect({ risk: 'medium' })).toBe('destructive');
    expect(effect({ risk: 'low' })).toBe('read');
    expect(effect({ risk: 'low', trustAnnotations: false })).toBe('destructive');
    expect(effect({ risk: 'high', trustAnnotations: true })).toBe('read');
  });

  it('an operator gave a name win over everything, over * and over hints', () => {
    const source = { tools: tools({ t: { effect: 'read' }, '*': { effect: 'write', dataClass: 'internal' } }) };
    expect(labelsOf('t', withHints({ destructiveHint: true }), source)).toEqual({
      effect: 'read',
      dataClass: 'internal',
      reversible: true,
      untrustedOutput: true,
      origin: 'operator',
    });
    expect(labelsOf('other', null, source)).toMatchObject({ effect: 'write', origin: 'operator' });
  });

  it('an operator gave to * are raised by what a server admits', () => {
    const source = { tools: tools({ '*': { effect: 'read', untrustedOutput: false } }) };
    expect(labelsOf('t', withHints({ destructiveHint: true }), source)).toMatchObject({
      effect: 'destructive',
      origin: 'annotations',
    });
    expect(labelsOf('t', withHints({ readOnlyHint: false }), source).effect).toBe('write');
    expect(labelsOf('t', withHints({ openWorldHint: true }), source).untrustedOutput).toBe(true);
  });

  it('of a server nobody trusts are never looser for its hints', () => {
    fc.assert(
      fc.property(hints, override, (annotations, general) => {
        const source = { tools: tools({ '*': general }), risk: 'high' as const };
        const without = labelsOf('t', null, source);
        const labels = labelsOf('t', withHints(annotations), source);
        expect(RANK.indexOf(labels.effect)).toBeGreaterThanOrEqual(RANK.indexOf(without.effect));
        expect(labels.untrustedOutput || !without.untrustedOutput).toBe(true);
        expect(labels.dataClass).toBe(without.dataClass);
        expect(labels.reversible && !without.reversible).toBe(false);
      }),
    );
  });

  it('ignore hints that are no booleans', () => {
    const definition = { name: 't', inputSchema: {}, annotations: { readOnlyHint: 'true', openWorldHint: 0 } };
    expect(labelsOf('t', definition, { tools: tools(), trustAnnotations: true })).toMatchObject({
      effect: 'destructive',
      untrustedOutput: true,
    });
  });
});

describe('where a label came from', () => {
  const from = (of: ReturnType<typeof explainLabels>) => Object.fromEntries(of.map((each) => [each.name, each.from]));

  it('is said for each: this tool, its server, the hints, the strictest', () => {
    expect(from(explainLabels('t', null, { tools: tools() }))).toEqual({
      ...{ effect: 'default', dataClass: 'default', reversible: 'default', untrustedOutput: 'default' },
    });
    const said = { t: { effect: 'read', untrustedOutput: false }, '*': { dataClass: 'internal' } } as const;
    expect(from(explainLabels('t', null, { tools: tools(said) }))).toEqual({
      ...{ effect: 'tool', dataClass: 'server', reversible: 'effect', untrustedOutput: 'tool' },
    });
  });

  it('is the hints where they are believed, and where they made it stricter than the operator said', () => {
    const trusted = { tools: tools(), risk: 'low' } as const;
    expect(from(explainLabels('t', withHints({ readOnlyHint: true, openWorldHint: false }), trusted))).toMatchObject({
      ...{ effect: 'annotations', untrustedOutput: 'annotations' },
    });
    const general = { tools: tools({ '*': { effect: 'read' } }), risk: 'high' } as const;
    expect(from(explainLabels('t', withHints({ destructiveHint: true }), general)).effect).toBe('annotations');
    expect(from(explainLabels('t', withHints({ readOnlyHint: true }), general)).effect).toBe('server');
  });

  it('belongs to the very labels that count', () => {
    fc.assert(
      fc.property(hints, override, override, fc.boolean(), (annotations, exact, general, trustAnnotations) => {
        const source = { tools: tools({ t: exact, '*': general }), trustAnnotations };
        const { origin: _origin, ...labels } = labelsOf('t', withHints(annotations), source);
        const explained = explainLabels('t', withHints(annotations), source);
        expect(Object.fromEntries(explained.map(({ name, value }) => [name, value]))).toEqual(labels);
      }),
    );
  });
});
