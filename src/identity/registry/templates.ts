import { isObject, type JsonObject } from '../../model/json.ts';
import { exceeds, REQUIRABLE, type Template } from '../../model/template.ts';
import type { Directory } from '../directory.ts';
import { FIELDS, isAgentId } from './fields.ts';
import { RegistryRefused } from './refused.ts';
import { orderedBy } from './world.ts';
import { type Who, type WriteParts, write } from './writing.ts';

export interface Exceeding {
  readonly agent: string;
  readonly how: readonly string[];
}

export interface TemplateUse {
  readonly agents: number;
  readonly exceeding: readonly Exceeding[];
}

export interface TemplateOptions extends WriteParts {
  readonly configured: () => { readonly templates: readonly Template[] };
}

const EMPTY = Object.freeze({
  description: '',
  groups: [],
  servers: null,
  scopes: null,
  lifetimeMs: null,
  reviewers: [],
  required: [],
  admits: 'no',
});

/** Templates of the configuration and of the store. The file's is the one that holds where both have an id. */
export class Templates {
  readonly #options: TemplateOptions;

  constructor(options: TemplateOptions) {
    this.#options = options;
  }

  readonly get = (id: string): Template | undefined => {
    const configured = this.#options.configured().templates.find((template) => template.id === id);
    return configured ?? (this.#options.directory.storedOne('template', id)?.body as Template | undefined);
  };

  all(): readonly Template[] {
    const configured = this.#options.configured().templates;
    const ids = new Set(configured.map(({ id }) => id));
    const stored = [...this.#options.directory.stored('template')].filter(({ id }) => !ids.has(id));
    const all = [...configured, ...stored.map(({ body }) => body as unknown as Template)];
    return all.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** Sets a template and says which agents now exceed it: they stay as they are until somebody narrows them. */
  async put(id: string, raw: unknown, who: Who): Promise<{ template: Template; exceeding: readonly Exceeding[] }> {
    this.#mine(id);
    const template = readTemplate(id, raw);
    const expected = this.#options.directory.storedOne('template', id)?.version ?? null;
    const changes = [{ kind: 'template', id, expected, body: template as unknown as JsonObject } as const];
    await this.#write('template.put', who, { id, changes });
    return { template, exceeding: this.exceeding(template) };
  }

  async remove(id: string, who: Who): Promise<void> {
    this.#mine(id);
    const stored = this.#options.directory.storedOne('template', id);
    if (stored === undefined) throw new RegistryRefused('missing', `there is no template "${id}"`);
    const used = [...this.#options.directory.agents()].find((agent) => agent.template === id);
    if (used !== undefined) throw new RegistryRefused('state', `${used.id} is made from it: it stays`);
    const changes = [{ kind: 'template', id, expected: stored.version, body: null } as const];
    await this.#write('template.remove', who, { id, changes });
  }

  exceeding(template: Template): readonly Exceeding[] {
    const nowMs = this.#options.clock.nowMs();
    const found: Exceeding[] = [];
    for (const agent of this.#options.directory.agents()) {
      if (agent.template !== template.id || agent.state === 'decommissioned') continue;
      const how = exceeds(agent, template, nowMs);
      if (how.length > 0) found.push({ agent: agent.id, how });
    }
    return found;
  }

  /** Of every template at once: how many agents are made from it, and which exceed it. One pass over the agents. */
  usage(): ReadonlyMap<string, TemplateUse> {
    const nowMs = this.#options.clock.nowMs();
    const templates = new Map(this.all().map((template) => [template.id, template]));
    const used = new Map(this.all().map(({ id }) => [id, { agents: 0, exceeding: [] as Exceeding[] }]));
    for (const agent of this.#options.directory.agents()) {
      if (agent.template === null || agent.state === 'decommissioned') continue;
      const template = templates.get(agent.template);
      const use = used.get(agent.template);
      if (template === undefined || use === undefined) continue;
      use.agents++;
      const how = exceeds(agent, template, nowMs);
      if (how.length > 0) use.exceeding.push({ agent: agent.id, how });
    }
    return used;
  }

  #mine(id: string): void {
    if (this.#options.configured().templates.some((template) => template.id === id))
      throw new RegistryRefused('configured', `the template ${id} stands in interlock.yaml: change it there`);
  }

  async #write(
    act: string,
    who: Who,
    { id, changes }: { readonly id: string; readonly changes: Parameters<typeof write>[1]['changes'] },
  ): Promise<void> {
    const by = orderedBy(this.#options.directory as Directory, who.by);
    await write(this.#options, { act, who: { by, reason: who.reason }, changes, detail: { template: id } });
  }
}

/** Throws RegistryRefused `invalid` with everything that is wrong. */
export function readTemplate(id: string, raw: unknown): Template {
  const wrong: string[] = [];
  if (!isAgentId(id)) wrong.push(`"${id}" is no valid id`);
  if (!isObject(raw)) throw new RegistryRefused('invalid', 'a template is an object of fields');
  const { description, lifetimeMs, reviewers, required, admits, ...shared } = { ...EMPTY, ...raw } as JsonObject;
  for (const name of ['archetype', 'riskTier', 'groups', 'servers', 'scopes'] as const) {
    const problem = FIELDS[name](shared[name]);
    if (problem !== null) wrong.push(`${name}: ${problem}`);
  }
  for (const name of Object.keys(shared)) {
    if (!['archetype', 'riskTier', 'groups', 'servers', 'scopes'].includes(name))
      wrong.push(`${name}: there is no such field`);
  }
  if (typeof description !== 'string' || description.length > 500) wrong.push('description: must be a short text');
  const lifetime = lifetimeMs === null || (Number.isSafeInteger(lifetimeMs) && (lifetimeMs as number) > 0);
  if (!lifetime) wrong.push('lifetimeMs: must be milliseconds or null');
  const people = FIELDS.deputies(reviewers);
  if (people !== null) wrong.push(`reviewers: ${people}`);
  const insisted =
    Array.isArray(required) && required.every((each) => (REQUIRABLE as readonly unknown[]).includes(each));
  if (!insisted) wrong.push(`required: may name ${REQUIRABLE.join(', ')}`);
  if (!['no', 'requested', 'active'].includes(admits as string)) wrong.push('admits: must be no, requested or active');
  if (wrong.length > 0) throw new RegistryRefused('invalid', wrong.join('; '));
  return { ...EMPTY, ...raw, id, origin: 'registry' } as unknown as Template;
}
