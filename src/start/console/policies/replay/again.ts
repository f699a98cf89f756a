import type { Entry } from '../../../../audit/journal.ts';
import { decideForAll } from '../../../../gateway/tiers/everyone.ts';
import { NO_FACTS } from '../../../../gateway/trace.ts';
import { Usage } from '../../../../gateway/usage.ts';
import type { Action, ActionTarget } from '../../../../model/action.ts';
import type { Agent } from '../../../../model/agent.ts';
import { type Acting, ALONE, type Caller } from '../../../../model/caller.ts';
import { digestJson } from '../../../../model/canonical.ts';
import type { PolicyChange } from '../../../../model/insight/policies.ts';
import { isObject, type Json, type JsonObject } from '../../../../model/json.ts';
import type { Person } from '../../../../model/person.ts';
import type { FactMapping, MappedFacts, PolicyInput } from '../../../../model/policy-input.ts';
import type { CallFacts, IntentRecord, RefusalRecord } from '../../../../model/record.ts';
import type { ToolLabels } from '../../../../model/tool.ts';
import { count, type Difference, differenceOf, newTally, type Tally } from '../../../../policy/compare/compare.ts';
import { extractFacts } from '../../../../policy/facts.ts';
import type { PolicySet } from '../../../../policy/policy-set.ts';
import { Doubt, missingArguments, missingFacts, type Undecidable, usageFacts } from './doubt.ts';
import { Sessions } from './sessions.ts';

type CallRecord = IntentRecord | RefusalRecord;

/** Who and what there is now. */
export interface Now {
  agent(id: string): Agent | undefined;
  person(id: string): Person | undefined;
  hasServer(id: string): boolean;
  labels(server: string, tool: string): ToolLabels | undefined;
  facts(server: string, tool: string): FactMapping | undefined;
}

export interface AgainOptions {
  readonly present: PolicySet;
  readonly draft: PolicySet;
  /** Whether either set mentions that a call is watched. */
  readonly readsWatched: boolean;
  readonly now: Now;
  readonly fromMs: number;
  readonly maxChanges: number;
}

const TARGETS: ReadonlyMap<string, 'tool' | 'resource' | 'prompt'> = new Map([
  ['tools/call', 'tool'],
  ['resources/read', 'resource'],
  ['resources/subscribe', 'resource'],
  ['resources/unsubscribe', 'resource'],
  ['prompts/get', 'prompt'],
]);

/** Both decisions on one question. */
interface Compared {
  readonly effect: string;
  readonly after: string;
  readonly difference: Difference | null;
}

/** From the first record ever: longer than any window. */
const ALWAYS_MS = Number.MAX_SAFE_INTEGER;

/**
 * Decides recorded calls again, in order: by the policies of now and by a draft, both on what is on record of the call and on sessions
 * and usage as the records before it make them. What is not on record is not guessed: a call for which a policy reads it is counted.
 */
export class Again {
  readonly tally: Tally<PolicyChange> = newTally();
  readonly undecidable: Partial<Record<Undecidable, number>> = {};
  drifted = 0;
  readonly #options: AgainOptions;
  readonly #sessions = new Sessions();
  readonly #usage = new Usage();
  readonly #doubt = new Doubt();
  /** When the first record was written that was read; `null`: it was the first of all. */
  #sinceMs: number | null = null;
  #began = false;

  constructor(options: AgainOptions) {
    this.#options = options;
  }

  take({ record, time, seq }: Entry): void {
    const atMs = Date.parse(time);
    if (!this.#began) {
      this.#began = true;
      this.#sinceMs = seq === 0 ? null : atMs;
    }
    if (record.type === 'outcome') this.#sessions.ended(record, atMs);
    else if (record.type === 'admin') this.#admin(record.act, record.by);
    // Its own look at what a server offers is no agent's.
    else if (record.auth !== 'gateway') this.#call(record, { atMs, seq });
  }

  /** A start is the first publication of a process. */
  #admin(act: string, by: string): void {
    if (act === 'policy.publish' && by === 'start') this.#sessions.restarted();
  }

  #call(record: CallRecord, at: { readonly atMs: number; readonly seq: number }): void {
    const { atMs } = at;
    const labels = this.#labelsOf(record) ?? null;
    const again = this.#sessions.isAskedBefore(record);
    const session = this.#sessions.facts(record, { atMs, sinceMs: this.#sinceMs }, this.#doubt);
    if (atMs >= this.#options.fromMs && !again) {
      const why = this.#whyNot(record) ?? this.#decide(record, { ...at, labels, session });
      if (why !== null) this.undecidable[why] = (this.undecidable[why] ?? 0) + 1;
    }
    const acts = TARGETS.has(record.action);
    if (record.type === 'refusal') return this.#sessions.refused(record, atMs);
    this.#sessions.permitted(record, { atMs, acts, labels });
    if (acts)
      this.#usage.count({ agent: record.agent, session: record.session, tasks: tasksOf(record) }, record.amount, atMs);
  }

  #labelsOf({ action, server, target }: CallRecord): ToolLabels | undefined {
    return action === 'tools/call' && target !== null ? this.#options.now.labels(server, target) : undefined;
  }

  #whyNot(record: CallRecord): Undecidable | null {
    const { now } = this.#options;
    if ((record.decision.tiers?.policy ?? null) === null) return 'policies-not-asked';
    if (agentsOf(record).some((id) => now.agent(id) === undefined)) return 'unknown-agent';
    if (record.subject !== null && now.person(record.subject) === undefined) return 'unknown-person';
    if (!now.hasServer(record.server)) return 'unknown-server';
    if (record.action === 'tools/call' && this.#labelsOf(record) === undefined) return 'unknown-tool';
    return null;
  }

  #decide(
    record: CallRecord,
    at: {
      readonly atMs: number;
      readonly seq: number;
      readonly labels: ToolLabels | null;
      readonly session: { readonly facts: PolicyInput['session']; readonly whole: boolean };
    },
  ): Undecidable | null {
    const doubt = this.#doubt;
    doubt.settle();
    const { args, facts } = this.#argumentsOf(record);
    const { atMs, session } = at;
    const readMs = this.#sinceMs === null ? ALWAYS_MS : atMs - this.#sinceMs;
    const usage = usageFacts(this.#usage, record, { atMs, readMs, wholeSession: session.whole, doubt });
    const watched = record.decision.lock === 'watch';
    const input: PolicyInput = {
      caller: callerOf(record, this.#options.now),
      action: actionOf(record, args),
      labels: at.labels,
      facts,
      session: session.facts,
      usage,
      watched,
      nowMs: atMs,
    };
    const compared = this.#compare(input);
    if (doubt.why !== null) return doubt.why;
    if (this.#isWatchInDoubt(record, input, compared)) return 'watch-not-known';
    if (record.decision.tiers?.policy !== compared.effect) this.drifted++;
    count(this.tally, compared.difference, (difference) => this.#keep(difference, record, at));
    return null;
  }

  #compare(input: PolicyInput): Compared {
    const before = decideForAll(this.#options.present, input);
    const after = decideForAll(this.#options.draft, input);
    return { effect: before.effect, after: after.effect, difference: differenceOf(before, after) };
  }

  /** Records of refusals do not say whether something watched the call. */
  #isWatchInDoubt(record: CallRecord, input: PolicyInput, compared: Compared): boolean {
    if (!this.#options.readsWatched || record.type === 'intent') return false;
    const watched = this.#compare({ ...input, watched: true });
    return watched.effect !== compared.effect || watched.after !== compared.after;
  }

  #keep(
    difference: Difference,
    record: CallRecord,
    { atMs, seq }: { readonly atMs: number; readonly seq: number },
  ): void {
    if (this.tally.changes.length >= this.#options.maxChanges) return;
    const { call, agent, server, target } = record;
    this.tally.changes.push({ call, seq, atMs, agent, server, target, ...difference });
  }

  #argumentsOf(record: CallRecord): { readonly args: JsonObject; readonly facts: MappedFacts } {
    const { now } = this.#options;
    const { action, server, target, amount } = record;
    const mapping = action === 'tools/call' && target !== null ? now.facts(server, target) : undefined;
    if (!wasKept(record)) {
      const facts = mapping === undefined ? NO_FACTS : missingFacts(amount, this.#doubt);
      return { args: missingArguments(this.#doubt), facts };
    }
    return { args: record.args, facts: mapping === undefined ? NO_FACTS : extractFacts(record.args, mapping) };
  }
}

/** Whether the arguments are the call's own. What stands for arguments that were not kept could be somebody's arguments, too. */
function wasKept(record: CallRecord): record is CallRecord & { readonly args: JsonObject } {
  const { args, action, server, target, digest } = record;
  if (!isObject(args)) return false;
  if (!standsForOthers(args)) return true;
  const params = TARGETS.has(action) ? { name: target, arguments: args } : args;
  return digestJson({ action, server, params } as Json) === digest;
}

function standsForOthers(args: JsonObject): boolean {
  const names = Object.keys(args);
  return names.length === 1 && (typeof args.redacted === 'string' || typeof args.truncated === 'number');
}

/** Records of earlier versions name one task at most. */
function tasksOf({
  task,
  tasks = [],
}: {
  readonly task: string | null;
  readonly tasks?: readonly string[];
}): readonly string[] {
  return tasks.length > 0 ? tasks : task === null ? [] : [task];
}

/** The one that acts, then those it acts through. */
export function agentsOf({ agent, chain }: CallFacts): readonly string[] {
  const through = chain.slice(1).filter(({ kind }) => kind === 'agent');
  return [agent, ...through.map(({ id }) => id)];
}

function callerOf(record: CallRecord, now: Now): Caller {
  const acting = (id: string): Acting => {
    const agent = now.agent(id) as Agent;
    return { agent, owner: now.person(agent.owner) ?? null };
  };
  const [, ...through] = agentsOf(record);
  const { subject, chain, task, txn, credential, auth } = record;
  return {
    ...ALONE,
    ...acting(record.agent),
    ...{ subject, person: subject === null ? null : (now.person(subject) ?? null), chain },
    ...{ through: through.map(acting), taskId: task, txn, credentialId: credential },
    // Whether it is bound to tasks is all that policies read of them.
    tasks: (record.tasks ?? []).map((id) => ({ id })) as unknown as Caller['tasks'],
    method: auth as Caller['method'],
    expiresAtMs: Number.MAX_SAFE_INTEGER,
  };
}

function actionOf({ action, server, target, digest }: CallRecord, args: JsonObject): Action {
  return { name: action, server, target: targetOf(action, target), args, digest, sizeChars: 0 };
}

function targetOf(action: string, target: string | null): ActionTarget {
  const kind = TARGETS.get(action);
  if (kind === undefined || target === null) return { kind: 'server' };
  return kind === 'resource' ? { kind, uri: target } : { kind, name: target };
}
