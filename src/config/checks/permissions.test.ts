import { describe, expect, it } from 'vitest';
import { loadConfigText } from '../load.ts';
import { checkNames } from './permissions.ts';

const BASE = `agents: {}
servers: { crm: { url: "https://crm.example" } }
policies: .
permissions:
`;
const load = (section: string, env: Record<string, string> = {}) =>
  loadConfigText('/tmp/interlock.yaml', BASE + section.replaceAll(/^/gm, '  '), env);
const problems = (section: string) => {
  const loaded = load(section);
  return loaded.ok ? [] : loaded.problems.map(({ line, message, help }) => `${line}: ${message} (${help})`);
};
const rule = (rest: string): string => `model: m.fga\nrules:\n  - { id: a, ${rest} }`;

describe('permissions in the configuration (AZ2)', () => {
  it.each([
    ['an unknown key', 'rules: []\nmodels: x', /6: unknown key "models" \(did you mean "model"/],
    [
      'an unknown server',
      rule('match: { servers: [crn] }, grant: { everyone: true }'),
      /7: unknown server "crn" \(did you mean "crm"/,
    ],
    [
      'a tool of an unknown server',
      rule('match: { tools: [crn/x] }, grant: { everyone: true }'),
      /unknown server "crn"/,
    ],
    [
      'a tool of a server the rule is not about',
      rule('match: { servers: [crm], tools: [hr/x] }, grant: { everyone: true }'),
      /would never match/,
    ],
    ['a tool without a server', rule('match: { tools: [x] }, grant: { everyone: true }'), /wrong form/],
    ['an unknown effect', rule('match: { effects: [reed] }, grant: { everyone: true }'), /did you mean "read"/],
    ['an empty list', rule('match: { tools: [] }, grant: { everyone: true }'), /too short/],
    ['a grant to nobody', rule('grant: {}'), /names nobody/],
    ['a grant to nobody after all', rule('grant: { everyone: false }'), /names nobody/],
    ['attributes that ask for none', rule('grant: { attributes: {} }'), /names nobody/],
    ['everyone and a condition', rule('grant: { everyone: true, groups: [x] }'), /do not go together/],
    [
      'the same id twice',
      'rules:\n  - { id: a, grant: { everyone: true } }\n  - { id: a, grant: { everyone: true } }',
      /7: two rules are called "a"/,
    ],
    [
      'a relation and no model',
      'rules:\n  - { id: a, grant: { relation: { relation: r, object: "t:x" } } }',
      /nobody could answer/,
    ],
    ['tuples and no model', 'tuples: t.yaml\nrules: []', /under a model only/],
    [
      'tuples and a server',
      'model: m\ntuples: t.yaml\nserver: { url: "https://x", store: s }\nrules: []',
      /would count for nothing/,
    ],
    ['a server that is no URL', 'server: { url: "x", store: s }\nrules: []', /wrong form/],
    ['a default that is none', 'default: allow\nrules: []', /is "allow"/],
  ])('with %s are wrong', (_name, section, wanted) => {
    expect(problems(section).join('\n')).toMatch(wanted);
  });

  it('need no rules: everything is left to the default', () => {
    const loaded = load('default: permit');
    expect(loaded.ok && loaded.config.permissions).toMatchObject({ default: 'permit', rules: [] });
  });

  it('have safe defaults, and secrets from outside', () => {
    const loaded = load('server: { url: "http://fga.example", store: S, token: "${T}" }\nrules: []', { T: 'x' });
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
    expect(loaded.config.permissions).toEqual({
      default: 'deny',
      userType: 'user',
      membership: null,
      rules: [],
      modelFile: null,
      tuplesFile: null,
      server: {
        url: 'http://fga.example',
        store: 'S',
        model: null,
        token: 'x',
        timeoutMs: 500,
        concurrency: 64,
        cacheMs: 0,
      },
    });
    expect(loaded.warnings.map(({ message }) => message).join()).toMatch(/fga\.example are not encrypted/);
    expect(problems(rule('grant: { groups: ["${T}"] }')).join()).toMatch(/not replaced here/);
  });

  it('name tools that exist, as far as anybody knows what does', () => {
    const loaded = load(rule('match: { tools: [crm/get, "crm/*"] }, grant: { everyone: true }'));
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
    const check = (names: readonly string[], shown: boolean) =>
      checkNames(loaded.config.permissions!, { tools: new Map([['crm', { names, shown }]]), relations: null });
    expect(check(['get'], true)).toEqual({ errors: [], warnings: [] });
    expect(check(['gett'], true).errors).toMatchObject([{ help: expect.stringMatching(/did you mean "gett"/) }]);
    expect(check([], false)).toMatchObject({
      errors: [],
      warnings: [{ message: expect.stringMatching(/not checked/) }],
    });
  });
});
