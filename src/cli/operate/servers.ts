import type { Command } from 'commander';
import type { ServerConfig } from '../../config/config.ts';
import { didYouMean } from '../../config/source/problem.ts';
import { canonicalize } from '../../model/canonical.ts';
import type { Json } from '../../model/json.ts';
import type { PinRow } from '../../ports/stores.ts';
import type { ServerHealth } from '../../surfaces/admin/operations.ts';
import type { Act } from '../shell/act.ts';
import { type Context, operatorName, requireConfig } from '../shell/context.ts';
import { CliError, EXIT, type ExitCode } from '../shell/exit.ts';
import { type AdminClient, adminClient, everyItem, isReachable } from './admin-client.ts';
import { diffLines } from './diff.ts';

interface AcceptOptions {
  readonly all?: boolean;
  readonly by?: string;
  readonly reason?: string;
}

export function addServerCommands(program: Command, act: Act): void {
  const servers = program
    .command('servers')
    .description('MCP servers and the tools that wait for acceptance')
    .addHelpText('after', '\nExample:\n  interlock servers diff crm orders.create');
  servers
    .command('list', { isDefault: true })
    .description('list the configured servers and how they are')
    .addHelpText('after', '\nExample:\n  interlock servers list --json')
    .action(act((context) => list(context)));
  servers
    .command('diff')
    .description('show what changed in quarantined tools, and why they are held back; exit 1 when something waits')
    .argument('<server>')
    .argument('[tool]')
    .addHelpText('after', '\nExample:\n  interlock servers diff crm')
    .action(act((context, [server = '', tool]) => diff(context, server, tool)));
  servers
    .command('accept')
    .description('accept the definition that `servers diff` shows; agents see the tool from now on')
    .argument('<server>')
    .argument('[tool]')
    .option('--all', 'every quarantined tool of the server')
    .option('--reason <text>', 'why; recorded')
    .option('--by <name>', 'who accepts (default: your login name)')
    .addHelpText('after', '\nExample:\n  interlock servers accept crm orders.create')
    .action(
      act((context, [server = '', tool], options: AcceptOptions) => accept(context, { server, tool, ...options })),
    );
}

async function list(context: Context): Promise<void> {
  const config = await requireConfig(context, { quiet: true });
  const client = adminClient({ socket: config.admin.socket });
  const running = await isReachable(client);
  const servers = running ? await everyItem<ServerHealth>(client, '/v1/servers') : [];
  const live = new Map(servers.map((server) => [server.id, server]));
  if (!running) context.terminal.note('the gateway is not running: health and tools are unknown', 'warn');
  context.terminal.value({
    running,
    servers: config.servers.map((server) => ({ ...describe(server), ...live.get(server.id) })),
  });
  context.terminal.table(
    ['server', 'state', 'tools', 'waiting', 'risk', 'trust', 'where'],
    config.servers.map((server) => {
      const seen = live.get(server.id);
      const state = seen?.state ?? 'unknown';
      const waiting = seen?.quarantined ?? null;
      return [
        server.id,
        { text: state, tone: state === 'up' ? 'good' : state === 'down' ? 'bad' : 'dim' },
        seen?.tools ?? null,
        waiting === null || waiting === 0 ? waiting : { text: String(waiting), tone: 'warn' },
        server.risk,
        server.trust,
        describe(server).where,
      ];
    }),
  );
}

function describe(server: ServerConfig): { id: string; kind: string; risk: string; trust: string; where: string } {
  const where = server.kind === 'http' ? server.url : [server.command, ...server.args].join(' ');
  return { id: server.id, kind: server.kind, risk: server.risk, trust: server.trust, where };
}

async function openServer(
  context: Context,
  server: string,
): Promise<{ client: AdminClient; tools: readonly PinRow[] }> {
  const config = await requireConfig(context, { quiet: true });
  const known = config.servers.map((each) => each.id);
  if (!known.includes(server)) {
    throw new CliError(EXIT.usage, `the configuration knows no server "${server}"`, {
      help: didYouMean(server, known),
    });
  }
  const client = adminClient({ socket: config.admin.socket });
  const tools = await everyItem<PinRow>(client, `/v1/servers/${encodeURIComponent(server)}/tools`);
  return { client, tools };
}

function choose(tools: readonly PinRow[], server: string, tool: string | undefined): readonly PinRow[] {
  if (tool === undefined) return tools.filter((row) => row.state === 'quarantined');
  const row = tools.find((each) => each.tool === tool);
  if (row !== undefined) return [row];
  const help = didYouMean(
    tool,
    tools.map((each) => each.tool),
  );
  throw new CliError(EXIT.failed, `the server "${server}" has shown no tool "${tool}"`, { help });
}

async function diff(context: Context, server: string, tool: string | undefined): Promise<ExitCode> {
  const rows = choose((await openServer(context, server)).tools, server, tool);
  context.terminal.value({ server, tools: rows });
  if (rows.length === 0) context.terminal.line(`nothing waits for acceptance on ${server}`, 'good');
  for (const row of rows) showTool(context, row);
  return rows.some((row) => row.state === 'quarantined') ? EXIT.failed : EXIT.ok;
}

function showTool(context: Context, row: PinRow): void {
  const { terminal } = context;
  terminal.line(`${row.server}/${row.tool}: ${row.state}`, row.state === 'quarantined' ? 'warn' : 'good');
  for (const finding of row.findings) {
    terminal.line(`  ! ${finding.code}${finding.at === '' ? '' : ` at ${finding.at}`}: ${finding.message}`, 'bad');
  }
  const before = row.accepted === null ? [] : pretty(row.accepted);
  for (const line of diffLines(before, pretty(row.seen))) {
    const mark = line.kind === 'added' ? '+' : line.kind === 'removed' ? '-' : ' ';
    terminal.line(`  ${mark} ${line.text}`, line.kind === 'added' ? 'good' : line.kind === 'removed' ? 'bad' : 'dim');
  }
  terminal.line(`  definition ${row.seenHash}`, 'dim');
}

/** Sorted members: the order a server happens to send is no change. */
function pretty(definition: Json): string[] {
  return JSON.stringify(JSON.parse(canonicalize(definition)), null, 2).split('\n');
}

interface AcceptOrder extends AcceptOptions {
  readonly server: string;
  readonly tool: string | undefined;
}

async function accept(context: Context, order: AcceptOrder): Promise<ExitCode> {
  const { server, tool, all = false } = order;
  const by = operatorName(order.by);
  const why = order.reason === undefined ? {} : { reason: order.reason };
  if ((tool === undefined) !== all) {
    throw new CliError(EXIT.usage, 'give one tool, or --all', { help: `interlock servers accept ${server} <tool>` });
  }
  const { client, tools } = await openServer(context, server);
  const rows = choose(tools, server, tool).filter((row) => row.state === 'quarantined');
  const accepted: string[] = [];
  const refused: { tool: string; why: string }[] = [];
  for (const row of rows) {
    try {
      // The hash says which definition was looked at: one that changed meanwhile is not accepted.
      await client.post(`/v1/servers/${encodeURIComponent(server)}/accept`, {
        tool: row.tool,
        seenHash: row.seenHash,
        by,
        ...why,
      });
      accepted.push(row.tool);
    } catch (error) {
      if (!(error instanceof CliError) || error.exit !== EXIT.refused) throw error;
      refused.push({ tool: row.tool, why: error.message });
    }
  }
  context.terminal.value({ server, accepted, refused });
  for (const name of accepted) context.terminal.line(`accepted: ${server}/${name}`, 'good');
  for (const { tool: name, why } of refused) context.terminal.line(`not accepted: ${server}/${name}: ${why}`, 'bad');
  if (rows.length === 0) context.terminal.line(`nothing waits for acceptance on ${server}`);
  return refused.length === 0 ? EXIT.ok : EXIT.refused;
}
