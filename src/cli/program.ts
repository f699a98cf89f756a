import { Command, CommanderError } from 'commander';
import { addAgentCommands } from './agents/commands.ts';
import { addApprovalCommands } from './approvals/commands.ts';
import { addCredentialCommands } from './credentials/commands.ts';
import { addDelegationCommands } from './delegation/commands.ts';
import { addInsightCommands } from './insight/commands.ts';
import { addJournalCommands } from './journal/commands.ts';
import { addKeyCommands } from './keys/commands.ts';
import { addApiCommand } from './operate/api.ts';
import { addLockCommands } from './operate/locks.ts';
import { addServerCommands } from './operate/servers.ts';
import { addPeopleCommands } from './people/commands.ts';
import { addDirectoryCommands } from './people/directory.ts';
import { addOrphanCommand } from './people/orphans.ts';
import { addPolicyCommands } from './policies/commands.ts';
import { addReviewCommands } from './registry/reviews.ts';
import { addTemplateCommands } from './registry/templates.ts';
import { addRightsCommands } from './rights/commands.ts';
import { makeAct } from './shell/act.ts';
import { EXIT, type ExitCode } from './shell/exit.ts';
import { VERSION } from './shell/version.ts';
import { addBenchCommand } from './start/bench.ts';
import { addCheckCommand } from './start/check.ts';
import { addCompletionCommand } from './start/completion.ts';
import { addDoctorCommand } from './start/doctor.ts';
import { addInitCommand } from './start/init.ts';
import { addUpCommand } from './start/up.ts';
import { addStdioCommand } from './stdio/command.ts';

const EXIT_HELP = `
Exit codes: 0 done, 1 failed or the answer is no, 2 wrong usage, 3 configuration or policies invalid,
            4 gateway not reachable, 5 refused.

Example:
  interlock init && interlock up`;

/** Runs one command line (without node and script). Resolves with the exit code; prints everything itself. */
export async function run(argv: readonly string[]): Promise<ExitCode> {
  quietWarnings();
  let code: ExitCode = EXIT.ok;
  const program = makeProgram((ended) => {
    code = ended;
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Commander has said what is wrong; help and version are no errors.
    if (error.exitCode === 0) return EXIT.ok;
    if (argv.includes('--json'))
      process.stdout.write(`${JSON.stringify({ error: { exit: EXIT.usage, message: error.message, help: '' } })}\n`);
    return EXIT.usage;
  }
}

/** The whole command line. `end` is told the exit code of the command that ran. */
export function makeProgram(end: (code: ExitCode) => void): Command {
  const program = new Command('interlock');
  const act = makeAct(end);
  program
    .description('Runtime authorization for AI agents: every tool call decided, recorded, stoppable.')
    .version(VERSION)
    .option('--config <file>', 'the configuration (default: $INTERLOCK_CONFIG, or ./interlock.yaml)')
    .option('--json', 'one JSON value on stdout, messages on stderr')
    .option('--no-color', 'no colors (also: NO_COLOR)')
    .addHelpText('after', EXIT_HELP)
    .showHelpAfterError('(see --help)')
    .exitOverride();
  addInitCommand(program, act);
  addUpCommand(program, act);
  addCheckCommand(program, act);
  addServerCommands(program, act);
  addApiCommand(program, act);
  addAgentCommands(program, act);
  addTemplateCommands(program, act);
  addReviewCommands(program, act);
  addPeopleCommands(program, act);
  addDirectoryCommands(program, act);
  addOrphanCommand(program, act);
  addRightsCommands(program, act);
  addCredentialCommands(program, act);
  addKeyCommands(program, act);
  addPolicyCommands(program, act);
  addInsightCommands(program, act);
  addLockCommands(program, act);
  addApprovalCommands(program, act);
  addDelegationCommands(program, act);
  addJournalCommands(program, act);
  addBenchCommand(program, act);
  addStdioCommand(program, act);
  addDoctorCommand(program, act);
  addCompletionCommand(program, act);
  for (const command of everyCommand(program))
    command.copyInheritedSettings(program).helpOption('-h, --help', 'show this help');
  return program;
}

function everyCommand(command: Command): Command[] {
  return command.commands.flatMap((child) => [child, ...everyCommand(child)]);
}

/** Node says once per process that its SQLite is young; every other warning goes on as usual. */
function quietWarnings(): void {
  const listeners = process.listeners('warning');
  process.removeAllListeners('warning');
  process.on('warning', (warning) => {
    if (warning.name === 'ExperimentalWarning' && /SQLite/.test(warning.message)) return;
    for (const listener of listeners) listener(warning);
  });
}
