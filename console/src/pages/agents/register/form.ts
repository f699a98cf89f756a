import type { Agent } from '../../../../../src/model/agent.ts';
import type { Template } from '../../../../../src/model/template.ts';
import { listOf } from '../words.ts';

/** What a person types; all of it text until it is sent. */
export interface AgentForm {
  readonly id: string;
  readonly name: string;
  readonly owner: string;
  readonly deputies: string;
  readonly purpose: string;
  readonly archetype: Agent['archetype'];
  readonly riskTier: Agent['riskTier'];
  readonly department: string;
  readonly groups: string;
  readonly servers: string;
  readonly template: string;
  /** `2027-01-31`; empty: no end. */
  readonly ends: string;
  /** A public JWK; empty: none yet. */
  readonly key: string;
}

export const EMPTY_FORM: AgentForm = {
  id: '',
  name: '',
  owner: '',
  deputies: '',
  purpose: '',
  archetype: 'homegrown',
  riskTier: 'medium',
  department: '',
  groups: '',
  servers: '',
  template: '',
  ends: '',
  key: '',
};

/** `Invoice bot (EU)` proposes `invoice-bot-eu`. */
export function idOf(name: string): string {
  return name
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, 32)
    .replace(/-+$/, '');
}

/** What is wrong with what was typed, by field; the gateway looks at it again. */
export function problemsOf(form: AgentForm): Partial<Record<keyof AgentForm, string>> {
  const found: Partial<Record<keyof AgentForm, string>> = {};
  if (form.id !== '' && !/^[a-z][a-z0-9-]{0,31}$/.test(form.id))
    found.id = 'Lower-case letters, digits and hyphens, beginning with a letter, at most 32.';
  if (form.key.trim() !== '' && keyOf(form.key) === null) found.key = 'This is no public JWK with a kid.';
  return found;
}

export function isWhole(form: AgentForm): boolean {
  const needed = [form.id, form.name, form.owner, form.purpose];
  return needed.every((each) => each.trim() !== '') && Object.keys(problemsOf(form)).length === 0;
}

/** The fields of a new agent: what was left empty is left out. */
export function fieldsOf(form: AgentForm): Record<string, unknown> {
  const key = form.key.trim() === '' ? null : keyOf(form.key);
  const [servers, groups, deputies] = [listOf(form.servers), listOf(form.groups), listOf(form.deputies)];
  return {
    name: form.name.trim(),
    owner: form.owner.trim(),
    purpose: form.purpose.trim(),
    archetype: form.archetype,
    riskTier: form.riskTier,
    ...(form.department.trim() === '' ? {} : { department: form.department.trim() }),
    ...(deputies.length === 0 ? {} : { deputies }),
    ...(groups.length === 0 ? {} : { groups }),
    ...(servers.length === 0 ? {} : { servers }),
    ...(form.template === '' ? {} : { template: form.template }),
    ...(form.ends === '' ? {} : { expiresAtMs: endOf(form.ends) }),
    ...(key === null ? {} : { keys: [key] }),
  };
}

/** What a template gives, written into the form; what it leaves open stays. */
export function withTemplate(form: AgentForm, template: Template | undefined, nowMs: number): AgentForm {
  if (template === undefined) return { ...form, template: '' };
  const { id, archetype, riskTier, groups, servers, lifetimeMs } = template;
  return {
    ...form,
    template: id,
    archetype,
    riskTier,
    groups: groups.join(', '),
    servers: servers === null ? form.servers : servers.join(', '),
    ends: lifetimeMs === null ? form.ends : dayOf(nowMs + lifetimeMs - DAY_MS),
  };
}

const DAY_MS = 86_400_000;

/** The whole of that day, in UTC. */
export function endOf(day: string): number {
  return Date.parse(`${day}T23:59:59Z`);
}

export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/** What a change of an agent sends: only what is another than it was. */
export function changedFields(agent: Agent, form: AgentForm): Record<string, unknown> {
  const after: Record<string, unknown> = {
    name: form.name.trim(),
    owner: form.owner.trim(),
    deputies: listOf(form.deputies),
    purpose: form.purpose.trim(),
    archetype: form.archetype,
    riskTier: form.riskTier,
    department: form.department.trim() === '' ? null : form.department.trim(),
    groups: listOf(form.groups),
    servers: listOf(form.servers).length === 0 ? null : listOf(form.servers),
    expiresAtMs: form.ends === '' ? null : endOf(form.ends),
  };
  // The day is what can be seen: an end at another hour of the same day stays.
  if (agent.expiresAtMs !== null && form.ends === dayOf(agent.expiresAtMs)) delete after.expiresAtMs;
  return Object.fromEntries(
    Object.entries(after).filter(
      ([name, value]) => JSON.stringify(value) !== JSON.stringify(agent[name as keyof Agent]),
    ),
  );
}

export function formOf(agent: Agent): AgentForm {
  return {
    ...EMPTY_FORM,
    id: agent.id,
    name: agent.name,
    owner: agent.owner,
    deputies: agent.deputies.join(', '),
    purpose: agent.purpose,
    archetype: agent.archetype,
    riskTier: agent.riskTier,
    department: agent.department ?? '',
    groups: agent.groups.join(', '),
    servers: agent.servers?.join(', ') ?? '',
    template: agent.template ?? '',
    ends: agent.expiresAtMs === null ? '' : dayOf(agent.expiresAtMs),
  };
}

function keyOf(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
    const { kty, kid } = value as Record<string, unknown>;
    return typeof kty === 'string' && typeof kid === 'string' && kid !== '' ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
