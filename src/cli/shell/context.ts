import { readFileSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import type { Config } from '../../config/config.ts';
import { formatProblem, loadConfig, type Problem } from '../../config/load.ts';
import { CliError, EXIT } from './exit.ts';
import { makeTerminal, type Terminal } from './terminal.ts';

export interface GlobalOptions {
  readonly config?: string;
  readonly json?: boolean;
  /** Commander turns `--no-color` into this. */
  readonly color?: boolean;
}

/** What every command gets: where it speaks, and where its configuration is. */
export interface Context {
  readonly terminal: Terminal;
  readonly env: NodeJS.ProcessEnv;
  /** Absolute; the file may not exist. */
  readonly configFile: string;
  /** The user was asked for no file in particular: messages may propose `interlock init`. */
  readonly configGiven: boolean;
}

const DEFAULT_FILE = 'interlock.yaml';

export function makeContext(options: GlobalOptions): Context {
  const env = process.env;
  // https://no-color.org: any value that is not empty.
  const color = options.color !== false && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';
  const terminal = makeTerminal({ stdout: process.stdout, stderr: process.stderr, json: options.json === true, color });
  const given = options.config ?? (env.INTERLOCK_CONFIG === '' ? undefined : env.INTERLOCK_CONFIG);
  return { terminal, env, configFile: configPath(given ?? DEFAULT_FILE), configGiven: given !== undefined };
}

function configPath(given: string): string {
  const path = resolve(given);
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ? join(path, DEFAULT_FILE) : path;
}

/** The whole, valid configuration. CliError 3 with every problem when there is none. Warnings go to stderr. */
export async function requireConfig(context: Context, options: { readonly quiet?: boolean } = {}): Promise<Config> {
  const loaded = await loadConfig(context.configFile, context.env);
  if (!loaded.ok) throw configurationError(loaded.problems);
  if (options.quiet !== true)
    for (const warning of loaded.warnings) context.terminal.note(`warning: ${render(warning)}`, 'warn');
  return loaded.config;
}

export function configurationError(problems: readonly Problem[]): CliError {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  const message = `${problems.map(render).join('\n')}\n${count}; nothing was started or changed`;
  return new CliError(EXIT.configuration, message, { detail: { problems } });
}

/** With the line it is about, when the file can still be read. */
export function render(problem: Problem): string {
  let source: string | null = null;
  try {
    source = readFileSync(problem.file, 'utf8');
  } catch {
    // The problem may be that the file is not there.
  }
  return formatProblem(problem, source);
}

/** Who gives an order, for records: `--by`, or the login name. */
export function operatorName(given: string | undefined): string {
  if (given !== undefined && given !== '') return given;
  try {
    return userInfo().username;
  } catch {
    // A container user without an entry in the user database.
    return `uid-${process.getuid?.() ?? 'unknown'}`;
  }
}
