import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { input, problemsOf, published, WORLD } from '../../test/policy/company.ts';
import { publish } from './publish.ts';
import { ACTION_GROUPS, SCHEMA } from './schema.ts';
import { withCedar } from './text/wasm.ts';

const ANY = 'permit (principal, action, resource)';
const CALL = 'permit (principal, action == Action::"tools/call", resource)';

/** text -> problem, each the only one. The message may be a part. */
const PROBLEMS: readonly (readonly [title: string, text: string, wanted: string])[] = [
  ['a syntax error', `${ANY};\n\npermit (principal, , resource);`, 'test.cedar:3:20: unexpected token `,`'],
  ['a missing semicolon', `${ANY}\n`, 'test.cedar:1:37: unexpected end of input'],
  ['a missing bracket after a good policy', `${ANY};\n${ANY} when { true ;`, 'test.cedar:2:50: unexpected token `;`'],
  ['an unterminated string', `${ANY} when { context.authMethod == "tok };`, 'test.cedar:1:'],
  [
    'an unknown attribute',
    `${CALL}\nwhen { resource.efect == "read" };`,
    "test.cedar:2:8: attribute 'efect' on entity type 'Tool' not found | did you mean 'effect'?",
  ],
  ['an unknown fact', `${ANY}\nwhen { context.amonut };`, "test.cedar:2:8: attribute 'amonut' in context not found"],
  [
    'an optional fact without has',
    `${ANY}\n  when { context.amount == decimal("1.0") };`,
    "test.cedar:2:10: unable to guarantee safety of access to optional attribute 'amount' in context",
  ],
  ['a comparison of different types', `${ANY} when { context.hour == "9" };`, 'test.cedar:1:45: '],
  ['an unknown function', `${ANY} when { now() };`, 'test.cedar:1:45: `now` is not a valid function'],
  [
    'a malformed decimal',
    `${ANY} when { decimal("1.23456") == decimal("1.0") };`,
    'test.cedar:1:45: error during extension function argument validation',
  ],
  [
    'an unknown agent',
    `permit (principal == Agent::"procurment", action, resource);`,
    'test.cedar:1:22: unknown agent "procurment" | did you mean "procurement"?',
  ],
  [
    'an unknown agent in a condition',
    `${ANY}\nunless { principal == Agent::"nobody-like-this" };`,
    'test.cedar:2:23: unknown agent "nobody-like-this" | known: ops, procurement',
  ],
  [
    'an unknown server',
    `permit (principal, action, resource in Server::"crn");`,
    'test.cedar:1:40: unknown server "crn" | did you mean "crm"?',
  ],
  [
    'an unknown person',
    `${ANY} when { principal.owner == Person::"adda" };`,
    'test.cedar:1:64: unknown person "adda" | did you mean "ada"?',
  ],
  [
    'an unknown action',
    `permit (principal, action == Action::"tool/call", resource);`,
    'test.cedar:1:30: unknown action "tool/call" | did you mean "tools/call"?',
  ],
  [
    'a tool of an unknown server',
    `permit (principal, action, resource == Tool::"cmr/x");`,
    'test.cedar:1:40: unknown server "cmr" in Tool::"cmr/x" | did you mean "crm"?',
  ],
  [
    'a tool without its server',
    `permit (principal, action, resource == Tool::"orders.create");`,
    'test.cedar:1:40: Tool::"orders.create" does not say which server | write Tool::"<server>/orders.create"',
  ],
  ['an entity type nobody knows', `permit (principal == Robot::"x", action, resource);`, 'test.cedar:1:'],
  [
    'a word that is never a value',
    `${CALL}\nwhen { resource.effect == "delete" };`,
    'test.cedar:2:27: "delete" is never a value of effect | known: credential, destructive, external, read, write',
  ],
  [
    'such a word in a list',
    `${CALL}\nwhen { ["secret", "internal"].contains(resource.dataClass) };`,
    'test.cedar:2:9: "secret" is never a value of dataClass | known:',
  ],
  ['a policy that can never match', `${ANY} when { false };`, 'test.cedar:1:1: policy is impossible'],
  [
    'a head that can never match',
    `permit (principal, action == Action::"tools/call", resource is Prompt);`,
    'test.cedar:1:1: unable to find an applicable action',
  ],
  [
    'an unknown annotation',
    `@id("x")\n@askk("owner")\n${ANY};`,
    'test.cedar:2:1: unknown annotation @askk | did you mean "ask"?',
  ],
  [
    'a Cedar annotation of somebody else',
    `@advice("x") ${ANY};`,
    'test.cedar:1:1: unknown annotation @advice | known: ask, id, obligation, reason',
  ],
  ['an unusable id', `@id("a b") ${ANY};`, 'test.cedar:1:1: @id("a b") is not a usable id'],
  ['an empty id', `@id ${ANY};`, 'test.cedar:1:1: @id("") is not a usable id'],
  [
    'the same id twice',
    `@id("x") ${ANY};\n@id("x") ${CALL};`,
    'test.cedar:2:1: a second policy with the id test.cedar#x | give each policy its own @id',
  ],
  [
    "an id that is another policy's place",
    `${ANY};\n@id("policy0") ${CALL};`,
    'test.cedar:2:1: a second policy with the id test.cedar#policy0',
  ],
  [
    'ask on a forbid',
    `@ask("owner") forbid (principal, action, resource);`,
    'test.cedar:1:1: @ask belongs on a permit',
  ],
  [
    'ask of nobody',
    `@ask("boss") ${ANY};`,
    'test.cedar:1:1: @ask("boss") names nobody | write "owner", "subject", "person:<id>", "group:<name>", "role:<name>", "on-call:<schedule>" or "route:<name>"',
  ],
  [
    'ask of an unknown person',
    `@ask("person:bobb") ${ANY};`,
    'test.cedar:1:1: unknown person "bobb" in @ask | did you mean "bob"?',
  ],
  [
    'ask of one person twice',
    `@ask("2 person:bob") ${ANY};`,
    'test.cedar:1:1: @ask("2 person:bob") needs more answers of person:bob than there are people | one person answers once',
  ],
  [
    'ask of a route and somebody',
    `@ask("route:a + owner") ${ANY};`,
    'test.cedar:1:1: @ask("route:a + owner") adds something to a route | a route stands alone',
  ],
  ['an empty reason', `@reason ${ANY};`, 'test.cedar:1:1: @reason needs a text'],
  ['a reason with a line break', `@reason("a\\nb") ${ANY};`, 'test.cedar:1:1: @reason needs a text'],
  [
    'an obligation nobody fulfils',
    `@obligation("maks:email") ${ANY};`,
    'test.cedar:1:1: @obligation("maks:email") cannot be fulfilled | did you mean "mask"?',
  ],
  [
    'an obligation without its detail',
    `@obligation("mask") ${ANY};`,
    '@obligation("mask") cannot be fulfilled | write "mask:email,phone"',
  ],
  [
    'an obligation with a detail too many',
    `@obligation("redact-arguments:x") ${ANY};`,
    'cannot be fulfilled | write "redact-arguments"',
  ],
  [
    'a character that turns the reading direction, in a comment',
    `// \u202eallow\n${ANY};`,
    'test.cedar:1:4: the bidirectional control character U+202E makes',
  ],
  [
    'a name that would steer a terminal, made visible',
    `permit (principal == Agent::"a\\u{1b}[2Jb", action, resource);`,
    'unknown agent "a\\u{1b}[2Jb"',
  ],
  ['a template', `permit (principal == ?principal, action, resource);`, 'test.cedar:1:22: templates are not supported'],
  [
    'brackets nested too deep',
    `${ANY} when { ${'('.repeat(60)}true${')'.repeat(60)} };`,
    'test.cedar:1:1: brackets are nested 61 deep; at most 48 are accepted',
  ],
  [
    'a chain that would overflow the parser',
    `${ANY} when { ${Array(6000).fill('context.watched').join('||')} };`,
    'test.cedar:1:1: ',
  ],
];

describe('publishing refuses, with the place and what to do', () => {
  for (const [title, text, wanted] of PROBLEMS) {
    it(title, () => {
      expect(publish([{ path: 'test.cedar', text }], WORLD).ok).toBe(false);
      const problems = problemsOf(text);
      expect(problems).toHaveLength(1);
      expect(problems[0]).toContain(wanted);
      expect(problems[0]).toMatch(/ \| ./);
    });
  }

  it('everything that is wrong, in order, over several files, and publishes nothing', () => {
    const sources = [
      { path: 'b.cedar', text: `${ANY};\npermit (principal == Agent::"x", action, resource in Server::"y");` },
      { path: 'a.cedar', text: `@idd("x") ${ANY};` },
    ];
    const result = publish(sources, WORLD);
    if (result.ok) throw new Error('published');
    expect(result.problems.map((p) => `${p.file}:${p.line}:${p.column}`)).toEqual([
      'a.cedar:1:1',
      'b.cedar:2:22',
      'b.cedar:2:54',
    ]);
  });

  it('places after characters of several bytes and other line ends, as editors count', () => {
    expect(problemsOf(`// ünïcödé 😀\r\n${ANY} when { "😀é" == context.authMethod || context.x };`)[0]).toMatch(
      /^test\.cedar:2:76: /,
    );
  });

  it('goes on working after the official parser overflowed its stack', () => {
    const deep = `${ANY} when { ${Array(4500).fill('1').join('+')} == 1 };`;
    expect(problemsOf(`${deep}\n${ANY};`)[0]).toContain('test.cedar:1:1: the policy is nested too deeply');
    expect(published(`${ANY};`).decide(input()).effect).toBe('permit');
  });
});

describe('who an @ask names must exist', () => {
  const approvers = { roles: ['cfo'], routes: ['purchases'], schedules: ['treasury'], groups: ['finance'] };
  const said = (ask: string): string[] => problemsOf(`@id("x")\n@ask("${ask}")\n${ANY};`, { ...WORLD, approvers });
  it('where the configuration says what exists', () => {
    for (const ask of [
      'owner',
      'subject',
      'route:purchases',
      '2 role:cfo except starter + on-call:treasury | person:bob',
      'group:finance',
      // As before there were roles: whoever is in the group of that name.
      'role:finance',
    ]) {
      expect(said(ask), ask).toEqual([]);
    }
  });

  it('or the policy is refused, with its place and what was meant', () => {
    expect(said('route:purchase')).toEqual([
      'test.cedar:2:1: unknown route "purchase" in @ask | did you mean "purchases"?',
    ]);
    expect(said('owner + on-call:tresury')).toEqual([
      'test.cedar:2:1: unknown schedule "tresury" in @ask | did you mean "treasury"?',
    ]);
    expect(said('owner | person:bobb | person:adda')).toHaveLength(2);
    expect(publish([{ path: 'x', text: `@ask("route:y") ${ANY};` }], { ...WORLD, approvers }).ok).toBe(false);
  });

  it('but for groups, which may be filled later: a warning', () => {
    expect(said('group:finanse')).toEqual([
      'test.cedar:2:1: nobody could answer @ask for group:finanse: there is no such group | did you mean "finance"?',
    ]);
    expect(said('role:cfp')).toEqual([
      'test.cedar:2:1: nobody could answer @ask for role:cfp: there is no such role or group | did you mean "cfo"?',
    ]);
    const text = `@ask("role:cfp") ${ANY};`;
    expect(publish([{ path: 'x', text }], { ...WORLD, approvers }).ok).toBe(true);
  });
});

describe('publishing warns', () => {
  it('about tools and groups nobody knows yet, and publishes', () => {
    expect(problemsOf(`permit (principal, action, resource == Tool::"crm/orders.craete");`)).toEqual([
      'test.cedar:1:40: unknown tool "crm/orders.craete" | did you mean "crm/orders.create"?',
    ]);
    expect(problemsOf(`permit (principal in AgentGroup::"byers", action, resource);`)).toEqual([
      'test.cedar:1:22: unknown agent group "byers" | did you mean "buyers"?',
    ]);
    expect(problemsOf(`${ANY} when { principal.owner in Group::"legal" };`)).toEqual([
      'test.cedar:1:64: unknown group "legal" | known: finance',
    ]);
  });

  it('when there is no policy at all, and denies everything', () => {
    const result = publish([], WORLD);
    if (!result.ok) throw new Error('refused');
    expect(result.warnings.map((w) => w.message)).toEqual(['there are no policies: everything is denied']);
    expect(result.policies.decide(input())).toMatchObject({ effect: 'deny', reasons: [] });
  });

  it('about look-alike characters in names', () => {
    expect(problemsOf(`${CALL} when { resource.name == "\u043erders" };`)).toEqual([
      `test.cedar:1:86: string '"\u043erders"' contains mixed scripts | retype it in one script if it was not meant`,
    ]);
  });
});

describe('a published set', () => {
  it('names policies by file and @id or position, and ignores comments and semicolons in texts', () => {
    const text = `// one; two\n@id("first") ${ANY};\n${CALL} when { context.authMethod != "a;b//c" }; // end`;
    expect(problemsOf(text.replace('a;b//c', 'token'))).toEqual([]);
    expect(published(text.replace('a;b//c', 'token')).rules.map((rule) => [rule.policy.id, rule.line])).toEqual([
      ['test.cedar#first', 2],
      ['test.cedar#policy1', 3],
    ]);
  });

  it('has the same version for the same texts in any order, and another for any change', () => {
    const a = { path: 'a.cedar', text: `${ANY};` };
    const b = { path: 'b.cedar', text: `${CALL};` };
    const version = (sources: (typeof a)[]): string => {
      const result = publish(sources, WORLD);
      return result.ok ? result.policies.version : '';
    };
    expect(version([a, b])).toBe(version([b, a]));
    expect(version([a, b])).toMatch(/^[0-9a-f]{12}$/);
    expect(
      new Set([
        version([a, b]),
        version([a]),
        version([a, { ...b, text: `${CALL}; ` }]),
        version([a, { ...b, path: 'c.cedar' }]),
      ]).size,
    ).toBe(4);
  });
});

describe('the published schema', () => {
  it('is the one in docs/interlock.cedarschema', () => {
    expect(readFileSync(new URL('../../docs/interlock.cedarschema', import.meta.url), 'utf8')).toBe(SCHEMA);
  });

  it('has the actions and groups of the table', () => {
    const answer = withCedar((cedar) => cedar.schemaToJson(SCHEMA));
    if (answer.type === 'failure') throw new Error(answer.errors[0]?.message);
    const actions = answer.json['']?.actions ?? {};
    const grouped = Object.entries(actions).filter(([, action]) => action.memberOf !== undefined);
    expect(
      Object.fromEntries(grouped.map(([id, action]) => [id, action.memberOf?.map((parent) => parent.id).join()])),
    ).toEqual(Object.fromEntries(ACTION_GROUPS));
    expect(Object.keys(actions).length - grouped.length).toBe(3);
  });
});
