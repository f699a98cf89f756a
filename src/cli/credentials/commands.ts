import type { Command } from 'commander';
import type { Rotated, VaultStatus } from '../../credentials/vault/vault.ts';
import type { BrokeredCredential } from '../../model/insight/estate.ts';
import { type AdminClient, adminClient, everyItem } from '../operate/admin-client.ts';
import { locate } from '../operate/locate.ts';
import type { Act } from '../shell/act.ts';
import { type Context, operatorName } from '../shell/context.ts';
import { CliError, EXIT, type ExitCode } from '../shell/exit.ts';
import { isoTime } from '../shell/text.ts';

interface WhoOptions {
  readonly person?: string;
  readonly agent?: string;
  readonly task?: string;
  readonly server?: string;
}
interface ChangeOptions {
  readonly reason?: string;
  readonly by?: string;
}

/** Rotation re-seals every row before it answers. */
const TIMEOUT_MS = 600_000;

export function addCredentialCommands(program: Command, act: Act): void {
  const credentials = program
    .command('credentials')
    .description('accounts people connected at upstream servers, and what is held for agents now')
    .addHelpText('after', '\nExample:\n  interlock credentials list --person alice');
  filtered(credentials.command('list', { isDefault: true }).description('list them; never a secret'))
    .addHelpText('after', '\nExample:\n  interlock credentials list --server crm --json')
    .action(act((context, _args, options: WhoOptions) => list(context, options)));
  filtered(credentials.command('revoke').description('end all that match: here at once, and at the upstream'))
    .option('--reason <text>', 'why; required, recorded')
    .option('--by <name>', 'who gives the order (default: your login name)')
    .addHelpText(
      'after',
      '\nExample:\n  interlock credentials revoke --person alice --server crm --reason "left the team"',
    )
    .action(act((context, _args, options: WhoOptions & ChangeOptions) => revoke(context, options)));
  const vault = program
    .command('vault')
    .description('where upstream credentials are kept, sealed')
    .addHelpText('after', '\nExample:\n  interlock vault status');
  vault
    .command('status', { isDefault: true })
    .description('the keys, and how many rows each has sealed')
    .addHelpText('after', '\nExample:\n  interlock vault status --json')
    .action(act((context) => status(context)));
  vault
    .command('rotate')
    .description('seal everything with a new key; can be interrupted and run again')
    .option('--reason <text>', 'why; required, recorded')
    .option('--by <name>', 'who gives the order (default: your login name)')
    .addHelpText('after', '\nExample:\n  interlock vault rotate --reason "yearly"')
    .action(act((context, _args, options: ChangeOptions) => rotate(context, options)));
}

function filtered(command: Command): Command {
  return command
    .option('--person <id>', 'of this person')
    .option('--agent <id>', 'of this agent, acting for itself')
    .option('--task <id>', 'for this task')
    .option('--server <id>', 'at this server');
}

async function openClient(context: Context): Promise<AdminClient> {
  return adminClient({ socket: (await locate(context)).socket, timeoutMs: TIMEOUT_MS });
}

function requireReason({ reason }: ChangeOptions): string {
  const text = reason?.trim() ?? '';
  if (text !== '') return text;
  throw new CliError(EXIT.usage, 'a reason is needed: it is recorded with the order', { help: 'add --reason "…"' });
}

function whoOf({ person, agent, task, server }: WhoOptions): Record<string, string> {
  return { ...(person && { person }), ...(agent && { agent }), ...(task && { task }), ...(server && { server }) };
}

async function list(context: Context, options: WhoOptions): Promise<void> {
  const query = new URLSearchParams(whoOf(options)).toString();
  const path = `/v1/credentials${query === '' ? '' : `?${query}`}`;
  const items = await everyItem<BrokeredCredential>(await openClient(context), path);
  context.terminal.value({ items });
  if (items.length === 0) return context.terminal.line('no credentials');
  context.terminal.table(
    ['server', 'owner', 'issuer', 'scope', 'since'],
    items
      .filter(({ where }) => where === 'vault')
      .map(({ server, person, agent, issuer, scope, connectedAtMs, readable }) => [
        server,
        person === null ? `agent:${agent}` : `person:${person}`,
        readable ? issuer : { text: 'cannot be opened', tone: 'bad' },
        scope,
        connectedAtMs === null ? null : isoTime(connectedAtMs),
      ]),
  );
  for (const { where, server, kind, person, agent, task } of items)
    if (where === 'memory')
      context.terminal.line(
        `in memory: ${server} (${kind}) ${[person, agent, task].filter((one) => one !== null).join(', ')}`,
      );
}

async function revoke(context: Context, options: WhoOptions & ChangeOptions): Promise<ExitCode> {
  const who = whoOf(options);
  if (Object.keys(who).length === 0)
    throw new CliError(EXIT.usage, 'whose?', { help: 'give --person, --agent, --task or --server' });
  const body = { ...who, by: operatorName(options.by), reason: requireReason(options) };
  const ended = await (await openClient(context)).post<{ removed: number; withdrawn: number }>(
    '/v1/credentials/revoke',
    body,
  );
  context.terminal.value(ended);
  context.terminal.line(`${ended.removed} removed from the vault, ${ended.withdrawn} ended in memory`, 'good');
  return ended.removed + ended.withdrawn > 0 ? EXIT.ok : EXIT.failed;
}

async function status(context: Context): Promise<void> {
  const found = await (await openClient(context)).get<VaultStatus>('/v1/vault');
  context.terminal.value(found);
  context.terminal.table(
    ['key', 'rows', ''],
    found.keys.map((key) => [key, found.rows[key] ?? 0, key === found.newestKey ? 'seals' : 'opens only']),
  );
  context.terminal.note(found.ownKeys ? 'keys are in <data>/keys/vault.key: keep a copy' : 'keys come from vault.key');
}

async function rotate(context: Context, options: ChangeOptions): Promise<ExitCode> {
  const body = { by: operatorName(options.by), reason: requireReason(options) };
  const rotated = await (await openClient(context)).post<Rotated>('/v1/vault/rotate', body);
  context.terminal.value(rotated);
  context.terminal.line(`${rotated.resealed} rows sealed with ${rotated.newestKey}`, 'good');
  for (const { kind, id } of rotated.unreadable) context.terminal.note(`cannot be opened: ${kind} "${id}"`, 'bad');
  return rotated.unreadable.length === 0 ? EXIT.ok : EXIT.failed;
}
