import type { Command } from 'commander';
import { systemClock } from '../../adapters/clock.ts';
import type { Connection } from '../../model/connection.ts';
import type { Page } from '../../model/insight/page.ts';
import type { Task } from '../../model/task.ts';
import { type AdminClient, adminClient, everyItem } from '../operate/admin-client.ts';
import { locate } from '../operate/locate.ts';
import type { Act } from '../shell/act.ts';
import { type Context, operatorName } from '../shell/context.ts';
import { CliError, EXIT } from '../shell/exit.ts';
import { isoTime, parseDuration } from '../shell/text.ts';

interface OrderOptions {
  readonly reason?: string;
  readonly by?: string;
}

interface ConnectOptions extends OrderOptions {
  readonly id?: string;
  readonly scope?: readonly string[];
  readonly initiator?: readonly string[];
  readonly maxDepth?: string;
  readonly requiresTask?: boolean;
  readonly hours?: string;
  readonly for?: string;
}

interface TaskOptions {
  readonly by?: string;
  readonly purpose?: string;
  readonly tool?: readonly string[];
  readonly dataClass?: readonly string[];
  readonly maxCalls?: string;
  readonly maxAmount?: string;
  readonly for?: string;
}

const collect = (one: string, all: readonly string[] = []): readonly string[] => [...all, one];

/** `interlock connections` and `interlock tasks`: who may hand work to whom, and what was declared to be done. */
export function addDelegationCommands(program: Command, act: Act): void {
  addConnectionCommands(program, act);
  addTaskCommands(program, act);
}

function addConnectionCommands(program: Command, act: Act): void {
  const connections = program
    .command('connections')
    .description('which agent may hand work to which')
    .addHelpText('after', '\nExample:\n  interlock connections list');
  connections
    .command('list', { isDefault: true })
    .description('every connection, of the configuration and of the store')
    .addHelpText('after', '\nExample:\n  interlock connections list --json')
    .action(act((context) => listConnections(context)));
  connections
    .command('show <connection>')
    .description('one connection, with its conditions')
    .addHelpText('after', '\nExample:\n  interlock connections show planner-buyer')
    .action(act((context, [id]) => show(context, `/v1/connections/${part(id)}`)));
  ordered(connections.command('add <from> <to>').description('let one agent hand work to another'))
    .option('--id <id>', 'default: <from>-<to>')
    .option('--scope <scope>', 'the most that may be handed on; again for more (default: whatever is held)', collect)
    .option('--initiator <who>', 'user or machine; again for both (default: both)', collect)
    .option('--max-depth <count>', 'most actors in the chain after it')
    .option('--requires-task', 'only what is bound to a registered task')
    .option('--hours <from-to>', 'open between these hours of the day (UTC), e.g. 8-18')
    .option('--for <duration>', 'closed after, e.g. 30d')
    .addHelpText('after', '\nExample:\n  interlock connections add planner buyer --scope crm:read --reason "ticket 12"')
    .action(act((context, [from, to], options: ConnectOptions) => connect(context, { from, to }, options)));
  ordered(connections.command('remove <connection>').description('cut it, and everything that was handed on over it'))
    .addHelpText('after', '\nExample:\n  interlock connections remove planner-buyer --reason "no longer needed"')
    .action(act((context, [id], options: OrderOptions) => disconnect(context, id, options)));
}

function addTaskCommands(program: Command, act: Act): void {
  const tasks = program
    .command('tasks')
    .description('declared purposes with their tools, data, budget and time')
    .addHelpText('after', '\nExample:\n  interlock tasks list');
  tasks
    .command('list', { isDefault: true })
    .description('tasks, newest first')
    .addHelpText('after', '\nExample:\n  interlock tasks list --json')
    .action(act((context) => listTasks(context)));
  tasks
    .command('show <task>')
    .description('one task, with its parts')
    .addHelpText('after', '\nExample:\n  interlock tasks show task-5f1c9a2b')
    .action(act((context, [id]) => show(context, `/v1/tasks/${part(id)}`)));
  tasks
    .command('create <agent>')
    .description('a task the agent can bind its token to, by naming it in its assertion')
    .option('--purpose <text>', 'what for; required')
    .option('--tool <tool>', 'server/tool or server/*; again for more; required', collect)
    .option('--data-class <class>', 'only tools with this class of data; again for more', collect)
    .option('--max-calls <count>', 'permitted calls in all')
    .option('--max-amount <amount>', 'sum of amounts in all')
    .option('--for <duration>', 'over after, at most 1d (default: 1d)')
    .option('--by <name>', 'who gives the order (default: your login name)')
    .addHelpText(
      'after',
      '\nExample:\n  interlock tasks create buyer --purpose "order 4711" --tool crm/orders.create --max-calls 1',
    )
    .action(act((context, [agent], options: TaskOptions) => createTask(context, agent, options)));
  ordered(tasks.command('close <task>').description('refuse everything bound to it, or to a part of it'))
    .addHelpText('after', '\nExample:\n  interlock tasks close task-5f1c9a2b --reason done')
    .action(act((context, [id], options: OrderOptions) => closeTask(context, id, options)));
}

function ordered(command: Command): Command {
  return command
    .option('--reason <text>', 'why; required, recorded')
    .option('--by <name>', 'who gives the order (default: your login name)');
}

function orderOf({ by, reason }: OrderOptions): { by: string; reason: string } {
  const text = reason?.trim() ?? '';
  if (text !== '') return { by: operatorName(by), reason: text };
  throw new CliError(EXIT.usage, 'a reason is needed: it is recorded with the order', { help: 'add --reason "…"' });
}

async function openClient(context: Context): Promise<AdminClient> {
  return adminClient({ socket: (await locate(context)).socket });
}

function part(id: string | undefined): string {
  return encodeURIComponent(id ?? '');
}

async function listConnections(context: Context): Promise<void> {
  const connections = await everyItem<Connection>(await openClient(context), '/v1/connections');
  context.terminal.value({ connections });
  context.terminal.table(
    ['connection', 'from', 'to', 'scopes', 'for chains of', 'until'],
    connections.map(({ id, from, to, scopes, initiators, notAfterMs }) => [
      ...[id, from, to, scopes === null ? 'all it holds' : scopes.join(' ')],
      initiators.join(', '),
      notAfterMs === null ? null : isoTime(notAfterMs),
    ]),
  );
}

async function listTasks(context: Context): Promise<void> {
  const { items: tasks } = await (await openClient(context)).get<Page<Task>>('/v1/tasks?limit=1000');
  context.terminal.value({ tasks });
  context.terminal.table(
    ['task', 'agent', 'for', 'state', 'until', 'purpose'],
    tasks.map(({ id, agent, subject, state, notAfterMs, purpose }) => [
      ...[id, agent, subject, state, isoTime(notAfterMs), purpose],
    ]),
  );
}

async function show(context: Context, path: string): Promise<void> {
  const answer = await (await openClient(context)).get<Record<string, unknown>>(path);
  context.terminal.value(answer);
  for (const [name, value] of Object.entries(answer)) {
    const shown = typeof value === 'number' && name.endsWith('Ms') ? isoTime(value) : value;
    context.terminal.line(`${name.padEnd(14)} ${typeof shown === 'string' ? shown : JSON.stringify(shown)}`);
  }
}

async function connect(
  context: Context,
  { from, to }: { from: string | undefined; to: string | undefined },
  options: ConnectOptions,
): Promise<void> {
  const { id, scope, initiator, requiresTask } = options;
  const body = {
    ...{ ...orderOf(options), from, to, requiresTask: requiresTask === true },
    ...(id === undefined ? {} : { id }),
    ...(scope === undefined ? {} : { scopes: scope }),
    ...(initiator === undefined ? {} : { initiators: initiator }),
    ...(options.maxDepth === undefined ? {} : { maxDepth: numberOf('--max-depth', options.maxDepth) }),
    ...(options.hours === undefined ? {} : { hours: hoursOf(options.hours) }),
    ...(options.for === undefined ? {} : { notAfterMs: systemClock.nowMs() + durationOf(options.for) }),
  };
  const made = await (await openClient(context)).post<Connection>('/v1/connections', body);
  context.terminal.value(made);
  context.terminal.line(`${made.id}: ${made.from} may hand work to ${made.to} from now on`, 'good');
}

async function disconnect(context: Context, id: string | undefined, options: OrderOptions): Promise<void> {
  const { by, reason } = orderOf(options);
  const query = `by=${encodeURIComponent(by)}&reason=${encodeURIComponent(reason)}`;
  const answer = await (await openClient(context)).delete<object>(`/v1/connections/${part(id)}?${query}`);
  context.terminal.value(answer);
  context.terminal.line(`${id} is cut: what was handed on over it is refused from the next call on`, 'good');
}

async function createTask(context: Context, agent: string | undefined, options: TaskOptions): Promise<void> {
  const { purpose, tool, dataClass, maxCalls, maxAmount } = options;
  if (purpose === undefined || tool === undefined) {
    throw new CliError(EXIT.usage, 'a task has a purpose and tools', { help: 'add --purpose "…" --tool server/tool' });
  }
  const body = {
    ...{ agent, purpose, tools: tool, by: operatorName(options.by) },
    ...(dataClass === undefined ? {} : { dataClasses: dataClass }),
    ...(maxCalls === undefined ? {} : { maxCalls: numberOf('--max-calls', maxCalls) }),
    ...(maxAmount === undefined ? {} : { maxAmount: Math.round(amountOf(maxAmount) * 10_000) }),
    ...(options.for === undefined ? {} : { notAfterMs: systemClock.nowMs() + durationOf(options.for) }),
  };
  const task = await (await openClient(context)).post<Task>('/v1/tasks', body);
  context.terminal.value(task);
  context.terminal.line(`${task.id} until ${isoTime(task.notAfterMs)}`, 'good');
}

async function closeTask(context: Context, id: string | undefined, options: OrderOptions): Promise<void> {
  const task = await (await openClient(context)).post<Task>(`/v1/tasks/${part(id)}/close`, orderOf(options));
  context.terminal.value(task);
  context.terminal.line(`${task.id} is closed: what is bound to it is refused from the next call on`, 'good');
}

function numberOf(option: string, text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new CliError(EXIT.usage, `${option} ${text} is no whole number`);
}

function amountOf(text: string): number {
  if (/^\d{1,11}(\.\d{1,4})?$/.test(text)) return Number(text);
  throw new CliError(EXIT.usage, `--max-amount ${text} is no amount`);
}

function hoursOf(text: string): readonly number[] {
  const [, from, to] = /^(\d{1,2})-(\d{1,2})$/.exec(text) ?? [];
  if (from === undefined || to === undefined || Number(from) > 23 || Number(to) > 23) {
    throw new CliError(EXIT.usage, `--hours ${text} are no hours`, { help: 'write them as 8-18' });
  }
  return [Number(from), Number(to)];
}

function durationOf(text: string): number {
  const ms = parseDuration(text);
  if (ms === null)
    throw new CliError(EXIT.usage, `--for ${text} is no duration`, { help: 'write it as 30m, 12h or 30d' });
  return ms;
}
