import type { Command } from 'commander';
import type { RingKey } from '../../identity/ring/key-ring.ts';
import { type AdminClient, adminClient, everyItem } from '../operate/admin-client.ts';
import { locate } from '../operate/locate.ts';
import type { Act } from '../shell/act.ts';
import { type Context, operatorName } from '../shell/context.ts';
import { CliError, EXIT } from '../shell/exit.ts';
import { isoTime } from '../shell/text.ts';

interface ChangeOptions {
  readonly reason?: string;
  readonly by?: string;
  readonly now?: boolean;
}

export function addKeyCommands(program: Command, act: Act): void {
  const keys = program
    .command('keys')
    .description('the keys that sign access tokens')
    .addHelpText('after', '\nExample:\n  interlock keys list');
  keys
    .command('list', { isDefault: true })
    .description('which signs, which did, which will')
    .addHelpText('after', '\nExample:\n  interlock keys list --json')
    .action(act((context) => list(context)));
  ordered(keys.command('rotate').description('publish a new key; it signs once everybody can know it'))
    .option('--now', 'it signs at once: for a key that has leaked')
    .addHelpText('after', '\nExample:\n  interlock keys rotate --reason "quarterly"')
    .action(act((context, _args, options: ChangeOptions) => rotate(context, options)));
  ordered(keys.command('remove <kid>').description('take out a key that no longer signs: what it signed is refused'))
    .addHelpText('after', '\nExample:\n  interlock keys remove OyyjSOmC... --reason "its machine was stolen"')
    .action(act((context, [kid], options: ChangeOptions) => remove(context, String(kid), options)));
}

function ordered(command: Command): Command {
  return command
    .option('--reason <text>', 'why; required, recorded')
    .option('--by <name>', 'who gives the order (default: your login name)');
}

function orderOf({ by, reason }: ChangeOptions): { by: string; reason: string } {
  const text = reason?.trim() ?? '';
  if (text !== '') return { by: operatorName(by), reason: text };
  throw new CliError(EXIT.usage, 'a reason is needed: it is recorded with the order', { help: 'add --reason "…"' });
}

async function openClient(context: Context): Promise<AdminClient> {
  return adminClient({ socket: (await locate(context)).socket });
}

async function list(context: Context): Promise<void> {
  const items = await everyItem<RingKey>(await openClient(context), '/v1/keys');
  context.terminal.value({ items });
  show(context, items);
}

async function rotate(context: Context, options: ChangeOptions): Promise<void> {
  const body = { ...orderOf(options), immediately: options.now === true };
  changed(context, await (await openClient(context)).post<Changed>('/v1/keys/rotate', body));
}

async function remove(context: Context, kid: string, options: ChangeOptions): Promise<void> {
  const body = { ...orderOf(options), kid };
  changed(context, await (await openClient(context)).post<Changed>('/v1/keys/remove', body));
}

interface Changed {
  readonly keys: readonly RingKey[];
}

function changed(context: Context, answer: Changed): void {
  context.terminal.value(answer);
  show(context, answer.keys);
}

function show(context: Context, keys: readonly RingKey[]): void {
  context.terminal.table(
    ['key', 'state', 'signs from', 'until', 'gone'],
    keys.map(({ kid, state, signsFromMs, signsUntilMs, goneAtMs }) => [
      kid,
      state,
      isoTime(signsFromMs),
      signsUntilMs === null ? null : isoTime(signsUntilMs),
      goneAtMs === null ? null : isoTime(goneAtMs),
    ]),
  );
}
