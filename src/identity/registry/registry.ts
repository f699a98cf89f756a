import { createHash } from 'node:crypto';
import type { Agent, AgentState } from '../../model/agent.ts';
import type { JsonObject } from '../../model/json.ts';
import type { HistoryRow } from '../../ports/identity-stores.ts';
import { type AgentFields, readFields } from './fields.ts';
import { type LifecycleAct, transition } from './lifecycle.ts';
import { RegistryRefused } from './refused.ts';
import { claimedByFile, claimsOf, makeAgent, misfits, orderedBy, provable, type World } from './world.ts';
import { type Known, patchChange, readKnown, type Who, type WriteParts, write } from './writing.ts';

export interface RegistryOptions extends WriteParts, World {}

export interface Entry {
  readonly agent: Agent;
  /** Of the stored row; `null`: nothing happened yet to an agent of the configuration. */
  readonly version: number | null;
}

/** `ifVersion`: only when it still is what was looked at. */
export interface Order extends Who {
  readonly ifVersion?: number | null;
}

/** What the configuration's agents may be given here. */
const OVERLAID: ReadonlySet<string> = new Set(['owner', 'deputies', 'expiresAtMs']);

/**
 * The agents of the organisation, changed (requirements ID1, ID5): every act is one compare-and-set, in the history of the agent and in
 * the journal. Throws RegistryRefused.
 */
export class Registry {
  readonly #options: RegistryOptions;

  constructor(options: RegistryOptions) {
    this.#options = options;
  }

  get world(): World {
    return this.#options;
  }

  get parts(): WriteParts {
    return this.#options;
  }

  async show(id: string): Promise<Entry> {
    const { agent, version } = await readKnown(this.#options, id);
    return { agent, version };
  }

  history(id: string, page: { readonly limit: number; readonly beforeSeq?: number }): Promise<readonly HistoryRow[]> {
    return this.#options.store.history({ kind: 'agent', id, ...page });
  }

  /** By an administrator: active at once where something proves it, else approved until something does. */
  register(id: string, raw: unknown, who: Who): Promise<Entry> {
    return this.#create(id, raw, { who, act: 'agent.register', state: null });
  }

  /** By anybody who may reach this: it waits for somebody else's approval. */
  request(id: string, raw: unknown, who: Who): Promise<Entry> {
    return this.#create(id, raw, { who, act: 'agent.request', state: 'requested' });
  }

  /** Never by who requested it; where the template names reviewers, only by one of them. */
  async approve(id: string, order: Order): Promise<Entry> {
    const known = await this.#known(id, order);
    const by = this.#by(order);
    const { agent } = known;
    const state = transition(agent, 'approve');
    if (agent.creator === by)
      throw new RegistryRefused('forbidden', `${by} requested ${id}: somebody else approves it`);
    const reviewers = agent.template === null ? [] : (this.#options.template(agent.template)?.reviewers ?? []);
    if (reviewers.length > 0 && !reviewers.includes(by)) {
      throw new RegistryRefused('forbidden', `agents of ${agent.template} are approved by ${reviewers.join(' or ')}`);
    }
    this.#fit(agent);
    return this.#patch(known, { state }, { act: 'agent.approve', who: { ...order, by } });
  }

  /** The request is removed; its history stays. The requester may take it back the same way. */
  async reject(id: string, order: Order): Promise<void> {
    const { agent, version } = await this.#known(id, order);
    transition(agent, 'approve');
    if (agent.origin !== 'registry') throw new RegistryRefused('configured', `${id} stands in interlock.yaml`);
    const who = { by: this.#by(order), reason: order.reason };
    const changes = [{ kind: 'agent', id, body: null, expected: version } as const];
    await write(this.#options, { act: 'agent.reject', who, changes, detail: { agent: id } });
  }

  activate(id: string, order: Order): Promise<Entry> {
    return this.#move(id, 'activate', order);
  }

  suspend(id: string, order: Order): Promise<Entry> {
    return this.#move(id, 'suspend', order);
  }

  resume(id: string, order: Order): Promise<Entry> {
    return this.#move(id, 'resume', order);
  }

  /** Fields, whole. Of an agent of the configuration only owner, deputies and an earlier end. */
  async update(id: string, raw: unknown, order: Order): Promise<Entry> {
    const { fields, problems } = readFields(raw);
    if (problems.length > 0) throw new RegistryRefused('invalid', problems.join('; '));
    const known = await this.#known(id, order);
    return this.#updateKnown(known, fields, { ...order, by: this.#by(order) });
  }

  /** A new owner. An orphan is then suspended until somebody resumes it, in the same act with `resume`. */
  async reassign(id: string, to: string, order: Order & { readonly resume?: boolean }): Promise<Entry> {
    const known = await this.#known(id, order);
    const who = { by: this.#by(order), reason: order.reason };
    const patch = this.#reassigned(known.agent, to, order.resume === true);
    return this.#patch(known, patch, { act: 'agent.reassign', who, detail: { from: known.agent.owner, to } });
  }

  /** What reassigning changes; for bulk as well. */
  reassigned(agent: Agent, to: string, resume: boolean): Partial<Agent> {
    return this.#reassigned(agent, to, resume);
  }

  /**
   * The agent a person's own OAuth client acts as: the one there is, or a new one of the template that admits such clients. `null`: no
   * template admits any. Throws RegistryRefused.
   */
  async admit(client: {
    readonly clientId: string;
    readonly clientName: string;
    readonly person: string;
  }): Promise<Agent | null> {
    const { directory, configured } = this.#options;
    const { clientId, clientName, person } = client;
    const mine = (): Agent | undefined => directory.agentsOfClient(clientId).find((agent) => agent.owner === person);
    const known = mine();
    if (known !== undefined) return known;
    const template = configured().templates.find(({ admits }) => admits !== 'no');
    if (template === undefined) return null;
    const fields = {
      name: clientName.replaceAll(/\p{C}/gu, ' ').trim().slice(0, 200) || clientId.slice(0, 200),
      owner: person,
      purpose: `what ${person} does with this client`,
      template: template.id,
      clients: [clientId],
    };
    const id = admittedId(clientName, JSON.stringify([clientId, person]));
    const state = template.admits === 'active' ? 'active' : 'requested';
    const who = { by: person, reason: `signed in with ${clientId}`.slice(0, 1000) };
    try {
      return (await this.#create(id, fields, { who, act: 'agent.admit', state })).agent;
    } catch (error) {
      // Two sign-ins at once make one agent.
      const there = mine();
      if (error instanceof RegistryRefused && error.why === 'exists' && there !== undefined) return there;
      throw error;
    }
  }

  async #create(
    id: string,
    raw: unknown,
    how: { readonly who: Who; readonly act: string; readonly state: AgentState | null },
  ): Promise<Entry> {
    const { fields, problems } = readFields(raw);
    if (problems.length > 0) throw new RegistryRefused('invalid', problems.join('; '));
    const { directory, clock } = this.#options;
    const who = { by: this.#by(how.who), reason: how.who.reason };
    const made = makeAgent(this.#options, { id, creator: who.by, fields, nowMs: clock.nowMs() });
    const agent = { ...made, state: how.state ?? (provable(made) ? 'active' : 'approved') };
    // Also what the store only remembers of an agent that has left the file: what was stopped is not revived under its name.
    if (directory.agent(id) !== undefined || directory.storedOne('agent', id) !== undefined) {
      throw new RegistryRefused('exists', `there is an agent "${id}" already, or was one that was stopped`);
    }
    this.#fit(agent);
    const change = { kind: 'agent', id, expected: null, unique: claimsOf(agent) } as const;
    const changes = [{ ...change, body: agent as unknown as JsonObject }];
    const { owner, purpose, riskTier, state, template } = agent;
    const detail = { agent: id, owner, purpose, riskTier, state, template };
    await write(this.#options, { act: how.act, who, changes, detail });
    return this.show(id);
  }

  async #move(id: string, act: LifecycleAct, order: Order): Promise<Entry> {
    const known = await this.#known(id, order);
    const state = transition(known.agent, act);
    if (act !== 'suspend') {
      if (state === 'active' && !provable(known.agent) && known.agent.origin === 'registry') {
        throw new RegistryRefused('state', `nothing proves ${id}: give it a key, a workload or a client first`);
      }
      this.#fit(known.agent);
      if (known.agent.origin === 'configuration' && known.body.state === undefined)
        throw new RegistryRefused('configured', `interlock.yaml says that ${id} is suspended: change it there`);
    }
    const who = { by: this.#by(order), reason: order.reason };
    return this.#patch(known, { state }, { act: `agent.${act}`, who, stops: act === 'suspend' });
  }

  #updateKnown(known: Known, fields: Partial<AgentFields>, who: Who): Promise<Entry> {
    const { agent } = known;
    if (agent.state === 'decommissioned') throw new RegistryRefused('state', `${agent.id} is decommissioned for good`);
    const changed = Object.entries(fields).filter(
      ([name, value]) => JSON.stringify(value) !== JSON.stringify(agent[name as keyof Agent]),
    );
    if (changed.length === 0) return Promise.resolve({ agent, version: known.version });
    if (fields.owner !== undefined && fields.owner !== agent.owner && agent.state === 'orphaned')
      throw new RegistryRefused('state', `${agent.id} is orphaned: reassign it`);
    const patch = Object.fromEntries(changed);
    if (agent.origin === 'configuration' && changed.every(([name]) => OVERLAID.has(name))) {
      const { expiresAtMs } = patch as { expiresAtMs?: number | null };
      const file = this.#options.configured().agents.find(({ id }) => id === agent.id)?.expiresAtMs ?? null;
      if (expiresAtMs !== undefined && file !== null && (expiresAtMs === null || expiresAtMs > file))
        throw new RegistryRefused('configured', `interlock.yaml ends ${agent.id} earlier: change it there`);
    } else if (agent.origin === 'configuration') patchChange(known, patch);
    this.#fit({ ...agent, ...patch });
    // A new end is news for the sweep that records ends.
    const more = 'expiresAtMs' in patch ? { expired: null } : {};
    return this.#patch(
      known,
      { ...patch, ...more },
      { act: 'agent.update', who, detail: { fields: Object.keys(patch) } },
    );
  }

  #reassigned(agent: Agent, to: string, resume: boolean): Partial<Agent> {
    if (agent.state === 'decommissioned') throw new RegistryRefused('state', `${agent.id} is decommissioned for good`);
    const owner = this.#options.directory.person(to);
    if (owner?.active !== true)
      throw new RegistryRefused(
        'invalid',
        owner === undefined ? `nobody knows a person "${to}"` : `${to} is not active`,
      );
    if (agent.state !== 'orphaned') return { owner: owner.id };
    const adopted = { ...agent, state: transition(agent, 'adopt') };
    return { owner: owner.id, state: resume ? transition(adopted, 'resume') : adopted.state };
  }

  async #patch(
    known: Known,
    patch: Partial<Agent> & { readonly expired?: null },
    how: { readonly act: string; readonly who: Who; readonly detail?: JsonObject; readonly stops?: boolean },
  ): Promise<Entry> {
    const { id } = known.agent;
    const { by, reason } = how.who;
    const changes = [patchChange(known, patch)];
    const detail = { agent: id, version: known.version, ...how.detail };
    const stops = how.stops === true;
    await write(this.#options, { act: how.act, who: { by, reason }, changes, detail, stops });
    return this.show(id);
  }

  async #known(id: string, order: Order): Promise<Known> {
    const known = await readKnown(this.#options, id);
    if (order.ifVersion !== undefined && order.ifVersion !== known.version)
      throw new RegistryRefused(
        'lost',
        `${id} was changed since you looked at it (version ${known.version}): look again`,
      );
    return known;
  }

  #by({ by }: Who): string {
    return orderedBy(this.#options.directory, by);
  }

  #fit(agent: Agent): void {
    const wrong = misfits(this.#options, agent, this.#options.clock.nowMs());
    if (wrong.length > 0) throw new RegistryRefused('invalid', `${agent.id}: ${wrong.join('; ')}`);
    const other = claimedByFile(this.#options, agent);
    if (other !== null) throw new RegistryRefused('taken', `a key or workload of ${agent.id} belongs to ${other}`);
  }
}

/** A readable word and a digest that no other client or person has. */
function admittedId(name: string, identity: string): string {
  const word = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, 15)
    .replace(/-+$/, '');
  return `${word === '' ? 'client' : word}-${createHash('sha256').update(identity).digest('hex').slice(0, 16)}`;
}
