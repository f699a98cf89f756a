import { expect, it } from 'vitest';
import type { Template } from '../../../../src/model/template.ts';
import { EMPTY, fieldsAgain, fieldsOf, formOf, lifetimeWords, problemsOf } from './form.ts';

const template: Template = {
  ...{ id: 'clerk', description: 'Office work', archetype: 'homegrown', riskTier: 'medium', groups: ['office'] },
  ...{ servers: ['erp', 'crm'], scopes: null, lifetimeMs: 86_400_000 * 90, reviewers: ['bob'] },
  ...{ required: ['department'], admits: 'no', origin: 'registry' },
};

it('a template that is opened and sent again is the same', () => {
  const { id: _id, origin: _origin, ...fields } = template;
  expect(fieldsOf(formOf(template))).toEqual(fields);
  expect(fieldsAgain({ ...template, agents: 2, exceedingCount: 0, exceeding: [] })).toEqual(fields);
});

it('no limit is not the same as an empty list', () => {
  expect(fieldsOf({ ...EMPTY, limitServers: true, servers: '' }).servers).toEqual([]);
  expect(fieldsOf({ ...EMPTY, limitServers: false, servers: 'erp' }).servers).toBe(null);
});

it('says what is wrong before it is sent', () => {
  expect(problemsOf({ ...EMPTY, id: 'clerk' })).toEqual({});
  expect(Object.keys(problemsOf({ ...EMPTY, id: 'Clerk!', lifetimeDays: '-1' }))).toEqual(['id', 'lifetimeDays']);
  expect(lifetimeWords(86_400_000)).toBe('one day at most');
});
