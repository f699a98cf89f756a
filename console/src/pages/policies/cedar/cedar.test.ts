import { describe, expect, it } from 'vitest';
import type { PolicyVocabulary } from '../../../../../src/model/insight/policies.ts';
import { offered, typesOf } from './completion.ts';
import { outline } from './outline.ts';
import { tokens } from './tokens.ts';

const kinds = (text: string): string =>
  [...tokens(text)]
    .filter(({ kind }) => kind !== 'space')
    .map(({ kind, text: said }) => `${kind}:${said}`)
    .join(' ');

describe('reading Cedar', () => {
  it('knows words by where they stand', () => {
    expect(kinds('@id("a") permit (principal == Agent::"b", action, resource);')).toBe(
      'annotation:@id bracket:( string:"a" bracket:) effect:permit bracket:( variable:principal operator:== type:Agent operator::: string:"b" bracket:, variable:action bracket:, variable:resource bracket:) bracket:;',
    );
    expect(kinds('context.amount.lessThan(decimal("4.0")) // in')).toBe(
      'variable:context operator:. name:amount operator:. function:lessThan bracket:( function:decimal bracket:( string:"4.0" bracket:) bracket:) comment:// in',
    );
    // An attribute may be called like a keyword.
    expect(kinds('resource.in has like')).toBe('variable:resource operator:. name:in keyword:has keyword:like');
  });

  it('keeps every character, whatever the text is', () => {
    const hostile = '@é "unended \\" x\n\u202E%% permit(;"\\"" 🔑 // "\n';
    expect([...tokens(hostile)].map(({ text }) => text).join('')).toBe(hostile);
  });

  it('lists policies with the ids that records name them by', () => {
    const text = `// first
permit (principal, action, resource);

@id("big \\"ones\\"") @ask("owner")
@reason("Needs (a person); really.")
permit (
  principal, action == Action::"tools/call",
  resource
) when { context has amount };
forbid (principal, action, resource) unless { true };
this is no policy;
forbid (principal`;
    expect(outline('buy/a.cedar', text)).toEqual([
      {
        id: 'buy/a.cedar#policy0',
        effect: 'permit',
        line: 2,
        reason: null,
        ask: null,
        head: 'principal, action, resource',
      },
      {
        id: 'buy/a.cedar#big "ones"',
        effect: 'ask',
        line: 4,
        reason: 'Needs (a person); really.',
        ask: 'owner',
        head: 'principal, action == Action::"tools/call", resource',
      },
      {
        id: 'buy/a.cedar#policy2',
        effect: 'forbid',
        line: 10,
        reason: null,
        ask: null,
        head: 'principal, action, resource',
      },
    ]);
  });
});

describe('completing Cedar', () => {
  const vocabulary: PolicyVocabulary = {
    schema: '',
    actions: ['tools/call', 'connect'],
    entities: { Action: ['tools/call'], Agent: ['buyer', 'odd"one'], Tool: ['erp/orders.create'] },
    attributes: {
      Agent: [{ name: 'owner', type: 'Person' }],
      Person: [{ name: 'email?', type: 'String' }],
      Tool: [
        { name: 'effect', type: 'String' },
        { name: 'server', type: 'Server' },
      ],
      Server: [{ name: 'risk', type: 'String' }],
      context: [
        { name: 'amount?', type: 'decimal' },
        { name: 'session', type: 'context.session' },
        { name: 'args', type: 'Arguments' },
      ],
      'context.session': [{ name: 'toolsCalled', type: 'Set<String>' }],
    },
    annotations: ['id', 'ask'],
  };
  const labels = (text: string): readonly string[] | undefined =>
    offered(text, vocabulary)?.options.map(({ label, displayLabel }) => displayLabel ?? label);
  const applied = (text: string, label: string): string => {
    const found = offered(text, vocabulary)!;
    const option = found.options.find((each) => (each.displayLabel ?? each.label) === label)!;
    return text.slice(0, found.from) + String(option.apply ?? option.label);
  };

  it('offers ids of the type that stands before, quoted as they must be', () => {
    expect(labels('permit (principal == Agent::')).toEqual(['buyer', 'odd"one']);
    expect(applied('permit (principal == Agent::"bu', 'buyer')).toBe('permit (principal == Agent::"buyer"');
    expect(applied('x == Agent::', 'odd"one')).toBe('x == Agent::"odd\\"one"');
    expect(applied('action == Action::"tools', 'tools/call')).toBe('action == Action::"tools/call"');
    expect(applied('resource == Tool::"erp/ord', 'erp/orders.create')).toBe('resource == Tool::"erp/orders.create"');
    expect(labels('x == Nothing::')).toBeUndefined();
  });

  it('offers attributes of what a path leads to, and what can be called on it', () => {
    expect(labels('resource.')).toEqual(['effect', 'server', 'risk']);
    expect(typesOf('principal.owner', vocabulary)).toEqual(['Person']);
    expect(labels('principal.owner.')).toEqual(['email']);
    expect(labels('context.session.toolsCalled.')).toContain('contains');
    expect(labels('context.amount.le')).toContain('lessThan');
    expect(labels('context.args.')).toEqual(['hasTag', 'getTag']);
    expect(labels('when { context has a')).toEqual(['amount']);
  });

  it('offers annotations after @, and nothing in comments and strings', () => {
    expect(applied('@a', '@ask')).toBe('@ask("")');
    expect(labels('// resource.')).toBeUndefined();
    expect(labels('@reason("perm')).toBeUndefined();
    expect(labels('perm')).toContain('permit');
  });
});
