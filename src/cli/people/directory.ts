import { createHash, randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import type { HistoryRow } from '../../ports/identity-stores.ts';
import { type AdminClient, adminClient, everyItem } from '../operate/admin-client.ts';
import { locate } from '../operate/locate.ts';
import type { Act } from '../shell/act.ts';
import { type Context, operatorName } from '../shell/context.ts';
import { CliError, EXIT } from '../shell/exit.ts';
import { isoTime } from '../shell/text.ts';

/** Ten thousand agents are ended before the gateway answers. */
const PATIENCE_MS = 120_000;

interface PersonAnswer {
  readonly id: string;
  readonly userName: string;
  readonly name: string;
  readonly email: string | null;
  readonly department: string | null;
  readonly groups: readonly string[];
  readonly active: boolean;
  readonly externalId: string | null;
  readonly origin: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly agentCount: number;
  readonly orphanedCount: number;
  readonly agents?: readonly { readonly id: string; readonly state: string }[];
}

interface GroupAnswer {
  readonly id: string;
  readonly name: string;
  readonly externalId: string | null;
  readonly members: number | readonly string[];
}

interface Options {
  readonly by?: string;
  readonly reason?: string;
  readonly name?: string;
  readonly email?: string;
  readonly department?: string;
  readonly group?: readonly string[];
  readonly attribute?: readonly string[];
}

/** People and groups: `people list|show|add|…`, `groups list|show`, `scim token`. */
export function addDirectoryCommands(program: Command, act: Act): void {
  const people = program.commands.find((one) => one.name() === 'people') ?? program.command('people');
  people.description('who there is, who may act, and how people sign in');
  reading(people, act);
  changing(people, act);
  const groups = program
    .command('groups')
    .description('groups of people the identity provider keeps')
    .addHelpText('after', '\nExample:\n  interlock groups show "Sales Team"');
  groups
    .command('list')
    .description('every group and how many are in it')
    .addHelpText('after', '\nExample:\n  interlock groups list')
    .action(act((context) => listGroups(context)));
  groups
    .command('show')
    .description('who is in a group')
    .argument('<group>', 'name or id')
    .addHelpText('after', '\nExample:\n  interlock groups show buyers')
    .action(act((context, [group = '']) => showGroup(context, group)));
  program
    .command('scim')
    .description('provisioning by an identity provider')
    .addHelpText('after', '\nExample:\n  interlock scim token')
    .command('token')
    .description('make a token for the identity provider, and the digest for scim.tokenSha256')
    .addHelpText('after', '\nExample:\n  interlock scim token')
    .action(act((context) => makeToken(context)));
}

function reading(people: Command, act: Act): void {
  people
    .command('list')
    .description('everybody, with how many agents each answers for')
    .addHelpText('after', '\nExample:\n  interlock people list')
    .action(act((context) => list(context)));
  people
    .command('show')
    .description('one person, with their agents')
    .argument('<person>', 'id, user name or address')
    .addHelpText('after', '\nExample:\n  interlock people show alice')
    .action(act((context, [person = '']) => show(context, person)));
  people
    .command('history')
    .description('what changed about a person, when and by whom')
    .argument('<person>')
    .addHelpText('after', '\nExample:\n  interlock people history alice')
    .action(act((context, [person = '']) => history(context, person)));
}

const collect = (value: string, all: readonly string[] = []): readonly string[] => [...all, value];

function changing(people: Command, act: Act): void {
  const described = (command: Command): Command =>
    command
      .option('--name <text>', 'full name')
      .option('--email <address>', 'where the person is reached')
      .option('--department <text>', 'department')
      .option('--group <name>', 'a group; repeat for several', collect)
      .option('--attribute <name=value>', 'something policies can test; repeat for several', collect)
      .option('--reason <text>', 'why; recorded')
      .option('--by <name>', 'who gives the order (default: your login name)');
  described(people.command('add'))
    .description('a person nobody provisions')
    .argument('<user-name>')
    .addHelpText('after', '\nExample:\n  interlock people add dana --name "Dana Diaz" --email dana@example.com')
    .action(act((context, [userName = ''], options: Options) => add(context, userName, options)));
  described(people.command('update'))
    .description('change what is known of a person')
    .argument('<person>')
    .addHelpText('after', '\nExample:\n  interlock people update dana --department Finance --reason moved')
    .action(act((context, [person = ''], options: Options) => update(context, person, options)));
  const orders = [
    ['deactivate', 'refuse the person and every agent of theirs at once, and end what they hold', 'left'],
    ['reactivate', 'let the person act again; their agents stay orphaned', '"back from leave"'],
    ['remove', 'deactivate for good; the id is never given to anybody else', 'left'],
  ] as const;
  for (const [name, description, reason] of orders) {
    people
      .command(name)
      .description(description)
      .argument('<person>')
      .requiredOption('--reason <text>', 'why; recorded')
      .option('--by <name>', 'who gives the order (default: your login name)')
      .addHelpText('after', `\nExample:\n  interlock people ${name} dana --reason ${reason}`)
      .action(act((context, [person = ''], options: Options) => order(context, { name, person, options })));
  }
}

async function client(context: Context): Promise<AdminClient> {
  return adminClient({ socket: (await locate(context)).socket, timeoutMs: PATIENCE_MS });
}

function path(person: string): string {
  return `/v1/people/${encodeURIComponent(person)}`;
}

function who(options: Options, fallback: string): { by: string; reason: string } {
  return { by: operatorName(options.by), reason: options.reason ?? fallback };
}

async function list(context: Context): Promise<void> {
  const people = await everyItem<PersonAnswer>(await client(context), '/v1/people');
  context.terminal.value({ people });
  context.terminal.table(
    ['person', 'name', 'active', 'agents', 'orphaned', 'groups', 'from'],
    people.map((one) => [
      one.id,
      one.name,
      one.active ? 'yes' : { text: 'no', tone: 'bad' },
      one.agentCount,
      one.orphanedCount,
      one.groups.join(', '),
      one.origin,
    ]),
  );
}

async function show(context: Context, person: string): Promise<void> {
  const one = await (await client(context)).get<PersonAnswer>(path(person));
  context.terminal.value(one);
  const { terminal } = context;
  terminal.line(`${one.id}: ${one.name}${one.active ? '' : ' (inactive)'}`, one.active ? 'strong' : 'bad');
  const facts: readonly [string, string | null][] = [
    ['user name', one.userName],
    ['e-mail', one.email],
    ['department', one.department],
    ['groups', one.groups.join(', ')],
    ['external id', one.externalId],
    ...Object.entries(one.attributes),
  ];
  for (const [name, value] of facts) if (value !== null && value !== '') terminal.line(`  ${name}: ${value}`);
  for (const agent of one.agents ?? []) terminal.line(`  agent ${agent.id}: ${agent.state}`);
}

async function history(context: Context, person: string): Promise<void> {
  const admin = await client(context);
  const { id } = await admin.get<PersonAnswer>(path(person)).catch(() => ({ id: person }));
  const items = await everyItem<HistoryRow>(admin, `${path(id)}/history`);
  context.terminal.value({ items });
  context.terminal.table(
    ['when', 'what', 'by', 'why'],
    items.map((row) => [isoTime(row.atMs), row.act, row.by, row.reason]),
  );
}

function fields({ name, email, department, group, attribute }: Options): Record<string, unknown> {
  const pairs = (attribute ?? []).map((text) => {
    const at = text.indexOf('=');
    if (at < 1) throw new CliError(EXIT.usage, `--attribute ${text}: write name=value`);
    return [text.slice(0, at), text.slice(at + 1)];
  });
  return {
    ...(name === undefined ? {} : { name }),
    ...(email === undefined ? {} : { email }),
    ...(department === undefined ? {} : { department }),
    ...(group === undefined ? {} : { groups: group }),
    ...(attribute === undefined ? {} : { attributes: Object.fromEntries(pairs) }),
  };
}

async function add(context: Context, userName: string, options: Options): Promise<void> {
  const body = { userName, ...fields(options), ...who(options, 'added') };
  const made = await (await client(context)).post<PersonAnswer>('/v1/people', body);
  context.terminal.value(made);
  context.terminal.line(`added: ${made.id}`, 'good');
}

async function update(context: Context, person: string, options: Options): Promise<void> {
  const changes = fields(options);
  if (Object.keys(changes).length === 0) throw new CliError(EXIT.usage, 'nothing to change', { help: 'see --help' });
  const body = { ...changes, ...who(options, 'updated') };
  const changed = await (await client(context)).patch<PersonAnswer>(path(person), body);
  context.terminal.value(changed);
  context.terminal.line(`updated: ${changed.id}`, 'good');
}

async function order(
  context: Context,
  { name, person, options }: { name: 'deactivate' | 'reactivate' | 'remove'; person: string; options: Options },
): Promise<void> {
  const admin = await client(context);
  const acting = who(options, '');
  if (name === 'remove') {
    const query = new URLSearchParams(acting);
    context.terminal.value(await admin.delete<object>(`${path(person)}?${query}`));
    context.terminal.line(`removed: ${person}`, 'warn');
    return;
  }
  const changed = await admin.post<PersonAnswer>(`${path(person)}/${name}`, acting);
  context.terminal.value(changed);
  context.terminal.line(`${name}d: ${changed.id}`, name === 'deactivate' ? 'warn' : 'good');
  if (changed.orphanedCount > 0) {
    context.terminal.note(
      `${changed.orphanedCount} of their agents are orphaned and stay so until they are reassigned`,
      'warn',
    );
  }
}

async function listGroups(context: Context): Promise<void> {
  const groups = await everyItem<GroupAnswer>(await client(context), '/v1/groups');
  context.terminal.value({ groups });
  const rows = groups.map((group) => [group.name, Number(group.members), group.id, group.externalId ?? '']);
  context.terminal.table(['group', 'members', 'id', 'external id'], rows);
}

async function showGroup(context: Context, name: string): Promise<void> {
  const group = await (await client(context)).get<GroupAnswer>(`/v1/groups/${encodeURIComponent(name)}`);
  context.terminal.value(group);
  for (const member of group.members as readonly string[]) context.terminal.line(member);
}

function makeToken(context: Context): void {
  const token = randomBytes(32).toString('base64url');
  const sha256 = createHash('sha256').update(token).digest('base64url');
  context.terminal.value({ token, sha256 });
  context.terminal.line(`token:  ${token}`);
  context.terminal.line(`sha256: ${sha256}`);
  context.terminal.note(
    'give the token to the identity provider, and the digest to scim.tokenSha256; it is shown only now',
  );
}
