import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import type { Agent } from '../../model/agent.ts';
import type { AdminClient } from '../operate/admin-client.ts';
import type { Act } from '../shell/act.ts';
import type { Context } from '../shell/context.ts';
import { CliError, EXIT, type ExitCode } from '../shell/exit.ts';
import { gateway, query, type WhoOptions, who, withWho } from './orders.ts';

interface ImportOptions extends WhoOptions {
  readonly format?: 'csv' | 'json';
  readonly dryRun?: boolean;
  readonly partial?: boolean;
}

interface Imported {
  readonly done: boolean;
  readonly made: number;
  readonly changed: number;
  readonly same: number;
  readonly refused: number;
  readonly lines: readonly { line: number; id: string; what: string; reasons: readonly string[] }[];
}

const PROGRESS_MS = 1_000;
const SHOWN = 200;

export function addTransferCommands(agents: Command, act: Act): void {
  const format = () => new Option('--format <format>', 'csv or json').choices(['csv', 'json']);
  withWho(
    agents
      .command('import')
      .description('make or change agents from a file')
      .argument('<file>', '.csv, .json or .ndjson'),
  )
    .addOption(format())
    .option('--dry-run', 'only say of each line what it would do')
    .option('--partial', 'take what is right although other lines are refused')
    .addHelpText('after', '\nExample:\n  interlock agents import agents.csv --dry-run')
    .action(act((context, [file = ''], options: ImportOptions) => importFile(context, file, options)));
  agents
    .command('export')
    .description('every agent as a table or as JSON, which import reads')
    .addOption(format().default('csv'))
    .option('--owner <person>', 'only those of this owner')
    .option('--state <state>', 'only those in this state')
    .addHelpText('after', '\nExample:\n  interlock agents export --format csv > agents.csv')
    .action(
      act((context, _args, options: { format: string; owner?: string; state?: string }) => exportAll(context, options)),
    );
}

async function importFile(context: Context, file: string, options: ImportOptions): Promise<ExitCode> {
  const { dryRun = false, partial = false } = options;
  const text = readText(file);
  const csv = (options.format ?? (file.endsWith('.csv') ? 'csv' : 'json')) === 'csv';
  const key = randomUUID();
  const client = await gateway(context, { long: true });
  const order = who(options, dryRun ? 'dry run' : undefined);
  const watching = watchProgress(context, client, key);
  const path = `/v1/agents/import${query({ ...order, dryRun, partial, key })}`;
  const answer = await client
    .upload<Imported>(path, { type: csv ? 'text/csv' : 'application/x-ndjson', text })
    .finally(() => clearInterval(watching));
  const { terminal } = context;
  terminal.value(answer);
  const shown = answer.lines.slice(0, SHOWN);
  if (shown.length > 0)
    terminal.table(
      ['line', 'agent', 'what', 'why'],
      shown.map(({ line, id, what, reasons }) => [
        line,
        id,
        { text: what, tone: what === 'refuse' ? 'bad' : 'plain' },
        reasons.join('; '),
      ]),
    );
  if (answer.lines.length > SHOWN) terminal.note(`… and ${answer.lines.length - SHOWN} lines more (--json has all)`);
  const { made, changed, same, refused } = answer;
  const verdict = answer.done ? 'done' : dryRun ? 'dry run, nothing was written' : 'nothing was written';
  terminal.line(`${verdict}: ${made} new, ${changed} changed, ${same} as they were, ${refused} refused`);
  return refused > 0 ? EXIT.refused : EXIT.ok;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new CliError(EXIT.usage, `${file} cannot be read`, { cause });
  }
}

function watchProgress(context: Context, client: AdminClient, key: string): NodeJS.Timeout {
  return setInterval(() => {
    client.get<{ total: number; checked: number; written: number }>(`/v1/agents/imports/${key}`).then(
      ({ total, checked, written }) =>
        context.terminal.note(`checked ${checked} of ${total}, written ${written}`, 'dim'),
      () => {},
    );
  }, PROGRESS_MS);
}

async function exportAll(context: Context, options: { format: string; owner?: string; state?: string }): Promise<void> {
  const client = await gateway(context);
  const { owner, state } = options;
  const csv = options.format === 'csv' && !context.terminal.json;
  const all: Agent[] = [];
  for (let cursor: string | null | undefined = undefined; cursor !== null; ) {
    const path = `/v1/agents${csv ? '/export' : ''}${query({ owner, state, cursor, limit: 1000 })}`;
    const page: { csv?: string; items?: Agent[]; next: string | null } = await client.get(path);
    if (csv) process.stdout.write(page.csv ?? '');
    all.push(...(page.items ?? []));
    cursor = page.next;
  }
  if (!csv) process.stdout.write(`${JSON.stringify(all)}\n`);
}
