import type { Command } from 'commander';
import { Fault } from '../../model/fault.ts';
import { type Context, type GlobalOptions, makeContext } from './context.ts';
import { CliError, EXIT, type ExitCode } from './exit.ts';

export type Handler<O> = (
  context: Context,
  args: readonly (string | undefined)[],
  options: O,
) => Promise<ExitCode | void> | ExitCode | void;

/** Makes a commander action of a handler: options of the program and the command together, one place for errors. */
export type Act = <O>(handler: Handler<O>) => (...all: unknown[]) => Promise<void>;

/** `end` is told the exit code of the command that ran. */
export function makeAct(end: (code: ExitCode) => void): Act {
  return (handler) =>
    async (...all) => {
      // Commander passes the declared arguments, then the options, then the command.
      const command = all.at(-1) as Command;
      const options = command.optsWithGlobals() as GlobalOptions;
      const args = all.slice(0, -2).flat() as (string | undefined)[];
      const context = makeContext(options);
      try {
        end((await handler(context, args, options as never)) ?? EXIT.ok);
      } catch (error) {
        end(report(context, error));
      }
    };
}

/** The message on stderr and, with --json, the same as one JSON value on stdout. */
export function report(context: Context, error: unknown): ExitCode {
  const known = toCliError(error);
  context.terminal.value({ error: { exit: known.exit, message: known.message, help: known.help, ...known.detail } });
  context.terminal.note(known.exit === EXIT.configuration ? known.message : `error: ${known.message}`, 'bad');
  if (known.help !== '') context.terminal.note(`help: ${known.help}`);
  if (context.env.INTERLOCK_DEBUG === '1' && error instanceof Error) context.terminal.note(error.stack ?? '', 'dim');
  return known.exit;
}

function toCliError(error: unknown): CliError {
  if (error instanceof CliError) return error;
  if (error instanceof Fault) return new CliError(EXIT.failed, error.message, { cause: error });
  const message = error instanceof Error ? error.message : String(error);
  return new CliError(EXIT.failed, message, {
    help: 'set INTERLOCK_DEBUG=1 to see where this came from',
    cause: error,
  });
}
