import { describe, expect, it } from 'vitest';
import { agent, at, NOW_MS, person, RULES, view } from '../../../test/approvals/company.ts';
import { explainAsk } from './explain.ts';

const PEOPLE = view(
  [
    person('alice', { groups: ['finance'] }),
    person('bob', { groups: ['finance'] }),
    person('carol', { groups: ['finance'] }),
    person('dora'),
    person('gone', { active: false, groups: ['finance'] }),
    person('other', { active: false }),
  ],
  [agent('buyer', 'alice')],
);
const away = [{ person: 'bob', deputy: 'dora', fromMs: NOW_MS - 1, untilMs: NOW_MS + 1 }];
const FACTS = { amount: null, environment: null, dataClass: null, effect: null };
const context = { facts: FACTS, rules: { ...RULES, away }, starters: ['alice'], subject: null };

describe('who would be asked', () => {
  it('names who may answer each place, in whose place, and who is meant and may not', () => {
    const answer = explainAsk([{ text: 'owner + group:finance', agent: 'buyer' }], context, at(PEOPLE, { away }));
    expect(answer).toEqual({
      kind: 'asks',
      assurance: 'passkey',
      expireMs: 3_600_000,
      urgent: false,
      starters: ['alice'],
      parts: [
        {
          ask: 'owner + group:finance',
          places: [
            { who: ['owner of buyer'], may: [{ person: 'alice', standsFor: null }], mayNot: [] },
            {
              who: ['group:finance'],
              may: [
                { person: 'bob', standsFor: null },
                { person: 'carol', standsFor: null },
                { person: 'dora', standsFor: 'bob' },
              ],
              mayNot: [
                { person: 'alice', why: 'separation' },
                { person: 'gone', why: 'inactive' },
              ],
            },
          ],
        },
      ],
      escalations: [],
      told: ['alice', 'dora', 'carol'],
    });
  });

  it('says when nobody is asked', () => {
    const asks = [{ text: 'subject', agent: 'buyer' }];
    expect(explainAsk(asks, context, at(PEOPLE))).toMatchObject({ kind: 'nobody' });
  });
});
