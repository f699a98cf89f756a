import { systemClock } from '../../src/adapters/clock.ts';
import { type ApprovalsOptions, openApprovals } from '../../src/approvals/approvals.ts';
import type { ApprovalRequest, Approvals, Ballot } from '../../src/approvals/types.ts';
import { AGENT_DEFAULTS, type Agent } from '../../src/model/agent.ts';
import type { Requirement, ShownRequest, Standing } from '../../src/model/approval.ts';
import type { ApprovalRules } from '../../src/model/approval-rules.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { PERSON_DEFAULTS, type Person } from '../../src/model/person.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { ApprovalStore } from '../../src/ports/stores.ts';

/** A small company: alice owns the agent, bob and carol are in finance, dave is nobody in particular. */
export interface World {
  readonly people: Map<string, Person>;
  readonly agents: Map<string, Agent>;
  readonly rules: { current: ApprovalRules };
  /** Agents that are stopped now, with why. */
  readonly stopped: Map<string, string>;
  readonly records: { act: string; by: string; detail: JsonObject }[];
  readonly standing: Standing[];
  /** Makes the journal fail. */
  journalDown: boolean;
}

export const RULES: ApprovalRules = {
  ...{ waitMs: 10_000, expireMs: 60_000, assurance: 'operator', roles: new Map(), routes: new Map() },
  ...{ schedules: new Map(), away: [], quietHours: null, standing: { enabled: true, maxMs: 3_600_000 } },
  noticesPerTenMinutes: 10,
};

export function world(rules: Partial<ApprovalRules> = {}): World {
  const person = (id: string, groups: readonly string[] = []): [string, Person] => [
    id,
    { ...PERSON_DEFAULTS, id, userName: id, name: id, groups },
  ];
  const agent: Agent = {
    ...{ ...AGENT_DEFAULTS, id: 'buyer', name: 'Buyer', owner: 'alice', purpose: 'buys' },
    ...{ archetype: 'homegrown', riskTier: 'low' },
  };
  return {
    people: new Map([person('alice'), person('bob', ['finance']), person('carol', ['finance']), person('dave')]),
    agents: new Map([
      ['buyer', agent],
      ['thief', { ...agent, id: 'thief' }],
    ]),
    rules: { current: { ...RULES, ...rules } as ApprovalRules },
    ...{ stopped: new Map(), records: [], standing: [], journalDown: false },
  };
}

interface Opening {
  readonly world: World;
  readonly store: ApprovalStore;
  readonly clock?: Clock;
  readonly options?: Partial<ApprovalsOptions>;
}

/** Approvals as one gateway has them. */
export function openIn(opening: Opening): Approvals {
  return openApprovals(optionsIn(opening));
}

export function optionsIn({ world: of, store, clock = systemClock, options = {} }: Opening): ApprovalsOptions {
  let seq = 0;
  return {
    store,
    clock,
    rules: () => of.rules.current,
    people: {
      person: (id) => of.people.get(id),
      agent: (id) => of.agents.get(id),
      people: () => of.people.values(),
      agents: () => of.agents.values(),
    },
    journal: {
      id: 'journal',
      async append({ act, by, detail }) {
        if (of.journalDown) throw new Error('the disk is full');
        of.records.push({ act, by, detail: detail as JsonObject });
        return { seq: seq++ };
      },
    },
    whyStopped: (row) => of.stopped.get(row.agent) ?? null,
    again: async (row, args) => {
      const request = { ...(JSON.parse(row.request) as ShownRequest), arguments: args };
      return { ok: true, digest: `changed-${JSON.stringify(args)}`, shown: request, requirement: row.requirement };
    },
    standing: {
      of: (agent) => of.standing.filter((each) => each.agent === agent),
      add: async (standing) => void (of.standing.some(({ id }) => id === standing.id) || of.standing.push(standing)),
    },
    notices: () => [],
    ...options,
  };
}

export function shown(over: Partial<ShownRequest> = {}): ShownRequest {
  return {
    call: 'call-1',
    agent: { id: 'buyer', name: 'Buyer', owner: 'alice', riskTier: 'low' },
    ...{ subject: null, chain: [], purpose: 'buys', task: null, action: 'tools/call', server: 'erp' },
    ...{ target: 'orders.create', arguments: { total: 900 }, sentence: [{ text: 'Order' }], reviewed: true },
    ...{ touches: null, undo: null, effect: 'write', reversible: true, dataClass: 'internal', environment: null },
    ...{ amount: 9_000_000, currency: 'EUR', origins: [], mapped: {} },
    policy: { reasons: ['a.cedar#ask'], messages: [], version: 'v1' },
    session: {
      ...{ id: 's1', startedAtMs: 0, calls: 0, denied: 0, asked: 0, readUntrusted: false, recent: [] },
    },
    watched: false,
    unrecorded: null,
    ...over,
  } as ShownRequest;
}

export function request(over: Partial<ApprovalRequest> = {}): ApprovalRequest {
  return {
    ...{ kind: 'call', call: 'call-1', agent: 'buyer', subject: null, session: 's1', task: null, chain: '[]' },
    ...{ digest: 'd1', asks: [{ text: 'owner', agent: over.agent ?? 'buyer' }], starters: ['alice'], pin: 'pin' },
    facts: { amount: 9_000_000, environment: null, dataClass: 'internal', effect: 'write' },
    ...{ shown: shown(), context: { pin: 'pin' }, ttlMs: null },
    ...over,
  };
}

export function ballot(person: string, over: Partial<Ballot> = {}): Ballot {
  return {
    ...{ person, verdict: 'approved', reason: 'fine', digest: 'd1', assurance: 'operator', proof: null },
    ...{ arguments: null, standing: null },
    ...over,
  };
}

export const never = new AbortController().signal;

/** Asks, and tells when the request is in the store and waited for. */
export async function park(
  approvals: Approvals,
  of = request(),
): Promise<{ id: string; outcome: ReturnType<Approvals['ask']> }> {
  let outcome: ReturnType<Approvals['ask']> | undefined;
  const id = await new Promise<string>((resolve, reject) => {
    outcome = approvals.ask(of, never, resolve);
    outcome.catch(reject);
  });
  return { id, outcome: outcome as ReturnType<Approvals['ask']> };
}

export type { Requirement };
