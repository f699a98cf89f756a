import { amountText } from '../../model/amount.ts';
import type { StandingTerms } from '../../model/approval.ts';
import { canonicalize, digestJson } from '../../model/canonical.ts';
import type { Json } from '../../model/json.ts';
import { valueText } from '../../model/sentence.ts';
import { visibleText } from '../../model/visible.ts';

/** What is longer is named by its beginning and its digest. */
const VALUE_CHARS = 400;

/**
 * A standing approval as one exact text in plain English: nothing the rule lets through or holds fast is left out. `currency` is for the
 * reader only; whoever chose a value, it is made visible.
 */
export function standingWords(terms: StandingTerms, currency: string | null = null): string {
  const { agent, subject, server, target, session, task, notAfterMs } = terms;
  const sentences = [
    `Until ${new Date(notAfterMs).toISOString()} the agent ${quoted(agent)}, acting ${subject === null ? 'for nobody but itself' : `for ${quoted(subject)}`}, may call ${quoted(`${server}/${target}`)} without asking again.`,
  ];
  if (session !== null) sentences.push(`Only in the session ${quoted(session)}.`);
  if (task !== null) sentences.push(`Only in the task ${quoted(task)}.`);
  sentences.push(...argumentWords(terms));
  const unit = currency === null ? '' : ` ${visibleText(currency, { maxChars: 12 })}`;
  if (terms.maxAmount !== null)
    sentences.push(`The amount of each call is at most ${amountText(terms.maxAmount)}${unit}.`);
  return sentences.join(' ');
}

function argumentWords({ fixed, free }: StandingTerms): readonly string[] {
  const held = Object.entries(fixed).map(([pointer, value]) => `${nameOf(pointer)} is ${shownValue(value)}`);
  const open = free.map((name) => quoted(name));
  const words: string[] = [];
  if (held.length > 0) words.push(`Exactly: ${held.join('; ')}.`);
  if (open.length > 0) words.push(`May differ: ${open.join(', ')}.`);
  words.push(held.length + open.length === 0 ? 'It has no arguments, and none may be added.' : 'No other arguments.');
  return words;
}

/**
 * The same rule in the form of a policy, for whoever reads policies. It is shown, never parsed: what counts are the terms. Every value
 * is a Cedar string or JSON text that cannot leave its line.
 */
export function standingRule({ fixed, free, maxAmount, ...terms }: StandingTerms): string {
  const conditions = [
    terms.subject === null ? '!(context has subject)' : `context.subject == Person::${cedarText(terms.subject)}`,
    ...(terms.session === null ? [] : [`context.session.id == Session::${cedarText(terms.session)}`]),
    ...(terms.task === null ? [] : [`context.task == Task::${cedarText(terms.task)}`]),
    ...Object.entries(fixed).map(([pointer, value]) => `arguments[${cedarText(pointer)}] == ${cedarValue(value)}`),
    `arguments.names in [${argumentNames(fixed, free).map(cedarText).join(', ')}]`,
    ...(maxAmount === null ? [] : [`context.amount <= ${(maxAmount / 10_000).toFixed(4)}`]),
    `context.now < datetime("${new Date(terms.notAfterMs).toISOString()}")`,
  ];
  return [
    'permit (',
    `  principal == Agent::${cedarText(terms.agent)},`,
    '  action == Action::"tools/call",',
    `  resource == Tool::${cedarText(`${terms.server}/${terms.target}`)}`,
    ') when {',
    `  ${conditions.join(' &&\n  ')}`,
    '};',
  ].join('\n');
}

const SHOWN = { maxChars: VALUE_CHARS } as const;

function argumentNames(fixed: StandingTerms['fixed'], free: readonly string[]): readonly string[] {
  const named = Object.keys(fixed).filter((pointer) => pointer.lastIndexOf('/') === 0);
  return [...named.map((pointer) => pointer.slice(1).replaceAll('~1', '/').replaceAll('~0', '~')), ...free];
}

function nameOf(pointer: string): string {
  const simple = /^\/[A-Za-z_][A-Za-z0-9_.-]*$/.test(pointer);
  return simple ? pointer.slice(1) : quoted(pointer);
}

function shownValue(value: Json): string {
  const text = typeof value === 'string' ? quoted(value) : visibleText(valueText(value), SHOWN);
  return valueText(value).length > VALUE_CHARS ? `${text} (SHA-256 ${digestJson(value)})` : text;
}

function quoted(text: string): string {
  return `“${visibleText(text, SHOWN)}”`;
}

function cedarValue(value: Json): string {
  const text = visibleText(canonicalize(value), SHOWN);
  return valueText(value).length > VALUE_CHARS ? `${text} /* SHA-256 ${digestJson(value)} */` : text;
}

function cedarText(text: string): string {
  return JSON.stringify(visibleText(text, SHOWN));
}
