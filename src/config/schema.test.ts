import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { Compile } from 'typebox/compile';
import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS, LIMITS, limitsTable } from './schema/limits.ts';
import { ConfigSchema, configJsonSchema } from './schema.ts';
import { explain } from './source/explain.ts';

const root = new URL('../../', import.meta.url);

describe('the schema that editors use', () => {
  it('stands in interlock.schema.json as the program has it', () => {
    // To renew: node src/cli/main.ts schema > interlock.schema.json
    expect(readFileSync(new URL('interlock.schema.json', root), 'utf8')).toBe(configJsonSchema());
  });

  it('describes every key, and refuses unknown keys in every mapping', () => {
    const seen = { keys: 0, mappings: 0 };
    visit(ConfigSchema as unknown as Node, 'interlock.yaml', (node, at) => {
      if (node.type === 'object') {
        seen.mappings++;
        expect(node.additionalProperties, `${at} accepts unknown keys`).toBe(false);
      }
      for (const [key, property] of Object.entries(node.properties ?? {})) {
        seen.keys++;
        const documented = property.description ?? property.anyOf?.every((branch) => branch.description) ?? false;
        expect(documented, `${at}.${key} has no description`).toBeTruthy();
      }
    });
    expect(seen.keys).toBeGreaterThan(80);
    expect(seen.mappings).toBeGreaterThan(20);
  });
});

interface Node {
  readonly type?: string;
  readonly description?: string;
  readonly additionalProperties?: unknown;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly patternProperties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
  readonly anyOf?: readonly Node[];
}

function visit(node: Node, at: string, see: (node: Node, at: string) => void): void {
  see(node, at);
  for (const [key, next] of Object.entries(node.properties ?? {})) visit(next, `${at}.${key}`, see);
  for (const next of Object.values(node.patternProperties ?? {})) visit(next, `${at}.*`, see);
  for (const next of node.anyOf ?? []) visit(next, at, see);
  if (node.items !== undefined) visit(node.items, `${at}[]`, see);
}

describe('limits', () => {
  it('stand in the documentation exactly as the program has them', () => {
    expect(readFileSync(new URL('docs/configuration.md', root), 'utf8')).toContain(limitsTable());
  });

  it('have a default within their bounds', () => {
    for (const [name, limit] of Object.entries(LIMITS)) {
      expect(limit.min, name).toBeLessThanOrEqual(limit.default);
      expect(limit.default, name).toBeLessThanOrEqual(limit.max);
    }
    expect(DEFAULT_LIMITS.bodyBytes).toBe(1_048_576);
    expect(DEFAULT_LIMITS.depth).toBe(64);
  });
});

describe('the reader of the schema that writes the messages', () => {
  const validator = Compile(ConfigSchema);
  const good = {
    listen: { port: 7700, allowedHosts: ['a.example'], tls: { cert: 'c', key: 'k' } },
    store: { kind: 'postgres', url: 'postgres://x' },
    people: { alice: { name: 'Alice', email: 'a@b', groups: ['x'] } },
    agents: {
      buyer: {
        name: 'B',
        owner: 'alice',
        purpose: 'buys',
        archetype: 'saas',
        riskTier: 'low',
        servers: ['crm'],
        keys: [{ kty: 'OKP', kid: 'k', crv: 'Ed25519', x: 'x' }],
      },
    },
    servers: {
      crm: { url: 'https://crm', headers: { A: 'b' }, tools: { '*': { effect: 'read', facts: { amount: '/a' } } } },
      files: { command: 'npx', args: ['x'], env: { A: 'b' } },
    },
    approvals: {
      roles: { cfo: { people: ['alice'] } },
      routes: { buy: { tiers: [{ below: 4, automatic: true }, { below: '9.5', ask: 'owner' }, { ask: 'owner' }] } },
      quietHours: { timezone: 'UTC', from: '20:00', to: '07:00' },
    },
    limits: { depth: 64 },
    journal: { retentionDays: 3 },
    metrics: { listen: { port: 1 } },
  };
  const junk = fc.oneof(
    fc.constantFrom<unknown>(
      null,
      true,
      0,
      -1,
      1.5,
      1e300,
      '',
      'x',
      'sqlite',
      [],
      ['crm', 'crm'],
      {},
      { kind: 'sqlite' },
    ),
    fc.jsonValue({ maxDepth: 2 }),
  );

  it('accepts exactly what the compiled validator accepts', () => {
    expect(explain(ConfigSchema, good)).toEqual([]);
    const outcomes = { valid: 0, invalid: 0 };
    const places = paths(good);
    fc.assert(
      fc.property(fc.constantFrom(...places), fc.constantFrom('set', 'drop', 'add'), junk, (path, how, value) => {
        const mutant = mutate(structuredClone(good), path, { how, value });
        const valid = validator.Check(mutant);
        outcomes[valid ? 'valid' : 'invalid']++;
        expect(explain(ConfigSchema, mutant).length === 0).toBe(valid);
      }),
      { numRuns: 2000 },
    );
    expect(outcomes.valid).toBeGreaterThan(50);
    expect(outcomes.invalid).toBeGreaterThan(500);
  });
});

type Container = Record<string | number, unknown>;

function paths(value: unknown, path: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, member]) => paths(member, [...path, key]))];
}

function mutate(root: unknown, path: readonly (string | number)[], what: { how: string; value: unknown }): unknown {
  if (path.length === 0) return what.how === 'set' ? what.value : root;
  let parent = root as Container;
  for (const step of path.slice(0, -1)) parent = parent[step] as Container;
  const last = path[path.length - 1] as string;
  if (what.how === 'set') parent[last] = what.value;
  else if (what.how === 'add' && !Array.isArray(parent)) parent[`${last}x`] = what.value;
  else if (what.how === 'drop' && !Array.isArray(parent)) delete parent[last];
  return root;
}
