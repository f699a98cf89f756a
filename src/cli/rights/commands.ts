import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { type AdminClient, adminClient } from '../operate/admin-client.ts';
import { locate } from '../operate/locate.ts';
import type { Act } from '../shell/act.ts';
import { type Context, configurationError, operatorName } from '../shell/context.ts';
import { CliError, EXIT, type ExitCode } from '../shell/exit.ts';

interface ChangeOptions {
  readonly reason?: string;
  readonly by?: string;
}
interface ListOptions {
  readonly user?: string;
  readonly relation?: string;
  readonly object?: string;
  readonly limit?: string;
}
interface Written {
  readonly user: string;
  readonly relation: string;
  readonly object: string;
}

/** Of one request; each is one record of the journal. */
const PER_REQUEST = 1_000;

export function addRightsCommands(program: Command, act: Act): void {
  addRelationCommands(program, act);
  const rights = program
    .command('rights')
    .description('what people may do by themselves, and so their agents at most')
    .addHelpText('after', '\nExample:\n  interlock rights check --user alice --tool crm/customers.get');
  rights
    .command('check')
    .description('whether a person may make a call, and what each rule says; exit 1 when not')
    .requiredOption('--user <person>', 'id, user name or e-mail address')
    .requiredOption('--tool <server/tool>', 'the tool')
    .option('--args <json>', 'the arguments of the call', '{}')
    .addHelpText(
      'after',
      '\nExample:\n  interlock rights check --user alice --tool crm/customers.get --args \'{"customerId":42}\'',
    )
    .action(
      act((context, _args, options: { user: string; tool: string; args: string }) => checkRights(context, options)),
    );
}

function addRelationCommands(program: Command, act: Act): void {
  const relations = program
    .command('relations')
    .description('relationships between people and things (OpenFGA tuples)')
    .addHelpText(
      'after',
      '\nExample:\n  interlock relations write user:alice viewer customer:42 --reason "new account manager"',
    );
  relations
    .command('list', { isDefault: true })
    .description('list them')
    .option('--user <user>', 'only of this user, group#member or user:*')
    .option('--relation <relation>', 'only this relation')
    .option('--object <object>', 'only to this object')
    .option('--limit <count>', 'at most so many', '100')
    .addHelpText('after', '\nExample:\n  interlock relations list --object customer:42')
    .action(act((context, _args, options: ListOptions) => list(context, options)));
  for (const [name, what] of [
    ['write', 'write one: from now on it holds'],
    ['delete', 'delete one: from now on it does not hold'],
  ] as const) {
    withReason(relations.command(name).description(what), 'user:alice viewer customer:42')
      .addHelpText(
        'after',
        `\nExample:\n  interlock relations ${name} user:alice viewer customer:42 --reason "new account manager"`,
      )
      .action(
        act(async (context, [user = '', relation = '', object = ''], options: ChangeOptions) => {
          const tuple = { user, relation, object };
          await change(context, { [`${name}s`]: [tuple] }, options);
          context.terminal.value({ [name === 'write' ? 'written' : 'deleted']: tuple });
          context.terminal.line(`${name === 'write' ? 'written' : 'deleted'}: ${user} ${relation} ${object}`, 'good');
        }),
      );
  }
  relations
    .command('check')
    .description('whether a relation holds, by itself or through others; exit 1 when not')
    .argument('<user>')
    .argument('<relation>')
    .argument('<object>')
    .addHelpText('after', '\nExample:\n  interlock relations check user:alice can_read customer:42')
    .action(act((context, [user = '', relation = '', object = '']) => check(context, { user, relation, object })));
  relations
    .command('import')
    .description(
      'write all of a file: a list of {user, relation, object} as YAML, JSON, or one JSON object a line (.jsonl)',
    )
    .argument('<file>')
    .option('--reason <text>', 'why; required, recorded')
    .option('--by <name>', 'who gives the order (default: your login name)')
    .option('--dry-run', 'only check the file')
    .addHelpText('after', '\nExample:\n  interlock relations import tuples.jsonl --reason "from the old system"')
    .action(
      act((context, [file = ''], options: ChangeOptions & { dryRun?: boolean }) => importFile(context, file, options)),
    );
}

function withReason(command: Command, example: string): Command {
  return command
    .argument('<user>', `as in ${example}`)
    .argument('<relation>')
    .argument('<object>')
    .option('--reason <text>', 'why; required, recorded')
    .option('--by <name>', 'who gives the order (default: your login name)');
}

async function openClient(context: Context): Promise<AdminClient> {
  return adminClient({ socket: (await locate(context)).socket, timeoutMs: 60_000 });
}

async function change(
  context: Context,
  tuples: { readonly writes?: readonly Written[]; readonly deletes?: readonly Written[] },
  options: ChangeOptions,
): Promise<void> {
  const reason = requireReason(options);
  const client = await openClient(context);
  await client.post('/v1/relations', { ...tuples, by: operatorName(options.by), reason });
}

function requireReason({ reason }: ChangeOptions): string {
  const text = reason?.trim() ?? '';
  if (text !== '') return text;
  throw new CliError(EXIT.usage, 'a reason is needed: it is recorded with the order', { help: 'add --reason "…"' });
}

interface Listed {
  readonly items: readonly (Written & { readonly origin: string })[];
  readonly next: string | null;
  readonly total: number;
  readonly source: 'memory' | 'server' | null;
}

async function list(context: Context, { user, relation, object, limit = '100' }: ListOptions): Promise<void> {
  if (!/^[1-9]\d{0,4}$/.test(limit) || Number(limit) > 10_000) {
    throw new CliError(EXIT.usage, `--limit ${limit} is no count`, { help: 'from 1 to 10000' });
  }
  const given = { ...(user && { user }), ...(relation && { relation }), ...(object && { object }), limit };
  const answer = await (await openClient(context)).get<Listed>(`/v1/relations?${new URLSearchParams(given)}`);
  context.terminal.value(answer);
  if (answer.source === 'server')
    context.terminal.note('relations come from the OpenFGA server: list them there', 'warn');
  if (answer.items.length === 0) return context.terminal.line('no relations');
  context.terminal.table(
    ['user', 'relation', 'object', 'from'],
    answer.items.map((tuple) => [tuple.user, tuple.relation, tuple.object, tuple.origin]),
  );
  if (answer.next !== null) context.terminal.note('there are more: raise --limit, or name a user or object');
}

async function check(context: Context, tuple: Written): Promise<ExitCode> {
  const client = await openClient(context);
  const answer = await client.post<{ holds: boolean | null; why: string | null }>('/v1/relations/check', tuple);
  context.terminal.value({ ...tuple, ...answer });
  const said = answer.holds === null ? `no answer: ${answer.why}` : answer.holds ? 'yes' : 'no';
  context.terminal.line(said, answer.holds === true ? 'good' : 'bad');
  return answer.holds === true ? EXIT.ok : EXIT.failed;
}

async function importFile(
  context: Context,
  file: string,
  options: ChangeOptions & { readonly dryRun?: boolean },
): Promise<void> {
  const { readTuples } = await import('../../start/rights/read-tuples.ts');
  const reason = options.dryRun === true ? '' : requireReason(options);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new CliError(EXIT.usage, `cannot read ${file} (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`);
  }
  const read = readTuples(file, text, null);
  if (!read.ok) throw configurationError(read.problems);
  const tuples = read.tuples.map(({ subject, relation, object }) => ({ user: subject, relation, object }));
  if (options.dryRun !== true) {
    // One part after the other, each whole or not at all; what is there already is no error, so that it can be run again.
    for (let at = 0; at < tuples.length; at += PER_REQUEST) {
      try {
        await change(context, { writes: tuples.slice(at, at + PER_REQUEST) }, { ...options, reason });
      } catch (error) {
        if (at > 0)
          context.terminal.note(
            `the first ${at} of ${tuples.length} were written; run it again when corrected`,
            'warn',
          );
        throw error;
      }
    }
  }
  context.terminal.value({ file, tuples: tuples.length, written: options.dryRun !== true });
  context.terminal.line(`${options.dryRun === true ? 'readable' : 'written'}: ${tuples.length} from ${file}`, 'good');
}

interface RightsAnswer {
  readonly user: string;
  readonly tool: string;
  readonly permit: boolean;
  readonly rule: string | null;
  readonly why: string;
  readonly listed: boolean;
  readonly rules: readonly { readonly rule: string; readonly grants: boolean; readonly why: string }[];
}

async function checkRights(
  context: Context,
  { user, tool, args }: { readonly user: string; readonly tool: string; readonly args: string },
): Promise<ExitCode> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(args);
  } catch {
    throw new CliError(EXIT.usage, '--args is no JSON', { help: `e.g. --args '{"customerId":42}'` });
  }
  const client = await openClient(context);
  const answer = await client.post<RightsAnswer>('/v1/rights/check', { user, tool, args: parsed });
  context.terminal.value(answer);
  context.terminal.line(`${answer.permit ? 'permitted' : 'refused'}: ${answer.why}`, answer.permit ? 'good' : 'bad');
  if (answer.rules.length > 0) {
    context.terminal.table(
      ['rule', 'grants', 'why'],
      answer.rules.map(({ rule, grants, why }) => [
        rule,
        { text: grants ? 'yes' : 'no', tone: grants ? 'good' : 'dim' },
        why,
      ]),
    );
  }
  return answer.permit ? EXIT.ok : EXIT.failed;
}
