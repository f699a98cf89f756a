import { amountText } from '../../../model/amount.ts';
import type { ShownRequest } from '../../../model/approval.ts';
import type { Json } from '../../../model/json.ts';
import { effectWords, readsAsJson, type SentencePiece, sentencePieces, valueText } from '../../../model/sentence.ts';
import { isolated, visibleText } from '../../../model/visible.ts';
import type { ApprovalRow } from '../../../ports/stores.ts';

/** What a message says, before it is written as text, HTML or blocks. Every text is one line, bounded and visible. */
export interface Letter {
  readonly heading: string;
  /** Pieces that are an agent's (`argument` is not null) are set apart wherever they are written. */
  readonly sentence: readonly SentencePiece[];
  readonly facts: readonly Fact[];
  /** Name and value, as the agent gave them. `null`: not shown in messages. */
  readonly arguments: readonly Fact[] | null;
  /** What a reader must not overlook. */
  readonly warnings: readonly string[];
  readonly note: string;
  readonly button: string;
  readonly link: string;
  /** Everything that would be approved stands in it. */
  readonly complete: boolean;
}

export interface Fact {
  readonly name: string;
  readonly value: string;
}

const MAX_ARGUMENTS = 12;
const NAME_CHARS = 40;
const TEXT_CHARS = 120;
const ARGUMENT_CHARS = 200;
/** Of all arguments together: what is longer than a message holds is cut by whoever writes it. */
const ALL_CHARS = 2_500;
const MESSAGES = 2;

/** The request as it is kept; `null`: not readable, and then nothing of it is said. */
export function shownOf(row: Pick<ApprovalRow, 'request'>): ShownRequest | null {
  try {
    const shown = JSON.parse(row.request) as Partial<ShownRequest> | null;
    return Array.isArray(shown?.sentence) && shown.agent !== undefined ? (shown as ShownRequest) : null;
  } catch {
    return null;
  }
}

/** Values of restricted data, of data nobody classified, and what a policy keeps out of records do not leave the gateway in messages. */
export function mayTell({ dataClass, unrecorded }: ShownRequest): boolean {
  return (unrecorded ?? null) === null && dataClass !== null && dataClass !== 'restricted';
}

/** The sentence, with values only where they may be told. */
export function sentenceOf(shown: ShownRequest): readonly SentencePiece[] {
  if (mayTell(shown)) return sentencePieces(shown.sentence);
  return shown.sentence.map((part) =>
    'text' in part
      ? { text: part.text, kind: 'plain', argument: null }
      : { text: '(not shown here)', kind: 'marked', argument: part.argument },
  );
}

/** In plain text, where a value of a right-to-left script could reorder the words around it. */
export function sentenceLine(shown: ShownRequest): string {
  return line(sentenceOf(shown));
}

export function line(pieces: readonly SentencePiece[]): string {
  return pieces.map(({ text, argument }) => (argument === null ? text : isolated(text))).join('');
}

/** `details`: for somebody who may answer it; others learn that there is one. */
export function factsOf(shown: ShownRequest, row: ApprovalRow, details: boolean): readonly Fact[] {
  const { agent, subject, amount, currency, environment, policy, bindingMessage = null } = shown;
  const told = details && mayTell(shown);
  const facts: (Fact | null)[] = [
    { name: 'Agent', value: `${text(agent.name)} (${text(agent.id, 64)}), owned by ${text(agent.owner, 64)}` },
    subject === null ? null : { name: 'On behalf of', value: `${text(subject.name)} (${text(subject.id, 64)})` },
    { name: 'Purpose', value: text(shown.purpose) },
    told && bindingMessage !== null ? { name: 'The agent says', value: text(bindingMessage) } : null,
    told && amount !== null
      ? { name: 'Amount', value: `${amountText(amount)}${currency === null ? '' : ` ${text(currency, 20)}`}` }
      : null,
    { name: 'Effect', value: effectWords(shown) },
    environment === null ? null : { name: 'Environment', value: text(environment, 64) },
    details && policy.messages.length > 0
      ? {
          name: 'Why you are asked',
          value: policy.messages
            .slice(0, MESSAGES)
            .map((each) => text(each))
            .join(' · '),
        }
      : null,
    { name: 'Answer until', value: timeText(row.expiresAtMs) },
  ];
  return facts.filter((fact) => fact !== null && fact.value !== '') as readonly Fact[];
}

export function argumentsOf(shown: ShownRequest): {
  readonly facts: readonly Fact[] | null;
  readonly complete: boolean;
} {
  const hidden = (shown.argumentsDigest ?? null) !== null;
  if (!mayTell(shown) || hidden) return { facts: null, complete: false };
  const entries = Object.entries(shown.arguments).map(([name, value]) => [name, argumentText(value ?? null)] as const);
  const facts = entries.slice(0, MAX_ARGUMENTS).map(([name, value]) => ({
    name: visibleText(name, { maxChars: NAME_CHARS }),
    value: isolated(visibleText(value, { maxChars: ARGUMENT_CHARS })),
  }));
  const more = entries.length - facts.length;
  return {
    facts: more > 0 ? [...facts, { name: '…', value: `${more} more` }] : facts,
    complete:
      more === 0 &&
      entries.every(([name, value]) => fits(name, NAME_CHARS) && fits(value, ARGUMENT_CHARS)) &&
      facts.reduce((sum, { name, value }) => sum + name.length + value.length + 4, 0) <= ALL_CHARS,
  };
}

/** A text that reads like another kind of value stands as JSON writes it: `"false"` is not `false`. */
function argumentText(value: Json): string {
  return typeof value === 'string' && readsAsJson(value) ? JSON.stringify(value) : valueText(value);
}

/** Whether nothing of it is cut. */
function fits(value: string, maxChars: number): boolean {
  return value.length <= maxChars && visibleText(value, { maxChars: 20 * maxChars }).length <= maxChars;
}

/** Where a value came from that a stranger may have written. */
export function warningsOf(shown: ShownRequest, details: boolean): readonly string[] {
  const strange = shown.origins.filter(({ from }) => from === 'untrusted-result');
  const told = details && mayTell(shown);
  const where = strange.slice(0, 3).map(({ at, source }) => {
    const from = source === null ? 'text from outside' : text(source);
    return told ? `${text(at, 60)} came from ${from}` : `a value came from ${from}`;
  });
  return [
    ...(where.length > 0 ? [`Untrusted content decides here: ${where.join('; ')}.`] : []),
    ...(shown.watched ? ['An operator watches something this call touches.'] : []),
  ];
}

/** `2026-11-27 20:45 UTC`. */
export function timeText(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

export function text(value: string, maxChars = TEXT_CHARS): string {
  return isolated(visibleText(value, { maxChars }));
}
