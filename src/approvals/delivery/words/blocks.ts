import type { JsonObject } from '../../../model/json.ts';
import type { Fact, Letter } from './letter.ts';

/** What a button of a message carries; Slack hands it back unchanged, signed. */
export interface ButtonValue {
  readonly approval: string;
  /** Digest of what the message showed. */
  readonly digest: string;
}

const MAX_TEXT = 2_900;

/**
 * Slack Block Kit. Whatever is not ours stands in `rich_text` elements and `plain_text`, which Slack shows as they are: no mention, link
 * or format comes of it. `answer`: with buttons that answer right there.
 */
export function writeBlocks(letter: Letter, answer: ButtonValue | null): readonly JsonObject[] {
  const { heading, warnings, facts, note } = letter;
  return [
    rich([section([plain(heading, { bold: true })]), section(sentenceElements(letter))]),
    ...(warnings.length === 0
      ? []
      : [rich([{ type: 'rich_text_quote', elements: [plain(`⚠ ${warnings.join(' ')}`, { bold: true })] }])]),
    rich([section(factElements(facts))]),
    ...argumentBlocks(letter.arguments),
    { type: 'actions', elements: buttons(letter, answer) },
    { type: 'context', elements: [{ type: 'plain_text', text: cut(note), emoji: false }] },
  ];
}

/** What became of a message with buttons: the same words, and how it ended. */
export function writeEnded(letter: Letter): readonly JsonObject[] {
  return [
    rich([section([plain(letter.heading, { bold: true })]), section(sentenceElements(letter))]),
    { type: 'context', elements: [{ type: 'plain_text', text: cut(letter.note), emoji: false }] },
  ];
}

function sentenceElements({ sentence }: Letter): JsonObject[] {
  return sentence.map(({ text, argument }) => plain(text, argument === null ? {} : { code: true }));
}

function factElements(facts: readonly Fact[]): JsonObject[] {
  return facts.flatMap(({ name, value }, i) => [
    plain(`${i === 0 ? '' : '\n'}${name}: `, { bold: true }),
    plain(value, {}),
  ]);
}

function argumentBlocks(values: readonly Fact[] | null): JsonObject[] {
  if (values === null)
    return [rich([section([plain('The values are not shown here: open the request to see them.')])])];
  if (values.length === 0) return [];
  const lines = values.map(({ name, value }) => `${name} = ${value}`).join('\n');
  return [rich([{ type: 'rich_text_preformatted', elements: [plain(lines)] }])];
}

function buttons({ button, link }: Letter, answer: ButtonValue | null): JsonObject[] {
  const open = { type: 'button', action_id: 'open', url: link, text: label(button) };
  if (answer === null) return [{ ...open, style: 'primary' }];
  const value = JSON.stringify(answer);
  return [
    { type: 'button', action_id: 'approve', style: 'primary', text: label('Approve'), value, confirm: sure('Approve') },
    { type: 'button', action_id: 'deny', style: 'danger', text: label('Deny'), value, confirm: sure('Deny') },
    open,
  ];
}

function sure(verdict: 'Approve' | 'Deny'): JsonObject {
  const what = verdict === 'Approve' ? 'It is done once, exactly as shown.' : 'The agent is told that you refused.';
  return {
    title: label(`${verdict} this call?`),
    text: label(what),
    confirm: label(verdict),
    deny: label('Cancel'),
    ...(verdict === 'Deny' ? { style: 'danger' } : {}),
  };
}

function rich(elements: JsonObject[]): JsonObject {
  return { type: 'rich_text', elements };
}

function section(elements: JsonObject[]): JsonObject {
  return { type: 'rich_text_section', elements };
}

function plain(text: string, style: { readonly bold?: boolean; readonly code?: boolean } = {}): JsonObject {
  return {
    type: 'text',
    text: text === '' ? ' ' : cut(text),
    ...(Object.keys(style).length === 0 ? {} : { style: { ...style } }),
  };
}

function label(text: string): JsonObject {
  return { type: 'plain_text', text: text.slice(0, 75), emoji: false };
}

function cut(text: string): string {
  return text.slice(0, MAX_TEXT);
}
