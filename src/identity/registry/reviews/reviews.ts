import { randomBytes } from 'node:crypto';
import type { Agent } from '../../../model/agent.ts';
import type { JsonObject } from '../../../model/json.ts';
import { coversScope } from '../../../model/scope.ts';
import type { EntityChange } from '../../../ports/identity-stores.ts';
import { next } from '../lifecycle.ts';
import { type AgentFilter, AgentList, BATCH } from '../many.ts';
import { RegistryRefused } from '../refused.ts';
import type { Registry } from '../registry.ts';
import { orderedBy } from '../world.ts';
import { patchChange, readKnown, type Who, write } from '../writing.ts';
import { ReviewLedger, type Tally } from './ledger.ts';
import { type Decision, itemId, type Outcome, type Review, type ReviewItem, reviewersOf, seenOf } from './review.ts';

export interface NewReview extends Who {
  readonly name: string;
  readonly dueAtMs: number;
  readonly filter: AgentFilter;
  readonly reviewers?: readonly string[];
  readonly excludeRequester?: boolean;
  readonly overdue?: 'none' | 'suspend';
  readonly remindDays?: readonly number[];
}

export interface Verdict extends Who {
  readonly outcome: Exclude<Outcome, 'overdue' | 'overdue-suspended'>;
  /** For `reduce`: what it keeps. */
  readonly scopes?: readonly string[];
  readonly servers?: readonly string[];
  /** For `reassign`. */
  readonly to?: string;
}

/** Access reviews (requirements ID5). A decision and what it does to the agent are one transaction. Throws RegistryRefused. */
export class Reviews {
  readonly #registry: Registry;
  readonly #list: AgentList;
  readonly #ledger: ReviewLedger;

  constructor(registry: Registry) {
    this.#registry = registry;
    this.#list = new AgentList(registry.world.directory);
    this.#ledger = new ReviewLedger(registry.world.directory);
  }

  all(): readonly Review[] {
    const all = [...this.#registry.world.directory.stored('review')].map(({ body }) => body as unknown as Review);
    return all.sort((a, b) => b.createdAtMs - a.createdAtMs);
  }

  get(id: string): Review {
    return this.#stored(id).review;
  }

  /** In the order of the agents. `waiting`: only those nobody decided on. `reviewer`: only those this person may decide on. */
  items(id: string, only: { readonly waiting?: boolean; readonly reviewer?: string } = {}): readonly ReviewItem[] {
    const { directory } = this.#registry.world;
    const review = this.get(id);
    return this.#ledger.of(id).filter((item) => {
      if (only.waiting === true && item.decision !== null) return false;
      if (only.reviewer === undefined) return true;
      const agent = directory.agent(item.agent);
      return agent !== undefined && reviewersOf(review, agent).includes(only.reviewer);
    });
  }

  /** How far it is. */
  tally(id: string): Tally {
    return this.#ledger.tally(id);
  }

  /** Items first, then it opens: a campaign that a crash cut short stays `preparing` and can be made again. */
  async create(order: NewReview): Promise<Review> {
    const { clock, directory } = this.#registry.parts;
    const who = { by: orderedBy(directory, order.by), reason: order.reason };
    const nowMs = clock.nowMs();
    if (order.dueAtMs <= nowMs) throw new RegistryRefused('invalid', 'the end lies in the past');
    for (const id of order.reviewers ?? [])
      if (directory.person(id)?.active !== true) throw new RegistryRefused('invalid', `${id} is nobody who can review`);
    const agents = this.#list
      .all(order.filter)
      .filter(({ state }) => state !== 'decommissioned' && state !== 'requested');
    if (agents.length === 0) throw new RegistryRefused('invalid', 'no agent fits: there is nothing to review');
    const id = `r-${randomBytes(5).toString('hex')}`;
    const review: Review = {
      id,
      name: order.name,
      createdBy: who.by,
      createdAtMs: nowMs,
      dueAtMs: order.dueAtMs,
      filter: order.filter,
      reviewers: order.reviewers ?? null,
      excludeRequester: order.excludeRequester ?? false,
      overdue: order.overdue ?? 'none',
      remindDays: order.remindDays ?? [7, 1],
      reminded: (order.remindDays ?? [7, 1]).filter((days) => order.dueAtMs - days * 86_400_000 <= nowMs),
      state: 'preparing',
      summary: null,
    };
    const detail = { review: id, name: review.name, agents: agents.length, dueAtMs: review.dueAtMs };
    await this.#write('review.create', who, {
      detail,
      changes: [entity('review', id, { body: review, expected: null })],
    });
    await this.#addItems(id, agents, who);
    const opened = { ...review, state: 'open' as const };
    await this.#write('review.open', who, {
      detail,
      changes: [entity('review', id, { body: opened, expected: this.#stored(id).version })],
    });
    return opened;
  }

  /** By one of the reviewers. The first decision counts. */
  async decide(id: string, agentId: string, verdict: Verdict): Promise<ReviewItem> {
    const { directory, clock } = this.#registry.parts;
    const by = orderedBy(directory, verdict.by);
    const review = this.get(id);
    if (review.state !== 'open') throw new RegistryRefused('state', `the review ${id} is ${review.state}`);
    const { item, version } = this.#item(id, agentId);
    if (item.decision !== null)
      throw new RegistryRefused('state', `${item.decision.by} decided on ${agentId}: ${item.decision.outcome}`);
    const known = await readKnown(this.#registry.parts, agentId);
    const may = reviewersOf(review, known.agent);
    if (!may.includes(by))
      throw new RegistryRefused('forbidden', `${by} does not review ${agentId}: ${may.join(', ') || 'nobody'} does`);
    const change = this.#changeFor(known.agent, verdict);
    const { outcome, reason } = verdict;
    const decision: Decision = { outcome, by, reason, atMs: clock.nowMs(), seen: seenOf(known.agent), change };
    const decided = { ...item, decision };
    const changes = [entity('review-item', item.id, { body: decided, expected: version })];
    if (Object.keys(change).length > 0) changes.push(patchChange(known, change));
    const stops = outcome === 'revoke';
    const detail = { review: id, agent: agentId, outcome, change: change as JsonObject };
    await this.#write('review.decide', { by, reason }, { changes, detail, stops });
    return decided;
  }

  /** Ends a campaign: what nobody decided on gets the outcome it was made with. Can be repeated; an interrupted one goes on. */
  async close(id: string, order: Who): Promise<Review> {
    const { directory, clock } = this.#registry.parts;
    const who = { by: orderedBy(directory, order.by), reason: order.reason };
    const review = this.get(id);
    if (review.state === 'closed') return review;
    for (const { agent } of this.items(id, { waiting: true })) {
      await this.#overdue(review, agent, who).catch((error: unknown) => {
        // Somebody decided at the last moment: that counts.
        if (!(error instanceof RegistryRefused) || error.why !== 'lost') throw error;
      });
    }
    const summary: Record<string, number> = {};
    for (const { decision } of this.items(id)) {
      const outcome = decision?.outcome ?? 'undecided';
      summary[outcome] = (summary[outcome] ?? 0) + 1;
    }
    const closed: Review = { ...review, reminded: this.get(id).reminded, state: 'closed', summary };
    const changes = [entity('review', id, { body: closed, expected: this.#stored(id).version })];
    await this.#write('review.close', who, { changes, detail: { review: id, summary, atMs: clock.nowMs() } });
    return closed;
  }

  /** Marks a reminder as sent; `false`: another process did. */
  async remind(id: string, days: number, pending: Readonly<Record<string, number>>): Promise<boolean> {
    const { review, version } = this.#stored(id);
    const body = { ...review, reminded: [...review.reminded, ...review.remindDays.filter((each) => each >= days)] };
    const who = { by: 'interlock', reason: `due in ${days} days` };
    const changes = [entity('review', id, { body, expected: version })];
    try {
      await this.#write('review.remind', who, { changes, detail: { review: id, days, pending } });
      return true;
    } catch (error) {
      if (error instanceof RegistryRefused && error.why === 'lost') return false;
      throw error;
    }
  }

  #changeFor(agent: Agent, verdict: Verdict): Readonly<Record<string, unknown>> {
    const { outcome, scopes, servers, to } = verdict;
    if (outcome === 'certify') return {};
    if (outcome === 'revoke') {
      const state = next(agent.state, 'suspend');
      return state === null ? {} : { state };
    }
    if (outcome === 'reassign') {
      if (to === undefined) throw new RegistryRefused('invalid', 'reassign to whom?');
      return { ...this.#registry.reassigned(agent, to, false) };
    }
    if (scopes === undefined && servers === undefined)
      throw new RegistryRefused('invalid', 'reduce to which scopes or servers?');
    const wider =
      scopes?.find((scope) => !coversScope(agent.scopes, scope)) ??
      servers?.find((server) => agent.servers !== null && !agent.servers.includes(server));
    if (wider !== undefined)
      throw new RegistryRefused('invalid', `${agent.id} does not have ${wider}: reduce only narrows`);
    return { ...(scopes === undefined ? {} : { scopes }), ...(servers === undefined ? {} : { servers }) };
  }

  async #overdue(review: Review, agentId: string, who: Who): Promise<void> {
    const { item, version } = this.#item(review.id, agentId);
    const { directory, clock } = this.#registry.parts;
    const agent = directory.agent(agentId);
    if (item.decision !== null || agent === undefined) return;
    const known = await readKnown(this.#registry.parts, agentId);
    const state = review.overdue === 'suspend' ? next(agent.state, 'suspend') : null;
    const change = state === null ? {} : { state };
    const outcome: Outcome = state === null ? 'overdue' : 'overdue-suspended';
    const decision: Decision = { outcome, ...who, atMs: clock.nowMs(), seen: seenOf(agent), change };
    const changes = [entity('review-item', item.id, { body: { ...item, decision }, expected: version })];
    if (state !== null) changes.push(patchChange(known, change));
    const detail = { review: review.id, agent: agentId, outcome };
    await this.#write('review.overdue', who, { changes, detail, stops: state !== null });
  }

  async #addItems(id: string, agents: readonly Agent[], who: Who): Promise<void> {
    const { store, directory, clock } = this.#registry.parts;
    for (let from = 0; from < agents.length; from += BATCH) {
      const changes = agents.slice(from, from + BATCH).map((agent) => {
        const body: ReviewItem = { id: itemId(id, agent.id), review: id, agent: agent.id, decision: null };
        return entity('review-item', body.id, { body, expected: null });
      });
      await store.apply(changes, { act: 'review.add', ...who, atMs: clock.nowMs() });
    }
    await directory.refresh();
  }

  #stored(id: string): { readonly review: Review; readonly version: number } {
    const row = this.#registry.world.directory.storedOne('review', id);
    if (row === undefined) throw new RegistryRefused('missing', `there is no review "${id}"`);
    return { review: row.body as unknown as Review, version: row.version };
  }

  #item(review: string, agent: string): { readonly item: ReviewItem; readonly version: number } {
    const row = this.#registry.world.directory.storedOne('review-item', itemId(review, agent));
    if (row === undefined) throw new RegistryRefused('missing', `${agent} is not part of the review ${review}`);
    return { item: row.body as unknown as ReviewItem, version: row.version };
  }

  async #write(
    act: string,
    who: Who,
    rest: { readonly changes: readonly EntityChange[]; readonly detail: JsonObject; readonly stops?: boolean },
  ): Promise<void> {
    await write(this.#registry.parts, { act, who, ...rest });
  }
}

function entity(
  kind: 'review' | 'review-item',
  id: string,
  { body, expected }: { readonly body: Review | ReviewItem; readonly expected: number | null },
): EntityChange {
  return { kind, id, body: body as unknown as JsonObject, expected };
}
