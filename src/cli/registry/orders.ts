import type { Command } from 'commander';
import { systemClock } from '../../adapters/clock.ts';
import type { Agent } from '../../model/agent.ts';
import { type AdminClient, adminClient } from '../operate/admin-client.ts';
import { locate } from '../operate/locate.ts';
import { type Context, operatorName } from '../shell/context.ts';
import { CliError, EXIT } from '../shell/exit.ts';
import { parseDuration } from '../shell/text.ts';

/** An agent as the administrative interface shows it. */
export interface Shown {
  readonly agent: Agent;
  readonly version: number | null;
}

export interface WhoOptions {
  readonly by?: string;
  readonly reason?: string;
}

const LONG_MS = 600_000;

export async function gateway(context: Context, how: { readonly long?: boolean } = {}): Promise<AdminClient> {
  const { socket } = await locate(context);
  return adminClient({ socket, ...(how.long === true ? { timeoutMs: LONG_MS } : {}) });
}

export function withWho(command: Command): Command {
  return command
    .option('--reason <text>', 'why; recorded')
    .option('--by <name>', 'who orders it (default: your login name)');
}

/** What every order carries; a reason is required where the command has no words of its own for it. */
export function who(options: WhoOptions, reason?: string): { readonly by: string; readonly reason: string } {
  const text = options.reason?.trim() ?? reason ?? '';
  if (text === '')
    throw new CliError(EXIT.usage, 'a reason is needed: it is recorded with the order', { help: 'add --reason "…"' });
  return { by: operatorName(options.by), reason: text };
}

export function pathOf(id: string, rest = ''): string {
  return `/v1/agents/${encodeURIComponent(id)}${rest}`;
}

/** `2027-06-30`, an ISO time, or a duration from now; `never` is `null`. */
export function readTime(text: string): number | null {
  if (text === 'never') return null;
  const duration = parseDuration(text);
  if (duration !== null) return systemClock.nowMs() + duration;
  const time = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time))
    throw new CliError(EXIT.usage, `"${text}" is no time`, { help: 'write e.g. 2027-06-30, 90d or never' });
  return time;
}

export function query(values: Readonly<Record<string, string | number | boolean | null | undefined>>): string {
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== null);
  return given.length === 0
    ? ''
    : `?${new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)]))}`;
}
