import type { Command } from 'commander';
import type { ConfigurationError as ConfigurationErrorType, RunningGateway } from '../../main.ts';
import type { Act } from '../shell/act.ts';
import { type Context, configurationError } from '../shell/context.ts';
import { EXIT, type ExitCode } from '../shell/exit.ts';

interface UpOptions {
  readonly watch?: boolean;
}

export function addUpCommand(program: Command, act: Act): void {
  program
    .command('up')
    .description('start the gateway')
    .option('--no-watch', 'reload only on SIGHUP, not when files change')
    .addHelpText(
      'after',
      '\nSIGTERM or SIGINT: no new calls, those in flight finish; a second one ends at once. SIGHUP: reload.\n\nExample:\n  interlock up --config /etc/interlock/interlock.yaml',
    )
    .action(act((context, _args, options: UpOptions) => up(context, options)));
  program
    .command('reload')
    .description('make the running gateway read configuration and policies again; exit 3 when they are wrong')
    .addHelpText('after', '\nExample:\n  interlock reload')
    .action(act((context) => reload(context)));
}

async function up(context: Context, options: UpOptions): Promise<ExitCode> {
  const { startGateway, ConfigurationError } = await import('../../main.ts');
  // Before the start, so that a signal during it is not lost.
  const signals = watchSignals();
  let gateway: RunningGateway;
  try {
    gateway = await startGateway({ configPath: context.configFile, env: context.env, watch: options.watch !== false });
  } catch (error) {
    if (error instanceof ConfigurationError) throw configurationError((error as ConfigurationErrorType).problems);
    throw error;
  }
  const { url, adminSocket, console } = gateway;
  context.terminal.value({ url, adminSocket, console, pid: process.pid });
  context.terminal.line(`Interlock listens on ${gateway.url}`, 'good');
  context.terminal.line(`  agents   ${gateway.url}/mcp/<server>`);
  if (console !== null) context.terminal.line(`  console  ${console}`);
  context.terminal.line(`  admin    ${gateway.adminSocket}`);
  signals.onReload(() => {
    // The gateway logs what came of it.
    void gateway.reload('SIGHUP').then((result) => {
      context.terminal.note(
        result.ok ? `reloaded: ${result.message}` : `not reloaded: ${result.message}`,
        result.ok ? 'good' : 'bad',
      );
      if (!result.ok && result.problems.length > 0)
        context.terminal.note(configurationError(result.problems).message, 'bad');
    });
  });
  const signal = await signals.ended;
  context.terminal.note(`${signal}: finishing what is under way; once more to end at once`);
  await gateway.close();
  return EXIT.ok;
}

interface Signals {
  /** The first SIGTERM or SIGINT. A second one ends the process. */
  readonly ended: Promise<NodeJS.Signals>;
  onReload(listener: () => void): void;
}

function watchSignals(): Signals {
  let hup: (() => void) | null = null;
  // Without a listener SIGHUP would end the process, also during the start.
  process.on('SIGHUP', () => hup?.());
  const ended = new Promise<NodeJS.Signals>((done) => {
    let first = true;
    const end = (signal: NodeJS.Signals): void => {
      if (!first) process.exit(signal === 'SIGINT' ? 130 : 143);
      first = false;
      done(signal);
    };
    process.on('SIGTERM', end);
    process.on('SIGINT', end);
  });
  return {
    ended,
    onReload(listener) {
      hup = listener;
    },
  };
}

interface ReloadAnswer {
  readonly ok: boolean;
  readonly message: string;
  readonly problems: Parameters<typeof configurationError>[0];
}

async function reload(context: Context): Promise<ExitCode> {
  const { locate } = await import('../operate/locate.ts');
  const { adminClient } = await import('../operate/admin-client.ts');
  const { operatorName } = await import('../shell/context.ts');
  const place = await locate(context);
  const answer = await adminClient({ socket: place.socket, timeoutMs: 60_000 }).post<ReloadAnswer>('/v1/reload', {
    by: operatorName(undefined),
  });
  context.terminal.value(answer);
  context.terminal.line(
    answer.ok ? `reloaded: ${answer.message}` : `not reloaded: ${answer.message}`,
    answer.ok ? 'good' : 'bad',
  );
  if (!answer.ok && answer.problems.length > 0)
    context.terminal.note(configurationError(answer.problems).message, 'bad');
  return answer.ok ? EXIT.ok : EXIT.configuration;
}
