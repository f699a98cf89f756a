import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { ApprovalRules } from '../../model/approval-rules.ts';
import { type Loaded, loadConfigText } from '../load.ts';

const BASE = `people:
  alice: { name: Alice, groups: [finance] }
  bob: { name: Bob }
agents: {}
servers: { crm: { url: "https://crm.example" } }
policies: .
`;
/** Reached by a name, as passkeys need it. */
const NAMED = `listen: { publicUrl: "https://gate.example" }\n${BASE}`;
const load = (section: string, more = ''): Loaded =>
  loadConfigText('/tmp/interlock.yaml', `${BASE}${more}approvals:\n${section.replaceAll(/^/gm, '  ')}\n`, {});
const said = (section: string, more = ''): string => {
  const loaded = load(section, more);
  const found = loaded.ok ? loaded.warnings : loaded.problems;
  const relevant = found.filter(({ message }) => !message.startsWith('no agent'));
  return relevant.map(({ line, message, help }) => `${loaded.ok ? '~' : ''}${line}: ${message} (${help})`).join('\n');
};
const rules = (section: string): ApprovalRules => {
  const loaded = load(section);
  if (!loaded.ok) throw new Error(said(section));
  return loaded.config.approvals;
};
const tiers = (...each: readonly string[]): string =>
  `routes:\n  buy:\n    tiers:\n${each.map((tier) => `      - { ${tier} }`).join('\n')}`;
const duty = (rest: string): string =>
  `schedules:\n  duty: { timezone: UTC, people: [alice], turn: day, start: 2026-11-02T09:00, ${rest} }`;

describe('approvals in the configuration (HU4)', () => {
  it('fail closed when nothing is said', () => {
    const loaded = loadConfigText('/tmp/interlock.yaml', BASE, {});
    expect(loaded.ok && loaded.config.approvals).toEqual({
      waitMs: 120_000,
      expireMs: 3_600_000,
      assurance: 'passkey',
      roles: new Map(),
      routes: new Map(),
      schedules: new Map(),
      away: [],
      quietHours: null,
      standing: { enabled: true, maxMs: 28_800_000 },
      noticesPerTenMinutes: 10,
      notify: { email: null, slack: null, webhook: null, webPush: null },
    });
  });

  it('say everything', () => {
    const all = rules(`assurance: signed-in
roles: { cfo: { groups: [finance], people: [bob], onCall: [duty] } }
routes:
  buy:
    tiers:
      - { below: 400, currencies: [EUR], automatic: true }
      - { below: "9999.99", environments: [test], dataClasses: [public], effects: [write], ask: owner }
      - ask: 2 role:cfo except starter
    escalate: [ { afterMs: 60000, to: "person:bob | owner" } ]
    expireMs: 120000
    assurance: passkey
    urgent: true
schedules: { duty: { timezone: Europe/Berlin, people: [alice, bob, alice], turn: week, start: 2026-11-02T09:00, hours: { weekdays: [1, 5], from: "08:00", to: "18:00" } } }
away: [ { person: alice, deputy: bob, from: 2026-12-20, until: 2027-01-06T12:00Z } ]
quietHours: { timezone: Europe/Berlin, from: "20:00", to: "07:00" }
standing: { enabled: false }`);
    expect(all).toMatchObject({
      assurance: 'signed-in',
      roles: new Map([['cfo', { people: ['bob'], groups: ['finance'], schedules: ['duty'] }]]),
      away: [{ person: 'alice', deputy: 'bob', fromMs: Date.UTC(2026, 11, 20), untilMs: Date.UTC(2027, 0, 6, 12) }],
      quietHours: { timezone: 'Europe/Berlin', from: '20:00', to: '07:00' },
      standing: { enabled: false, maxMs: 28_800_000 },
    });
    expect(all.routes.get('buy')).toEqual({
      tiers: [
        { below: 4_000_000, currencies: ['EUR'], environments: null, dataClasses: null, effects: null, ask: null },
        {
          below: 99_999_900,
          currencies: null,
          environments: ['test'],
          dataClasses: ['public'],
          effects: ['write'],
          ask: 'owner',
        },
        {
          below: null,
          currencies: null,
          environments: null,
          dataClasses: null,
          effects: null,
          ask: '2 role:cfo except starter',
        },
      ],
      escalations: [
        {
          afterMs: 60_000,
          who: [
            { kind: 'person', id: 'bob' },
            { kind: 'owner', id: '' },
          ],
        },
      ],
      expireMs: 120_000,
      assurance: 'passkey',
      urgent: true,
    });
    expect(all.schedules.get('duty')).toMatchObject({
      start: { date: '2026-11-02', time: '09:00' },
      people: ['alice', 'bob', 'alice'],
    });
  });

  const cells: readonly (readonly [name: string, section: string, problem: RegExp])[] = [
    ['an unknown key', 'route: {}', /^8: unknown key "route" \(did you mean "routes"/],
    ['an unknown proof', 'assurance: passky', /did you mean "passkey"/],
    ['a time without an end', 'waitMs: 9000000000', /waitMs/],
    ['waiting longer than it can be answered', 'waitMs: 5000\nexpireMs: 2000', /approvals.waitMs \(5000\) is longer/],
    [
      'an unknown person in a role',
      'roles:\n  cfo: { people: [alicia] }',
      /^9: unknown person "alicia" \(did you mean "alice"/,
    ],
    [
      'an unknown schedule in a role',
      'roles: { cfo: { onCall: [nights] } }',
      /unknown schedule "nights" \(none exists yet/,
    ],
    ['a role of nobody', 'roles: { cfo: {} }', /this role is nobody/],
    ['a route without tiers', 'routes: { buy: { tiers: [] } }', /too short/],
    ['a tier that says nothing', tiers('below: 4', 'ask: owner'), /^11: this tier says nothing/],
    ['a tier that says both', tiers('below: 4, automatic: true, ask: owner', 'ask: owner'), /automatic and asks/],
    ['a tier that is not automatic', tiers('automatic: false'), /automatic is false/],
    ['a last tier with a bound', tiers('below: 4, ask: owner'), /^11: the last tier of a route must be without bounds/],
    ['a last tier for some environments', tiers('environments: [test], ask: owner'), /must be without bounds/],
    [
      'a tier behind one without bounds',
      tiers('ask: owner', 'ask: person:bob'),
      /^12: this tier is never reached: tier 1/,
    ],
    [
      'a tier with a smaller bound behind',
      tiers('below: 9, ask: owner', 'below: 8.5, ask: owner', 'ask: owner'),
      /^12: this tier is never/,
    ],
    [
      'a list within a list',
      tiers('effects: [read, write], ask: owner', 'effects: [read], below: 1, ask: owner', 'ask: owner'),
      /^12: this tier/,
    ],
    ['an amount too fine', tiers('below: 0.00001, ask: owner', 'ask: owner'), /0.00001 is no bound/],
    ['an amount of nothing', tiers('below: 0, ask: owner', 'ask: owner'), /0 is no bound/],
    ['a negative amount', tiers('below: "-4", ask: owner', 'ask: owner'), /"-4" is no bound/],
    ['an amount that is no number', tiers('below: 4 EUR, ask: owner', 'ask: owner'), /"4 EUR" is no bound/],
    ['an amount without an end', tiers('below: .inf, ask: owner', 'ask: owner'), /below must be a number, or text/],
    [
      'an amount that is a list',
      tiers('below: [4], ask: owner', 'ask: owner'),
      /below must be a number, or text, not a list/,
    ],
    ['an ask of nobody', tiers('ask: boss'), /"boss" names nobody \(write "owner"/],
    ['an ask of an unknown person', tiers('ask: person:bop'), /unknown person "bop" \(did you mean "bob"/],
    [
      'an ask of an unknown role',
      'roles: { cfo: { people: [bob] } }\n' + tiers('ask: 2 role:cfp'),
      /unknown role "cfp" \(did you mean "cfo"/,
    ],
    ['an ask of a role that is a group', tiers('ask: role:finance'), /unknown role "finance" \(write group:finance/],
    ['an ask of an unknown schedule', tiers('ask: on-call:duty'), /unknown schedule "duty"/],
    ['a route to a route', tiers('ask: route:buy'), /not to another route/],
    [
      'an escalation after the end',
      `${tiers('ask: owner')}\n    escalate: [ { afterMs: 3600000, to: person:bob } ]`,
      /nobody would be asked after 3600000 ms/,
    ],
    [
      'an escalation that counts',
      `${tiers('ask: owner')}\n    escalate: [ { afterMs: 60000, to: 2 group:finance } ]`,
      /"2 group:finance" says more than who/,
    ],
    [
      'an escalation to somebody unknown',
      `${tiers('ask: owner')}\n    escalate: [ { afterMs: 60000, to: person:x } ]`,
      /unknown person "x"/,
    ],
    [
      'a proof that is less',
      `assurance: signed-in\n${tiers('ask: owner')}\n    assurance: operator`,
      /operator is less than approvals.assurance \(signed-in\)/,
    ],
    [
      'a proof that is less than nothing said',
      `${tiers('ask: owner')}\n    assurance: signed-in`,
      /less than approvals.assurance \(passkey\)/,
    ],
    ['an unknown time zone', duty('').replace('UTC', 'Europe/Berln'), /"Europe\/Berln" is no time zone/],
    ['an unknown person on duty', duty('').replace('alice', 'carl'), /unknown person "carl"/],
    ['a start that no calendar has', duty('').replace('11-02', '02-30'), /"2026-02-30T09:00" is no date/],
    ['a start without a time', duty('').replace('T09:00', ''), /wrong form/],
    [
      'hours that are none',
      duty('hours: { weekdays: [1], from: "08:00", to: "08:00" }'),
      /from 08:00 to 08:00 is no time at all/,
    ],
    ['an hour that no clock has', duty('hours: { weekdays: [1], from: "08:00", to: "24:00" }'), /wrong form/],
    ['a weekday that no week has', duty('hours: { weekdays: [0], from: "08:00", to: "09:00" }'), /allowed: 1 to 7/],
    ['quiet hours that are none', 'quietHours: { timezone: UTC, from: "08:00", to: "08:00" }', /no time at all/],
    ['quiet hours nowhere', 'quietHours: { timezone: Moon, from: "08:00", to: "09:00" }', /"Moon" is no time zone/],
    [
      'a deputy who is unknown',
      'away: [ { person: alice, deputy: x, from: 2026-12-20, until: 2027-01-06 } ]',
      /^8: unknown person "x"/,
    ],
    [
      'a deputy who is oneself',
      'away: [ { person: bob, deputy: bob, from: 2026-12-20, until: 2027-01-06 } ]',
      /nobody stands in for themselves/,
    ],
    [
      'a vacation backwards',
      'away: [ { person: bob, deputy: alice, from: 2026-12-20, until: 2026-12-20 } ]',
      /bob is back before leaving/,
    ],
    [
      'a vacation on no day',
      'away: [ { person: bob, deputy: alice, from: 2026-02-29, until: 2026-12-20 } ]',
      /"2026-02-29" is no date/,
    ],
    [
      'two vacations at once',
      'away:\n  - { person: bob, deputy: alice, from: 2026-12-01, until: 2026-12-10 }\n  - { person: bob, deputy: alice, from: 2026-12-09, until: 2026-12-20 }',
      /^10: bob is away at that time already/,
    ],
  ];
  it.each(cells)('%s stops the start', (_name, section, problem) => {
    expect(load(section).ok).toBe(false);
    expect(said(section)).toMatch(problem);
  });

  const warned: readonly (readonly [name: string, section: string, warning: RegExp])[] = [
    [
      'a group nobody is in',
      'roles: { cfo: { groups: [finanse] } }',
      /^~8: nobody is in a group "finanse" \(did you mean "finance"/,
    ],
    ['such a group in a route', tiers('ask: group:legal'), /^~11: nobody is in a group "legal"/],
    [
      'a route that lets everything else through',
      tiers('below: 4, ask: owner', 'automatic: true'),
      /^~12: whatever no other tier covers goes on by itself/,
    ],
    [
      'two who stand in for each other',
      'away:\n  - { person: bob, deputy: alice, from: 2026-12-01, until: 2026-12-10 }\n  - { person: alice, deputy: bob, from: 2026-12-09, until: 2026-12-20 }',
      /^~10: alice and bob stand in for each other/,
    ],
  ];
  it.each(warned)('%s is warned about', (_name, section, warning) => {
    expect(said(section)).toMatch(warning);
  });

  it('people and groups that an identity provider provisions may come later', () => {
    const scim = `scim: { tokenSha256: ${'a'.repeat(64)} }\n`;
    expect(said('roles: { cfo: { people: [zoe], groups: [legal] } }', scim)).toMatch(
      /^~9: unknown person "zoe"[^\n]*$/,
    );
  });

  it('one vacation may begin where another ends', () => {
    const section =
      'away:\n  - { person: bob, deputy: alice, from: 2026-12-01, until: 2026-12-10 }\n  - { person: bob, deputy: alice, from: 2026-12-10, until: 2026-12-20 }';
    expect(said(section)).toBe('');
  });

  it('says where passkeys are asked for at an address, which has none', () => {
    const warned =
      '~8: nobody can use a passkey at the address 127.0.0.1 (set listen.publicUrl, or listen.host: localhost on a developer’s machine)';
    expect(said('assurance: passkey')).toBe(warned);
    expect(said('assurance: signed-in')).toBe('');
    expect(said('assurance: passkey', 'listen: { host: localhost }\n')).toBe('');
    expect(said('assurance: passkey', 'listen: { publicUrl: "http://[::1]:7700" }\n')).toContain('the address ::1');
    const route = 'assurance: signed-in\nroutes:\n  buy: { assurance: passkey, tiers: [ { ask: owner } ] }';
    expect(said(route)).toContain('nobody can use a passkey');
  });

  it('what docs/approvals.md shows can be loaded without a warning', () => {
    const page = readFileSync(new URL('../../../docs/approvals.md', import.meta.url), 'utf8');
    const examples = [...page.matchAll(/```yaml\n(approvals:\n[\s\S]*?)```/g)].map((match) => match[1] as string);
    expect(examples.length).toBeGreaterThan(1);
    const people = ['carol', 'dora'].map((id) => `  ${id}: { name: X, groups: [finance, testers] }\n`).join('');
    for (const text of examples) {
      const loaded = loadConfigText('/tmp/interlock.yaml', NAMED.replace('agents:', `${people}agents:`) + text, {});
      const problems = loaded.ok ? loaded.warnings : loaded.problems;
      expect(problems.filter(({ message }) => !message.startsWith('no agent'))).toEqual([]);
    }
  });
});
