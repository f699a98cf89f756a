import type { Command } from 'commander';
import type { Page } from '../../model/insight/page.ts';
import type { HistoryRow } from '../../ports/identity-stores.ts';
import type { Act } from '../shell/act.ts';
import type { Context } from '../shell/context.ts';
import { CliError, EXIT } from '../shell/exit.ts';
import { isoTime } from '../shell/text.ts';
import { type FieldOptions, fieldsOf, withFields } from './fields.ts';
import { gateway, pathOf, query, readTime, type Shown, type WhoOptions, who, withWho } from './orders.ts';

const EXAMPLES: Readonly<Record<string, string>> = {
  request: 'agents request sorter --owner alice --purpose "sorts letters" --template clerk --public-key sorter.pub.jwk',
  approve: 'agents approve sorter --by bob --reason "looked at it"',
  reject: 'agents reject sorter --reason "there is one already"',
  activate: 'agents activate sorter --reason "goes live"',
  suspend: 'agents suspend sorter --reason "odd orders"',
  resume: 'agents resume sorter --reason "was a false alarm"',
};

/** The commands of the registry, under `agents`. All but those that read go through the running gateway: it keeps the record. */
export function addRegistryCommands(agents: Command, act: Act): void {
  readCommands(agents, act);
  withWho(
    withFields(agents.command('request').description('ask for an agent; somebody else approves it').argument('<id>')),
  )
    .addHelpText('after', `\nExample:\n  interlock ${EXAMPLES.request}`)
    .action(act((context, [id = ''], options: FieldOptions & WhoOptions) => request(context, id, options)));
  const approve = withWho(agents.command('approve').description('approve a request, as it is now').argument('<id>'));
  approve
    .option('--activate', 'and let it act at once')
    .addHelpText('after', `\nExample:\n  interlock ${EXAMPLES.approve}`)
    .action(
      act((context, [id = ''], options: WhoOptions & { activate?: boolean }) => approveOne(context, id, options)),
    );
  for (const [name, what] of [
    ['reject', 'remove a request'],
    ['activate', 'let an approved agent act'],
    ['suspend', 'refuse its calls until it is resumed'],
    ['resume', 'let a suspended agent act again'],
  ] as const) {
    withWho(agents.command(name).description(what).argument('<id>'))
      .addHelpText('after', `\nExample:\n  interlock ${EXAMPLES[name]}`)
      .action(act((context, [id = ''], options: WhoOptions) => order(context, { id, name }, who(options))));
  }
  changeCommands(agents, act);
}

function readCommands(agents: Command, act: Act): void {
  agents
    .command('show')
    .description('everything about one agent')
    .argument('<id>')
    .addHelpText('after', '\nExample:\n  interlock agents show sorter')
    .action(act((context, [id = '']) => show(context, id)));
  agents
    .command('history')
    .description('every change of an agent, newest first, with who made it and why')
    .argument('<id>')
    .option('--last <n>', 'how many', '50')
    .addHelpText('after', '\nExample:\n  interlock agents history sorter')
    .action(act((context, [id = ''], options: { last: string }) => history(context, id, options)));
}

function changeCommands(agents: Command, act: Act): void {
  withWho(withFields(agents.command('update').description('change fields; lists are given whole').argument('<id>')))
    .addHelpText('after', '\nExample:\n  interlock agents update sorter --scope crm:read --reason "needs no more"')
    .action(act((context, [id = ''], options: FieldOptions & WhoOptions) => update(context, id, options)));
  withWho(agents.command('expire').description('set or remove the end of an agent').argument('<id>').argument('<when>'))
    .addHelpText('after', '\nExample:\n  interlock agents expire sorter 90d --reason "project ends"')
    .action(
      act((context, [id = '', when = ''], options: WhoOptions) =>
        patch(context, { id, fields: { expiresAtMs: readTime(when) } }, who(options)),
      ),
    );
  withWho(
    agents.command('reassign').description('give one agent, or all of one owner, to somebody else').argument('[id]'),
  )
    .requiredOption('--to <person>', 'the new owner')
    .option('--owner-from <person>', 'all agents of this owner')
    .option('--resume', 'orphans may act again at once (else they stay suspended)')
    .addHelpText('after', '\nExample:\n  interlock agents reassign --owner-from alice --to bob --reason "alice left"')
    .action(act((context, [id], options: ReassignOptions) => reassign(context, id, options)));
  withWho(agents.command('decommission').description('end an agent and everything it holds, for good').argument('<id>'))
    .option('--dry-run', 'only list what it holds')
    .addHelpText('after', '\nExample:\n  interlock agents decommission sorter --reason "replaced"')
    .action(
      act((context, [id = ''], options: WhoOptions & { dryRun?: boolean }) => decommission(context, id, options)),
    );
}

async function show(context: Context, id: string): Promise<void> {
  const shown = await (await gateway(context)).get<Shown>(pathOf(id));
  context.terminal.value(shown);
  const { agent } = shown;
  const end = agent.expiresAtMs === null ? null : isoTime(agent.expiresAtMs);
  const keys = agent.keys.map(({ kid }) => kid);
  for (const [name, value] of Object.entries({ ...agent, keys, expiresAtMs: end, version: shown.version }))
    context.terminal.line(
      `${name.padEnd(14)} ${value === null ? '-' : typeof value === 'string' ? value : JSON.stringify(value)}`,
    );
}

async function history(context: Context, id: string, { last }: { readonly last: string }): Promise<void> {
  const limit = Number(last);
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000) throw new CliError(EXIT.usage, '--last is 1 to 1000');
  const answer = await (await gateway(context)).get<Page<HistoryRow>>(pathOf(id, `/history${query({ limit })}`));
  context.terminal.value(answer);
  const rows = answer.items.map(({ atMs, act, by, reason }) => [isoTime(atMs), act, by, reason]);
  if (rows.length === 0) throw new CliError(EXIT.failed, `nothing was ever done to an agent "${id}" here`);
  context.terminal.table(['when', 'act', 'by', 'reason'], rows);
}

async function request(context: Context, id: string, options: FieldOptions & WhoOptions): Promise<void> {
  const body = { id, fields: fieldsOf(options), ...who(options, 'requested') };
  const shown = await (await gateway(context)).post<Shown>('/v1/agents/requests', body);
  context.terminal.value(shown);
  context.terminal.line(`requested ${id}; somebody else approves it: interlock agents approve ${id}`, 'good');
}

async function approveOne(context: Context, id: string, options: WhoOptions & { activate?: boolean }): Promise<void> {
  const client = await gateway(context);
  // What is approved is what is there now; a change in between is refused.
  const { version } = await client.get<Shown>(pathOf(id));
  const by = who(options);
  const shown = await client.post<Shown>(pathOf(id, '/approve'), { ...by, ifVersion: version });
  if (options.activate === true) return order(context, { id, name: 'activate' }, by);
  context.terminal.value(shown);
  context.terminal.line(`${id} is ${shown.agent.state}; let it act with: interlock agents activate ${id}`, 'good');
}

async function order(
  context: Context,
  { id, name }: { readonly id: string; readonly name: string },
  by: ReturnType<typeof who>,
): Promise<void> {
  const shown = await (await gateway(context)).post<Partial<Shown>>(pathOf(id, `/${name}`), by);
  context.terminal.value(shown);
  context.terminal.line(shown.agent === undefined ? `${id} is removed` : `${id} is ${shown.agent.state}`, 'good');
}

async function update(context: Context, id: string, options: FieldOptions & WhoOptions): Promise<void> {
  const fields = fieldsOf(options);
  if (Object.keys(fields).length === 0) throw new CliError(EXIT.usage, 'nothing to change', { help: 'see --help' });
  await patch(context, { id, fields }, who(options));
}

async function patch(
  context: Context,
  { id, fields }: { readonly id: string; readonly fields: object },
  by: ReturnType<typeof who>,
): Promise<void> {
  const shown = await (await gateway(context)).patch<Shown>(pathOf(id), { fields, ...by });
  context.terminal.value(shown);
  context.terminal.line(`changed ${Object.keys(fields).join(', ')} of ${id}`, 'good');
}

interface ReassignOptions extends WhoOptions {
  readonly to: string;
  readonly ownerFrom?: string;
  readonly resume?: boolean;
}

async function reassign(context: Context, id: string | undefined, options: ReassignOptions): Promise<void> {
  const { to, ownerFrom, resume = false } = options;
  if ((id === undefined) === (ownerFrom === undefined))
    throw new CliError(EXIT.usage, 'reassign what?', { help: 'name one agent, or --owner-from <person>' });
  const client = await gateway(context, { long: true });
  const order = { to, resume, ...who(options) };
  if (id !== undefined) {
    const shown = await client.post<Shown>(pathOf(id, '/reassign'), order);
    context.terminal.value(shown);
    return context.terminal.line(`${id} is ${to}’s now, and ${shown.agent.state}`, 'good');
  }
  const body = { from: ownerFrom, ...order };
  const moved = await client.post<{ reassigned: string[]; left: string[] }>('/v1/agents/reassign', body);
  context.terminal.value(moved);
  context.terminal.line(`${moved.reassigned.length} agents of ${ownerFrom} are ${to}’s now`, 'good');
  if (moved.left.length > 0) throw new CliError(EXIT.refused, `${moved.left.length} were changed meanwhile: again`);
}

interface Proof {
  readonly held: Readonly<Record<string, readonly string[]>>;
  readonly atMs: number;
  readonly seq: number;
}

async function decommission(context: Context, id: string, options: WhoOptions & { dryRun?: boolean }): Promise<void> {
  const client = await gateway(context, { long: true });
  const dry = options.dryRun === true;
  const answer = dry
    ? await client.get<Pick<Proof, 'held'>>(pathOf(id, '/holdings'))
    : await client.post<Proof>(pathOf(id, '/decommission'), who(options));
  context.terminal.value(answer);
  const rows = Object.entries(answer.held).flatMap(([name, all]) => all.map((each) => [name, each]));
  context.terminal.table([dry ? 'holds' : 'ended', 'what'], rows);
  if ('seq' in answer)
    context.terminal.line(
      `${id} is decommissioned; that nothing is left is record ${answer.seq} of the journal`,
      'good',
    );
}
