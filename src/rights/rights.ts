import type { Action } from '../model/action.ts';
import type { Permissions } from '../model/permission.ts';
import type { Person } from '../model/person.ts';
import type { ToolLabels } from '../model/tool.ts';
import type { RelationTuple } from '../ports/identity-stores.ts';
import type { RelationQuestion, Relations } from '../ports/rights.ts';
import { isObjectId } from './language/tuple.ts';
import { compileRules, effectOf, objectsOf, type Rule, type Rules, whyNot } from './rules/rules.ts';

export interface RightsInput {
  readonly person: Person;
  readonly action: Action;
  readonly labels: ToolLabels | null;
  readonly nowMs: number;
}

export interface RightsAnswer {
  readonly permit: boolean;
  /** The rule that grants. */
  readonly rule: string | null;
  /** For operators and auditors, never for the agent. Names nobody but the person, and no arguments of a `restricted` tool. */
  readonly why: string;
}

/** What one rule says of one call. */
interface RuleAnswer {
  readonly rule: string;
  readonly grants: boolean;
  readonly why: string;
}

interface RightsSettings {
  readonly permissions: Permissions;
  /** Where relations are asked. `null`: no rule may need them. */
  readonly relations: Relations | null;
}

/** Tier one of every decision (requirements AZ2): what the human an agent acts for may do by themself. */
export interface Rights {
  /** Answers in the same turn unless an OpenFGA server must be asked. Never throws or rejects: what cannot be found out is a no. */
  check(input: RightsInput): RightsAnswer | Promise<RightsAnswer>;
  /** Whether any arguments could make `check` permit: what is false may be hidden. */
  couldPermit(input: {
    readonly person: Person;
    readonly labels: ToolLabels | null;
    readonly server: string;
    readonly tool: string;
  }): boolean;
  /** What each rule about the call says, for people. Asks everything that can be asked. */
  explain(input: RightsInput): Promise<readonly RuleAnswer[]>;
  /** From now on by these. `null`: nothing is configured, and so nothing is known of what anybody may do: nothing is permitted. */
  configure(settings: RightsSettings | null): void;
}

const UNKNOWN: RightsAnswer = {
  permit: false,
  rule: null,
  why: 'nobody said what people may do themselves: set permissions (permissions.default: permit leaves it to the policies)',
};
const NOT_ASKED: RightsAnswer = { permit: true, rule: null, why: 'housekeeping of a connection needs no rights' };
const MAX_REASONS = 5;

export function openRights(settings: RightsSettings | null): Rights {
  let current = settings === null ? null : makeState(settings);
  return {
    check: (input) => (current === null ? UNKNOWN : check(current, input)),
    couldPermit: (input) => current === null || couldPermit(current, input),
    explain: async (input) => (current === null ? [] : explain(current, input)),
    configure(next) {
      current = next === null ? null : makeState(next);
    },
  };
}

interface State {
  readonly rules: Rules;
  readonly permissions: Permissions;
  readonly relations: Relations | null;
  /** The groups of a person as tuples, worked out once for each state of the person. */
  readonly memberships: WeakMap<Person, readonly RelationTuple[]>;
}

function makeState({ permissions, relations }: RightsSettings): State {
  return { rules: compileRules(permissions), permissions, relations, memberships: new WeakMap() };
}

function check(state: State, input: RightsInput): RightsAnswer | Promise<RightsAnswer> {
  const { action, person } = input;
  if (action.target.kind === 'server') return NOT_ASKED;
  const refusal = refused(input);
  if (refusal !== null) return denied([refusal]);
  try {
    const rules = rulesAbout(state, input);
    if (rules.length === 0) return unspoken(state);
    return decide(state, input, rules);
  } catch {
    return denied([`the rights of ${person.id} could not be found out`]);
  }
}

/** What no rule can change. */
function refused({ person, action, labels }: RightsInput): string | null {
  if (!person.active) return `${person.id} is deactivated`;
  return effectOf(action.target.kind, labels) === null ? 'nobody knows what the tool does' : null;
}

function unspoken({ rules }: State): RightsAnswer {
  const why = `no rule is about this call, and the default is ${rules.default}`;
  return { permit: rules.default === 'permit', rule: null, why };
}

function rulesAbout({ rules }: State, { action, labels }: RightsInput): readonly Rule[] {
  const { target, server } = action;
  const effect = effectOf(target.kind, labels);
  const about = rules.about(server, target.kind === 'tool' ? target.name : null);
  return about.filter((rule) => rule.effects === null || (effect !== null && rule.effects.has(effect)));
}

/** The first rule that grants. Rules that need a server are asked last, all at once. */
function decide(state: State, input: RightsInput, rules: readonly Rule[]): RightsAnswer | Promise<RightsAnswer> {
  const reasons: string[] = [];
  const waiting: { readonly rule: Rule; readonly answer: Promise<string | null> }[] = [];
  for (const rule of rules) {
    const why = whyNot(rule, input.person) ?? related(state, input, rule);
    if (why === null) return granted(rule);
    if (typeof why === 'string') reasons.push(`${rule.id}: ${why}`);
    else waiting.push({ rule, answer: why });
  }
  return waiting.length === 0 ? denied(reasons) : firstOf(waiting, reasons);
}

/** Resolves with the first that grants, or with a no when none has. The answers never reject. */
function firstOf(
  waiting: readonly { readonly rule: Rule; readonly answer: Promise<string | null> }[],
  reasons: readonly string[],
): Promise<RightsAnswer> {
  return new Promise((resolve) => {
    const said: string[] = [...reasons];
    let left = waiting.length;
    for (const { rule, answer } of waiting) {
      void answer.then((why) => {
        if (why === null) return resolve(granted(rule));
        said.push(`${rule.id}: ${why}`);
        if (--left === 0) resolve(denied(said));
      });
    }
  });
}

function granted(rule: Rule): RightsAnswer {
  return { permit: true, rule: rule.id, why: `${rule.id}: ${rule.granted}` };
}

function denied(reasons: readonly string[]): RightsAnswer {
  const shown = reasons.slice(0, MAX_REASONS).join('; ');
  const more = reasons.length > MAX_REASONS ? `; and ${reasons.length - MAX_REASONS} more rules` : '';
  return { permit: false, rule: null, why: `no rule grants: ${shown}${more}` };
}

/** Why the relation of a rule does not hold; `null`: it holds, or the rule needs none. A promise only where a server is asked. */
function related(state: State, input: RightsInput, rule: Rule): string | null | Promise<string | null> {
  if (rule.relation === null) return null;
  const { relation, object } = rule.relation;
  const filled = objectsOf(rule, input.action.args);
  if (!filled.ok) return filled.why;
  if (!isObjectId(input.person.id)) return 'the id of the person cannot be one of a relation';
  // Arguments of a restricted tool are in no record: the record of a refusal must not hold them either.
  const shown = (named: string): string => (input.labels?.dataClass === 'restricted' ? object.text : named);
  const answers = filled.objects.map((named) => ({
    named,
    answer: ask(state, input.person, { object: named, relation }),
  }));
  const say = (named: string, holds: boolean | null): string | null => {
    if (holds === true) return null;
    return holds === null
      ? `${relation} of ${shown(named)} could not be found out`
      : `not ${relation} of ${shown(named)}`;
  };
  const known = answers.map(({ named, answer }) => (answer instanceof Promise ? null : say(named, answer)));
  const no = known.find((why) => why !== null);
  if (no !== undefined) return no;
  const open = answers.filter(({ answer }) => answer instanceof Promise);
  if (open.length === 0) return null;
  return Promise.all(open.map(async ({ named, answer }) => say(named, await answer))).then(
    (all) => all.find((why) => why !== null) ?? null,
  );
}

/** `null`: there is no answer. */
function ask(
  state: State,
  person: Person,
  question: { readonly object: string; readonly relation: string },
): boolean | null | Promise<boolean | null> {
  const subject = `${state.permissions.userType}:${person.id}`;
  const whole: RelationQuestion = { ...question, subject, given: membershipsOf(state, person, subject) };
  try {
    const answer = state.relations?.check(whole) ?? null;
    return answer instanceof Promise ? answer.catch(() => null) : answer;
  } catch {
    return null;
  }
}

const NONE: readonly RelationTuple[] = [];

function membershipsOf({ permissions, memberships }: State, person: Person, subject: string): readonly RelationTuple[] {
  const { membership } = permissions;
  if (membership === null || person.groups.length === 0) return NONE;
  const known = memberships.get(person);
  if (known !== undefined) return known;
  const { type, relation } = membership;
  // A group whose name cannot be an id is not known to the model, and so gives nothing.
  const tuples = person.groups.filter(isObjectId).map((group) => ({ object: `${type}:${group}`, relation, subject }));
  memberships.set(person, tuples);
  return tuples;
}

function couldPermit(state: State, { person, labels, server, tool }: Parameters<Rights['couldPermit']>[0]): boolean {
  const effect = effectOf('tool', labels);
  if (!person.active || effect === null) return false;
  const about = state.rules.about(server, tool).filter((rule) => rule.effects === null || rule.effects.has(effect));
  if (about.length === 0) return state.rules.default === 'permit';
  return about.some((rule) => whyNot(rule, person) === null);
}

async function explain(state: State, input: RightsInput): Promise<readonly RuleAnswer[]> {
  return Promise.all(
    rulesAbout(state, input).map(async (rule) => {
      const why = whyNot(rule, input.person) ?? (await related(state, input, rule));
      return { rule: rule.id, grants: why === null, why: why ?? rule.granted };
    }),
  );
}
