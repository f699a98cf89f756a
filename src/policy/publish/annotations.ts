import type { Obligation } from '../../model/decision.ts';
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
  /** Ids of configured people, for `@ask("person:…")`. */
  readonly people: readonly string[];
}

/** What a policy's annotations mean, and what is wrong with them. An annotation nobody knows is an error: it would do nothing. */
export function readAnnotations(
  policy: Policy,
  { text, people }: AnnotationContext,
): { meaning: Meaning; errors: Finding[] } {
  const errors: Finding[] = [];
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
    const finding = checkAsk(policy, ask, people);
    if (finding !== null) wrong('ask', ...finding);
  }
  const reason = policy.annotations.get('reason') ?? null;
  if (reason !== null && !isPlainText(reason)) {
    wrong('reason', '@reason needs a text', 'one line of 1 to 500 characters, written for the agent to read');
  }
  const duty = policy.annotations.get('obligation') ?? null;
  const obligation = duty === null ? null : readObligation(policy.id, duty);
  if (typeof obligation === 'string')
    wrong('obligation', `@obligation(${JSON.stringify(duty)}) cannot be fulfilled`, obligation);
  if (typeof obligation === 'string') return { meaning: { ask, reason, obligation: null }, errors };
  return { meaning: { ask, reason, obligation }, errors };
}

function checkAsk(policy: Policy, ask: string, people: readonly string[]): [message: string, help: string] | null {
  if (policy.effect !== 'permit')
    return ['@ask belongs on a permit', 'a forbid denies; nobody can be asked to lift it'];
  if (ask === 'owner' || ask === 'subject') return null;
  const [kind, name] = split(ask);
  if (kind === 'role' && name !== null && /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)) return null;
  if (kind === 'person' && name !== null) {
    return people.includes(name) ? null : [`unknown person "${name}" in @ask`, suggest(name, people)];
  }
  return [`@ask(${JSON.stringify(ask)}) names nobody`, 'write "owner", "subject", "role:<name>" or "person:<id>"'];
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
