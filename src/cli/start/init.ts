import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { Command } from 'commander';
import { configJsonSchema } from '../../config/schema.ts';
import type { Act } from '../shell/act.ts';
import type { Context } from '../shell/context.ts';
import { CliError, EXIT } from '../shell/exit.ts';
import { configTemplate, IGNORE_TEMPLATE, POLICY_TEMPLATE } from './template.ts';

interface InitOptions {
  readonly force?: boolean;
}

export function addInitCommand(program: Command, act: Act): void {
  program
    .command('init')
    .description('write a commented interlock.yaml, a first policy and a .gitignore')
    .option('--force', 'overwrite files that exist')
    .addHelpText('after', '\nExample:\n  mkdir gateway && cd gateway && interlock init')
    .action(act((context, _args, options: InitOptions) => init(context, options.force === true)));
  program
    .command('schema', { hidden: true })
    .description('print the JSON Schema of the configuration')
    .action(act(() => void process.stdout.write(configJsonSchema())));
}

function init(context: Context, force: boolean): void {
  const folder = dirname(context.configFile);
  const files: readonly (readonly [string, string])[] = [
    [context.configFile, configTemplate(firstPerson())],
    [join(folder, 'interlock.schema.json'), configJsonSchema()],
    [join(folder, 'policies', 'first.cedar'), POLICY_TEMPLATE],
  ];
  const taken = files.map(([file]) => file).filter((file) => existsSync(file));
  if (taken.length > 0 && !force) {
    throw new CliError(EXIT.usage, `exists already: ${taken.join(', ')}`, {
      help: 'choose another folder, or overwrite with --force',
    });
  }
  mkdirSync(join(folder, 'policies'), { recursive: true });
  // `wx` besides the look above: a file made meanwhile is not overwritten either.
  for (const [file, text] of files) writeFileSync(file, text, { flag: force ? 'w' : 'wx' });
  const written = [...files.map(([file]) => file), ...ignore(folder)];
  context.terminal.value({ written });
  for (const file of written) context.terminal.line(`wrote ${file}`, 'good');
  const config = basename(context.configFile) === 'interlock.yaml' ? '' : ` --config ${context.configFile}`;
  context.terminal.line('');
  context.terminal.line('Next:');
  context.terminal.line(`  interlock check${config}`);
  context.terminal.line(
    `  interlock agents add my-agent --owner ${firstPerson().id} --purpose "trying things out"${config}`,
  );
  context.terminal.line(`  interlock up${config}`);
  context.terminal.line(
    `  interlock people invite ${firstPerson().id}${config}   # in another terminal: a link to sign in to the console with`,
  );
}

/** Adds to a .gitignore that is there: it belongs to somebody. Returns the file when it was written. */
function ignore(folder: string): string[] {
  const file = join(folder, '.gitignore');
  const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
  if (/^\/?\.interlock\/?$/m.test(before)) return [];
  writeFileSync(
    file,
    before === '' || before.endsWith('\n') ? before + IGNORE_TEMPLATE : `${before}\n${IGNORE_TEMPLATE}`,
  );
  return [file];
}

/** Whoever sets it up is the first person it knows. */
function firstPerson(): { id: string; name: string } {
  let login = '';
  try {
    login = userInfo().username;
  } catch {
    // A container user without an entry in the user database.
  }
  const id = login
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, 32);
  return { id: id === '' ? 'you' : id, name: login === '' ? 'You' : login };
}
