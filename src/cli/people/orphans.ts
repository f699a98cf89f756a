import type { Command } from 'commander';
import { adminClient, everyItem } from '../operate/admin-client.ts';
import { locate } from '../operate/locate.ts';
import type { Act } from '../shell/act.ts';
import type { Context } from '../shell/context.ts';

interface Orphan {
  readonly id: string;
  readonly owner: string;
  readonly deputies: readonly string[];
  readonly purpose: string;
}

/** `agents orphaned`: whose owners are gone, for reassigning or ending them. */
export function addOrphanCommand(program: Command, act: Act): void {
  const agents = program.commands.find((one) => one.name() === 'agents') ?? program.command('agents');
  agents
    .command('orphaned')
    .description('agents whose owner is gone; then: agents reassign, agents decommission')
    .addHelpText('after', '\nExample:\n  interlock agents orphaned')
    .action(act((context) => listOrphans(context)));
}

async function listOrphans(context: Context): Promise<void> {
  const client = adminClient({ socket: (await locate(context)).socket });
  const orphans = await everyItem<Orphan>(client, '/v1/agents?state=orphaned');
  context.terminal.value({ items: orphans });
  if (orphans.length === 0) context.terminal.line('no agent is orphaned');
  else {
    const rows = orphans.map(({ id, owner, deputies, purpose }) => [id, owner, deputies.join(', '), purpose]);
    context.terminal.table(['agent', 'owner who left', 'deputies', 'purpose'], rows);
  }
}
