import { once } from 'node:events';
import type { Command } from 'commander';
import { systemClock } from '../../adapters/clock.ts';
import { DEFAULT_LIMITS } from '../../config/schema/limits.ts';
import { gatewayOf } from '../agents/commands.ts';
import { httpClient } from '../agents/http.ts';
import { readKey } from '../agents/keys.ts';
import { fixedToken, type TokenSource, tokenSource } from '../agents/token.ts';
import type { Act } from '../shell/act.ts';
import type { Context } from '../shell/context.ts';
import { CliError, EXIT, type ExitCode } from '../shell/exit.ts';
import { runShim } from './shim.ts';

interface StdioOptions {
  readonly agent?: string;
  readonly key?: string;
  readonly gateway?: string;
}

const GRACE_MS = 10_000;

export function addStdioCommand(program: Command, act: Act): void {
  program
    .command('stdio')
    .description('an MCP server on stdin and stdout that is the gateway: for clients that only start commands')
    .argument('[server]', 'server id (default: every server, with prefixed names)')
    .option('--agent <id>', 'who connects (or INTERLOCK_AGENT)')
    .option('--key <file>', 'its private key (or INTERLOCK_KEY; default: <data>/keys/<id>.jwk)')
    .option('--gateway <url>', 'where the gateway is (default: as configured)')
    .addHelpText(
      'after',
      '\nINTERLOCK_TOKEN, when set, is sent as it is: for development tokens.\n\nExample:\n  interlock stdio crm --agent procurement --config /etc/interlock/interlock.yaml',
    )
    .action(act((context, [server], options: StdioOptions) => stdio(context, server, options)));
}

async function stdio(context: Context, server: string | undefined, options: StdioOptions): Promise<ExitCode> {
  const agent = options.agent ?? context.env.INTERLOCK_AGENT ?? '';
  if (agent === '')
    throw new CliError(EXIT.usage, 'which agent?', { help: 'add --agent <id>, or set INTERLOCK_AGENT' });
  const key = options.key ?? context.env.INTERLOCK_KEY;
  const place = await gatewayOf(context, {
    agent,
    ...(server === undefined ? {} : { server }),
    ...(key === undefined || key === '' ? {} : { key }),
    ...(options.gateway === undefined ? {} : { gateway: options.gateway }),
  });
  const http = httpClient({ ca: place.ca });
  const given = context.env.INTERLOCK_TOKEN ?? '';
  const request = (): Parameters<typeof tokenSource>[0] => ({
    agent,
    key: readKey(place.keyFile),
    gateway: place.gateway,
    resource: place.resource,
  });
  const tokens: TokenSource = given === '' ? tokenSource(request(), { http, clock: systemClock }) : fixedToken(given);

  const stop = new AbortController();
  const end = (): void => stop.abort();
  process.once('SIGTERM', end);
  process.once('SIGINT', end);
  // The client closed its end of the pipe: nobody reads answers any more.
  process.stdout.on('error', end);
  const why = await runShim({
    endpoint: { url: place.resource, http, tokens, maxBytes: DEFAULT_LIMITS.responseBytes },
    input: process.stdin,
    write: writeLine,
    onTrouble: (message) => context.terminal.note(`interlock stdio: ${message}`),
    signal: stop.signal,
    graceMs: GRACE_MS,
  });
  await http.close();
  // A signal leaves stdin open, which would keep the process.
  process.stdin.destroy();
  if (why !== 'lost') return EXIT.ok;
  throw new CliError(EXIT.failed, 'the gateway has ended this session (it was stopped, or the gateway was restarted)', {
    help: 'reconnect from your client',
  });
}

async function writeLine(line: string): Promise<void> {
  if (!process.stdout.write(`${line}\n`)) await once(process.stdout, 'drain');
}
