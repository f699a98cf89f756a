import type { Requirable, Template } from '../../../../src/model/template.ts';

/** GET /v1/templates */
export interface TemplateLine extends Template {
  readonly agents: number;
  readonly exceedingCount: number;
  readonly exceeding: readonly { readonly agent: string; readonly how: readonly string[] }[];
}

/** What somebody types. Lists are texts, separated by spaces or commas. */
export interface TemplateForm {
  readonly id: string;
  readonly description: string;
  readonly archetype: string;
  readonly riskTier: string;
  readonly groups: string;
  readonly limitServers: boolean;
  readonly servers: string;
  readonly limitScopes: boolean;
  readonly scopes: string;
  readonly lifetimeDays: string;
  readonly reviewers: string;
  readonly required: readonly Requirable[];
  readonly admits: Template['admits'];
}

export const EMPTY: TemplateForm = {
  id: '',
  description: '',
  archetype: 'homegrown',
  riskTier: 'medium',
  groups: '',
  limitServers: true,
  servers: '',
  limitScopes: false,
  scopes: '',
  lifetimeDays: '',
  reviewers: '',
  required: [],
  admits: 'no',
};

const DAY_MS = 86_400_000;

export function formOf(template: Template): TemplateForm {
  const { id, description, archetype, riskTier, groups, servers, scopes, lifetimeMs, reviewers, required, admits } =
    template;
  return {
    ...{ id, description, archetype, riskTier, required, admits },
    ...{ groups: groups.join(' '), reviewers: reviewers.join(' ') },
    ...{ limitServers: servers !== null, servers: (servers ?? []).join(' ') },
    ...{ limitScopes: scopes !== null, scopes: (scopes ?? []).join(' ') },
    lifetimeDays: lifetimeMs === null ? '' : String(Number((lifetimeMs / DAY_MS).toFixed(4))),
  };
}

/** The fields that are sent. Pure. */
export function fieldsOf(form: TemplateForm): Record<string, unknown> {
  const { description, archetype, riskTier, required, admits } = form;
  return {
    ...{ description: description.trim(), archetype, riskTier, required, admits },
    ...{ groups: listOf(form.groups), reviewers: listOf(form.reviewers) },
    servers: form.limitServers ? listOf(form.servers) : null,
    scopes: form.limitScopes ? listOf(form.scopes) : null,
    lifetimeMs: form.lifetimeDays.trim() === '' ? null : Math.round(Number(form.lifetimeDays) * DAY_MS),
  };
}

/** The fields of a template as it was, to put it back. */
export function fieldsAgain({ id: _id, origin: _origin, ...rest }: TemplateLine): Record<string, unknown> {
  const { agents: _agents, exceedingCount: _count, exceeding: _exceeding, ...fields } = rest;
  return { ...fields };
}

export function problemsOf({ id, lifetimeDays }: TemplateForm): Partial<Record<keyof TemplateForm, string>> {
  const days = Number(lifetimeDays);
  return {
    ...(/^[a-z][a-z0-9-]{0,31}$/.test(id.trim())
      ? {}
      : { id: 'A letter, then up to 31 letters, digits and hyphens, lower case.' }),
    ...(lifetimeDays.trim() === '' || days > 0 ? {} : { lifetimeDays: 'A number of days above 0, or nothing.' }),
  };
}

function listOf(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((each) => each !== '');
}

export function lifetimeWords(ms: number | null): string {
  if (ms === null) return 'no end needed';
  if (ms % DAY_MS !== 0) return `${Math.round(ms / 3_600_000)} hours at most`;
  return ms === DAY_MS ? 'one day at most' : `${ms / DAY_MS} days at most`;
}
