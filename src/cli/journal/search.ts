import type { Command } from 'commander';
import type { Page } from '../../model/insight/page.ts';
import type { IndexStatus, RecordView } from '../../model/insight/records.ts';
import { adminClient } from '../operate/admin-client.ts';
import { locate } from '../operate/locate.ts';
import type { Act } from '../shell/act.ts';
import type { Context } from '../shell/context.ts';
import { CliError, EXIT } from '../shell/exit.ts';
import { describeEntry } from './log.ts';

const FILTERS = ['agent', 'person', 'server', 'tool', 'session', 'effect', 'act'] as const;
const DEFAULT_COUNT = 50;
const MAX_COUNT = 10_000;
const PAGE = 200;

type SearchOptions = { readonly [name in (typeof FILTERS)[number] | 'last']?: string };

export function addSearchCommand(program: Command, act: Act): void {
  program
    .command('search')
    .description('find records by words and by exact fields, newest first, in the index of a running gateway')
    .argument('[words...]', 'all of which must be there: ids, agents, people, tools, codes, reasons, arguments')
    .option('--agent <id>', 'of this agent')
    .option('--person <id>', 'of, for or answered by this person')
    .option('--server <id>', 'to this server')
    .option('--tool <name>', 'of this tool')
    .option('--session <id>', 'of this session')
    .option('--effect <effect>', 'permit, ask or deny')
    .option('--act <name>', 'administrative acts of this name')
    .option('-n, --last <count>', `at most so many (default ${DEFAULT_COUNT})`)
    .addHelpText('after', '\nExample:\n  interlock search northwind --effect deny --agent procurement')
    .action(act((context, words, options: SearchOptions) => search(context, words, options)));
}

async function search(context: Context, words: readonly (string | undefined)[], options: SearchOptions): Promise<void> {
  const last = options.last ?? String(DEFAULT_COUNT);
  if (!/^\d{1,5}$/.test(last) || Number(last) < 1 || Number(last) > MAX_COUNT)
    throw new CliError(EXIT.usage, `--last ${last} is no number from 1 to ${MAX_COUNT}`);
  const client = adminClient({ socket: (await locate(context)).socket });
  const query = new URLSearchParams();
  if (words.length > 0) query.set('q', words.join(' '));
  for (const name of FILTERS) if (options[name] !== undefined) query.set(name, options[name]);
  let left = Number(last);
  while (left > 0) {
    query.set('limit', String(Math.min(PAGE, left)));
    const page = await client.get<Page<RecordView>>(`/v1/records?${query}`);
    for (const found of page.items) show(context, found);
    left -= page.items.length;
    if (page.next === null) break;
    query.set('cursor', page.next);
  }
  if (left === Number(last)) context.terminal.line('nothing was found', 'dim');
  const { state, indexed, records, message } = await client.get<IndexStatus>('/v1/index');
  // What is missing must not look as if it were not there.
  if (state === 'failed') context.terminal.line(message ?? 'the index failed', 'warn');
  else if (state === 'building') context.terminal.line(`so far ${indexed} of ${records} records can be found`, 'warn');
}

function show({ terminal }: Context, { seq, time, record }: RecordView): void {
  if (terminal.json) {
    process.stdout.write(`${JSON.stringify({ seq, time, record })}\n`);
    return;
  }
  const { text, tone } = describeEntry({ seq, time, record });
  terminal.line(text, tone);
}
