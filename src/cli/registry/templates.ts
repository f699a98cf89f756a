import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { parse } from 'yaml';
import type { TemplateLine } from '../../surfaces/admin/routes/agents.ts';
import { everyItem } from '../operate/admin-client.ts';
import type { Act } from '../shell/act.ts';
import type { Context } from '../shell/context.ts';
import { CliError, EXIT } from '../shell/exit.ts';
import { gateway, type WhoOptions, who, withWho } from './orders.ts';

interface Exceeding {
  readonly agent: string;
  readonly how: readonly string[];
}

export function addTemplateCommands(program: Command, act: Act): void {
  const templates = program
    .command('templates')
    .description('the most that agents of one class may have')
    .addHelpText('after', '\nExample:\n  interlock templates list');
  templates
    .command('list', { isDefault: true })
    .description('list the templates and which agents exceed them')
    .addHelpText('after', '\nExample:\n  interlock templates list --json')
    .action(act((context) => list(context)));
  withWho(
    templates.command('put').description('set a template from a YAML or JSON file').argument('<id>').argument('<file>'),
  )
    .addHelpText('after', '\nExample:\n  interlock templates put clerk clerk.yaml --reason "new class"')
    .action(act((context, [id = '', file = ''], options: WhoOptions) => put(context, { id, file }, options)));
  withWho(templates.command('remove').description('remove a template no agent is made from').argument('<id>'))
    .addHelpText('after', '\nExample:\n  interlock templates remove clerk --reason "unused"')
    .action(act((context, [id = ''], options: WhoOptions) => remove(context, id, options)));
}

async function list(context: Context): Promise<void> {
  const client = await gateway(context);
  const items = await everyItem<TemplateLine>(client, '/v1/templates');
  context.terminal.value({ items });
  if (items.length === 0) return context.terminal.line('no templates');
  context.terminal.table(
    ['template', 'from', 'risk', 'servers', 'scopes', 'exceeded by'],
    items.map(({ id, origin, riskTier, servers, scopes, exceeding }) => [
      ...[id, origin, riskTier, servers?.join(',') ?? 'any', scopes?.join(',') ?? 'any'],
      exceeding.map(({ agent }) => agent).join(','),
    ]),
  );
}

async function put(
  context: Context,
  { id, file }: { readonly id: string; readonly file: string },
  options: WhoOptions,
): Promise<void> {
  let fields: unknown;
  try {
    fields = parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new CliError(EXIT.usage, `${file} cannot be read as YAML or JSON`, { cause });
  }
  const client = await gateway(context);
  const path = `/v1/templates/${encodeURIComponent(id)}`;
  const answer = await client.put<{ exceeding: Exceeding[] }>(path, { fields, ...who(options) });
  context.terminal.value(answer);
  context.terminal.line(`set the template ${id}`, 'good');
  for (const { agent, how } of answer.exceeding)
    context.terminal.line(`${agent} exceeds it: ${how.join('; ')}`, 'warn');
}

async function remove(context: Context, id: string, options: WhoOptions): Promise<void> {
  const client = await gateway(context);
  context.terminal.value(await client.post(`/v1/templates/${encodeURIComponent(id)}/remove`, who(options)));
  context.terminal.line(`removed the template ${id}`, 'good');
}
