import { describe, expect, it } from 'vitest';
import { AGENT_DEFAULTS, type Agent } from '../../../../../src/model/agent.ts';
import type { Template } from '../../../../../src/model/template.ts';
import { changedFields, EMPTY_FORM, fieldsOf, formOf, idOf, isWhole, problemsOf, withTemplate } from './form.ts';

const FORM = { ...EMPTY_FORM, id: 'invoices', name: 'Invoice bot', owner: 'alice', purpose: 'Checks invoices.' };
const AGENT: Agent = {
  ...AGENT_DEFAULTS,
  ...{ id: 'invoices', name: 'Invoice bot', owner: 'alice', purpose: 'Checks invoices.' },
  ...{ archetype: 'homegrown', riskTier: 'low', origin: 'registry', servers: ['erp'] },
  expiresAtMs: Date.parse('2027-01-31T10:00:00Z'),
};

describe('the form of an agent', () => {
  it('proposes an id the registry takes', () => {
    expect(idOf('Invoice bot (EU)')).toBe('invoice-bot-eu');
    expect(idOf('3rd-party Übersetzer, with a very long name indeed')).toBe('rd-party-u-bersetzer-with-a-very');
    expect(idOf('…')).toBe('');
  });

  it('sends what was filled in, and nothing for what was not', () => {
    expect(fieldsOf({ ...FORM, servers: 'erp, crm', ends: '2027-01-31' })).toEqual({
      ...{
        name: 'Invoice bot',
        owner: 'alice',
        purpose: 'Checks invoices.',
        archetype: 'homegrown',
        riskTier: 'medium',
      },
      ...{ servers: ['erp', 'crm'], expiresAtMs: Date.parse('2027-01-31T23:59:59Z') },
    });
  });

  it('is whole when everything needed is there and right', () => {
    expect(isWhole(FORM)).toBe(true);
    expect(isWhole({ ...FORM, purpose: ' ' })).toBe(false);
    expect(problemsOf({ ...FORM, id: 'Invoices' }).id).toBeDefined();
    expect(isWhole({ ...FORM, key: '{"kty":"EC"}' })).toBe(false);
    expect(isWhole({ ...FORM, key: '{"kty":"EC","kid":"k1","crv":"P-256","x":"a","y":"b"}' })).toBe(true);
  });

  it('takes over what a template gives', () => {
    const template: Template = {
      ...{ id: 'bots', description: '', archetype: 'saas', riskTier: 'high', groups: ['bots'], servers: ['crm'] },
      ...{ scopes: null, lifetimeMs: 30 * 86_400_000, reviewers: [], required: [], admits: 'no', origin: 'registry' },
    };
    const now = Date.parse('2026-11-27T12:00:00Z');
    expect(withTemplate(FORM, template, now)).toMatchObject({
      ...{ template: 'bots', archetype: 'saas', riskTier: 'high', groups: 'bots', servers: 'crm', ends: '2026-12-26' },
    });
    expect(withTemplate({ ...FORM, template: 'bots' }, undefined, now).template).toBe('');
  });

  it('of one that is there sends only what is another', () => {
    expect(changedFields(AGENT, formOf(AGENT))).toEqual({});
    expect(changedFields(AGENT, { ...formOf(AGENT), servers: '', riskTier: 'high', ends: '' })).toEqual({
      servers: null,
      riskTier: 'high',
      expiresAtMs: null,
    });
  });
});
