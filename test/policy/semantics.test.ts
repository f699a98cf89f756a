import { describe, expect, it } from 'vitest';
import { compileText, envOf, official, ours } from './reference.ts';

/** What a condition comes to: it holds, it does not, or the policy fails. */
type Outcome = 'yes' | 'no' | 'fails';

const ALICE = { type: 'User', id: 'alice' };
const DOC = { type: 'Doc', id: 'd' };

const REQUEST = {
  principal: ALICE,
  action: { type: 'Action', id: 'view' },
  resource: DOC,
  context: {
    n: 5,
    s: 'text',
    ip: { __extn: { fn: 'ip', arg: '10.1.2.3' } },
    nested: { a: { b: 1 }, flat: 1 },
    'odd name': true,
  },
};

const ENTITIES = [
  {
    uid: ALICE,
    attrs: { age: 30, boss: { __entity: { type: 'User', id: 'bob' } } },
    parents: [{ type: 'Team', id: 'a' }],
  },
  { uid: { type: 'User', id: 'bob' }, attrs: { age: 50 }, parents: [] },
  { uid: { type: 'Team', id: 'a' }, attrs: {}, parents: [{ type: 'Team', id: 'all' }] },
  { uid: DOC, attrs: { owner: { __entity: ALICE } }, parents: [], tags: { k: 'v', n: 1 } },
];

const CASES: Record<string, readonly (readonly [Outcome, string])[]> = {
  'integers are 64 bits and overflow fails': [
    ['yes', '9223372036854775807 == 9223372036854775807'],
    ['no', '9223372036854775807 == 9223372036854775806'],
    ['yes', '9007199254740993 - 9007199254740992 == 1'],
    ['yes', '-9223372036854775808 < -9223372036854775807'],
    ['yes', '9007199254740992 + 1 > 9007199254740992'],
    ['yes', '9007199254740991 + 2 == 9007199254740993'],
    ['yes', '-9007199254740991 - 2 == -9007199254740993'],
    ['yes', '9007199254740991 * 3 == 27021597764222973'],
    ['yes', '9007199254740993 - 9007199254740992 + 1 == 2'],
    ['yes', '3037000499 * 3037000499 < 9223372036854775807'],
    ['fails', '3037000500 * 3037000500 == 0'],
    ['fails', '9223372036854775807 + 1 == 0'],
    ['fails', '-9223372036854775808 - 1 == 0'],
    ['fails', '--9223372036854775808 == 0'],
    ['yes', '0 * -5 == 0'],
    ['yes', '-(0) == 0'],
    ['yes', '10 - 3 - 2 == 5'],
  ],
  'operators want their types': [
    ['fails', '1 < "2"'],
    ['fails', '!1'],
    ['fails', '1 && true'],
    ['no', 'false && 1'],
    ['fails', 'true && 1'],
    ['yes', 'true || 1'],
    ['fails', 'false || 1'],
    ['fails', 'if 1 then true else true'],
    ['yes', 'if true then true else 1'],
    ['fails', '1'],
    ['fails', '"a" + "b" == "ab"'],
    ['fails', 'decimal("1.0") < decimal("2.0")'],
    ['fails', 'datetime("2024-01-01") < 1'],
    ['fails', 'duration("1d") < datetime("2024-01-01")'],
  ],
  'equality is total': [
    ['no', '1 == "1"'],
    ['yes', '1 != true'],
    ['yes', '[1, 1, 2] == [2, 1]'],
    ['no', '[1, 2] == [1]'],
    ['no', '[1] == [1, 2]'],
    ['no', '[User::"x", 1] == [User::"x"]'],
    ['yes', '{a: 1, b: [{c: 2}]} == {b: [{c: 2}], a: 1}'],
    ['no', '{a: 1} == {a: 1, b: 2}'],
    ['yes', 'User::"x" != Doc::"x"'],
    ['yes', 'ip("10.0.0.1") == ip("10.0.0.1/32")'],
    ['no', 'ip("10.0.0.1/24") == ip("10.0.0.0/24")'],
    ['yes', 'decimal("1.0") == decimal("1.0000")'],
    ['yes', '[decimal("1.0"), decimal("1.00")] == [decimal("1.000")]'],
    ['yes', '[[1], [1]] == [[1]]'],
    ['no', 'duration("1d") == datetime("1970-01-02")'],
  ],
  'sets contain by value': [
    ['yes', '[1, 2].contains(2)'],
    ['no', '[1, 2].contains("2")'],
    ['yes', '[User::"alice"].contains(principal)'],
    ['yes', '[[1], {a: 2}].contains({a: 2})'],
    ['yes', '[1, 2, 3].containsAll([3, 1])'],
    ['no', '[1].containsAll([1, 2])'],
    ['yes', '[1, User::"alice"].containsAny([principal])'],
    ['no', '[1].containsAny([])'],
    ['yes', '[].isEmpty()'],
    ['fails', 'principal.isEmpty()'],
    ['fails', '[1].containsAll(1)'],
  ],
  'membership follows parents of parents, and only of entities that exist': [
    ['yes', 'principal in Team::"a"'],
    ['yes', 'principal in Team::"all"'],
    ['no', 'principal in Team::"b"'],
    ['yes', 'principal in [Team::"b", Team::"all"]'],
    ['yes', 'User::"ghost" in User::"ghost"'],
    ['no', 'User::"ghost" in Team::"a"'],
    ['fails', 'principal in 1'],
    ['fails', 'principal in [Team::"a", 1]'],
    ['fails', '1 in Team::"a"'],
    ['yes', 'principal is User'],
    ['yes', 'principal is User in Team::"all"'],
    ['no', 'principal is Doc in 1'],
    ['fails', 'principal is User in 1'],
    ['fails', '1 is User'],
  ],
  'attributes and tags': [
    ['yes', 'principal.age == 30'],
    ['yes', 'resource.owner.boss.age == 50'],
    ['fails', 'principal.salary == 1'],
    ['fails', 'User::"ghost".age == 1'],
    ['no', 'User::"ghost" has age'],
    ['yes', 'principal has boss.age'],
    ['no', 'principal has boss.boss.age'],
    ['yes', 'context has nested.a.b'],
    ['fails', 'context has nested.flat.b'],
    ['no', 'context has nested.c.b'],
    ['yes', 'context["odd name"]'],
    ['fails', 'context.s has a'],
    ['yes', 'resource.hasTag("k") && resource.getTag("k") == "v"'],
    ['fails', 'resource.getTag("none") == "v"'],
    ['fails', 'resource.hasTag(1)'],
    ['fails', 'User::"ghost".hasTag(1)'],
    ['no', 'User::"ghost".hasTag("k")'],
    ['fails', 'User::"ghost".getTag("k") == 1'],
    ['no', 'context has "__proto__"'],
    ['fails', 'context.constructor == 1'],
    ['yes', '{"__proto__": 1} has "__proto__"'],
  ],
  'like has one wildcard and no other magic': [
    ['yes', '"report.pdf" like "*.pdf"'],
    ['yes', '"abc" like "*"'],
    ['yes', '"" like "*"'],
    ['no', '"" like "?"'],
    ['yes', '"a*b" like "a\\*b"'],
    ['no', '"axb" like "a\\*b"'],
    ['yes', '"aXbXc" like "a*b*c"'],
    ['no', '"ab" like "ab*b"'],
    ['yes', '"abab" like "ab*ab"'],
    ['no', '"aba" like "ab*ba"'],
    ['no', '"abc" like "a*b*bc"'],
    ['yes', '"abbc" like "a*b*bc"'],
    ['yes', '"😀é" like "*\\u{e9}"'],
    ['fails', '1 like "*"'],
  ],
  'decimals have at most four decimals': [
    ['yes', 'decimal("-0.5").lessThan(decimal("0.0"))'],
    ['yes', 'decimal("922337203685477.5807").greaterThan(decimal("-922337203685477.5808"))'],
    ['fails', 'decimal("922337203685477.5808") == decimal("0.0")'],
    ['fails', 'decimal("1.00000") == decimal("1.0")'],
    ['fails', 'decimal("1") == decimal("1.0")'],
    ['fails', 'decimal(".5") == decimal("0.5")'],
    ['yes', 'decimal("00000000000000000000000000001.0") == decimal("1.0")'],
    ['yes', 'decimal("1.5").lessThanOrEqual(decimal("1.50")) && decimal("1.5").greaterThanOrEqual(decimal("1.50"))'],
    ['fails', 'decimal("1.0").lessThan(1)'],
  ],
  'addresses and ranges': [
    ['yes', 'context.ip.isInRange(ip("10.0.0.0/8"))'],
    ['no', 'context.ip.isInRange(ip("11.0.0.0/8"))'],
    ['no', 'ip("10.0.0.0/8").isInRange(ip("10.0.0.0/9"))'],
    ['no', 'context.ip.isInRange(ip("::/0"))'],
    ['yes', 'ip("2001:db8::1").isInRange(ip("2001:db8::/32"))'],
    ['yes', 'ip("127.0.0.1/8").isLoopback() && !ip("127.0.0.1/7").isLoopback()'],
    ['yes', 'ip("::1").isLoopback() && !ip("::1/127").isLoopback()'],
    ['yes', 'ip("224.0.0.1").isMulticast() && ip("ff00::/8").isMulticast() && !ip("ff00::/7").isMulticast()'],
    ['yes', 'ip("1:2:3:4:5:6:7::") == ip("1:2:3:4:5:6:7:0") && ip("ABcd::") == ip("abcd:0::")'],
    ['yes', 'ip("::").isIpv6() && ip("0.0.0.0").isIpv4()'],
    ...[
      '01.2.3.4',
      '1.2.3',
      '1.2.3.256',
      '1.2.3.4/33',
      '1.2.3.4/032',
      '1.2.3.4/',
      '::1/129',
      '1::2::3',
      '::ffff:1.2.3.4',
    ].map((text) => ['fails', `ip("${text}").isIpv4()`] as const),
    ...['1:2:3:4:5:6:7:8::', '1:2:3:4:5:6:7::8', '00001::', ':::', ':1:2:3:4:5:6:7', '1.2.3.4 ', '', '1:2'].map(
      (text) => ['fails', `ip("${text}").isIpv4()`] as const,
    ),
  ],
  'dates, times and durations': [
    ['yes', 'datetime("2024-02-29") < datetime("2024-03-01T00:00:00.001Z")'],
    ['yes', 'datetime("2024-01-01T23:59:59+2359") == datetime("2024-01-01T00:00:59Z")'],
    ['yes', 'datetime("2024-01-01T00:00:00-0130") == datetime("2024-01-01T01:30:00Z")'],
    [
      'yes',
      'datetime("0000-01-01").toDate() == datetime("0000-01-01") && datetime("9999-12-31") > datetime("0000-01-01")',
    ],
    ['yes', 'datetime("1970-01-01").durationSince(datetime("0000-01-01")) == duration("719528d")'],
    ['yes', 'datetime("2100-03-01").durationSince(datetime("2100-02-28")) == duration("1d")'],
    ['yes', 'datetime("1969-12-31T12:00:00Z").toDate() == datetime("1969-12-31")'],
    ['yes', 'datetime("1969-12-31T12:00:00Z").toTime() == duration("12h")'],
    ['yes', 'duration("-1d2h3m4s5ms").toMilliseconds() == -93784005'],
    ['yes', 'duration("-1500ms").toSeconds() == -1 && duration("90m").toHours() == 1 && duration("49h").toDays() == 2'],
    ['yes', 'duration("-9223372036854775808ms").toMilliseconds() == -9223372036854775808'],
    ['yes', 'datetime("2024-01-31").offset(duration("1d")) == datetime("2024-02-01")'],
    ['fails', 'datetime("1970-01-01").offset(duration("-9223372036854775808ms")).toDate() == datetime("1970-01-01")'],
    [
      'fails',
      'datetime("1970-01-01").offset(duration("9223372036854775807ms")).offset(duration("1ms")) == datetime("1970-01-01")',
    ],
    ...[
      '2023-02-29',
      '2024-13-01',
      '2024-1-1',
      '2024-01-01T24:00:00Z',
      '2024-01-01T00:00:60Z',
      '2024-01-01T00:00:00',
    ].map((text) => ['fails', `datetime("${text}") == datetime("2024-01-01")`] as const),
    ...['2024-01-01T00:00:00.1Z', '2024-01-01T00:00:00+2400', '2024-01-01T00:00:00+0060', '2024-01-01Z', ''].map(
      (text) => ['fails', `datetime("${text}") == datetime("2024-01-01")`] as const,
    ),
    ...['', '-', '1h1d', '1', 'd', '1.5h', '9223372036854775808ms', '106751991168d', '--1d'].map(
      (text) => ['fails', `duration("${text}") == duration("0s")`] as const,
    ),
  ],
};

describe('the evaluator means what Cedar means', () => {
  for (const [title, cases] of Object.entries(CASES)) {
    it(title, () => {
      for (const [wanted, condition] of cases) {
        const text = `permit(principal, action, resource) when { ${condition} };`;
        const { plain } = ours(compileText(text), envOf(REQUEST, ENTITIES));
        const got = plain.errors.length > 0 ? 'fails' : plain.decision === 'allow' ? 'yes' : 'no';
        expect(got, condition).toBe(wanted);
        expect(plain, condition).toEqual(official(text, REQUEST, ENTITIES));
      }
    });
  }

  it('negates an unless, joins clauses in order and stops at the first that is false', () => {
    const verdict = (clauses: string) => {
      const text = `permit(principal, action, resource) ${clauses};`;
      const { plain } = ours(compileText(text), envOf(REQUEST, ENTITIES));
      expect(plain, clauses).toEqual(official(text, REQUEST, ENTITIES));
      return plain.errors.length > 0 ? 'fails' : plain.decision;
    };
    expect(verdict('unless { false }')).toBe('allow');
    expect(verdict('unless { true }')).toBe('deny');
    expect(verdict('unless { 1 }')).toBe('fails');
    expect(verdict('when { false } unless { 1 }')).toBe('deny');
    expect(verdict('when { 1 == 1 } when { principal.none }')).toBe('fails');
  });
});
