import type { Action, ActionTarget } from '../model/action.ts';
import type { Caller } from '../model/caller.ts';
import type { Decision } from '../model/decision.ts';
import type { PolicyInput, PolicyWorld } from '../model/policy-input.ts';
import type { ToolLabels } from '../model/tool.ts';
import { failureMessage } from './cedar/authorize.ts';
import { EvaluationFailure } from './cedar/failure.ts';
import { evaluatePartly, NEVER } from './cedar/partial.ts';
import { applies, type Policy } from './cedar/policy.ts';
import { PolicyIndex } from './cedar/policy-index.ts';
import type { Env } from './cedar/value/store.ts';
import { EMPTY_RECORD, type EntityRef } from './cedar/value/values.ts';
import { type Foreseen, foresee, UNFORESEEN } from './foresee/foresee.ts';
import { contextOf } from './question/context.ts';
import { type Target, Targets } from './question/targets.ts';
import { buildWorld, type World } from './question/world.ts';
import { combine, deny, type Rule } from './rule.ts';

/** How many tools, resources and prompts are remembered, and how many plans in all. Beyond, everything is forgotten at once. */
const MAX_TARGETS = 10_000;
const MAX_PLANS = 50_000;

/** One policy that is still to be asked about a given agent, action and target. `holds` null: it matches for certain. */
interface Step {
  readonly rule: Rule;
  readonly holds: ((env: Env) => boolean) | null;
}

/** What is left to evaluate once agent, action and target are known. */
interface Plan {
  readonly steps: readonly Step[];
  /** The answer, when no step depends on the context. */
  readonly settled: Decision | null;
}

/** By action id, by agent. */
type Plans = Map<string, Map<EntityRef, Plan>>;

type Known = Omit<Env, 'context'>;
type Asked = Pick<PolicyInput, 'caller' | 'action' | 'labels'>;

/** One policy's part in an answer, for people who ask why. */
export interface Explanation {
  readonly policy: string;
  readonly effect: 'permit' | 'forbid' | 'ask';
  readonly file: string;
  readonly line: number;
  /** `head`: the head does not match. `conditions`: it does, the conditions do not. */
  readonly outcome: 'matched' | 'head' | 'conditions' | 'failed';
  /** Why it failed, else null. */
  readonly failure: string | null;
}

/** Published policies, compiled. Immutable but for memory of earlier questions; a reload makes a new one. */
export class PolicySet {
  /** Short digest of the policy texts. */
  readonly version: string;
  readonly rules: readonly Rule[];
  /** Whether any policy asks people. */
  readonly asks: boolean;
  private readonly world: World;
  private readonly index: PolicyIndex;
  private readonly byPolicy: ReadonlyMap<Policy, Rule>;
  private readonly targets = new Targets<Plans>(MAX_TARGETS);
  private planCount = 0;
  private readonly toolLabels: ReadonlyMap<string, ToolLabels>;

  /** For `publish`, which has validated the rules. */
  constructor(version: string, rules: readonly Rule[], world: PolicyWorld) {
    this.version = version;
    this.rules = rules;
    this.asks = rules.some((rule) => rule.ask !== null);
    this.world = buildWorld(world);
    this.index = new PolicyIndex(rules.map((rule) => rule.policy));
    this.byPolicy = new Map(rules.map((rule) => [rule.policy, rule]));
    this.toolLabels = new Map(world.tools.map((tool) => [`${tool.server}/${tool.name}`, tool.labels]));
  }

  /**
   * Decides one question. Pure, synchronous, total: whatever goes wrong inside is a denial. A failing policy denies, a
   * matching forbid denies, else a matching `@ask` asks, else a matching permit permits, else nothing does.
   */
  decide(input: PolicyInput): Decision {
    try {
      return this.answer(input);
    } catch (thrown) {
      return deny(this.version, { errors: [`interlock#internal: ${failureMessage(thrown)}`] });
    }
  }

  private answer(input: PolicyInput): Decision {
    const known = this.know(input);
    if (typeof known === 'string') return deny(this.version, { reasons: [known] });
    const plan = this.plan(known.env, known.target);
    if (plan.settled !== null) return plan.settled;
    const server = this.world.servers.get(input.action.server) as EntityRef;
    const env: Env = {
      principal: known.env.principal,
      action: known.env.action,
      resource: known.env.resource,
      context: contextOf({ input, world: this.world, server }),
      entities: this.world.store,
    };
    return run(plan.steps, env, this.version);
  }

  /**
   * Whether any context could make this permitted or asked for. False only when `decide` denies whatever the arguments, the session,
   * the time: what is false may be hidden from the agent.
   */
  couldPermit(caller: Caller, action: Action, labels: ToolLabels | null): boolean {
    try {
      const known = this.know({ caller, action, labels });
      if (typeof known === 'string') return false;
      const candidates = this.index.candidates({ ...known.env, context: EMPTY_RECORD });
      return couldPermit(candidates, known.env);
    } catch {
      // `decide` would fail the same way, and deny.
      return false;
    }
  }

  /** Whether some context could make a policy ask people about this. A hint: `decide` answers. */
  couldAsk(caller: Caller, action: Action, labels: ToolLabels | null): boolean {
    const known = this.know({ caller, action, labels });
    if (typeof known === 'string') return false;
    const env: Env = { ...known.env, context: EMPTY_RECORD };
    return this.index.candidates(env).some((policy) => {
      const asks = (this.byPolicy.get(policy) as Rule).ask !== null;
      return asks && applies(policy, env) && stepOf(this.byPolicy.get(policy) as Rule, known.env) !== null;
    });
  }

  /**
   * What will be decided whatever the context, and by which policies: for people. `always` and `never` hold for every context `decide` can
   * be given. Keeps nothing, so that looking at an estate does not push out what calls need.
   */
  foresee(caller: Caller, action: Action, labels: ToolLabels | null): Foreseen {
    const known = this.know({ caller, action, labels }, new Targets<Plans>(1));
    if (typeof known === 'string') return UNFORESEEN;
    const candidates = this.index.candidates({ ...known.env, context: EMPTY_RECORD });
    return foresee(
      candidates.map((policy) => this.byPolicy.get(policy) as Rule),
      known.env,
    );
  }

  /** What is remembered of earlier questions, for watching memory. */
  get remembered(): { readonly targets: number; readonly plans: number } {
    return { targets: this.targets.size, plans: this.planCount };
  }

  /** Drops what was worked out at earlier questions. Answers do not change. */
  forget(): void {
    this.targets.forget();
    this.planCount = 0;
  }

  /** Every policy's part in a decision, in load order. For tests, simulation and people; not for the hot path. */
  explain(input: PolicyInput): readonly Explanation[] {
    const known = this.know(input);
    if (typeof known === 'string') return [];
    const server = this.world.servers.get(input.action.server) as EntityRef;
    const env: Env = { ...known.env, context: contextOf({ input, world: this.world, server }) };
    return this.rules.map((rule) => explainRule(rule, env));
  }

  /** The entities of a question, or the reason why there are none: it names something nobody configured. */
  private know(
    { caller, action, labels }: Asked,
    targets: Targets<Plans> = this.targets,
  ): { env: Known; target: Target<Plans> } | string {
    const principal = this.world.principal(caller);
    const server = this.world.servers.get(action.server);
    if (server === undefined) return 'interlock#unknown-server';
    const actionRef = this.world.actions.get(action.name);
    if (actionRef === undefined) return 'interlock#unknown-action';
    const known = labels ?? this.configuredLabels(action.server, action.target);
    if (action.target.kind === 'tool' && known === null) return 'interlock#unlabelled-tool';
    const target = targets.get(server, action.target, known);
    const env = { principal, action: actionRef, resource: target.resource, entities: this.world.store };
    return { env, target };
  }

  private configuredLabels(server: string, target: ActionTarget): ToolLabels | null {
    return target.kind === 'tool' ? (this.toolLabels.get(`${server}/${target.name}`) ?? null) : null;
  }

  /** The plan for these three, worked out at the first question and kept. */
  private plan(env: Known, target: Target<Plans>): Plan {
    const known = target.memo?.get(env.action.id)?.get(env.principal);
    if (known !== undefined) return known;
    const fresh = this.makePlan(env);
    if (++this.planCount > MAX_PLANS) {
      this.forget();
      // The target at hand is no longer among those remembered: its plans go with it.
      return fresh;
    }
    target.memo ??= new Map();
    const byAgent = target.memo.get(env.action.id);
    if (byAgent === undefined) target.memo.set(env.action.id, new Map([[env.principal, fresh]]));
    else byAgent.set(env.principal, fresh);
    return fresh;
  }

  private makePlan(known: Known): Plan {
    const env: Env = { ...known, context: EMPTY_RECORD };
    const steps: Step[] = [];
    for (const policy of this.index.candidates(env)) {
      if (!applies(policy, env)) continue;
      const step = stepOf(this.byPolicy.get(policy) as Rule, known);
      if (step !== null) steps.push(step);
    }
    const settled = steps.every((step) => step.holds === null) ? run(steps, env, this.version) : null;
    return { steps, settled };
  }
}

/** Evaluates what does not depend on the context once: null when the policy cannot match, exactly, whatever the context. */
function stepOf(rule: Rule, known: Known): Step | null {
  const { policy } = rule;
  if (policy.condition === null) return { rule, holds: null };
  try {
    const value = evaluatePartly(policy.condition, known);
    if (value === false) return null;
    return { rule, holds: value === true ? null : policy.holds };
  } catch (thrown) {
    // It fails each time: left to fail in its turn, so that it is reported each time.
    if (thrown instanceof EvaluationFailure) return { rule, holds: policy.holds };
    throw thrown;
  }
}

function run(steps: readonly Step[], env: Env, version: string): Decision {
  const matched: Rule[] = [];
  let errors: string[] | null = null;
  for (const step of steps) {
    try {
      if (step.holds === null || step.holds(env)) matched.push(step.rule);
    } catch {
      errors ??= [];
      errors.push(step.rule.policy.id);
    }
  }
  return combine(version, matched, errors);
}

function couldPermit(candidates: readonly Policy[], known: Known): boolean {
  const env: Env = { ...known, context: EMPTY_RECORD };
  let possible = false;
  for (const policy of candidates) {
    if (!applies(policy, env)) continue;
    // A failure here is a failure under every context: it reaches the caller, who answers no.
    const value = policy.condition === null ? true : evaluatePartly(policy.condition, known);
    if (policy.effect === 'forbid' && value === true) return false;
    if (policy.effect === 'permit' && value !== false && value !== NEVER) possible = true;
  }
  return possible;
}

function explainRule(rule: Rule, env: Env): Explanation {
  const { policy } = rule;
  const effect = rule.ask === null ? policy.effect : 'ask';
  const base = { policy: policy.id, effect, file: rule.file, line: rule.line, failure: null } as const;
  try {
    if (!applies(policy, env)) return { ...base, outcome: 'head' };
    const holds = policy.holds === null || policy.holds(env);
    return { ...base, outcome: holds ? 'matched' : 'conditions' };
  } catch (thrown) {
    return { ...base, outcome: 'failed', failure: failureMessage(thrown) };
  }
}
