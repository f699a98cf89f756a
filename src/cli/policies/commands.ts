import { type Command, InvalidArgumentError } from 'commander';
import { withWho } from '../registry/orders.ts';
import type { Act } from '../shell/act.ts';
import { createDraft, discardDraft, listDrafts, saveDraft, showDraft } from './drafts.ts';
import { beginShadow, endShadow, publish, rollback } from './publish.ts';
import { check, diff, history, list, show } from './read.ts';
import { replay } from './replay.ts';

const SET = `<set> is in-force, a version (see policies history), a draft (d-…), or a folder of .cedar files.`;

/** The life of policies on the running gateway: tried, replayed, published, rolled back. */
export function addPolicyCommands(program: Command, act: Act): void {
  const policies = program
    .command('policies')
    .description('policies of the running gateway: drafts, replay, publishing, history')
    .addHelpText('after', '\nExample:\n  interlock policies replay ./policies --days 30');
  readCommands(policies, act);
  draftCommands(policies, act);
  shadowCommands(policies, act);
  withWho(policies.command('publish').description('bring a draft into force').argument('<draft>'))
    .option('--base <version>', 'what you take to be in force (default: what the draft started from)')
    .addHelpText(
      'after',
      '\nExample:\n  interlock policies publish d-0a1b2c3d4e5f6071 --reason "asked for in the review"',
    )
    .action(act((context, [id = ''], options: Parameters<typeof publish>[2]) => publish(context, id, options)));
  withWho(policies.command('rollback').description('bring an earlier version into force again').argument('<version>'))
    .addHelpText('after', '\nExample:\n  interlock policies rollback c994a511ba64 --reason "orders were refused"')
    .action(
      act((context, [version = ''], options: Parameters<typeof rollback>[2]) => rollback(context, version, options)),
    );
}

function readCommands(policies: Command, act: Act): void {
  policies
    .command('list', { isDefault: true })
    .description('what is in force: version, who brought it, its files')
    .addHelpText('after', '\nExample:\n  interlock policies list')
    .action(act((context) => list(context)));
  policies
    .command('show')
    .description('the texts of a set, or of one file of it')
    .argument('[set]', 'which (default: in-force)')
    .argument('[file]', 'one file')
    .addHelpText('after', `\n${SET}\n\nExample:\n  interlock policies show in-force purchasing.cedar`)
    .action(act((context, [set, file]) => show(context, set ?? 'in-force', file)));
  policies
    .command('check')
    .description('everything a publication would find wrong; nothing is kept')
    .argument('[set]', 'which (default: the folder of the configuration)')
    .addHelpText(
      'after',
      `\n${SET}\nExit 3 when something is wrong.\n\nExample:\n  interlock policies check ./policies`,
    )
    .action(act((context, [set]) => check(context, set)));
  policies
    .command('replay')
    .description('decide recorded calls again, and list every decision that changes')
    .argument('<set>', 'which')
    .option('--days <n>', 'how far back, 1 to 365', whole(365), 7)
    .option('--max-calls <n>', 'stop after so many', whole(10_000_000))
    .option('--by <name>', 'who asks (default: your login name)')
    .addHelpText(
      'after',
      `\n${SET}\nExit 1 when a decision changes.\n\nExample:\n  interlock policies replay ./policies --days 30`,
    )
    .action(act((context, [set = ''], options: Parameters<typeof replay>[2]) => replay(context, set, options)));
  policies
    .command('history')
    .description('what was in force, newest first, and who brought it')
    .option('--limit <n>', 'how many, at most 200', whole(200), 50)
    .addHelpText('after', '\nExample:\n  interlock policies history')
    .action(act((context, _args, options: { limit: number }) => history(context, options.limit)));
  policies
    .command('diff')
    .description('what changes from one set to another, line by line')
    .argument('<before>', 'a set')
    .argument('[after]', 'a set (default: in-force)')
    .addHelpText(
      'after',
      `\n${SET}\nExit 1 when they differ.\n\nExample:\n  interlock policies diff in-force ./policies`,
    )
    .action(act((context, [before = '', after]) => diff(context, before, after ?? 'in-force')));
}

function draftCommands(policies: Command, act: Act): void {
  const draft = policies
    .command('draft')
    .description('sets of policies people work on before one is published')
    .addHelpText('after', '\nExample:\n  interlock policies draft list');
  draft
    .command('list', { isDefault: true })
    .description('open drafts, last changed first')
    .option('--all', 'also those that were published or discarded')
    .addHelpText('after', '\nExample:\n  interlock policies draft list')
    .action(act((context, _args, options: { all?: boolean }) => listDrafts(context, options.all === true)));
  draft
    .command('show')
    .description('one draft with its files')
    .argument('<draft>')
    .addHelpText('after', '\nExample:\n  interlock policies draft show d-0a1b2c3d4e5f6071')
    .action(act((context, [id = '']) => showDraft(context, id)));
  draft
    .command('create')
    .description('begin a draft')
    .argument('<title>')
    .option('--from <set>', 'its files (default: in-force)')
    .option('--by <name>', 'whose it is (default: your login name)')
    .addHelpText('after', `\n${SET}\n\nExample:\n  interlock policies draft create "Larger orders" --from ./policies`)
    .action(
      act((context, [title = ''], options: Parameters<typeof createDraft>[2]) => createDraft(context, title, options)),
    );
  draft
    .command('save')
    .description('put other files in a draft, or take it to be on top of what is in force now')
    .argument('<draft>')
    .option('--from <set>', 'its files from now on')
    .option('--rebase', 'what is in force was looked at: publish over it')
    .option('--by <name>', 'who saves it (default: your login name)')
    .addHelpText('after', `\n${SET}\n\nExample:\n  interlock policies draft save d-0a1b2c3d4e5f6071 --from ./policies`)
    .action(act((context, [id = ''], options: Parameters<typeof saveDraft>[2]) => saveDraft(context, id, options)));
  withWho(draft.command('discard').description('close a draft').argument('<draft>'))
    .addHelpText('after', '\nExample:\n  interlock policies draft discard d-0a1b2c3d4e5f6071 --reason "not needed"')
    .action(
      act((context, [id = ''], options: Parameters<typeof discardDraft>[2]) => discardDraft(context, id, options)),
    );
}

function shadowCommands(policies: Command, act: Act): void {
  const shadow = policies
    .command('shadow')
    .description('a draft that decides every call once more, and is only counted')
    .addHelpText(
      'after',
      '\nExample:\n  interlock policies shadow begin d-0a1b2c3d4e5f6071 --reason "a week beside it"',
    );
  withWho(shadow.command('begin').description('evaluate a draft beside what is in force').argument('<draft>'))
    .addHelpText(
      'after',
      '\nExample:\n  interlock policies shadow begin d-0a1b2c3d4e5f6071 --reason "a week beside it"',
    )
    .action(act((context, [id = ''], options: Parameters<typeof beginShadow>[2]) => beginShadow(context, id, options)));
  withWho(shadow.command('end').description('end it, and say what it came to'))
    .addHelpText('after', '\nExample:\n  interlock policies shadow end --reason "seen enough"')
    .action(act((context, _args, options: Parameters<typeof endShadow>[1]) => endShadow(context, options)));
}

function whole(max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < 1 || value > max)
      throw new InvalidArgumentError(`a whole number from 1 to ${max}`);
    return value;
  };
}
