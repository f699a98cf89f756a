import type { Command } from 'commander';
import type { AgentPermissions, ToolPermission } from '../../model/insight/agents.ts';
import { gateway, pathOf, query } from '../registry/orders.ts';
import type { Act } from '../shell/act.ts';
import type { Context } from '../shell/context.ts';
import type { Tone } from '../shell/terminal.ts';

interface CanOptions {
  readonly for?: string;
  readonly all?: boolean;
}

/** `agents can`: what one agent may do, tool by tool. */
export function addCanCommand(agents: Command, act: Act): void {
  agents
    .command('can')
    .description('what it may do, tool by tool, with the policies behind each')
    .argument('<id>')
    .option('--for <person>', 'no more than this person may do')
    .option('--all', 'also what it may never do, and why')
    .addHelpText('after', '\nExample:\n  interlock agents can procurement --for alice')
    .action(act((context, [id = ''], options: CanOptions) => can(context, id, options)));
}

const TONES: Readonly<Record<ToolPermission['outcome'], Tone>> = {
  always: 'warn',
  depends: 'plain',
  ask: 'good',
  never: 'dim',
};

async function can(context: Context, id: string, options: CanOptions): Promise<void> {
  const path = pathOf(id, `/permissions${query({ subject: options.for })}`);
  const answer = await (await gateway(context)).get<AgentPermissions>(path);
  const { terminal } = context;
  terminal.value(answer);
  if (answer.notNow !== null) terminal.line(`Nothing of it works now: ${answer.notNow}`, 'bad');
  const shown = answer.tools.filter(({ outcome }) => options.all === true || outcome !== 'never');
  const hidden = answer.tools.length - shown.length;
  if (shown.length > 0)
    terminal.table(
      ['tool', 'effect', 'may', 'by', 'why'],
      shown.map(({ server, tool, effect, outcome, policies, why }) => [
        `${server}/${tool}`,
        effect,
        { text: outcome, tone: TONES[outcome] },
        policies[0]?.id ?? null,
        why,
      ]),
    );
  if (hidden > 0) terminal.line(`${hidden} more it may never call: --all`, 'dim');
}
