import { systemClock } from '../../adapters/clock.ts';
import { amountText } from '../../model/amount.ts';
import type { ShownRequest } from '../../model/approval.ts';
import type { Page } from '../../model/insight/page.ts';
import type { JsonObject } from '../../model/json.ts';
import { effectWords, sentenceText } from '../../model/sentence.ts';
import { visibleText } from '../../model/visible.ts';
import type { ApprovalRow, ApprovalState } from '../../ports/stores.ts';
import type { Context } from '../shell/context.ts';
import { CliError, EXIT } from '../shell/exit.ts';
import type { Tone } from '../shell/terminal.ts';
import { formatDuration, isoTime } from '../shell/text.ts';
import { findByBeginning, getApproval, openClient } from './client.ts';

export const STATES: readonly ApprovalState[] = ['pending', 'approved', 'denied', 'expired', 'withdrawn', 'consumed'];

export const TONES: Readonly<Record<ApprovalState, Tone>> = {
  pending: 'warn',
  approved: 'good',
  denied: 'bad',
  expired: 'dim',
  withdrawn: 'dim',
  consumed: 'plain',
};

interface ListOptions {
  readonly state?: string;
  readonly agent?: string;
  readonly for?: string;
  readonly search?: string;
  readonly limit?: string;
  readonly cursor?: string;
}

export async function listApprovals(context: Context, options: ListOptions): Promise<void> {
  const { state = 'pending', search, cursor, limit = '100' } = options;
  if (state !== 'all' && !(STATES as readonly string[]).includes(state))
    throw new CliError(EXIT.usage, `--state ${state} is no state`, { help: `one of ${STATES.join(', ')}, all` });
  if (!/^[1-9][0-9]{0,2}$|^1000$/.test(limit))
    throw new CliError(EXIT.usage, `--limit ${limit} is no number from 1 to 1000`);
  const query = new URLSearchParams({ limit });
  if (state !== 'all') query.set('state', state);
  const asked = { agent: options.agent, for: options.for, text: search, cursor };
  for (const [name, value] of Object.entries(asked)) if (value !== undefined && value !== '') query.set(name, value);
  const client = await openClient(context);
  const { items, next } = await client.get<Page<ApprovalRow>>(`/v1/approvals?${query}`);
  context.terminal.value({ items: items.map(toJson), next });
  if (items.length === 0) return context.terminal.line(state === 'all' ? 'no approvals' : `no ${state} approvals`);
  showTable(context, items);
  if (next !== null) context.terminal.note(`more: --cursor ${next}`, 'dim');
}

function showTable(context: Context, rows: readonly ApprovalRow[]): void {
  const nowMs = systemClock.nowMs();
  const idChars = context.terminal.interactive ? shortest(rows) : Number.POSITIVE_INFINITY;
  context.terminal.table(
    ['id', 'state', 'agent', 'asks', 'left', 'what'],
    rows.map((row) => [
      row.id.slice(0, idChars),
      { text: row.state, tone: TONES[row.state] },
      row.agent,
      row.askWhom.join(', '),
      row.state === 'pending' ? formatDuration(row.expiresAtMs - nowMs) : null,
      inWords(row),
    ]),
  );
}

const SHORT_ID_CHARS = 8;

/** How much of an id tells these apart: on a terminal people read and type it, and the beginning is enough everywhere. */
function shortest(rows: readonly ApprovalRow[]): number {
  let chars = SHORT_ID_CHARS;
  while (chars < 36 && new Set(rows.map(({ id }) => id.slice(0, chars))).size < rows.length) chars++;
  return chars;
}

/** As its approvers read it, where an operator wrote the words. */
function inWords(row: ApprovalRow): string {
  const shown = shownOf(row);
  const words = shown?.reviewed === true ? sentenceText(shown.sentence) : whatOf(row);
  return row.proposal === null ? words : `${words} (changed by ${row.proposal.by})`;
}

export async function showApproval(context: Context, id: string): Promise<void> {
  const client = await openClient(context);
  const { approval: row, mayAnswer } = await getApproval(client, (await findByBeginning(client, id)).id);
  context.terminal.value({ approval: toJson(row), mayAnswer });
  const shown = shownOf(row);
  const waits: readonly Fact[] =
    row.state === 'pending' ? [['waits for', mayAnswer.length === 0 ? 'nobody now' : mayAnswer.join(', ')]] : [];
  const facts = [...about(row, shown), ...waits, ...answers(row)];
  // One line per value, and nothing an agent wrote may begin a line of its own: JSON text has no raw line breaks inside values.
  for (const [name, value] of facts) context.terminal.line(`${name.padEnd(9)} ${value.replaceAll('\n', '\\n')}`);
  const hidden = shown?.argumentsDigest ?? null;
  context.terminal.line(hidden === null ? 'arguments' : `arguments not disclosed, SHA-256 ${hidden}`);
  writeArguments(context, shown?.arguments ?? {});
  if (shown?.also !== undefined) {
    context.terminal.line('sent besides');
    writeArguments(context, shown.also);
  }
  if (row.proposal !== null) {
    context.terminal.line(`changed by ${row.proposal.by} to`);
    writeArguments(context, row.proposal.arguments);
  }
}

/** One line for each value, whatever is in it: what hides or pretends is marked, and a long one says how long it is. */
function writeArguments(context: Context, args: JsonObject): void {
  for (const line of JSON.stringify(args, null, 2).split('\n')) {
    const text = line.trimStart();
    const indent = ' '.repeat(line.length - text.length);
    context.terminal.line(`  ${indent}${visibleText(text, { quotes: true })}`);
  }
}

type Fact = readonly [name: string, value: string];

/** What it is first, then who and why, last what machines tell it apart by. */
function about(row: ApprovalRow, shown: ShownRequest | null): readonly Fact[] {
  const pending = row.state === 'pending';
  return [
    ['id', row.id],
    ['state', row.state],
    ...(shown === null ? [] : whatIsDone(shown)),
    ['agent', row.agent],
    ...(shown === null || shown.purpose === '' ? [] : [['purpose', shown.purpose] as const]),
    ['for', row.subject ?? 'nobody but itself'],
    ...(shown === null ? [] : [['policy', shown.policy.reasons.join(', ')] as const]),
    ['asks', row.askWhom.join(', ')],
    ['proof', row.requirement.assurance],
    ['asked', isoTime(row.requestedAtMs)],
    [
      'expires',
      `${isoTime(row.expiresAtMs)}${pending ? ` (${formatDuration(row.expiresAtMs - systemClock.nowMs())})` : ''}`,
    ],
    ['session', row.session ?? '-'],
    ['digest', row.digest],
  ];
}

function whatIsDone(shown: ShownRequest): readonly Fact[] {
  const facts: Fact[] = [
    ['what', sentenceText(shown.sentence)],
    ['tool', `${shown.server}/${shown.target ?? shown.action}`],
    ['effect', effectWords(shown)],
  ];
  if (shown.amount !== null) facts.push(['amount', `${amountText(shown.amount)} ${shown.currency ?? ''}`.trim()]);
  if ((shown.bindingMessage ?? null) !== null) facts.push(['says', JSON.stringify(shown.bindingMessage)]);
  for (const { at, source } of shown.origins.filter((each) => each.from === 'untrusted-result'))
    facts.push(['careful', `${at} was in text strangers may have written: a result of ${source ?? 'this session'}`]);
  return facts;
}

function answers(row: ApprovalRow): readonly Fact[] {
  const given = row.answers.map(
    (each): Fact => [
      'answer',
      `${isoTime(each.atMs)} ${each.verdict} by ${each.person} (${each.assurance})${each.reason === '' ? '' : `: ${each.reason}`}`,
    ],
  );
  if (row.answeredAtMs === null || row.answers.some((each) => each.person === row.answeredBy)) return given;
  return [...given, ['ended', `${isoTime(row.answeredAtMs)} by ${row.answeredBy ?? '?'}: ${row.answerReason ?? ''}`]];
}

export function shownOf(row: ApprovalRow): ShownRequest | null {
  try {
    const shown = JSON.parse(row.request) as ShownRequest;
    return Array.isArray(shown.sentence) ? shown : null;
  } catch {
    return null;
  }
}

export function toJson(row: ApprovalRow): Record<string, unknown> {
  const { context: _inner, ...rest } = row;
  return { ...rest, request: shownOf(row) ?? row.request };
}

/** `erp/orders.create {"total":900}`: what an operator recognises it by; `changed`: with arguments people put in place. */
export function whatOf(row: ApprovalRow, changed?: JsonObject): string {
  const shown = shownOf(row);
  if (shown === null) return row.digest;
  return `${shown.server}/${shown.target ?? shown.action} ${JSON.stringify(changed ?? shown.arguments)}`;
}
