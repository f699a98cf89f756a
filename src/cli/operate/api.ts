import type { Command } from 'commander';
import type { JsonObject } from '../../model/json.ts';
import type { Act } from '../shell/act.ts';

export function addApiCommand(program: Command, act: Act): void {
  program
    .command('api')
    .description('print the OpenAPI document of the administrative API of the running gateway')
    .addHelpText('after', '\nExample:\n  interlock api > openapi.json')
    .action(
      act(async (context) => {
        const { locate } = await import('./locate.ts');
        const { adminClient } = await import('./admin-client.ts');
        const { socket } = await locate(context);
        const document = await adminClient({ socket }).get<JsonObject>('/v1/openapi.json');
        context.terminal.value(document);
        // A document is for programs, with --json and without.
        if (!context.terminal.json) process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
      }),
    );
}
