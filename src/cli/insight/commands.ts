import type { Command } from 'commander';
import type { Drill, Overview, PostureAnswer } from '../../model/insight/overview.ts';
import { everyItem } from '../operate/admin-client.ts';
import { gateway, type WhoOptions, who, withWho } from '../registry/orders.ts';
import type { Act } from '../shell/act.ts';
import type { Context } from '../shell/context.ts';
import { EXIT, type ExitCode } from '../shell/exit.ts';
import type { Tone } from '../shell/terminal.ts';
import { isoTime } from '../shell/text.ts';

/** What the console's first pages show, on a terminal. */
export function addInsightCommands(program: Command, act: Act): void {
  program
    .command('overview')
    .description('where the agents are, what they reach, what they may do, and what needs attention')
    .addHelpText('after', '\nExample:\n  interlock overview')
    .action(act((context) => overview(context)));
  program
    .command('posture')
    .description('what a careful operator would ask, answered from what is there; exit 1 when an answer is bad')
    .option('--all', 'also what is in order')
    .addHelpText('after', '\nExample:\n  interlock posture --all')
    .action(act((context, _args, options: { all?: boolean }) => posture(context, options.all === true)));
  withWho(program.command('drill').description('try the kill switch on a session nobody has, and measure it'))
    .option('--list', 'the drills before, newest first')
    .addHelpText('after', '\nExample:\n  interlock drill --reason "monthly"')
    .action(
      act((context, _args, options: WhoOptions & { list?: boolean }) =>
        options.list === true ? drills(context) : drill(context, who(options, 'a drill')),
      ),
    );
}

const SEVERITIES: Readonly<Record<Overview['attention'][number]['severity'], Tone>> = {
  critical: 'bad',
  high: 'bad',
  medium: 'warn',
  low: 'dim',
};

async function overview(context: Context): Promise<void> {
  const seen = await (await gateway(context)).get<Overview>('/v1/overview');
  const { terminal } = context;
  terminal.value(seen);
  const { agents, connections, abilities, journal, lastDrill } = seen;
  const counts = (all: Readonly<Record<string, number>>): string =>
    Object.entries(all)
      .map(([name, count]) => `${count} ${name}`)
      .join(', ') || 'none';
  terminal.line(
    `agents       ${agents.total} of ${agents.owners} owners, ${agents.active24h} called in 24 h; ${counts(agents.byState)}`,
  );
  terminal.line(
    `reach        ${connections.servers} servers (${connections.serversFailing} failing), ${connections.tools} tools, ${connections.agentToAgent} connections between agents`,
  );
  terminal.line(
    `may do       ${abilities.policies} policies (${abilities.policyVersion}), ${abilities.asking} ask, ${abilities.forbidding} forbid; tools: ${counts(abilities.toolsByEffect)}`,
  );
  terminal.line(`records      ${journal.records}, journal ${journal.state}`);
  terminal.line(
    lastDrill === null
      ? 'kill switch  never tried: interlock drill'
      : `kill switch  refused after ${lastDrill.refusedMs} ms at ${isoTime(lastDrill.atMs)}`,
    lastDrill?.ok === false ? 'bad' : 'plain',
  );
  if (seen.attention.length === 0) return terminal.line('nothing needs attention', 'good');
  for (const { severity, text } of seen.attention) terminal.line(`${severity}: ${text}`, SEVERITIES[severity]);
}

const TONES: Readonly<Record<PostureAnswer['state'], Tone>> = { good: 'good', warn: 'warn', bad: 'bad' };

async function posture(context: Context, all: boolean): Promise<ExitCode> {
  const items = await everyItem<PostureAnswer>(await gateway(context, { long: true }), '/v1/posture');
  const { terminal } = context;
  terminal.value({ items });
  for (const { state, question, answer, advice } of items) {
    if (state === 'good' && !all) continue;
    terminal.line(`${state.padEnd(4)}  ${question}`, TONES[state]);
    terminal.line(`      ${answer}${advice === null ? '' : `\n      ${advice}`}`);
  }
  const bad = items.filter(({ state }) => state === 'bad').length;
  const good = items.filter(({ state }) => state === 'good').length;
  terminal.line(`${bad} bad, ${items.length - bad - good} to be looked at, ${good} in order`);
  return bad === 0 ? EXIT.ok : EXIT.failed;
}

async function drill(context: Context, order: ReturnType<typeof who>): Promise<ExitCode> {
  const done = await (await gateway(context)).post<Drill>('/v1/drills', order);
  context.terminal.value(done);
  context.terminal.line(done.message, done.ok ? 'good' : 'bad');
  if (done.ok) context.terminal.line(`refused after ${done.refusedMs} ms, released after ${done.releasedMs} ms`);
  return done.ok ? EXIT.ok : EXIT.failed;
}

async function drills(context: Context): Promise<void> {
  const items = await everyItem<Drill>(await gateway(context), '/v1/drills');
  context.terminal.value({ items });
  if (items.length === 0) return context.terminal.line('the kill switch was never tried');
  context.terminal.table(
    ['when', 'result', 'refused', 'released', 'by', 'message'],
    items.map(({ atMs, ok, refusedMs, releasedMs, by, message }) => [
      isoTime(atMs),
      ok ? { text: 'ok', tone: 'good' } : { text: 'failed', tone: 'bad' },
      `${refusedMs} ms`,
      `${releasedMs} ms`,
      by,
      message,
    ]),
  );
}
