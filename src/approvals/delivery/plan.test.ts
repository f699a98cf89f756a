import { describe, expect, it } from 'vitest';
import { person, request } from '../../../test/notify/fixtures.ts';
import { type PlanSettings, planNotices } from './plan.ts';

const NOW = 1_800_000_000_000;
const ALL: PlanSettings = {
  ...{ email: true, slack: true, slackChannel: true, webPush: true, webhook: true },
  isSubscribed: (id) => id === 'alice',
  quietUntilMs: () => null,
};
const row = request('r1');
const alice = person('alice');
const bob = person('bob', { email: null });

const places = (
  kind: Parameters<typeof planNotices>[0]['kind'],
  people = [alice, bob],
  settings: Partial<PlanSettings> = {},
) =>
  planNotices({ row, kind, nowMs: NOW }, people, { ...ALL, ...settings }).map(
    ({ channel, recipient }) => `${channel} ${recipient ?? '-'}`,
  );

describe('who is told where', () => {
  it('is each person wherever they can be reached, and each shared place once', () => {
    const everywhere = ['email alice', 'slack alice', 'web-push alice', 'slack -', 'webhook -'];
    expect(places('asked')).toEqual(everywhere);
    expect(places('escalated')).toEqual(everywhere);
    expect(places('asked', [alice, alice])).toEqual(everywhere);
    expect(places('asked', [bob], { isSubscribed: () => true })).toEqual(['web-push bob', 'slack -', 'webhook -']);
    expect(places('asked', [person('carol', { active: false })])).toEqual(['slack -', 'webhook -']);
  });

  it('is nobody where nothing is configured', () => {
    const none = { email: false, slack: false, slackChannel: true, webPush: false, webhook: false };
    for (const kind of ['asked', 'answered'] as const) expect(places(kind, [alice], none)).toEqual([]);
  });

  it.each(['answered', 'expired', 'withdrawn'] as const)('is programs and earlier messages when it is %s', (kind) => {
    expect(places(kind)).toEqual(['slack -', 'webhook -']);
  });
});

describe('planning', () => {
  const planned = { row, kind: 'asked', nowMs: NOW } as const;

  it('twice adds nothing, another occasion does', () => {
    const ids = (more: object = {}) => planNotices({ ...planned, ...more }, [alice, bob], ALL).map(({ id }) => id);
    expect(ids({ nowMs: NOW + 5 })).toEqual(ids());
    const others = [ids({ kind: 'escalated' }), ids({ row: request('r2') }), ids({ row: { ...row, version: 2 } })];
    const all = [ids(), ...others].flat();
    expect(new Set(all).size).toBe(all.length);
  });

  it('waits for the end of quiet hours, except with programs, updates and what is urgent', () => {
    const quiet = { ...ALL, quietUntilMs: () => NOW + 3_600_000 };
    const due = (kind: 'asked' | 'answered', urgent: boolean) =>
      planNotices(
        { ...planned, kind, row: { ...row, requirement: { ...row.requirement, urgent } } },
        [alice],
        quiet,
      ).map(({ channel, dueMs }) => [channel, dueMs - NOW]);
    expect(due('asked', false)).toEqual([
      ['email', 3_600_000],
      ['slack', 3_600_000],
      ['web-push', 3_600_000],
      ['slack', 3_600_000],
      ['webhook', 0],
    ]);
    expect(due('asked', true).every(([, wait]) => wait === 0)).toBe(true);
    expect(due('answered', false).every(([, wait]) => wait === 0)).toBe(true);
  });
});
