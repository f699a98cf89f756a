import type { Command } from 'commander';
import type { Config } from '../../config/config.ts';
import { loadConfig, type Problem } from '../../config/load.ts';
import type { Act } from '../shell/act.ts';
import { type Context, configurationError, render } from '../shell/context.ts';

export function addCheckCommand(program: Command, act: Act): void {
  program
    .command('check')
    .description('validate the configuration and the policies without starting anything')
    .addHelpText(
      'after',
      '\nExit 3 when something is wrong, with file, line, column and what to do.\n\nExample:\n  interlock check --config /etc/interlock/interlock.yaml',
    )
    .action(act((context) => check(context)));
}

async function check(context: Context): Promise<void> {
  const { config, warnings, policies } = await loadEverything(context);
  for (const warning of warnings) context.terminal.note(`warning: ${render(warning)}`, 'warn');
  context.terminal.value({
    ok: true,
    config: config.file,
    servers: config.servers.length,
    agents: config.agents.length,
    policies: policies.count,
    policyVersion: policies.version,
    warnings,
  });
  const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;
  const policyCount = policies.count === 1 ? '1 policy' : `${policies.count} policies`;
  context.terminal.line(
    `ok: ${count(config.servers.length, 'server')}, ${count(config.agents.length, 'agent')}, ${policyCount} (version ${policies.version})`,
    'good',
  );
}

export interface Everything {
  readonly config: Config;
  readonly warnings: readonly Problem[];
  readonly policies: { readonly count: number; readonly version: string };
}

/** Configuration, policies and permissions as `up` would load them. CliError 3 with every problem of them. */
export async function loadEverything(context: Context): Promise<Everything> {
  const loaded = await loadConfig(context.configFile, context.env);
  if (!loaded.ok) throw configurationError(loaded.problems);
  const { publishFolder } = await import('../../start/policies.ts');
  const { readPermissions } = await import('../../start/rights/read-permissions.ts');
  const published = await publishFolder(loaded.config);
  const permissions = await readPermissions(loaded.config, []);
  const problems = [...(published.ok ? [] : published.problems), ...(permissions.ok ? [] : permissions.problems)];
  if (!published.ok || !permissions.ok) throw configurationError(problems);
  const { policies } = published;
  const warnings = [...loaded.warnings, ...published.warnings, ...permissions.warnings];
  return { config: loaded.config, warnings, policies: { count: policies.rules.length, version: policies.version } };
}
