import type { Command } from 'commander';
import { adminClient } from '../operate/admin-client.ts';
import type { Act } from '../shell/act.ts';
import { type Context, operatorName, requireConfig } from '../shell/context.ts';

interface Options {
  readonly by?: string;
  readonly reason?: string;
}

/** POST /v1/people/:id/invitations */
interface Invited {
  readonly url: string;
  readonly expiresAtMs: number;
}

/** POST /v1/people/:id/reset-credentials */
interface Reset {
  readonly passwords: number;
  readonly passkeys: number;
  readonly links: number;
  readonly sessions: number;
}

export function addPeopleCommands(program: Command, act: Act): void {
  const people = program
    .command('people')
    .description('how people sign in')
    .addHelpText('after', '\nExample:\n  interlock people invite alice');
  people
    .command('invite')
    .description('print a one-time link with which a person sets a passkey or a password; earlier links end')
    .argument('<person>')
    .option('--reason <text>', 'why; recorded')
    .option('--by <name>', 'who invites (default: your login name)')
    .addHelpText('after', '\nExample:\n  interlock people invite alice')
    .action(act((context, [person = ''], options: Options) => invite(context, person, options)));
  people
    .command('reset-credentials')
    .description('remove every password and passkey of a person and sign them out everywhere; then invite them again')
    .argument('<person>')
    .requiredOption('--reason <text>', 'why; recorded')
    .option('--by <name>', 'who resets (default: your login name)')
    .addHelpText('after', '\nExample:\n  interlock people reset-credentials alice --reason "lost laptop"')
    .action(act((context, [person = ''], options: Options) => reset(context, person, options)));
}

async function invite(context: Context, person: string, options: Options): Promise<void> {
  const body = { by: operatorName(options.by), reason: options.reason ?? 'invited' };
  const invited = await post<Invited>(context, `${person}/invitations`, body);
  context.terminal.value({ person, ...invited });
  context.terminal.line(invited.url);
  const until = new Date(invited.expiresAtMs).toISOString().slice(0, 16).replace('T', ' ');
  context.terminal.note(`give this link to ${person} alone; it works once, until ${until} UTC`);
}

async function reset(context: Context, person: string, options: Options): Promise<void> {
  const body = { by: operatorName(options.by), reason: options.reason ?? '' };
  const done = await post<Reset>(context, `${person}/reset-credentials`, body);
  context.terminal.value({ person, ...done });
  const { passwords, passkeys, links, sessions } = done;
  context.terminal.line(
    `removed of ${person}: ${passwords} passwords, ${passkeys} passkeys, ${links} links to a provider; signed out of ${sessions} browsers`,
    'good',
  );
  context.terminal.note(`let them in again: interlock people invite ${person}`);
}

async function post<T>(context: Context, path: string, body: object): Promise<T> {
  const config = await requireConfig(context, { quiet: true });
  const [person = '', act = ''] = path.split('/');
  return adminClient({ socket: config.admin.socket }).post<T>(`/v1/people/${encodeURIComponent(person)}/${act}`, body);
}
