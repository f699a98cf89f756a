import { setImmediate as nextTurn } from 'node:timers/promises';
import { systemClock } from '../../../src/adapters/clock.ts';
import { keysOf } from '../../../src/approvals/approvers/keys.ts';
import { candidates } from '../../../src/approvals/approvers/progress.ts';
import { resolveAsk } from '../../../src/approvals/approvers/resolve.ts';
import type { ApprovalRequest } from '../../../src/approvals/types.ts';
import { withArguments } from '../../../src/gateway/action.ts';
import { question } from '../../../src/gateway/asking/question.ts';
import type { Gateway, ServerEntry } from '../../../src/gateway/gateway.ts';
import { SessionState } from '../../../src/gateway/session-facts.ts';
import { begin, type Trace } from '../../../src/gateway/trace.ts';
import { AGENT_DEFAULTS, type Agent } from '../../../src/model/agent.ts';
import type { ApprovalRules } from '../../../src/model/approval-rules.ts';
import { ALONE, type Caller } from '../../../src/model/caller.ts';
import { PERSON_DEFAULTS, type Person } from '../../../src/model/person.ts';
import { RULES } from '../../contract/approval-world.ts';

export interface QuestionCost {
  /** What people are shown, with where each value came from: a session of 50 calls and 64 KiB of results. */
  readonly shown_us: number;
  /** Who must answer, among 1,000 people, and who of them could now. */
  readonly resolve_us: number;
  /** Under what it is found. */
  readonly keys_us: number;
  /** As it is kept: the request and its context as JSON. */
  readonly json_us: number;
}

const PEOPLE = 1_000;
const ASK = '2 group:finance';

/** Median of one, in µs; for each part the process does its other work in between. */
export async function questionCost(times: number): Promise<QuestionCost> {
  const { gateway, trace, step } = call();
  const make = (): ApprovalRequest => question(gateway, trace, step);
  const made = make();
  const rules: ApprovalRules = { ...RULES, roles: new Map(), routes: new Map() };
  const people = company();
  const resolve = () => {
    const { facts, starters, subject } = made;
    const resolved = resolveAsk(made.asks, { facts, rules, starters, subject });
    if (resolved.kind !== 'asks') throw new Error(`nobody is asked: ${resolved.kind}`);
    return resolved.requirement;
  };
  const requirement = resolve();
  const nowMs = systemClock.nowMs();
  const at = { people, rules, nowMs, requestedAtMs: nowMs };
  if (candidates(requirement, at).length < 2) throw new Error('nobody could answer');
  return {
    shown_us: await median(times, make),
    resolve_us: await median(times, () => candidates(resolve(), at)),
    keys_us: await median(times, () => keysOf(requirement)),
    json_us: await median(times, () => JSON.stringify(made.shown).length + JSON.stringify(made.context).length),
  };
}

async function median(times: number, work: () => unknown): Promise<number> {
  const taken: number[] = [];
  for (let i = 0; i < times; i++) {
    if (i % 100 === 0) await nextTurn();
    const beganNs = process.hrtime.bigint();
    work();
    taken.push(Number(process.hrtime.bigint() - beganNs) / 1000);
  }
  const sorted = taken.sort((a, b) => a - b);
  return Math.round((sorted[sorted.length >> 1] as number) * 100) / 100;
}

function agentOf(id: string, owner: string): Agent {
  return { ...AGENT_DEFAULTS, id, name: id, owner, purpose: 'buys', archetype: 'homegrown', riskTier: 'low' };
}

function company() {
  const people = new Map<string, Person>();
  for (let i = 0; i < PEOPLE; i++) {
    const id = `person-${i}`;
    people.set(id, { ...PERSON_DEFAULTS, id, userName: id, name: id, groups: i % 20 === 0 ? ['finance'] : ['staff'] });
  }
  const buyer = agentOf('buyer', 'person-1');
  return {
    person: (id: string) => people.get(id),
    agent: (id: string) => (id === buyer.id ? buyer : undefined),
    people: () => people.values(),
    agents: () => [buyer].values(),
  };
}

/** A call as the path has it when it comes to asking. Only what building a question reads is there. */
function call() {
  const params = {
    name: 'orders.create',
    arguments: {
      ...{ supplier: 'northwind', item: 'LAP-14', quantity: 3, total: 4711.5, currency: 'EUR' },
      ...{ iban: 'DE89370400440532013000', note: 'Replaces three broken ones, see ticket 4711.', urgent: true },
    },
  };
  const frame = { method: 'tools/call', params };
  const caller = {
    ...{ ...ALONE, agent: agentOf('buyer', 'person-1'), method: 'token', credentialId: 'bench' },
    expiresAtMs: Number.MAX_SAFE_INTEGER,
  } as Caller;
  const server = { id: 'erp', environment: null, words: new Map(), facts: new Map() } as unknown as ServerEntry;
  const gateway = { clock: systemClock } as unknown as Gateway;
  const action = withArguments(frame, params.arguments, 'erp');
  const trace: Trace = begin(gateway, {
    ...{ surface: 'mcp', caller, session: session(), server, action, frame, gone: null },
    release: () => Promise.reject(new Error('nothing is sent here')),
  });
  const labels = {
    effect: 'write',
    reversible: false,
    dataClass: 'internal',
    untrustedOutput: false,
    origin: 'operator',
  } as const;
  const known = { state: 'known', labels, pin: 'pin', definition: null, findings: [] } as const;
  const decision = {
    effect: 'ask' as const,
    ...{ reasons: ['a.cedar#ask'], messages: [], ask: [ASK], asks: [{ text: ASK, agent: 'buyer' }] },
    ...{ obligations: [], errors: [], policyVersion: 'v1' },
  };
  return { gateway, trace, step: { known, decision, entry: { watched: false } } };
}

/** Fifty calls, and as much text as a session remembers. */
function session(): SessionState {
  const state = new SessionState('bench', systemClock.nowMs());
  for (let i = 0; i < 50; i++) {
    const args = { query: `invoice ${i}` };
    state.memory.permitted({ atMs: i, tool: 'crm/tickets.find', effect: 'read', args, chars: 30 });
    state.memory.saw({
      tool: 'crm/tickets.find',
      text: `ticket ${i}: ${'words of a customer '.repeat(65)}`,
      untrusted: true,
    });
  }
  return state;
}
