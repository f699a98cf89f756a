import { type AskWho, formatWho, parseAsk } from '../../model/ask.ts';
import type { Obligation } from '../../model/decision.ts';
import type { PolicyWorld } from '../../model/policy-input.ts';
import type { Policy } from '../cedar/policy.ts';
import { OBLIGATIONS } from '../obligations.ts';
import { annotationOffset } from '../text/literals.ts';
import type { Finding } from './findings.ts';
import { suggest } from './nearest.ts';

const KNOWN: readonly string[] = ['id', 'ask', 'obligation', 'reason'];

export interface Meaning {
  readonly ask: string | null;
  readonly reason: string | null;
  readonly obligation: Obligation | null;
}

export interface AnnotationContext {
  readonly text: string;
  /** Ids of people, for `@ask("person:…")`. */
  readonly people: readonly string[];
  /** What else an `@ask` may name. Left out: not checked. */
  readonly approvers: PolicyWorld['approvers'];
}

interface Annotations {
  readonly meaning: Meaning;
  readonly errors: Finding[];
  readonly warnings: Finding[];
}

/** What a policy's annotations mean, and what is wrong with them. An annotation nobody knows is an error: it would do nothing. */
export function readAnnotations(policy: Policy, context: AnnotationContext): Annotations {
  const { text } = context;
  const errors: Finding[] = [];
  const warnings: Finding[] = [];
  const wrong = (name: string, message: string, help: string): void => {
    errors.push({ offset: annotationOffset(text, name), message, help });
  };
  for (const name of policy.annotations.keys()) {
    if (!KNOWN.includes(name)) wrong(name, `unknown annotation @${name}`, suggest(name, KNOWN));
  }
  const id = policy.annotations.get('id');
  if (id !== undefined && !/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(id)) {
    wrong(
      'id',
      `@id(${JSON.stringify(id)}) is not a usable id`,
      'use letters, digits, dots, dashes and underscores, at most 64',
    );
  }
  const ask = policy.annotations.get('ask') ?? null;
  if (ask !== null) {
    const offset = annotationOffset(text, 'ask');
    const found = checkAsk(policy, ask, context);
    errors.push(...found.errors.map((said) => ({ offset, ...said })));
    warnings.push(...found.warnings.map((said) => ({ offset, ...said })));
  }
  const reason = policy.annotations.get('reason') ?? null;
  if (reason !== null && !isPlainText(reason)) {
    wrong('reason', '@reason needs a text', 'one line of 1 to 500 characters, written for the agent to read');
  }
  const duty = policy.annotations.get('obligation') ?? null;
  const obligation = duty === null ? null : readObligation(policy.id, duty);
  if (typeof obligation === 'string')
    wrong('obligation', `@obligation(${JSON.stringify(duty)}) cannot be fulfilled`, obligation);
  if (typeof obligation === 'string') return { meaning: { ask, reason, obligation: null }, errors, warnings };
  return { meaning: { ask, reason, obligation }, errors, warnings };
}

type Said = Omit<Finding, 'offset'>;
interface SaidOfAsk {
  readonly errors: readonly Said[];
  readonly warnings: readonly Said[];
}

/** Who is named must exist: a question to nobody would be answered by nobody. Groups may be filled later: warnings. */
function checkAsk(policy: Policy, text: string, context: AnnotationContext): SaidOfAsk {
  const refused = (message: string, help: string): SaidOfAsk => ({ errors: [{ message, help }], warnings: [] });
  if (policy.effect !== 'permit') {
    return refused('@ask belongs on a permit', 'a forbid denies; nobody can be asked to lift it');
  }
  const ask = parseAsk(text);
  if ('problem' in ask) return refused(`@ask(${JSON.stringify(text)}) ${ask.problem}`, ask.help);
  const { approvers } = context;
  if (ask.kind === 'route') {
    if (approvers === undefined || approvers.routes.includes(ask.name)) return { errors: [], warnings: [] };
    return refused(`unknown route "${ask.name}" in @ask`, suggest(ask.name, approvers.routes));
  }
  const errors: Said[] = [];
  const warnings: Said[] = [];
  for (const who of ask.slots.flatMap((slot) => slot.who)) {
    const unknown = unknownWho(who, context);
    if (unknown !== null) (who.kind === 'group' || who.kind === 'role' ? warnings : errors).push(unknown);
  }
  return { errors, warnings };
}

function unknownWho(who: AskWho, { people, approvers }: AnnotationContext): Said | null {
  if (who.kind === 'owner' || who.kind === 'subject') return null;
  const known = knownOf(who.kind, people, approvers);
  if (known === null || known.includes(who.id)) return null;
  const help = suggest(who.id, known);
  if (who.kind === 'person') return { message: `unknown person "${who.id}" in @ask`, help };
  if (who.kind === 'schedule') return { message: `unknown schedule "${who.id}" in @ask`, help };
  const message = `nobody could answer @ask for ${formatWho(who)}: there is no such ${who.kind === 'role' ? 'role or group' : 'group'}`;
  return { message, help };
}

/** A role nobody configured is the group of that name. `null`: not known here. */
function knownOf(
  kind: Exclude<AskWho['kind'], 'owner' | 'subject'>,
  people: readonly string[],
  approvers: PolicyWorld['approvers'],
): readonly string[] | null {
  if (kind === 'person') return people;
  if (approvers === undefined) return null;
  if (kind === 'schedule') return approvers.schedules;
  return kind === 'group' ? approvers.groups : [...approvers.roles, ...approvers.groups];
}

/** The obligation, or what to write instead. */
function readObligation(policy: string, text: string): Obligation | string {
  const [name, detail] = split(text);
  const known = OBLIGATIONS.get(name);
  if (known === undefined) return suggest(name, [...OBLIGATIONS.keys()]);
  const fits = known.detail === 'required' ? detail !== null && isPlainText(detail) : detail === null;
  return fits ? { name, detail: detail ?? '', policy } : `write ${JSON.stringify(known.example)}`;
}

function split(text: string): [before: string, after: string | null] {
  const colon = text.indexOf(':');
  return colon === -1 ? [text, null] : [text.slice(0, colon), text.slice(colon + 1)];
}

/** One line without control characters. */
function isPlainText(text: string): boolean {
  return text.trim() !== '' && text.length <= 500 && !/\p{Cc}/u.test(text);
}
