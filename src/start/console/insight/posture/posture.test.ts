import { describe, expect, it } from 'vitest';
import { PROCUREMENT } from '../../../../../test/policy/company.ts';
import type { PostureAnswer } from '../../../../model/insight/overview.ts';
import { PERSON_DEFAULTS } from '../../../../model/person.ts';
import { DAY_MS } from '../parts.ts';
import type { Facts } from './gather.ts';
import { answersTo } from './posture.ts';

const NOW = Date.UTC(2026, 10, 27);
const ADA = { ...PERSON_DEFAULTS, id: 'ada', userName: 'ada', name: 'Ada' };
const BOB = { ...ADA, id: 'bob', userName: 'bob', name: 'Bob' };
const DRILL = { atMs: NOW, by: 'ada', refusedMs: 3, releasedMs: 2, ok: true, message: 'it works' };
const ENDING = { ...PROCUREMENT, scopes: ['crm:read'], expiresAtMs: NOW + DAY_MS };

/** An installation in order, but for what no configuration can do. */
const CONFIG = {
  listen: { host: '127.0.0.1', tls: null, publicUrl: null },
  development: { allowStaticTokens: false, anonymousAgent: null },
  servers: [{ id: 'crm', trust: 'review' }],
  approvals: { assurance: 'passkey', routes: new Map() },
  journal: { retentionDays: 365 },
  console: { enabled: true },
};
const ORDERLY = {
  ...{ nowMs: NOW, config: CONFIG, active: [ENDING], ownerless: [], unused: [], recordsSinceMs: NOW - 90 * DAY_MS },
  ...{ unasked: [], lookedAt: 1, staticTokens: 0, quarantined: [], standing: [], lastDrill: DRILL },
  ...{ approvers: { people: [ADA], without: [] }, admins: [ADA, BOB] },
} as unknown as Facts;

const config = (more: object): Partial<Facts> => ({ config: { ...CONFIG, ...more } }) as unknown as Partial<Facts>;
const answer = (id: string, more: Partial<Facts> = {}): PostureAnswer =>
  answersTo({ ...ORDERLY, ...more }).find((each) => each.id === id)!;

describe('posture', () => {
  it('of an orderly installation is good, but for records nobody else vouches for', () => {
    const open = answersTo(ORDERLY).filter(({ state }) => state !== 'good');
    expect(open.map(({ id }) => id)).toEqual(['witness']);
    for (const { question, answer: said } of answersTo(ORDERLY)) {
      expect(question.endsWith('?')).toBe(true);
      expect(said.endsWith('.')).toBe(true);
    }
  });

  it.each<[string, PostureAnswer['state'], Partial<Facts>, string]>([
    ['owners', 'bad', { ownerless: [PROCUREMENT] }, '1 agent has no active owner: procurement.'],
    [
      'no-end',
      'warn',
      { active: [{ ...PROCUREMENT, riskTier: 'critical' }] },
      '1 of 1 agent of high or critical risk never ends: procurement.',
    ],
    ['no-end', 'good', { active: [{ ...ENDING, riskTier: 'critical' }] }, 'Each of the 1 ends.'],
    ['unused', 'warn', { unused: [PROCUREMENT] }, '1 active agent called nothing for 30 days: procurement.'],
    [
      'unused',
      'good',
      { unused: null, recordsSinceMs: NOW - 3 * DAY_MS },
      'The records begin 3 days ago: too early to say.',
    ],
    ['risky', 'warn', { unasked: [{ agent: 'procurement', tool: 'crm/wipe' }] }, '1 agent may use destructive'],
    ['wide-scopes', 'warn', { active: [{ ...PROCUREMENT, scopes: ['*:all'] }] }, '1 agent holds the scope *:all'],
    [
      'static-tokens',
      'bad',
      { staticTokens: 2, ...config({ development: { allowStaticTokens: true, anonymousAgent: null } }) },
      '2 agents have a development token',
    ],
    [
      'anonymous',
      'bad',
      config({ development: { allowStaticTokens: false, anonymousAgent: 'guest' } }),
      'Whoever sends no credential calls as guest.',
    ],
    [
      'quarantine',
      'warn',
      { quarantined: [{ server: 'crm', tool: 'x' }] as never },
      '1 tool waits for somebody to look: crm/x.',
    ],
    [
      'pin-review',
      'warn',
      config({ servers: [{ id: 'crm', trust: 'first-use' }] }),
      '1 server is trusted at first use: crm.',
    ],
    [
      'tls',
      'bad',
      config({ listen: { host: '0.0.0.0', tls: null, publicUrl: null } }),
      'The gateway listens on 0.0.0.0 without TLS',
    ],
    [
      'tls',
      'warn',
      config({ listen: { host: '0.0.0.0', tls: null, publicUrl: 'https://gate.example' } }),
      'behind https://gate.example',
    ],
    ['tls', 'good', config({ listen: { host: '0.0.0.0', tls: {}, publicUrl: null } }), 'The gateway speaks TLS.'],
    ['assurance', 'bad', config({ approvals: { assurance: 'operator', routes: new Map() } }), 'in anybody’s name'],
    [
      'assurance',
      'warn',
      config({ approvals: { assurance: 'passkey', routes: new Map([['small', { assurance: 'signed-in' }]]) } }),
      '1 route asks for less than a passkey: small.',
    ],
    [
      'passkeys',
      'bad',
      { approvers: { people: [ADA, BOB], without: [BOB] } },
      '1 of 2 people who may be asked has no passkey: bob.',
    ],
    ['drill', 'warn', { lastDrill: null }, 'It was never tried.'],
    ['drill', 'warn', { lastDrill: { ...DRILL, atMs: NOW - 31 * DAY_MS } }, 'It was last tried 31 days ago.'],
    ['drill', 'bad', { lastDrill: { ...DRILL, ok: false, message: 'no.' } }, 'The last drill failed: no.'],
    ['retention', 'bad', config({ journal: { retentionDays: 7 } }), 'Records are kept for 7 days.'],
    ['retention', 'warn', config({ journal: { retentionDays: 90 } }), 'Records are kept for 90 days.'],
    ['retention', 'good', config({ journal: { retentionDays: null } }), 'until somebody removes them'],
    [
      'standing',
      'warn',
      { standing: [{ agent: 'a', server: 's', target: 't', createdAtMs: NOW - 31 * DAY_MS }] as never },
      '1 standing approval is older than 30 days: a (s/t).',
    ],
    ['admins', 'bad', { admins: [] }, 'Nobody is security-admin'],
    ['admins', 'warn', { admins: [ADA] }, 'Only Ada is security-admin.'],
  ])('%s is %s', (id, state, more, said) => {
    const given = answer(id, more);
    expect(given.state).toBe(state);
    expect(given.answer).toContain(said);
    expect(given.advice === null).toBe(state === 'good');
  });

  it('begins with what is bad', () => {
    const states = answersTo({ ...ORDERLY, ownerless: [PROCUREMENT], lastDrill: null }).map(({ state }) => state);
    expect(states.slice(0, 3)).toEqual(['bad', 'warn', 'warn']);
  });
});
