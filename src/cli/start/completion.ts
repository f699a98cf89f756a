import { type Command, Option } from 'commander';
import { loadConfig } from '../../config/load.ts';
import type { Act } from '../shell/act.ts';
import type { Context } from '../shell/context.ts';
import { CliError, EXIT } from '../shell/exit.ts';
import { bashScript, type CommandShape, fishScript, zshScript } from './completion-scripts.ts';

export function addCompletionCommand(program: Command, act: Act): void {
  program
    .command('completion')
    .description('print a completion script for your shell')
    .argument('<shell>', 'bash, zsh or fish')
    .addHelpText('after', '\nExample:\n  source <(interlock completion bash)')
    .action(act((_context, [shell = '']) => void process.stdout.write(script(shell, shapeOf(program)))));
  program
    .command('__complete', { hidden: true })
    .argument('<what>')
    .action(act((context, [what = '']) => names(context, what)));
}

function script(shell: string, commands: readonly CommandShape[]): string {
  if (shell === 'bash') return bashScript(commands);
  if (shell === 'zsh') return zshScript(commands);
  if (shell === 'fish') return fishScript(commands);
  throw new CliError(EXIT.usage, `no completion for "${shell}"`, { help: 'bash, zsh or fish' });
}

/** What can be completed, read from the commands themselves: a new command needs no second list. */
export function shapeOf(program: Command): readonly CommandShape[] {
  const global = program.options
    .map((option) => option.long ?? '')
    .filter((name) => name !== '' && name !== '--version');
  const visit = (command: Command, path: readonly string[]): CommandShape[] => {
    const children = command.commands.filter((child) => !isHidden(child));
    const shape: CommandShape = {
      path,
      description: command.description(),
      subcommands: children.map((child) => ({ name: child.name(), description: child.description() })),
      options: [
        ...command.options.filter((option) => !option.hidden).map((option: Option) => option.long ?? ''),
        ...(path.length === 0 ? [] : global),
        '--help',
      ].filter((name) => name !== ''),
      names: namesFor(path),
    };
    return [shape, ...children.flatMap((child) => visit(child, [...path, child.name()]))];
  };
  return visit(program, []);
}

function isHidden(command: Command): boolean {
  return (command as unknown as { _hidden?: boolean })._hidden === true;
}

/** Which names of the configuration fit as an argument. */
function namesFor(path: readonly string[]): CommandShape['names'] {
  const command = path.join(' ');
  if (['kill', 'pause', 'watch', 'release'].includes(command)) return 'targets';
  if (['stdio', 'servers diff', 'servers accept'].includes(command)) return 'servers';
  return /^agents (token|show|approve|reject|activate|suspend|resume|reassign|update|decommission|history|expire)$/.test(
    command,
  )
    ? 'agents'
    : null;
}

/** One name per line. Silent when there is no configuration: completion must never print errors into a command line. */
async function names(context: Context, what: string): Promise<void> {
  const loaded = await loadConfig(context.configFile, context.env);
  if (!loaded.ok) return;
  const agents = loaded.config.agents.map((agent) => agent.id);
  const servers = loaded.config.servers.map((server) => server.id);
  const people = loaded.config.people.map((person) => person.id);
  const targets = [
    ...agents.map((id) => `agent:${id}`),
    ...servers.map((id) => `server:${id}`),
    ...people.map((id) => `owner:${id}`),
    'all',
  ];
  const found: Readonly<Record<string, readonly string[]>> = { agents, servers, people, targets };
  for (const name of found[what] ?? []) process.stdout.write(`${name}\n`);
}
