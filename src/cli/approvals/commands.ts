import type { Command } from 'commander';
import { approvalReceipt } from '../journal/receipt.ts';
import type { Act } from '../shell/act.ts';
import { answer, withdraw } from './answer.ts';
import { listNotices, type TestOptions, testNotice } from './notices.ts';
import { listApprovals, showApproval } from './read.ts';
import { listStanding, revokeStanding } from './standing.ts';
import { whoIsAsked } from './who.ts';

export function addApprovalCommands(program: Command, act: Act): void {
  const approvals = program
    .command('approvals')
    .description('questions that wait for people')
    .addHelpText('after', '\nExample:\n  interlock approvals approve 0197b0 --reason "ordered by phone"');
  addReading(approvals, act);
  addAnswering(approvals, act);
  addStanding(approvals, act);
  addNotices(approvals, act);
}

function addReading(approvals: Command, act: Act): void {
  approvals
    .command('list', { isDefault: true })
    .description('list them, newest first')
    .option('--state <state>', 'pending (default), approved, denied, expired, withdrawn, consumed or all')
    .option('--agent <id>', 'only of this agent')
    .option('--for <person>', 'only those this person could answer')
    .option('--search <text>', 'only those that have every word in agent, tool, sentence, subject or id')
    .option('--limit <n>', 'at most so many (default 100)')
    .option('--cursor <cursor>', 'go on where a page ended')
    .addHelpText('after', '\nExample:\n  interlock approvals list --for alice --search "northwind"')
    .action(act((context, _args, options) => listApprovals(context, options as never)));
  approvals
    .command('show')
    .description('show everything about one: exactly this is what is approved')
    .argument('<id>', 'its id, or the beginning of it')
    .addHelpText('after', '\nExample:\n  interlock approvals show 0197b0')
    .action(act((context, [id = '']) => showApproval(context, id)));
  approvals
    .command('receipt')
    .description('print the proof of what one came to: who answered what, signed with which passkey')
    .argument('<id>', 'its id, or the beginning of it')
    .option('--out <file>', 'write it to a file')
    .addHelpText(
      'after',
      '\nExample:\n  interlock approvals receipt 0197b0 --out order.receipt; interlock verify --receipt order.receipt',
    )
    .action(act((context, [id = ''], options: { readonly out?: string }) => approvalReceipt(context, id, options)));
  approvals
    .command('who')
    .description('who would be asked now, and why nobody else')
    .argument('<ask>', 'as in @ask("…"): owner, 2 group:finance, route:purchases')
    .option('--agent <id>', 'the agent that acts')
    .option('--for <person>', 'on whose authority it acts')
    .option('--amount <amount>', 'what the call is about, for routes')
    .option('--currency <code>', 'in what currency')
    .option('--environment <name>', 'where')
    .option('--data-class <class>', 'public, internal, confidential or restricted')
    .option('--effect <effect>', 'read, write, destructive, external or credential')
    .addHelpText('after', '\nExample:\n  interlock approvals who "route:purchases" --agent procurement --amount 900')
    .action(act((context, [ask = ''], options) => whoIsAsked(context, ask, options as never)));
}

function addAnswering(approvals: Command, act: Act): void {
  for (const [name, state] of [
    ['approve', 'approved'],
    ['deny', 'denied'],
  ] as const) {
    const command = approvals
      .command(name)
      .description(state === 'approved' ? 'let this one call go on, once' : 'refuse this call')
      .argument('<id>', 'its id, or the beginning of it')
      .option(
        '--reason <text>',
        state === 'approved' ? 'why; recorded' : 'why; required, recorded and told to the agent',
      )
      .option('--by <person>', 'who answers: the id of somebody who is asked (default: your login name)')
      .addHelpText(
        'after',
        `\nGood where approvals.assurance is \`operator\`; elsewhere people answer on the approval page.\n\nExample:\n  interlock approvals ${name} 0197b0 --reason "checked with the supplier"`,
      );
    if (state === 'approved')
      command.option('--arguments <json>', 'let the call go on with these arguments instead; @file reads them');
    command.action(act((context, [id = ''], options) => answer(context, id, { state, ...(options as object) })));
  }
  approvals
    .command('withdraw')
    .description('take a question back: nobody has to answer it any more')
    .argument('<id>', 'its id, or the beginning of it')
    .option('--reason <text>', 'why; required, recorded')
    .option('--by <name>', 'who gives the order (default: your login name)')
    .addHelpText('after', '\nExample:\n  interlock approvals withdraw 0197b0 --reason "asked by mistake"')
    .action(act((context, [id = ''], options) => withdraw(context, id, options as never)));
}

function addNotices(approvals: Command, act: Act): void {
  approvals
    .command('notices')
    .description('who was told of one, on which channel, and whether it arrived')
    .argument('<id>', 'its id, or the beginning of it')
    .addHelpText('after', '\nExample:\n  interlock approvals notices 0197b0')
    .action(act((context, [id = '']) => listNotices(context, id)));
  approvals
    .command('test-notice')
    .description('send a test message, and say what happened')
    .option('--channel <name>', 'email, slack, web-push or webhook')
    .option('--to <person>', 'the id of a person; left out: the Slack channel, or the webhook')
    .option('--by <name>', 'who gives the order (default: your login name)')
    .addHelpText('after', '\nExample:\n  interlock approvals test-notice --channel email --to alice')
    .action(act((context, _args, options: TestOptions) => testNotice(context, options)));
}

function addStanding(approvals: Command, act: Act): void {
  const standing = approvals
    .command('standing')
    .description('what earlier answers let through without asking again')
    .addHelpText('after', '\nExample:\n  interlock approvals standing list');
  standing
    .command('list', { isDefault: true })
    .description('list them: each is exactly this rule')
    .addHelpText('after', '\nExample:\n  interlock approvals standing list --json')
    .action(act((context) => listStanding(context)));
  standing
    .command('revoke')
    .description('end one at once')
    .argument('<id>', 'its id')
    .option('--reason <text>', 'why; required, recorded')
    .option('--by <name>', 'who gives the order (default: your login name)')
    .addHelpText(
      'after',
      '\nExample:\n  interlock approvals standing revoke standing-0197b0 --reason "no longer needed"',
    )
    .action(act((context, [id = ''], options) => revokeStanding(context, id, options as never)));
}
