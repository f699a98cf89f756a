import type { Command } from 'commander';
import { realDisk } from '../../adapters/disk/real.ts';
import { readReceipt } from '../../audit/read/receipt.ts';
import { verifyJournal } from '../../audit/read/verify.ts';
import { locate } from '../operate/locate.ts';
import type { Act } from '../shell/act.ts';
import type { Context } from '../shell/context.ts';
import { CliError, EXIT, type ExitCode } from '../shell/exit.ts';
import { chain } from './chain.ts';
import { latestCheckpoint, readVkey } from './checkpoint.ts';
import { explain } from './explain.ts';
import { type LogOptions, log } from './log.ts';
import { checkReceipt, readText, writeProof } from './receipt.ts';
import { addSearchCommand } from './search.ts';

interface VerifyOptions {
  readonly checkpoint?: string;
  readonly vkey?: string;
  readonly receipt?: string;
  readonly enrolment?: readonly string[];
}

export function addJournalCommands(program: Command, act: Act): void {
  program
    .command('log')
    .description('what was recorded: every call, decision, outcome and order')
    .option('-f, --follow', 'go on as records are written')
    .option('--agent <id>', 'only this agent')
    .option('--server <id>', 'only this server')
    .option('--call <id>', 'only the records of one call')
    .option('--denied', 'only what did not go on')
    .option('--from <seq>', 'begin at this record')
    .option('-n, --last <count>', 'only the last records (default 50 without --from)')
    .addHelpText(
      'after',
      '\nWith --json every line is one record: {"seq","time","record",…}.\n\nExample:\n  interlock log --follow --agent procurement',
    )
    .action(act((context, _args, options: LogOptions) => log(context, options)));
  addSearchCommand(program, act);
  program
    .command('explain')
    .description(
      "why a call was permitted, asked or refused: what the user's rights, scopes, task and policies each said",
    )
    .argument('<call>', 'id of the call, or its last 12 characters, as `interlock log` shows them')
    .addHelpText('after', '\nExample:\n  interlock explain 5f1c9a2b7d3e')
    .action(act((context, [call = '']) => explain(context, call)));
  program
    .command('chain')
    .description('on whose authority a call was made and through whom: every hop with its record')
    .argument('<call>', 'id of the call, or its last 12 characters, as `interlock log` shows them')
    .addHelpText('after', '\nExample:\n  interlock chain 5f1c9a2b7d3e')
    .action(act((context, [call = '']) => chain(context, call)));
  program
    .command('verify')
    .description(
      'check the whole journal offline: every hash, the order, every signed checkpoint; exit 1 when something is wrong',
    )
    .option('--checkpoint <file>', 'a checkpoint kept elsewhere: proves that nothing before it was rewritten')
    .option('--vkey <key>', 'the verifier key, or a file with it, kept elsewhere')
    .option('--receipt <file>', 'check one receipt instead of the journal, with every signature of a passkey in it')
    .option('--enrolment <file...>', 'receipts of person.passkey-set: each signature must be of one of these passkeys')
    .addHelpText('after', '\nExample:\n  interlock verify --checkpoint yesterday.checkpoint --vkey interlock.vkey')
    .action(act((context, _args, options: VerifyOptions) => verify(context, options)));
  program
    .command('checkpoint')
    .description(
      'print the latest signed checkpoint: keep it elsewhere, then nobody can rewrite what it covers unnoticed',
    )
    .option('--vkey', 'print the verifier key instead')
    .addHelpText('after', '\nExample:\n  interlock checkpoint > /mnt/elsewhere/$(date +%F).checkpoint')
    .action(act((context, _args, options: { readonly vkey?: boolean }) => checkpoint(context, options.vkey === true)));
  program
    .command('receipt')
    .description('print the proof of one record, for somebody who has not the journal')
    .argument('<seq>', 'number of the record, as `interlock log` shows it')
    .addHelpText(
      'after',
      '\nExample:\n  interlock receipt 4711 > order.receipt; interlock verify --receipt order.receipt --vkey interlock.vkey',
    )
    .action(act((context, [seq = '']) => receipt(context, seq)));
}

async function journalDir(context: Context): Promise<string> {
  // Records must be readable when the configuration is not.
  return `${(await locate(context)).dataDir}/journal`;
}

async function verify(context: Context, options: VerifyOptions): Promise<ExitCode> {
  if (options.receipt !== undefined) {
    const text = readText(options.receipt);
    const vkey = options.vkey === undefined ? await readVkey(await journalDir(context)) : vkeyOf(options.vkey);
    const enrolments = (options.enrolment ?? []).map(readText);
    return await checkReceipt(context, { text, vkey, vkeyNoted: options.vkey !== undefined, enrolments });
  }
  const dir = await journalDir(context);
  const report = await verifyJournal(dir, {
    disk: realDisk,
    ...(options.checkpoint === undefined ? {} : { checkpoint: readText(options.checkpoint) }),
    ...(options.vkey === undefined ? {} : { vkey: vkeyOf(options.vkey) }),
  }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw noJournal(dir, error);
    throw error;
  });
  context.terminal.value({ dir, ...report });
  const tone = report.ok ? 'good' : 'bad';
  for (const [i, line] of report.summary.entries()) context.terminal.line(line, i === 0 ? tone : 'plain');
  return report.ok ? EXIT.ok : EXIT.failed;
}

async function checkpoint(context: Context, onlyKey: boolean): Promise<void> {
  const dir = await journalDir(context);
  const vkey = await readVkey(dir).catch((error: unknown) => {
    throw noJournal(dir, error);
  });
  if (onlyKey) {
    context.terminal.value({ vkey });
    return context.terminal.line(vkey);
  }
  const latest = await latestCheckpoint(dir, vkey);
  if (latest === null) throw new CliError(EXIT.failed, `the journal in ${dir} has no checkpoint yet`);
  context.terminal.value({ ...latest, vkey });
  // The note itself, with its final line break and nothing else: the file is the checkpoint.
  if (!context.terminal.json) process.stdout.write(latest.note);
}

async function receipt(context: Context, text: string): Promise<void> {
  if (!/^\d{1,16}$/.test(text))
    throw new CliError(EXIT.usage, `"${text}" is no record number`, { help: 'see the first column of: interlock log' });
  const dir = await journalDir(context);
  const proof = await readReceipt(dir, Number(text), { disk: realDisk });
  writeProof(context, proof, undefined);
}

function noJournal(dir: string, cause: unknown): CliError {
  return new CliError(EXIT.failed, `there is no journal in ${dir}`, {
    help: 'it begins with the first: interlock up',
    cause,
  });
}

/** A verifier key has the form name+id+key; anything else is a file that holds one. */
function vkeyOf(given: string): string {
  return /^\S+\+[0-9a-f]{8}\+\S+$/.test(given) ? given : readText(given).trim();
}
