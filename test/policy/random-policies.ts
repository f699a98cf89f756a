import type { CedarValueJson, EntityJson } from '@cedar-policy/cedar-wasm/nodejs';
import fc from 'fast-check';
import type { Request, Uid } from './reference.ts';

/**
 * Random Cedar programs for comparing evaluators: mostly well typed for a small schema, so that evaluation gets far, and now and then
 * not, so that failures are compared too. Entities of the schema:
 *   User in [Team, User] { age: Long, name: String, boss?: User, limits: { amount: decimal, hours: duration } }
 *   Doc in [Folder] { owner: User, size: Long, from: ipaddr, at: datetime, labels: Set<String> } tags String
 *   Action view, edit in [all]
 */
export interface Program {
  readonly text: string;
  readonly entities: readonly EntityJson[];
  readonly requests: readonly Request[];
}

const USERS = ['ann', 'bob', 'cy'];
const TEAMS = ['red', 'blue', 'all'];
const DOCS = ['plan', 'memo'];
const FOLDERS = ['top', 'sub'];

/** Values at the edges of JavaScript's and Cedar's integers. */
const LONGS = [
  '0',
  '1',
  '-1',
  '5',
  '1000',
  '9007199254740991',
  '9007199254740993',
  '3037000500',
  '4611686018427387904',
];
const EXTREMES = ['9223372036854775807', '-9223372036854775808', '-9223372036854775807'];
const WORDS = ['', 'a', 'ab', 'abc', 'b*c', 'é', '😀', 'x.y', '\\"'];
const DECIMALS = [
  '0.0',
  '1.5',
  '-0.0001',
  '922337203685477.5807',
  '-922337203685477.5808',
  '12.3400',
  '1',
  'x',
  '1.00001',
];
const IPS = [
  '127.0.0.1',
  '10.0.0.0/8',
  '10.1.2.3',
  '::1',
  'ff00::/8',
  '2001:db8::/32',
  '2001:db8::5',
  '0.0.0.0/0',
  '1.2.3',
  '1::2::3',
];
const DATES = [
  '2024-02-29',
  '1970-01-01',
  '1969-12-31T23:59:59.999Z',
  '0000-01-01',
  '9999-12-31T23:59:59Z',
  '2023-02-29',
  '2024-01-01T10:00:00+0530',
];
const DURATIONS = ['0ms', '1d', '-1d', '1h30m', '9223372036854775807ms', '-9223372036854775808ms', '100y', '1ms'];

const of = (list: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...list);
const quoted = (list: readonly string[], call: string): fc.Arbitrary<string> =>
  of(list).map((text) => `${call}("${text}")`);

const userLiteral = of([...USERS, 'ghost']).map((id) => `User::"${id}"`);
const docLiteral = of([...DOCS, 'ghost']).map((id) => `Doc::"${id}"`);
const groupLiteral = fc.oneof(
  of([...TEAMS, 'none']).map((id) => `Team::"${id}"`),
  of(FOLDERS).map((id) => `Folder::"${id}"`),
);
const tagKey = of(['"k"', '"n"', '"missing"', 'context.s']);

interface Types {
  bool: string;
  long: string;
  text: string;
  user: string;
  doc: string;
  set: string;
  record: string;
  decimal: string;
  ip: string;
  at: string;
  time: string;
  any: string;
}

const grammar: { readonly bool: fc.Arbitrary<string> } = fc.letrec<Types>((reference) => {
  const tie = (type: keyof Types): fc.Arbitrary<string> => reference(type) as fc.Arbitrary<string>;
  const two = (a: keyof Types, b: keyof Types, make: (a: string, b: string) => string): fc.Arbitrary<string> =>
    fc.tuple(tie(a), tie(b)).map(([left, right]) => make(left, right));
  const pick = (...parts: fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
    fc.oneof({ depthSize: 'small', withCrossShrink: true, maxDepth: 5 }, ...(parts as [fc.Arbitrary<string>]));
  const infix = (a: keyof Types, b: keyof Types, ops: readonly string[]): fc.Arbitrary<string> =>
    fc.tuple(tie(a), of(ops), tie(b)).map(([left, op, right]) => `(${left} ${op} ${right})`);
  const method = (a: keyof Types, names: readonly string[], b: keyof Types): fc.Arbitrary<string> =>
    fc.tuple(tie(a), of(names), tie(b)).map(([on, name, arg]) => `${on}.${name}(${arg})`);
  const getter = (a: keyof Types, names: readonly string[]): fc.Arbitrary<string> =>
    fc.tuple(tie(a), of(names)).map(([on, name]) => `${on}.${name}()`);
  const conditional = (type: keyof Types): fc.Arbitrary<string> =>
    fc
      .tuple(tie('bool'), tie(type), tie(type))
      .map(([test, then, otherwise]) => `(if ${test} then ${then} else ${otherwise})`);
  return {
    bool: pick(
      of([
        'true',
        'false',
        'context.b',
        '(context has n)',
        '(context has missing)',
        '(principal has boss)',
        'context.r.flag',
      ]),
      infix('bool', 'bool', ['&&', '||', '==', '!=']),
      tie('bool').map((arg) => `!(${arg})`),
      infix('long', 'long', ['<', '<=', '>', '>=', '==', '!=']),
      infix('any', 'any', ['==', '!=']),
      fc.oneof(
        two('user', 'user', (a, b) => `(${a} in ${b})`),
        fc.tuple(tie('user'), groupLiteral).map(([a, b]) => `(${a} in ${b})`),
      ),
      fc
        .tuple(tie('user'), fc.array(fc.oneof(userLiteral, groupLiteral), { maxLength: 3 }))
        .map(([a, b]) => `(${a} in [${b}])`),
      fc.tuple(tie('doc'), groupLiteral).map(([a, b]) => `(${a} is Doc in ${b})`),
      fc.tuple(tie('any'), of(['User', 'Doc', 'Team'])).map(([a, type]) => `(${a} is ${type})`),
      two('set', 'any', (a, b) => `${a}.contains(${b})`),
      method('set', ['containsAll', 'containsAny'], 'set'),
      getter('set', ['isEmpty']),
      fc.tuple(tie('doc'), tagKey).map(([a, key]) => `${a}.hasTag(${key})`),
      fc
        .tuple(tie('text'), of(['*', 'a*', '*b*', 'ab\\*', '*.y', '', 'a*c', '*é', '**a']))
        .map(([a, like]) => `(${a} like "${like}")`),
      method('decimal', ['lessThan', 'lessThanOrEqual', 'greaterThan', 'greaterThanOrEqual'], 'decimal'),
      method('ip', ['isInRange'], 'ip'),
      getter('ip', ['isIpv4', 'isIpv6', 'isLoopback', 'isMulticast']),
      infix('at', 'at', ['<', '<=', '>', '>=', '==']),
      infix('time', 'time', ['<', '<=', '>', '>=', '==']),
      of([
        'context has r.flag',
        'context has r.deep.x',
        'principal has boss.boss.age',
        'context has "r"',
        'resource has owner.boss',
      ]).map((test) => `(${test})`),
      conditional('bool'),
    ),
    long: pick(
      of(LONGS),
      of(EXTREMES),
      of(['context.n', 'context.missing', 'context.r.deep.x', 'principal.age', 'resource.size']),
      infix('long', 'long', ['+', '-', '*']),
      tie('long').map((arg) => `-(${arg})`),
      tie('user').map((user) => `${user}.age`),
      getter('time', ['toMilliseconds', 'toSeconds', 'toMinutes', 'toHours', 'toDays']),
      conditional('long'),
    ),
    text: pick(
      of(WORDS).map((word) => `"${word}"`),
      of(['context.s', 'principal.name', 'context["odd key"]']),
      fc.tuple(tie('doc'), tagKey).map(([doc, key]) => `${doc}.getTag(${key})`),
    ),
    user: pick(
      userLiteral,
      of(['principal', 'resource.owner', 'context.u']),
      tie('user').map((user) => `${user}.boss`),
    ),
    doc: pick(docLiteral, of(['resource', 'resource', 'context.d'])),
    set: pick(
      of(['[]', 'context.set', 'resource.labels', '[1, 2, 2]', '["a", "b"]']),
      fc.array(tie('any'), { maxLength: 3 }).map((items) => `[${items.join(', ')}]`),
    ),
    record: pick(
      of(['context.r', 'principal.limits', '{}']),
      two('any', 'any', (a, b) => `{a: ${a}, "odd key": ${b}}`),
      fc.tuple(tie('long')).map(([x]) => `{flag: true, deep: {x: ${x}}}`),
    ),
    decimal: pick(quoted(DECIMALS, 'decimal'), of(['context.dec', 'principal.limits.amount'])),
    ip: pick(quoted(IPS, 'ip'), of(['context.ip', 'resource.from'])),
    at: pick(
      quoted(DATES, 'datetime'),
      of(['context.at', 'resource.at']),
      method('at', ['offset'], 'time'),
      getter('at', ['toDate']),
    ),
    time: pick(
      quoted(DURATIONS, 'duration'),
      of(['context.dur', 'principal.limits.hours']),
      method('at', ['durationSince'], 'at'),
      getter('at', ['toTime']),
    ),
    any: pick(
      tie('long'),
      tie('text'),
      tie('user'),
      tie('doc'),
      tie('bool'),
      tie('set'),
      tie('record'),
      tie('decimal'),
      tie('ip'),
      tie('at'),
      tie('time'),
    ),
  };
});

const condition: fc.Arbitrary<string> = grammar.bool;

/** Heads that match often, or conditions would rarely be compared. */
const principalScope = fc.oneof(
  { weight: 4, arbitrary: fc.constant('principal') },
  userLiteral.map((user) => `principal == ${user}`),
  groupLiteral.map((group) => `principal in ${group}`),
  groupLiteral.map((group) => `principal is User in ${group}`),
  of(['principal is User', 'principal is User', 'principal is Doc', 'principal in User::"bob"']),
);
const actionScope = of([
  'action',
  'action',
  'action',
  'action == Action::"view"',
  'action == Action::"edit"',
  'action in Action::"all"',
  'action in [Action::"view", Action::"all"]',
  'action in []',
]);
const resourceScope = fc.oneof(
  { weight: 4, arbitrary: fc.constant('resource') },
  docLiteral.map((doc) => `resource == ${doc}`),
  groupLiteral.map((group) => `resource in ${group}`),
  groupLiteral.map((group) => `resource is Doc in ${group}`),
  fc.constant('resource is Doc'),
);

const clause = fc.tuple(of(['when', 'unless']), condition).map(([word, body]) => `${word} { ${body} }`);

const policy = fc
  .tuple(
    of(['permit', 'permit', 'permit', 'forbid']),
    principalScope,
    actionScope,
    resourceScope,
    fc.array(clause, { maxLength: 2 }),
  )
  .map(
    ([effect, principal, action, resource, clauses]) =>
      `${effect}(${principal}, ${action}, ${resource}) ${clauses.join(' ')};`,
  );

const safeLong = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom(Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 3037000500),
);
const word = fc.constantFrom(...WORDS.filter((text) => !text.includes('\\')), '"');
const extension = (fn: string, list: readonly string[]): fc.Arbitrary<CedarValueJson> =>
  fc.constantFrom(...list).map((arg) => ({ __extn: { fn, arg } }));
const decimalValue = extension('decimal', DECIMALS.slice(0, 6));
const ipValue = extension('ip', IPS.slice(0, 8));
const dateValue = extension('datetime', ['2024-02-29', '1970-01-01', '1969-12-31T23:59:59.999Z', '0000-01-01']);
const durationValue = extension('duration', DURATIONS.slice(0, 6));

function uid(type: string, id: string): Uid {
  return { type, id };
}

const user = (id: string): fc.Arbitrary<EntityJson> =>
  fc
    .record({
      age: safeLong,
      name: word,
      boss: fc.option(fc.constantFrom(...USERS, 'ghost'), { nil: undefined }),
      amount: decimalValue,
      hours: durationValue,
      parents: fc.subarray(TEAMS),
    })
    .map(({ age, name, boss, amount, hours, parents }) => ({
      uid: uid('User', id),
      attrs: {
        age,
        name,
        limits: { amount, hours },
        ...(boss === undefined ? {} : { boss: { __entity: uid('User', boss) } }),
      },
      parents: parents.map((team) => uid('Team', team)),
    }));

const doc = (id: string): fc.Arbitrary<EntityJson> =>
  fc
    .record({
      owner: fc.constantFrom(...USERS),
      size: safeLong,
      from: ipValue,
      at: dateValue,
      labels: fc.array(word, { maxLength: 3 }),
      parents: fc.subarray(FOLDERS),
      tags: fc.dictionary(fc.constantFrom('k', 'n', 'a'), word, { maxKeys: 2 }),
    })
    .map(({ owner, parents, tags, ...attrs }) => ({
      uid: uid('Doc', id),
      attrs: { ...attrs, owner: { __entity: uid('User', owner) } },
      parents: parents.map((folder) => uid('Folder', folder)),
      tags: { ...tags },
    }));

const fixedEntities: readonly EntityJson[] = [
  { uid: uid('Team', 'red'), attrs: {}, parents: [uid('Team', 'all')] },
  { uid: uid('Team', 'all'), attrs: {}, parents: [] },
  { uid: uid('Folder', 'sub'), attrs: {}, parents: [uid('Folder', 'top')] },
  { uid: uid('Action', 'view'), attrs: {}, parents: [uid('Action', 'all')] },
  { uid: uid('Action', 'edit'), attrs: {}, parents: [] },
];

const entities = fc
  .tuple(...USERS.slice(0, 2).map(user), ...DOCS.map(doc))
  .map((random): readonly EntityJson[] => [...fixedEntities, ...random]);

const context = fc
  .record(
    {
      b: fc.boolean(),
      n: safeLong,
      s: word,
      u: fc.constantFrom(...USERS).map((id) => ({ __entity: uid('User', id) })),
      d: fc.constantFrom(...DOCS).map((id) => ({ __entity: uid('Doc', id) })),
      set: fc.array(fc.oneof(safeLong, word, fc.boolean()), { maxLength: 3 }),
      r: fc.record(
        { flag: fc.boolean(), deep: fc.record({ x: safeLong }, { requiredKeys: [] }) },
        { requiredKeys: ['flag'] },
      ),
      dec: decimalValue,
      ip: ipValue,
      at: dateValue,
      dur: durationValue,
      'odd key': word,
    },
    { requiredKeys: ['b', 'n', 's', 'u', 'd', 'set', 'r'] },
  )
  .map(
    (fields) =>
      ({ ...fields, r: { ...fields.r, ...(fields.r.deep ? { deep: { ...fields.r.deep } } : {}) } }) as Record<
        string,
        CedarValueJson
      >,
  );

const request: fc.Arbitrary<Request> = fc
  .tuple(fc.constantFrom(...USERS), fc.constantFrom('view', 'edit'), fc.constantFrom(...DOCS, 'ghost'), context)
  .map(([who, action, what, facts]) => ({
    principal: uid('User', who),
    action: uid('Action', action),
    resource: uid('Doc', what),
    context: facts,
  }));

/** Up to five policies, a handful of entities, six requests. */
export const program: fc.Arbitrary<Program> = fc
  .record({
    policies: fc.array(policy, { minLength: 1, maxLength: 5 }),
    entities,
    requests: fc.array(request, { minLength: 6, maxLength: 6 }),
  })
  .map(({ policies, ...rest }) => ({ text: policies.join('\n'), ...rest }));
