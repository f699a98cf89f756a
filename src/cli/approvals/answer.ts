import { readFileSync } from 'node:fs';
import { isObject, type JsonObject } from '../../model/json.ts';
import { parseStrict } from '../../model/strict-json.ts';
import { type Context, operatorName } from '../shell/context.ts';
import { CliError, EXIT } from '../shell/exit.ts';
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
  const args = order.arguments === undefined ? {} : { arguments: readArguments(order.arguments) };
  const client = await openClient(context);
  const row = await findByBeginning(client, id);
  if (row.state !== 'pending') throw new CliError(EXIT.refused, `the approval ${row.id} is already ${row.state}`);
  const by = operatorName(order.by);
  const path = `/v1/approvals/${encodeURIComponent(row.id)}`;
  const { complete } = await client.post<Answered>(path, { state, by, reason, ...args });
  context.terminal.value({ id: row.id, state, by, reason, complete });
  context.terminal.line(`${state}: ${row.id} (${whatOf(row)})`, state === 'approved' ? 'good' : 'bad');
  if (!complete) context.terminal.note('others have to approve it as well: interlock approvals show', 'warn');
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
