import type { Command } from 'commander';
import { systemClock } from '../../adapters/clock.ts';
import type { Config } from '../../config/config.ts';
import { didYouMean } from '../../config/source/problem.ts';
import { formatTarget, type Lock, type LockTarget, parseTarget, type Tier } from '../../model/lock.ts';
import { showPreview } from '../insight/preview.ts';
import type { Act } from '../shell/act.ts';
import { type Context, operatorName } from '../shell/context.ts';
import { CliError, EXIT } from '../shell/exit.ts';
import type { Tone } from '../shell/terminal.ts';
import { formatDuration, isoTime, parseDuration } from '../shell/text.ts';
import { type Desk, openDesk, openStoreDesk } from './desk.ts';
import { locate, type Place } from './locate.ts';

interface LockOptions {
  readonly reason?: string;
  readonly for?: string;
  readonly by?: string;
  readonly force?: boolean;
  readonly preview?: boolean;
}

const TARGETS = `<target> is agent:<id>, owner:<id>, session:<id>, task:<id>, tool:<server>/<tool>, server:<id> or all;
a bare word is the agent or server of that name.`;

export function addLockCommands(program: Command, act: Act): void {
  const tiers: readonly { name: string; tier: Tier; what: string; example: string }[] = [
    {
      name: 'kill',
      tier: 'halt',
      what: 'stop at once: calls in flight are aborted, new ones refused',
      example: 'kill procurement --reason "orders to an unknown supplier"',
    },
    {
      name: 'pause',
      tier: 'pause',
      what: 'refuse new calls; calls in flight finish',
      example: 'pause server:crm --reason maintenance --for 30m',
    },
    {
      name: 'watch',
      tier: 'watch',
      what: 'let calls go on, flagged in every record and visible to policies',
      example: 'watch owner:alice --reason "left the company" --for 7d',
    },
  ];
  for (const { name, tier, what, example } of tiers) {
    program
      .command(name)
      .description(`${what}${name === 'kill' ? '; without a target: list what is stopped' : ''}`)
      .argument(name === 'kill' ? '[target]' : '<target>', 'what to stop')
      .option('--reason <text>', 'why; required, recorded and shown')
      .option('--for <duration>', 'release by itself after, e.g. 10m, 2h, 1d')
      .option('--by <name>', 'who gives the order (default: your login name)')
      .option('--force', 'also for a name the configuration does not know')
      .option('--preview', 'only show what it would cut and what not')
      .addHelpText('after', `\n${TARGETS}\n\nExample:\n  interlock ${example}`)
      .action(
        act((context, [target], options: LockOptions) =>
          target === undefined ? listLocks(context) : orderLock(context, { tier, target, options }),
        ),
      );
  }
  program
    .command('release')
    .description('undo kill, pause and watch')
    .argument('<target>', 'what to release')
    .option('--reason <text>', 'why; required, recorded')
    .option('--by <name>', 'who gives the order (default: your login name)')
    .addHelpText('after', `\n${TARGETS}\n\nExample:\n  interlock release procurement --reason "supplier confirmed"`)
    .action(act((context, [target = ''], options: LockOptions) => releaseLock(context, target, options)));
  program
    .command('locks')
    .description('list what is killed, paused or watched')
    .addHelpText('after', '\nExample:\n  interlock locks --json')
    .action(act((context) => listLocks(context)));
}

interface Order {
  readonly tier: Tier;
  readonly target: string;
  readonly options: LockOptions;
}

async function orderLock(context: Context, order: Order): Promise<void> {
  const { tier, target, options } = order;
  if (options.preview !== true) return putLock(context, order);
  const place = await locate(context);
  await showPreview(context, place, { tier, target: readTarget(target, place.config, options.force === true) });
}

async function putLock(context: Context, order: Order): Promise<void> {
  const { options } = order;
  const reason = requireReason(options.reason);
  const forMs = options.for === undefined ? null : parseDuration(options.for);
  if (options.for !== undefined && forMs === null) {
    throw new CliError(EXIT.usage, `--for ${options.for} is no duration`, { help: 'write e.g. 90s, 10m, 2h or 1d' });
  }
  await withDesk(context, async (desk, place) => {
    const target = readTarget(order.target, place.config, options.force === true);
    const atMs = systemClock.nowMs();
    const untilMs = forMs === null ? null : atMs + forMs;
    const lock: Lock = { target, tier: order.tier, reason, by: operatorName(options.by), atMs, untilMs };
    await putSurely(context, { desk, place, lock });
    context.terminal.value({ lock: toJson(lock), via: desk.via });
    const end = forMs === null ? 'until it is released' : `for ${formatDuration(forMs)}`;
    context.terminal.line(`${DONE[order.tier]}: ${formatTarget(target)}, ${end}`, TONES[order.tier]);
  });
}

/**
 * A gateway can fail after it has stopped the agent (its journal may be what is broken), or before. The one is said, the other
 * is made up for in the store, which every gateway follows.
 */
async function putSurely(context: Context, order: { desk: Desk; place: Place; lock: Lock }): Promise<void> {
  const { desk, place, lock } = order;
  try {
    await desk.put(lock);
  } catch (error) {
    const failed = error instanceof CliError && (error.exit === EXIT.failed || error.exit === EXIT.unreachable);
    if (desk.via === 'store' || !failed) throw error;
    const target = formatTarget(lock.target);
    const now = await desk.locks().catch(() => []);
    if (now.some((each) => formatTarget(each.target) === target && each.tier === lock.tier)) {
      return context.terminal.note(
        `warning: it is in force, but the gateway failed afterwards: ${error.message}`,
        'warn',
      );
    }
    const store = await openStoreDesk(place, error, context);
    await store.put(lock).finally(() => store.close());
  }
}

async function releaseLock(context: Context, text: string, options: LockOptions): Promise<void> {
  const reason = requireReason(options.reason);
  await withDesk(context, async (desk, place) => {
    // Any name may be released: a lock can outlive the agent it was for.
    const target = readTarget(text, place.config, true);
    const released = await desk.release(target, { reason, by: operatorName(options.by) });
    if (!released)
      throw new CliError(EXIT.failed, `nothing stops ${formatTarget(target)}`, { help: 'see: interlock locks' });
    context.terminal.value({ released: formatTarget(target), via: desk.via });
    context.terminal.line(`released: ${formatTarget(target)}`, 'good');
  });
}

async function listLocks(context: Context): Promise<void> {
  await withDesk(context, async (desk) => {
    const nowMs = systemClock.nowMs();
    const locks = (await desk.locks()).filter((lock) => lock.untilMs === null || lock.untilMs > nowMs);
    context.terminal.value({ locks: locks.map(toJson), via: desk.via });
    if (locks.length === 0) context.terminal.line('nothing is stopped');
    else {
      context.terminal.table(
        ['target', 'tier', 'since', 'until', 'by', 'reason'],
        locks.map((lock) => [
          formatTarget(lock.target),
          { text: lock.tier, tone: TONES[lock.tier] },
          isoTime(lock.atMs),
          lock.untilMs === null ? 'it is released' : `in ${formatDuration(lock.untilMs - nowMs)}`,
          lock.by,
          lock.reason,
        ]),
      );
    }
  });
}

const DONE: Readonly<Record<Tier, string>> = { halt: 'killed', pause: 'paused', watch: 'watched' };
const TONES: Readonly<Record<Tier, Tone>> = { halt: 'bad', pause: 'warn', watch: 'dim' };

function toJson(lock: Lock): Record<string, unknown> {
  return { ...lock, target: formatTarget(lock.target) };
}

export async function withDesk(context: Context, use: (desk: Desk, place: Place) => Promise<void>): Promise<void> {
  const place = await locate(context);
  const desk = await openDesk(place, context);
  try {
    await use(desk, place);
  } finally {
    await desk.close();
  }
}

function requireReason(reason: string | undefined): string {
  const text = reason?.trim() ?? '';
  if (text === '')
    throw new CliError(EXIT.usage, 'a reason is needed: it is recorded with the order', { help: 'add --reason "…"' });
  if (text.length > 1000) throw new CliError(EXIT.usage, 'the reason is longer than 1000 characters');
  return text;
}

/**
 * A mistyped name would stop nothing and look as if it had: names the configuration does not know are refused. Sessions,
 * tasks and tools are not in the configuration and pass.
 */
export function readTarget(text: string, config: Config | null, force: boolean): LockTarget {
  const target = parseTarget(text) ?? bareWord(text, config);
  if (config === null || force) return target;
  const known: Readonly<Record<string, readonly string[]>> = {
    agent: config.agents.map((agent) => agent.id),
    owner: config.people.map((person) => person.id),
    server: config.servers.map((server) => server.id),
  };
  const names = target.kind === 'tool' ? known.server : known[target.kind];
  const name = target.kind === 'tool' ? (target.id.split('/')[0] ?? '') : target.id;
  if (names === undefined || names.includes(name)) return target;
  const help = `${didYouMean(name, names)}; --force stops it all the same`;
  throw new CliError(
    EXIT.usage,
    `the configuration knows no ${target.kind === 'tool' ? 'server' : target.kind} "${name}"`,
    { help },
  );
}

function bareWord(text: string, config: Config | null): LockTarget {
  const agent = config?.agents.some((each) => each.id === text) ?? false;
  const server = config?.servers.some((each) => each.id === text) ?? false;
  if (agent && server) {
    throw new CliError(EXIT.usage, `"${text}" is an agent and a server`, {
      help: `write agent:${text} or server:${text}`,
    });
  }
  if (agent) return { kind: 'agent', id: text };
  if (server) return { kind: 'server', id: text };
  const names = [...(config?.agents ?? []), ...(config?.servers ?? [])].map((each) => each.id);
  const guess = /^[a-z]/.test(text) && !text.includes(':') && names.length > 0 ? ` ${didYouMean(text, names)};` : '';
  throw new CliError(EXIT.usage, `"${text}" is no target`, { help: `${guess} ${TARGETS}`.trim() });
}
