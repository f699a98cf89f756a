import { readFileSync } from 'node:fs';
import { isObject, type JsonObject } from '../../model/json.ts';
import { parseStrict } from '../../model/strict-json.ts';
import type { ApprovalRow } from '../../ports/stores.ts';
import { type Context, operatorName } from '../shell/context.ts';
import { CliError, EXIT } from '../shell/exit.ts';
import { isoTime } from '../shell/text.ts';
import { findByBeginning, type Order, openClient, orderOf } from './client.ts';
import { whatOf } from './read.ts';

interface AnswerOrder extends Order {
  readonly state: 'approved' | 'denied';
  readonly arguments?: string;
}

interface Answered {
  readonly complete: boolean;
  readonly state: string;
}

export async function answer(context: Context, id: string, order: AnswerOrder): Promise<void> {
  const { state } = order;
  if (state === 'denied') orderOf(order, 'a denial needs a reason: the agent is told');
  const reason = order.reason?.trim() ?? '';
  const args: { arguments?: JsonObject } =
    order.arguments === undefined ? {} : { arguments: readArguments(order.arguments) };
  const client = await openClient(context);
  const row = await findByBeginning(client, id);
  if (row.state !== 'pending') throw over(row);
  const by = operatorName(order.by);
  const path = `/v1/approvals/${encodeURIComponent(row.id)}`;
  const { complete } = await client
    .post<Answered>(path, { state, by, reason, ...args })
    .catch((error) => Promise.reject(withHelp(error, row)));
  context.terminal.value({ id: row.id, state, by, reason, complete });
  const what = `${row.id} (${whatOf(row, args.arguments)})`;
  if (complete) return context.terminal.line(`${state}: ${what}`, state === 'approved' ? 'good' : 'bad');
  context.terminal.line(`${by} ${state} ${what}`);
  context.terminal.note(`it waits for others as well: interlock approvals show ${shortOf(row)}`, 'warn');
}

/** Who ended it, and when. */
function over(row: ApprovalRow): CliError {
  const by = row.answeredBy === null ? '' : ` by ${row.answeredBy}`;
  const at = row.answeredAtMs === null ? '' : ` at ${isoTime(row.answeredAtMs)}`;
  return new CliError(EXIT.refused, `the approval ${row.id} is already ${row.state}${by}${at}`, {
    help: `see: interlock approvals show ${shortOf(row)}; where it is still needed, the agent asks anew`,
  });
}

/** What whoever was refused can do. */
const HELP: Readonly<Record<string, (row: ApprovalRow) => string>> = {
  'not-asked': (row) => `who may answer says: interlock approvals show ${shortOf(row)}; name one of them with --by`,
  separation: (row) => `somebody else has to: interlock approvals show ${shortOf(row)}`,
  answered: (row) => `who is still needed says: interlock approvals show ${shortOf(row)}`,
  assurance: (row) => `whoever is asked opens /approvals/${row.id} at the gateway's address and signs in`,
  stopped: () => 'see: interlock locks',
  proposal: () => 'correct --arguments, or approve or deny it as it is',
};

function withHelp(error: unknown, row: ApprovalRow): unknown {
  if (!(error instanceof CliError) || error.help !== '') return error;
  const help = HELP[String(error.detail.code)]?.(row);
  return help === undefined
    ? error
    : new CliError(error.exit, error.message, { help, detail: error.detail, cause: error });
}

/** Enough of an id to type. */
function shortOf({ id }: ApprovalRow): string {
  return id.slice(0, 8);
}

export async function withdraw(context: Context, id: string, options: Order): Promise<void> {
  const order = orderOf(options);
  const client = await openClient(context);
  const row = await findByBeginning(client, id);
  await client.post(`/v1/approvals/${encodeURIComponent(row.id)}/withdraw`, order);
  context.terminal.value({ id: row.id, withdrawn: true, ...order });
  context.terminal.line(`withdrawn: ${row.id} (${whatOf(row)})`);
}

/** CliError 2 with what is wrong. */
function readArguments(given: string): JsonObject {
  let text = given;
  try {
    if (given.startsWith('@')) text = readFileSync(given.slice(1), 'utf8');
    const value = parseStrict(text);
    if (isObject(value)) return value;
    throw new Error('it is not an object');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError(EXIT.usage, `--arguments: ${why}`, { help: `write one JSON object, or @file` });
  }
}
