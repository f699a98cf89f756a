import type { Command } from 'commander';
import { systemClock } from '../../adapters/clock.ts';
import type { ApprovalRow, ApprovalState } from '../../ports/stores.ts';
import type { Act } from '../shell/act.ts';
import { type Context, operatorName } from '../shell/context.ts';
import { CliError, EXIT } from '../shell/exit.ts';
import type { Tone } from '../shell/terminal.ts';
import { formatDuration, isoTime } from '../shell/text.ts';
import { withDesk } from './locks.ts';

const STATES: readonly ApprovalState[] = ['pending', 'approved', 'denied', 'expired', 'consumed'];

interface ListOptions {
  readonly state?: string;
}
interface AnswerOptions {
  readonly reason?: string;
  readonly by?: string;
}

export function addApprovalCommands(program: Command, act: Act): void {
  const approvals = program
    .command('approvals')
    .description('questions that wait for a person')
    .addHelpText('after', '\nExample:\n  interlock approvals approve 0197b0 --reason "ordered by phone"');
  approvals
    .command('list', { isDefault: true })
    .description('list them')
    .option('--state <state>', `pending (default), approved, denied, expired, consumed or all`)
    .addHelpText('after', '\nExample:\n  interlock approvals list --state all')
    .action(act((context, _args, options: ListOptions) => list(context, options.state ?? 'pending')));
  approvals
    .command('show')
    .description('show everything about one: exactly this is what is approved')
    .argument('<id>', 'its id, or the beginning of it')
    .addHelpText('after', '\nExample:\n  interlock approvals show 0197b0')
    .action(act((context, [id = '']) => show(context, id)));
  for (const [name, state] of [
    ['approve', 'approved'],
    ['deny', 'denied'],
  ] as const) {
    approvals
      .command(name)
      .description(state === 'approved' ? 'let this one call go on, once' : 'refuse this call')
      .argument('<id>', 'its id, or the beginning of it')
      .option(
        '--reason <text>',
        state === 'approved' ? 'why; recorded' : 'why; required, recorded and told to the agent',
      )
      .option('--by <name>', 'who answers (default: your login name)')
      .addHelpText('after', `\nExample:\n  interlock approvals ${name} 0197b0 --reason "checked with the supplier"`)
      .action(act((context, [id = ''], options: AnswerOptions) => answer(context, id, { state, ...options })));
  }
}

async function list(context: Context, state: string): Promise<void> {
  if (state !== 'all' && !(STATES as readonly string[]).includes(state)) {
    throw new CliError(EXIT.usage, `--state ${state} is no state`, { help: `one of ${STATES.join(', ')}, all` });
  }
  await withDesk(context, async (desk) => {
    const rows = await desk.approvals(state === 'all' ? null : (state as ApprovalState));
    context.terminal.value({ approvals: rows.map(toJson), via: desk.via });
    if (rows.length === 0) return context.terminal.line(state === 'all' ? 'no approvals' : `no ${state} approvals`);
    const nowMs = systemClock.nowMs();
    context.terminal.table(
      ['id', 'state', 'agent', 'asks', 'left', 'what'],
      rows.map((row) => [
        row.id,
        { text: row.state, tone: TONES[row.state] },
        row.agent,
        row.askWhom.join(', '),
        row.state === 'pending' ? formatDuration(row.expiresAtMs - nowMs) : null,
        summary(row),
      ]),
    );
  });
}

async function show(context: Context, id: string): Promise<void> {
  await withDesk(context, async (desk) => {
    const row = findApproval(await desk.approvals(null), id);
    context.terminal.value({ approval: toJson(row), via: desk.via });
    const facts: readonly (readonly [string, string])[] = [
      ['id', row.id],
      ['state', row.state],
      ['agent', row.agent],
      ['session', row.session ?? '-'],
      ['asks', row.askWhom.join(', ')],
      ['asked', isoTime(row.requestedAtMs)],
      ['expires', isoTime(row.expiresAtMs)],
      ['digest', row.digest],
      ...(row.answeredAtMs === null
        ? []
        : ([
            ['answered', `${isoTime(row.answeredAtMs)} by ${row.answeredBy ?? '?'}: ${row.answerReason ?? ''}`],
          ] as const)),
    ];
    // One line per value, and nothing an agent wrote may begin a line of its own: JSON text has no raw line breaks inside values.
    for (const [name, value] of facts) context.terminal.line(`${name.padEnd(9)} ${value.replaceAll('\n', '\\n')}`);
    context.terminal.line('request');
    for (const line of JSON.stringify(readRequest(row), null, 2).split('\n')) context.terminal.line(`  ${line}`);
  });
}

async function answer(
  context: Context,
  id: string,
  order: { readonly state: 'approved' | 'denied' } & AnswerOptions,
): Promise<void> {
  const reason = order.reason?.trim() ?? '';
  if (order.state === 'denied' && reason === '') {
    throw new CliError(EXIT.usage, 'a denial needs a reason: the agent is told', { help: 'add --reason "…"' });
  }
  await withDesk(context, async (desk) => {
    const row = findApproval(await desk.approvals(null), id);
    if (row.state !== 'pending') throw new CliError(EXIT.refused, `the approval ${row.id} is already ${row.state}`);
    const by = operatorName(order.by);
    await desk.answer(row.id, { state: order.state, by, reason });
    context.terminal.value({ id: row.id, state: order.state, by, reason, via: desk.via });
    context.terminal.line(`${order.state}: ${row.id} (${summary(row)})`, order.state === 'approved' ? 'good' : 'bad');
  });
}

/** Ids are long; the beginning is enough where it means one. Pure. */
export function findApproval(rows: readonly ApprovalRow[], id: string): ApprovalRow {
  const exact = rows.find((row) => row.id === id);
  if (exact !== undefined) return exact;
  const found = id.length < 4 ? [] : rows.filter((row) => row.id.startsWith(id));
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  if (found.length > 1)
    throw new CliError(EXIT.usage, `"${id}" begins ${found.length} approvals`, { help: 'give more of the id' });
  throw new CliError(EXIT.failed, `there is no approval "${id}"`, {
    help: 'see: interlock approvals list --state all',
  });
}

const TONES: Readonly<Record<ApprovalState, Tone>> = {
  pending: 'warn',
  approved: 'good',
  denied: 'bad',
  expired: 'dim',
  consumed: 'plain',
};

function readRequest(row: ApprovalRow): unknown {
  try {
    return JSON.parse(row.request);
  } catch {
    return row.request;
  }
}

function toJson(row: ApprovalRow): Record<string, unknown> {
  return { ...row, request: readRequest(row) };
}

interface Asked {
  readonly action?: unknown;
  readonly server?: unknown;
  readonly target?: unknown;
  readonly arguments?: unknown;
}

/** `crm/orders.create {"total":900}`: what an operator recognises it by. */
function summary(row: ApprovalRow): string {
  const request = readRequest(row) as (Asked & { readonly summary?: Asked }) | null;
  if (typeof request !== 'object' || request === null) return row.digest;
  const asked = request.summary ?? request;
  const what = [asked.server, asked.target].filter((part) => typeof part === 'string').join('/');
  const args = asked.arguments === undefined ? '' : ` ${JSON.stringify(asked.arguments)}`;
  return `${what === '' ? String(asked.action ?? row.digest) : what}${args}`;
}
